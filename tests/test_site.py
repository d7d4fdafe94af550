"""The site of `make docs` is built without a remark, asks nothing of the network, and shows every public function."""

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from chromium import chromium

import slr_pose

ROOT = Path(__file__).parents[1]
HERE = all(find_spec(name) for name in ("mkdocs", "material", "mkdocstrings_handlers"))


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    if not HERE:
        pytest.skip("mkdocs is not installed, which `make docs` does")
    folder = tmp_path_factory.mktemp("site") / "docs"
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder],
        cwd=ROOT,
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stderr
    return folder


@pytest.mark.slow
def test_no_page_loads_anything_from_another_host(site):
    pages = list(site.rglob("*.html"))
    assert len(pages) > 20
    for page in pages:
        text = page.read_text(encoding="utf-8")
        loading = re.findall(r"<(?:script|img|iframe|source|video)\b[^>]*|<link\b[^>]*stylesheet[^>]*", text)
        assert loading and not [tag for tag in loading if re.search(r"(?:src|href)=[\"']?(?:https?:)?//", tag)], page
    for sheet in site.rglob("*.css"):
        assert not re.search(r"url\([\"']?(https?:)?//|@import", sheet.read_text(encoding="utf-8")), sheet


@pytest.mark.slow
def test_the_readme_is_the_first_page_and_its_links_lead_somewhere(site):
    for target in re.findall(r'(?:href|src)="([^"#]+)[^"]*"', (site / "index.html").read_text(encoding="utf-8")):
        if ":" not in target:
            assert (site / target).is_file(), target
    assert "takes a video and answers" in (site / "index.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_search_works_from_the_disk_and_finds_what_a_docstring_says(site):
    with chromium() as browser:
        page = browser.new_page()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto((site / "docs" / "elan.html").as_uri())
        page.fill(".md-search__input", "recogniser on labelled clips")
        page.locator(".md-search-result__item a[href*='reference.html']").first.wait_for(state="attached")
    assert all(url.startswith(("file:", "data:")) for url in asked)


def test_every_public_function_is_in_the_reference():
    shown = re.findall(r"^::: slr_pose\.(\w+)$", (ROOT / "docs" / "reference.md").read_text("utf-8"), re.MULTILINE)
    assert sorted(shown) == sorted(slr_pose.__all__)
