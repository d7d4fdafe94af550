"""What mkdocs calls to make the site: its files are those of the repository, each at its own place, so that links lead
in the site where they lead on the forge."""

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]
PAGES = ("*.md", "docs/**/*.*")
LINKED = ("skeletons/*", "benchmarks/*.csv", *(f"src/slr_pose/**/*.{suffix}" for suffix in ("csv", "toml", "py")))


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Put README.md, docs/ and all that they link to in the place of docs/; what the theme brings stays."""
    for file in files.documentation_pages() + files.static_pages() + files.media_files():
        if file.src_dir == config.docs_dir:
            files.remove(file)
    for path in sorted({path for pattern in (*PAGES, *LINKED) for path in ROOT.glob(pattern)}):
        if path.is_file() and path != Path(__file__) and "__pycache__" not in path.parts:
            place = path.relative_to(ROOT).as_posix()
            files.append(File(place, str(ROOT), config.site_dir, config.use_directory_urls))
    return files
