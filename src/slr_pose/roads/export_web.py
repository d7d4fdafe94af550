"""A model -> a folder with a web page that reads signing in the browser."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slr_pose import BadInput
from slr_pose.events import Listener, ignore
from slr_pose.files import write_whole
from slr_pose.keypoints.holistic_task import holistic_task
from slr_pose.quiet import quiet
from slr_pose.recognition.golden import golden, wandering
from slr_pose.recognition.recognizer import Recognizer
from slr_pose.recognition.web_model import web_model
from slr_pose.roads.annotate import reader
from slr_pose.roads.predict import NO_MODEL, newest

_PACKAGE = Path(__file__).resolve().parents[1]
_INSTALLED, _IN_CLONE = _PACKAGE / "web", _PACKAGE.parents[1] / "web" / "dist"
PAGE = _INSTALLED if _INSTALLED.is_dir() else _IN_CLONE  # as `make web` builds it
INDEX, MODEL, DESCRIPTION, TASK, GOLDEN = "index.html", "model.onnx", "model.json", "holistic.task", "golden.json"


@dataclass(frozen=True)
class Site:
    """A folder that any web server can carry.

    Attributes:
        size: bytes of its files.
    """

    folder: Path
    size: int


def export_web(model: Path | str | None = None, output: Path | str = "site", *, on_event: Listener = ignore) -> Site:
    """Write a web page that finds keypoints in the pictures of a camera or of a video and reads signing in them, in the
    browser and nowhere else.

    Beside the page stand the model, as ONNX; what the page must know of it; MediaPipe's networks; and golden vectors,
    by which the page can be compared with Python.

    Args:
        model: a run, a checkpoint or an ONNX file; by default the newest run.
        output: a new or empty folder, or one that this function wrote, whose files are then replaced.
        on_event: told of remarks.

    Raises:
        BadInput: there is no such model, it cannot read signs in a row, or looks at points that MediaPipe does not
            find; the page is not built; or the folder holds something else.
        ExportError: ONNX Runtime and torch differ.
    """
    folder = Path(output)
    if not (PAGE / INDEX).is_file():
        raise BadInput("the web page is not built: run `make web` in the clone, for which npm must be installed.")
    if folder.is_dir() and any(folder.iterdir()) and not is_site(folder):
        raise BadInput(f"{folder} holds other files; name a new folder.")
    if model is None and (model := newest(on_event)) is None:
        raise BadInput(NO_MODEL)
    model = Path(model)
    description = web_model(reader(model, on_event))
    _write_model(model, folder / MODEL)
    description["id"] = hashlib.sha256((folder / MODEL).read_bytes()).hexdigest()
    _write_json(folder / DESCRIPTION, description)
    exported = Recognizer.load(folder / MODEL)
    _write_json(folder / GOLDEN, golden(exported, wandering(len(exported.skeleton.joints))))
    _write(folder / TASK, holistic_task())
    files = sorted((file for file in PAGE.rglob("*") if file.is_file()), key=lambda file: file.name == INDEX)
    for file in files:  # the page itself comes last: it is there when all else is
        _write(folder / file.relative_to(PAGE), file.read_bytes())
    return Site(folder, sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()))


def is_site(folder: Path) -> bool:
    """Whether `export_web` wrote into a folder."""
    return (folder / MODEL).is_file() and (folder / DESCRIPTION).is_file()


def _write_model(model: Path, output: Path) -> None:
    if model.suffix.lower() == ".onnx":
        _write(output, model.read_bytes())
        return
    from slr_pose.recognition.export import export_onnx

    with quiet("torch.onnx"):
        export_onnx(model, output)


def _write_json(path: Path, content: dict[str, Any]) -> None:
    _write(path, json.dumps(content, ensure_ascii=False, allow_nan=False).encode())


def _write(path: Path, content: bytes) -> None:
    with write_whole(path) as partial:
        partial.write_bytes(content)
