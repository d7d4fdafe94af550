"""What a shell offers for the value of an option, where there are few: functions for `autocompletion`."""

from collections.abc import Callable, Iterable


def _those_of(names: Callable[[], Iterable[str]]) -> Callable[[str], list[str]]:
    def offered(incomplete: str) -> list[str]:
        return [name for name in names() if name.startswith(incomplete)]

    return offered


def _engines() -> Iterable[str]:
    from slr_pose.keypoints.engines import ENGINES

    return ENGINES


def _skeletons() -> Iterable[str]:
    from slr_pose.skeleton import SHIPPED

    return sorted(file.stem for file in SHIPPED.glob("*.toml"))


engines = _those_of(_engines)
logs = _those_of(lambda: ("wandb", "mlflow"))  # as `training.logs` has them
skeletons = _those_of(_skeletons)
sizes = _those_of(lambda: ("tiny", "base", "large"))  # `model.network` has them, and takes torch
splits = _those_of(lambda: ("train", "val", "test", "all"))
