"""Puts what is not in the repository into the package as it is built: the page for browsers, where `make web` has built
it, and MediaPipe's networks, for Pythons for which there is no MediaPipe.

The networks come out of MediaPipe 0.10.21, where it is installed; else pip takes its wheel from the package index, by
its hash. They are the same for every system and every Python. What is built again, or out of the archive of the source,
has them, and asks for nothing.
"""

import importlib.metadata
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

VERSION = "0.10.21"
HASH = "sha256:956eb1ebc275c629e61b085b2cab89c3a5b9e93bad1bb107348d98dafb5a4bb5"
ITS_TAGS = "--python-version=3.12 --implementation=cp --abi=cp312 --platform=manylinux_2_28_x86_64 --only-binary=:all:"
WITHOUT_MEDIAPIPE = (3, 13)  # from this Python on, as in pyproject.toml
NAMED_IN = "src/slr_pose/keypoints/litert/networks.py"
FOLDER = "src/slr_pose/networks"
PAGE, PACKAGED_PAGE = "web/dist", "slr_pose/web"


class PackageHook(BuildHookInterface):
    """Before the package is built, or installed from the clone as it stands."""

    def initialize(self, version: str, build_data: dict) -> None:
        """Take what is missing; a clone whose MediaPipe is installed beside it needs nothing."""
        page = Path(self.root) / PAGE
        if self.target_name == "wheel" and version != "editable" and page.is_dir():
            build_data["force_include"][str(page)] = PACKAGED_PAGE
        if version == "editable" and sys.version_info < WITHOUT_MEDIAPIPE:
            return
        folder = Path(self.root) / FOLDER
        source = (Path(self.root) / NAMED_IN).read_text(encoding="utf-8")
        paths = [f"mediapipe/{path}" for path in re.findall(r'"(modules/[\w/]+\.tflite)"', source)]
        paths.append(f"mediapipe-{VERSION}.dist-info/LICENSE")
        if not all((folder / Path(path).name).is_file() for path in paths):
            folder.mkdir(exist_ok=True)
            for path, content in (installed(paths) or fetched(paths)).items():
                part = folder / f"{Path(path).name}.part"
                part.write_bytes(content)
                part.replace(folder / Path(path).name)


def installed(paths: list[str]) -> dict[str, bytes]:
    """Files of the MediaPipe that is installed; nothing where there is none, or another."""
    for package in importlib.metadata.distributions(name="mediapipe"):
        if package.version == VERSION:
            return {path: Path(package.locate_file(path)).read_bytes() for path in paths}
    return {}


def fetched(paths: list[str]) -> dict[str, bytes]:
    """Files out of MediaPipe's wheel."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "wanted.txt").write_text(f"mediapipe=={VERSION} --hash={HASH}")
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes", *ITS_TAGS.split()]
        subprocess.run([*pip, "-r", "wanted.txt"], cwd=folder, check=True)
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            return {path: archive.read(path) for path in paths}
