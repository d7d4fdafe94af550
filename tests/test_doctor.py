"""`slr doctor`: what it finds, and how it says that something is not there."""

import importlib.metadata
import json
import subprocess
import sys

from slr_pose import __version__


def test_it_finds_what_is_here_and_tests_it(slr):
    found = json.loads(slr("doctor", "--json").stdout)
    findings = {finding["about"]: finding for finding in found["findings"]}
    assert found["works"] and not [each for each in findings.values() if each["state"] == "broken"]
    assert findings["slr-pose"]["found"].startswith(__version__)
    assert f"av {importlib.metadata.version('av')}" in findings["packages"]["found"]
    assert f"torch {importlib.metadata.version('torch')}" in findings["to train"]["found"]
    assert "25 frames of the sample video" in findings["self-test"]["found"]


def test_what_only_a_training_needs_is_absent_and_nothing_is_broken(slr):
    """In a process of its own, for which torch is not installed."""
    code = (
        "import sys, importlib.metadata as metadata; sys.modules['torch'] = None; version = metadata.version\n"
        "def without_torch(name):\n"
        "    if name == 'torch': raise metadata.PackageNotFoundError(name)\n"
        "    return version(name)\n"
        "metadata.version = without_torch\n"
        "from slr_pose.cli import app; app(['doctor'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr
    assert "not installed: torch: pip install 'slr-pose[train]'" in " ".join(done.stdout.split())
    assert "✗" not in done.stdout


def test_what_is_broken_ends_with_exit_code_1_and_says_what(slr, monkeypatch):
    version = importlib.metadata.version
    monkeypatch.setattr("slr_pose.roads.doctor.SAMPLE", slr.folder / "gone.mp4")
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "0.9" if name == "av" else version(name))
    output = " ".join(slr("doctor", exit_code=1).stdout.split())
    assert "✗ self-test cannot open" in output and "✗ packages av 0.9 is not" in output
