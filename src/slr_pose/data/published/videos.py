"""The videos and keypoints of a data set, found by their names wherever they lie in its folder."""

from pathlib import Path, PurePosixPath

from slr_pose.media.folder import Found, is_keypoints, is_video, stem_of, walk
from slr_pose.tables import normal


class Videos:
    """What is in a data set's folder, and in the folders in it.

    Attributes:
        folder: the folder.
        files: its videos, files or folders of pictures, and keypoints that are not beside their video, in order.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self.files: list[Path] = []
        self._places: dict[str, list[Path]] = {}
        for beside, pictures in walk(folder, Found()):
            files = list(beside)
            videos = [*(file for file in files if is_video(file)), *pictures]
            called = {name for video in videos for name in (stem_of(video), video.name)}  # as their poses may be
            self._add(videos)
            self._add([file for file in files if is_keypoints(file) and file.stem not in called])

    def _add(self, files: list[Path]) -> None:
        self.files += files
        for file in files:
            for name in (stem_of(file), f"{file.parent.name}/{stem_of(file)}"):
                self._places.setdefault(normal(name), []).append(file)

    def find(self, name: str) -> Path | None:
        """The file of a name without a suffix, with folders before it or not; `None` where there is none.

        Where there are several, a video goes before keypoints, and what lies in fewer folders before the rest.
        """
        parts = tuple(normal(part) for part in PurePosixPath(name).parts)
        found = [
            file
            for file in self._places.get("/".join(parts[-2:]), [])
            if tuple(map(normal, file.with_name(stem_of(file)).parts[-len(parts) :])) == parts
        ]
        return min(found, key=lambda file: (is_keypoints(file), len(file.parts), file), default=None)
