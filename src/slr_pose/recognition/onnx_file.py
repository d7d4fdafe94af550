"""An ONNX file: its metadata, what it must not hold, and a session of it that takes no more memory than it may.

ONNX Runtime believes what a file says: a sparse tensor of a few bytes becomes gigabytes, and weights may be read from
other files. So its messages (protobuf, as https://github.com/onnx/onnx/blob/main/onnx/onnx.proto lays them out) are
looked through first, without the package onnx, which answering does not need.
"""

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from slr_pose import BadInput, __version__
from slr_pose.files import open_regular, write_whole
from slr_pose.workers import threads as usual_threads

if TYPE_CHECKING:
    from onnx import ModelProto
    from onnxruntime import InferenceSession

LARGEST = 512 << 20  # bytes; our largest network with a hundred thousand glosses has a fifth of it
MEMORY = 2 << 30  # bytes that ONNX Runtime may take for what it computes

# Which messages a message holds, by number of the field.
SPARSE, OUTSIDE, TEXT = "sparse tensors", "weights in other files", "metadata"
MESSAGES = {
    "model": {7: "graph", 14: TEXT, 25: "function"},
    "graph": {1: "node", 5: "tensor", 15: SPARSE},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: SPARSE, 23: SPARSE},
    "tensor": {13: OUTSIDE},
}


def read_onnx(path: Path) -> tuple[bytes, dict[str, str]]:
    """The content of an ONNX file, and its metadata.

    Raises:
        BadInput: there is no such file, it is too large, not whole, or holds what a model of ours does not.
    """
    with open_regular(path) as file:
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise BadInput(f"{path} has more than {LARGEST >> 20} MiB, as no model of ours; name another file.")
    metadata, waiting = {}, [("model", memoryview(content))]
    try:
        while waiting:
            message, data = waiting.pop()
            for number, value in _fields(data):
                kind = MESSAGES[message].get(number)
                if kind in (SPARSE, OUTSIDE):
                    raise BadInput(f"{path} holds {kind}, as no model of ours does; export it again.")
                if kind == TEXT:
                    entry = {key: str(text, "utf-8") for key, text in _fields(value)}
                    metadata[entry.get(1, "")] = entry.get(2, "")
                elif kind:
                    waiting.append((kind, value))
    except BadInput:
        raise
    except (ValueError, IndexError) as error:
        raise BadInput(f"{path} is not an ONNX model that can be read; export it again.") from error
    return content, metadata


def write_with_metadata(path: Path, key: str, text: str, output: Path) -> None:
    """Write an ONNX file as another, or itself, whole, with a text of its metadata changed.

    Raises:
        BadInput: there is no such file, or it is not one of ours.
    """
    import onnx

    content, _ = read_onnx(path)
    file = onnx.load_from_string(content)
    next(entry for entry in file.metadata_props if entry.key == key).value = text
    with write_whole(output) as partial:
        onnx.save(file, partial)


def write_made(file: "ModelProto", key: str, text: str, output: Path) -> None:
    """Write what torch has exported as ours, with a text in its metadata, and without what torch notes at each node for
    those who debug it: lines of the source, with their paths on this machine, an eighth to a third of a file.
    """
    import onnx

    for node in file.graph.node:
        del node.metadata_props[:]
    file.producer_name, file.producer_version = "slr-pose", __version__
    onnx.helper.set_model_props(file, {key: text})
    onnx.save(file, output)


def open_session(path: Path, content: bytes, threads: int = 0) -> "InferenceSession":
    """A session of what `read_onnx` returns.

    Args:
        threads: that share the work; by default as many as the machine has cores, but one in a worker.

    Raises:
        BadInput: ONNX Runtime cannot read it.
    """
    import onnxruntime

    _limit_memory()
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # what goes wrong is raised, too
    options.intra_op_num_threads = threads or usual_threads()
    options.add_session_config_entry("session.use_env_allocators", "1")
    try:
        # Constants are worked out as they are used, within the memory that there is, and not before.
        session = onnxruntime.InferenceSession(
            content, options, providers=["CPUExecutionProvider"], disabled_optimizers=["ConstantFolding"]
        )
        for value in [*session.get_inputs(), *session.get_outputs()]:
            _ = value.name, value.shape  # damaged names are no text, which is seen when they are asked for
        return session
    except Exception as error:  # the exceptions of ONNX Runtime have no common class
        raise BadInput(f"{path} is not an ONNX model that can be read; export it again.") from error


def ask(
    session: "InferenceSession", path: Path, outputs: list[str] | None, given: dict[str, NDArray[Any]], what: str
) -> list[NDArray[Any]]:
    """Those outputs, or all, of inputs that stand for some `what`; of any shape, as the file has them.

    Raises:
        BadInput: it fails, or takes more than `MEMORY`.
    """
    import onnxruntime

    shrink = onnxruntime.RunOptions()
    shrink.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
    try:
        return list(session.run(outputs, given, shrink))
    except Exception as error:
        raise BadInput(
            f"{path} does not answer: it fails on these {what}, or takes more than {MEMORY >> 30} GiB of memory;"
            f" give it shorter {what}, or export it again."
        ) from error


@functools.cache
def _limit_memory() -> None:
    """Let all sessions of this process together have no more than `MEMORY`: what a model claims is not believed."""
    import onnxruntime

    where = onnxruntime.OrtMemoryInfo(
        "Cpu", onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, onnxruntime.OrtMemType.DEFAULT
    )
    settings = {"max_mem": MEMORY, "arena_extend_strategy": 1}  # 1: no more than is asked for
    onnxruntime.create_and_register_allocator(where, onnxruntime.OrtArenaCfg(settings))


def _fields(data: memoryview) -> Iterator[tuple[int, memoryview]]:
    """The fields of a message that are themselves messages, texts or bytes, with their numbers."""
    place = 0
    while place < len(data):
        key, place = _varint(data, place)
        kind = key & 7
        if kind == 0:
            _, place = _varint(data, place)
        elif kind == 1:
            place += 8
        elif kind == 2:
            length, place = _varint(data, place)
            if length > len(data) - place:
                raise ValueError("a message ends beyond its end")
            yield key >> 3, data[place : place + length]
            place += length
        elif kind == 5:
            place += 4
        else:
            raise ValueError("a field of an unknown kind")


def _varint(data: memoryview, place: int) -> tuple[int, int]:
    """The number that begins at a place, and where it ends."""
    number = shift = 0
    while data[place] & 0x80:
        number |= (data[place] & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if shift > 63:
            raise ValueError("a number of more than 64 bits")
    return number | data[place] << shift, place + 1
