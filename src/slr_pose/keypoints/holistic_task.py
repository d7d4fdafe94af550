"""MediaPipe's networks in one file, a `.task`, as its HolisticLandmarker takes them in a browser."""

import io
import struct
import zipfile
from typing import TYPE_CHECKING

from slr_pose.keypoints.body_model import without_mask
from slr_pose.keypoints.litert import networks

if TYPE_CHECKING:
    from flatbuffers.table import Table

NAMES = {
    "body detector": "pose_detector.tflite",
    "body": "pose_landmarks_detector.tflite",
    "hand finder": "hand_roi_refinement.tflite",
    "hand": "hand_landmarks_detector.tflite",
    "face detector": "face_detector.tflite",
    "face": "face_landmarks_detector.tflite",
}
# Two networks do not say in which numbers they want to see a picture. They want what that of the face says: 0 to 1.
UNTOLD, TELLING = ("body", "hand finder"), "face"
TOLD = b"TFLITE_METADATA"
# The fields of the root of a TensorFlow Lite file, as its FlatBuffer's schema numbers them.
VERSION, BUFFERS, METADATA, FIELDS = 0, 4, 6, 8
ALIGNMENT = 16  # bytes


def holistic_task() -> bytes:
    """A zip of the networks, uncompressed, as MediaPipe reads it; the same each time.

    Raises:
        BadInput: the networks are not on this machine.
    """
    told = metadata(networks.read(TELLING))
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_STORED) as archive:
        for name, file in NAMES.items():
            network = networks.read(name)
            network = without_mask(network) if name == "body" else network
            network = with_metadata(network, told) if name in UNTOLD else network
            archive.writestr(zipfile.ZipInfo(file), network)
    return written.getvalue()


def metadata(network: bytes) -> bytes:
    """What a TensorFlow Lite file says of itself (https://ai.google.dev/edge/litert/conversion/tensorflow/metadata)."""
    root = _root(network)
    buffers = _tables(root, BUFFERS)
    (told,) = (entry for entry in _tables(root, METADATA) if entry.String(entry.Pos + entry.Offset(_slot(0))) == TOLD)
    buffer = buffers[_number(told, 1)]
    start = buffer.Vector(buffer.Offset(_slot(0)))
    return network[start : start + buffer.VectorLen(buffer.Offset(_slot(0)))]


def with_metadata(network: bytes, told: bytes) -> bytes:
    """A TensorFlow Lite file that says this of itself.

    A FlatBuffer points forward, from its root. So the file stays as it is, and another root is put before it, whose
    lists of buffers and of metadata are each one longer.
    """
    from flatbuffers import Builder

    network += bytes(-len(network) % ALIGNMENT)
    root = _root(network)
    builder = Builder(0)
    builder.Bytes, builder.minalign = bytearray(network), ALIGNMENT

    def placed(position: int) -> int:
        """A place of the old file, as the builder counts: from the end."""
        return len(network) - position

    content = builder.CreateByteVector(told)
    builder.StartObject(1)
    builder.PrependUOffsetTRelativeSlot(0, content, 0)
    buffers = [*(placed(table.Pos) for table in _tables(root, BUFFERS)), builder.EndObject()]
    name = builder.CreateString(TOLD)
    builder.StartObject(2)
    builder.PrependUOffsetTRelativeSlot(0, name, 0)
    builder.PrependUint32Slot(1, len(buffers) - 1, 0)
    entries = [*(placed(table.Pos) for table in _tables(root, METADATA)), builder.EndObject()]
    lists = {}
    for field, tables in ((BUFFERS, buffers), (METADATA, entries)):
        builder.StartVector(4, len(tables), 4)
        for table in reversed(tables):
            builder.PrependUOffsetTRelative(table)
        lists[field] = builder.EndVector()
    builder.StartObject(FIELDS)
    builder.PrependUint32Slot(VERSION, _number(root, VERSION), 0)
    for field in range(VERSION + 1, FIELDS):
        offset = root.Offset(_slot(field))
        old = placed(root.Indirect(root.Pos + offset)) if offset else 0
        builder.PrependUOffsetTRelativeSlot(field, lists.get(field, old), 0)
    builder.Finish(builder.EndObject(), file_identifier=b"TFL3")
    return bytes(builder.Output())


def _root(network: bytes) -> "Table":
    from flatbuffers.table import Table

    return Table(network, struct.unpack_from("<I", network)[0])


def _tables(table: "Table", field: int) -> list["Table"]:
    """The tables of a vector; none where there is no such field."""
    from flatbuffers.table import Table

    if not (offset := table.Offset(_slot(field))):
        return []
    start = table.Vector(offset)
    places = range(start, start + 4 * table.VectorLen(offset), 4)
    return [Table(table.Bytes, table.Indirect(place)) for place in places]


def _number(table: "Table", field: int) -> int:
    """An unsigned number of 32 bits; 0 where there is no such field."""
    offset = table.Offset(_slot(field))
    return struct.unpack_from("<I", table.Bytes, table.Pos + offset)[0] if offset else 0


def _slot(field: int) -> int:
    """Where a table's list of its fields has one of them, after two lengths of two bytes each."""
    return 4 + 2 * field
