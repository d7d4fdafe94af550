"""Tables of MediaPipe's landmarks (`.parquet`), a row a point, as GISLR has them -> an array of all points."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from slr_pose import BadInput
from slr_pose.files import open_regular
from slr_pose.pose import MOST_FRAMES

LANDMARK_SUFFIX = ".parquet"
SIZE = 1000  # width and height of the picture in pixels
FPS = 30.0  # nothing tells it; sign-language-datasets takes this, too
PARTS = {"pose": 33, "face": 468, "left_hand": 21, "right_hand": 21}  # in the order of the layout mediapipe_543
COLUMNS = ["frame", "type", "landmark_index", "x", "y", "z"]


def read_landmarks(path: Path) -> NDArray[np.float64]:
    """All points of a clip of GISLR's, Google's competition "Isolated Sign Language Recognition".

    Its files have the columns frame, row_id, type, landmark_index, x, y and z (kaggle.com/competitions/asl-signs). x
    and y are shares of the picture's width and height, whose ratio nobody tells: a square is taken.

    Returns:
        (frames, 543, 3) in the order of the layout `mediapipe_543`: x and y in pixels, z in widths; NaN = not seen.

    Raises:
        BadInput: there is no such file, it is another table, or pyarrow, which reads it, is not installed.
    """
    try:
        from pyarrow import ArrowException, parquet
    except ImportError as error:
        raise BadInput(f'{path} is a Parquet file: run `pip install "slr-pose[parquet]"` to read it.') from error
    with open_regular(path) as file:
        try:
            if parquet.read_metadata(file).num_rows > MOST_FRAMES * sum(PARTS.values()):
                raise BadInput(f"{path} has more rows than {MOST_FRAMES} frames take; cut it into parts.")
            table = parquet.read_table(file, columns=COLUMNS)
            found = {name: table[name].to_numpy() for name in COLUMNS}
            return _points(found)
        except (ArrowException, OSError, LookupError, ValueError, TypeError) as error:
            raise BadInput(f"{path} is not a whole table of GISLR's landmarks; get it again.") from error


def _points(columns: dict[str, NDArray[Any]]) -> NDArray[np.float64]:
    first = dict(zip(PARTS, np.cumsum([0, *PARTS.values()]).tolist(), strict=False))
    kinds, kind = np.unique(columns["type"].astype(str), return_inverse=True)
    index = columns["landmark_index"].astype(int)
    sizes = np.array([PARTS[name] for name in kinds])
    if ((index < 0) | (index >= sizes[kind])).any():
        raise ValueError("a point that MediaPipe does not have")
    frames, frame = np.unique(columns["frame"].astype(int), return_inverse=True)
    points = np.full((len(frames), sum(PARTS.values()), 3), np.nan)
    values = np.stack([columns[axis].astype(float) for axis in "xyz"], axis=1)
    points[frame, np.array([first[name] for name in kinds])[kind] + index] = values * (SIZE, SIZE, 1)
    return points
