"""`slr doctor`."""

import typer

import slr_pose
from slr_pose.cli.app import AsJson, app
from slr_pose.cli.console import print_json, stderr, stdout, styled, table
from slr_pose.quiet import quiet_natives

MARKS = {"works": ("✓", "green"), "absent": ("-", "yellow"), "broken": ("✗", "red")}


@app.command()
def doctor(as_json: AsJson = False) -> None:
    """Say what slr finds on this machine, and whether it works: packages, engine, GPU, models, and a self-test.

    What is marked with - is absent, and only needed for what it says. The exit code is 1 where something is broken.
    """
    with stderr.status("Looking ..."), quiet_natives():
        health = slr_pose.doctor()
    if as_json:
        print_json(health.as_dict())
    else:
        rows = table("", "", "kind", "meaning")
        rows.show_header = False
        for finding in health.findings:
            advice = f": {finding.advice}" if finding.advice else ""
            rows.add_row(styled(MARKS[finding.state]), finding.about, f"{finding.found}{advice}")
        stdout.print(rows)
    if not health.works:
        raise typer.Exit(1)
