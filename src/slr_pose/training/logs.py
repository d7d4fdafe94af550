"""Who else is told how a training goes, beside the run's own folder: W&B or MLflow."""

import importlib.util
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lightning.pytorch.loggers import Logger, MLFlowLogger, WandbLogger

from slr_pose import BadInput
from slr_pose.quiet import quiet

LOGS = ("wandb", "mlflow")  # as their packages are called
PROJECT = "slr-pose"
HERE = "sqlite:///mlflow.db"  # where MLflow itself keeps and finds its runs, unless it is told otherwise


def refuse_log(name: str | None) -> None:
    """Look before anything is done whether there is a log of that name.

    Raises:
        BadInput: there is none, or its package is not installed.
    """
    if name is None:
        return
    if name not in LOGS:
        raise BadInput(f"there is no log '{name}': choose one of {', '.join(LOGS)}.")
    found = importlib.util.find_spec(name)
    if not found or not found.origin:  # a folder that it has left here is no package
        raise BadInput(f"--log {name} needs the package {name}: `pip install {name}` installs it.")


@contextmanager
def further_log(name: str | None, run: Path) -> Iterator[list[Logger]]:
    """The logger of that name, or none, for a run, which it calls as its folder is called.

    What it is told stays here, in `wandb/` or `mlflow.db`, unless WANDB_MODE or MLFLOW_TRACKING_URI says otherwise.

    Raises:
        BadInput: it can no longer be told anything; what was trained so far stays.
    """
    if name is None:
        yield []
        return
    try:
        with (_wandb if name == "wandb" else _mlflow)(run) as logger:
            yield [logger]
    except _errors(name) as error:
        first = str(error).strip().partition("\n")[0].rstrip(".")
        raise BadInput(f"{name} takes nothing ({first}); mend that, or leave out --log.") from error


@contextmanager
def _wandb(run: Path) -> Iterator[WandbLogger]:
    import wandb

    mode, project = os.environ.get("WANDB_MODE", "offline"), os.environ.get("WANDB_PROJECT", PROJECT)
    silent = wandb.Settings(silent=True)
    with wandb.init(project=project, name=run.name, mode=mode, settings=silent) as begun:
        begun.define_metric("*", step_metric="trainer/global_step", step_sync=True)  # as Lightning calls it
        yield WandbLogger(experiment=begun)


@contextmanager
def _mlflow(run: Path) -> Iterator[MLFlowLogger]:
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    import mlflow  # noqa: F401  it sets up its logging, which is to be quiet

    experiment = os.environ.get("MLFLOW_EXPERIMENT_NAME", PROJECT)
    with quiet("mlflow"):
        yield MLFlowLogger(experiment, run.name, os.environ.get("MLFLOW_TRACKING_URI", HERE))


def _errors(name: str) -> type[Exception]:
    """Of what kind its own are."""
    if name == "wandb":
        from wandb.errors import Error

        return Error
    from mlflow.exceptions import MlflowException

    return MlflowException
