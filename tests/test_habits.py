"""What the repository says of itself beside the code."""

import re
from pathlib import Path

from slr_pose import __version__

ROOT = Path(__file__).parents[1]


def test_the_citation_and_the_package_are_of_one_version():
    lines = (ROOT / "CITATION.cff").read_text(encoding="utf-8").splitlines()
    assert f"version: {__version__}" in lines
    assert f'version = "{__version__}"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()


def test_what_installs_torch_first_takes_those_that_the_package_allows():
    """`make` and the container, which choose where torch comes from."""
    (allowed,) = re.findall(r'"torch>=.*?"', (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    for name in ("Makefile", "Dockerfile"):
        assert re.findall(r'"torch>=.*?"', (ROOT / name).read_text(encoding="utf-8")) == [allowed]
