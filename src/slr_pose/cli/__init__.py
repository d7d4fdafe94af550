"""The command line: arguments, progress, printing, exit codes. What they ask for, `slr_pose` does."""

from slr_pose.cli import (  # noqa: F401  (each adds its commands)
    annotate,
    check,
    compare,
    doctor,
    enrol,
    extract,
    hamnosys,
    predict,
    sentences,
    serve,
    train,
    web,
)
from slr_pose.cli.app import app

__all__ = ["app"]
