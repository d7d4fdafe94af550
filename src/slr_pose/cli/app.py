"""The command `slr`: what all its commands share, options, errors and exit codes."""

import inspect
import os
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from slr_pose import BadInput, SaidElsewhere, __version__
from slr_pose.cli.config import options_of
from slr_pose.cli.console import be_quiet, complain, escape_what_the_encoding_lacks, say
from slr_pose.text import shown

Seed = Annotated[
    int, typer.Option(min=0, max=2**32 - 1, help="The same seed, machine and number of threads give the same model.")
]
RunName = Annotated[str | None, typer.Option(help="Folder of the run, under runs/; by default the time.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON on stdout, and nothing else there.")]
EXTRAS = {  # which of pyproject.toml brings a package, where that is not `train`
    **dict.fromkeys(("sacrebleu", "tokenizers"), "sentences"),
    **dict.fromkeys(("prometheus_client", "starlette", "uvicorn"), "serve"),
}
UsageError: Any = typer.BadParameter.__base__  # typer has a click of its own


class Commands(TyperGroup):
    """Turns what a user can mend into one sentence and exit code 2."""

    def __init__(self, **given):
        super().__init__(**given)
        for command in self.commands.values():  # typer would keep the line breaks of a docstring
            paragraphs = inspect.cleandoc(command.help or "").split("\n\n")
            command.help = "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)

    def invoke(self, ctx):
        """Run the command."""
        escape_what_the_encoding_lacks()
        try:
            return super().invoke(ctx)
        except UsageError as error:
            error.message = shown(error.message)
            raise
        except BadInput as error:
            if not isinstance(error, SaidElsewhere):
                complain("error", error)
            raise typer.Exit(2) from error
        except OSError as error:  # of a folder that nobody may look into, of a disk that is gone
            if not error.filename:
                raise
            complain("error", f"{os.fsdecode(error.filename)} cannot be used ({error.strerror}); check that it may.")
            raise typer.Exit(2) from error
        except ModuleNotFoundError as error:
            extra = EXTRAS.get(error.name or "", "train")
            complain("error", f"{ctx.invoked_subcommand} needs {error.name}: pip install 'slr-pose[{extra}]'")
            raise typer.Exit(1) from error
        except KeyboardInterrupt as interrupt:  # where no `progress` can say what is kept
            say("Stopped.")
            raise typer.Exit(130) from interrupt


app = typer.Typer(cls=Commands, no_args_is_help=True, pretty_exceptions_enable=False)


def _version(asked: bool) -> None:
    if asked:
        print(f"slr-pose {__version__}")
        raise typer.Exit


@app.callback()
def main(
    ctx: typer.Context,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print answers and errors, and nothing else.")] = False,
    config: Annotated[
        Path | None,
        typer.Option(metavar="FILE.toml", help="Options of commands, in a table for each; those that are typed win."),
    ] = None,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Show it.")] = False,
) -> None:
    """Sign language recognition from video.

    Extract keypoints, train a recogniser on your own clips, ask it about a video, export it to ONNX.
    """
    be_quiet(quiet)
    if config:
        ctx.default_map = options_of(config, ctx.command)
