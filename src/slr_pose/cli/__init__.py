"""The command line: arguments, progress, printing, exit codes."""

from slr_pose.cli.commands import app

__all__ = ["app"]
