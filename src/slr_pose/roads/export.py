"""A checkpoint -> one file that runs elsewhere, ONNX or LiteRT."""

from dataclasses import dataclass
from pathlib import Path

from slr_pose import BadInput
from slr_pose.events import Listener, ignore
from slr_pose.quiet import quiet
from slr_pose.recognition.export import export_onnx as export_recognizer
from slr_pose.recognition.export_litert import export_litert as export_for_phones
from slr_pose.roads.predict import NO_MODEL, caveat, newest
from slr_pose.translation.export import export_onnx as export_translator
from slr_pose.translation.translator import is_translator


@dataclass(frozen=True)
class Exported:
    """A file that was exported.

    Attributes:
        difference: the greatest one to torch's answers that was seen.
    """

    file: Path
    difference: float


def export_onnx(
    model: Path | str | None = None,
    output: Path | str = "model.onnx",
    *,
    int8: bool = False,
    on_event: Listener = ignore,
) -> Exported:
    """Export a model to one ONNX file, checked against torch before it is kept.

    Args:
        model: a run or its checkpoint, of a recogniser or a translator; by default the newest run of a recogniser.
        output: the file to write.
        int8: a recogniser's weights in eight bits: a third of the size, and other answers (docs/web.md), so the
            difference to torch is told and not refused.
        on_event: told of remarks.

    Raises:
        BadInput: there is no such model, or the file cannot be written under that name.
        ExportError: ONNX Runtime and torch differ; nothing is written.
    """
    if model is None and (model := newest(on_event)) is None:
        raise BadInput(NO_MODEL)
    model, output = Path(model), Path(output)
    with quiet("torch.onnx"), quiet("root"):
        if is_translator(model):
            if int8:
                raise BadInput(f"{model} makes sentences, and its weights stay as they are; leave out --int8.")
            return Exported(output, export_translator(model, output))
        info, difference = export_recognizer(model, output, int8)
    caveat(model, info, on_event)
    return Exported(output, difference)


def export_litert(
    model: Path | str | None = None, output: Path | str = "model.tflite", *, on_event: Listener = ignore
) -> Exported:
    """Export a recogniser to one LiteRT file, for phones, checked against torch before it is kept (docs/phones.md).

    Args:
        model: a run or its checkpoint; by default the newest run.
        output: the file to write.
        on_event: told of remarks.

    Raises:
        BadInput: there is no such model, it makes sentences, litert-torch is not installed, or the file cannot be
            written under that name.
        ExportError: LiteRT and torch differ; nothing is written.
    """
    if model is None and (model := newest(on_event)) is None:
        raise BadInput(NO_MODEL)
    model, output = Path(model), Path(output)
    if is_translator(model):
        raise BadInput(f"{model} makes sentences, which run by ONNX alone; `slr export-onnx` exports it.")
    with quiet("root"):
        info, difference = export_for_phones(model, output)
    caveat(model, info, on_event)
    return Exported(output, difference)
