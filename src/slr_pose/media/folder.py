"""What a person names, a file or a folder -> the clips that are meant, and what is there and is not read."""

import os
import re
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from heapq import merge
from itertools import filterfalse
from pathlib import Path

from slr_pose import BadInput
from slr_pose.files import is_hidden
from slr_pose.media.arrays import ARRAY_SUFFIXES
from slr_pose.media.landmarks import LANDMARK_SUFFIX
from slr_pose.media.pictures import is_pictures
from slr_pose.media.video import VIDEO_SUFFIXES
from slr_pose.places import Address, was_address
from slr_pose.pose import Pose
from slr_pose.spool import Spool
from slr_pose.text import first_of

KEYPOINT_SUFFIXES = {".pose", LANDMARK_SUFFIX, *ARRAY_SUFFIXES}
ELAN_SUFFIX = ".eaf"
BESIDE_ELAN = re.compile(r".*\.(pfsx|eaf\.[0-9]{3})", re.IGNORECASE)  # settings and backups that it leaves there
REPORT = re.compile(r"extraction(-\d+-of-\d+)?\.csv")  # what `slr extract-pose` leaves in a folder of videos


@dataclass
class Found:
    """What is in a folder.

    Attributes:
        clips: the files, and the folders of pictures, that are clips, in order.
        annotations: ELAN's files, in order, which say what is signed in them.
        passed_over: reason -> the files that are not read for it.
    """

    clips: list[Path] = field(default_factory=list)
    annotations: Spool[Path] = field(default_factory=Spool)
    passed_over: dict[str, Spool[Path]] = field(default_factory=dict)

    def pass_over(self, file: Path, reason: str) -> None:
        """Count a file that is not read."""
        self.passed_over.setdefault(reason, Spool()).append(file)

    def sentences(self) -> list[str]:
        """What is not read and why, a sentence for each reason."""
        return [f"not read, {reason}: {first_of(files)}." for reason, files in self.passed_over.items()]


def clips_of(named: Path, keypoints: bool) -> Found:
    """The clips that a path means: itself, a file or a folder of pictures, or those in a folder and the folders in it.

    In a folder, keypoints beside their video are not another clip. Hidden files and folders do not count.

    Args:
        keypoints: whether `.pose` files and arrays are clips, beside videos.

    Raises:
        BadInput: there is no such file or folder.
    """
    found = Found()
    found.clips += each_clip(named, keypoints, found)
    return found


def each_clip(named: Path, keypoints: bool, found: Found) -> Iterator[Path]:
    """The clips of `clips_of`, one after the other; of videos alone, no more than the names in one folder are held.

    Args:
        found: where the other files are counted.

    Raises:
        BadInput: there is no such file or folder.
    """
    if not named.exists():
        alone = "; in object stores, `slr extract-pose` alone reads and writes" if was_address(named) else ""
        raise BadInput(f"there is no file or folder {named}{alone}.")
    if not named.is_dir() or is_pictures(named):
        yield named
        return
    for files, pictures in walk(named, found):
        of_pictures = {folder.name for folder in pictures}
        videos, stems = of_pictures, of_pictures
        if keypoints:  # beside which other files are seen
            files = list(files)
            videos = of_pictures | {file.name for file in files if is_video(file)}
            stems = of_pictures | {file.stem for file in files if is_video(file)}
        for file in merge(files, pictures):
            if file.name in of_pictures:
                yield file
            elif is_elan(file) and _is_regular(file):
                found.annotations.append(file)
            elif not is_video(file) and not is_keypoints(file):
                if not REPORT.fullmatch(file.name) and not BESIDE_ELAN.fullmatch(file.name):
                    found.pass_over(file, "neither video nor keypoints")
            elif not _is_regular(file):
                found.pass_over(file, "a link to nothing" if file.is_symlink() else "no file but a pipe or a device")
            elif is_video(file):
                yield file
            elif keypoints and file.stem in stems:
                if not is_pose(file):  # whose a pose is will be seen, and said, when that of the video is looked for
                    found.pass_over(file, "keypoints of the video beside them, by another tool; name them to use them")
            elif keypoints and not (videos and is_pose(file) and _video_of(file) in videos):
                yield file


def stem_of(clip: Path) -> str:
    """What a clip is called: its file's name without the suffix, or the name of its folder of pictures."""
    return clip.name if clip.is_dir() else clip.stem


def with_name(clip: Path) -> Path:
    """The same path, with a name also where it is `.` or `..`, as a folder of pictures may be named."""
    return clip.resolve() if clip.name in ("", "..") else clip


def refuse_inside(output: Path, clip: Path | None) -> None:
    """Whether what is written there leaves a clip as it is, which is worth knowing before there is something to write.

    Raises:
        BadInput: it would lie among the pictures of the clip.
    """
    if clip and is_pictures(clip) and output.parent.resolve() == clip.resolve():
        raise BadInput(f"{output} would lie among the pictures of {clip.resolve().name}; name another place.")


def is_clip(path: Path) -> bool:
    """Whether there is a video, a folder of pictures or a file of keypoints, as far as names say so."""
    return (is_video(path) or is_keypoints(path)) and path.is_file() or is_pictures(path)


def is_video(file: Path) -> bool:
    """Whether a file's name says that it is a video."""
    return file.suffix.lower() in VIDEO_SUFFIXES


def is_keypoints(file: Path) -> bool:
    """Whether a file's name says that it is a pose, an array or a table of landmarks."""
    return file.suffix.lower() in KEYPOINT_SUFFIXES


def is_pose(file: Path) -> bool:
    """Whether a file's name says that it is a pose."""
    return file.suffix.lower() == ".pose"


def is_elan(file: Path) -> bool:
    """Whether a file's name says that it is ELAN's."""
    return file.suffix.lower() == ELAN_SUFFIX


def _video_of(pose: Path) -> str | None:
    """The name of the video that a pose was extracted from, as far as it says so."""
    return Pose.read_footer(pose).get("source", {}).get("name")


def walk(named: Path, found: Found) -> Iterator[tuple[Iterable[Path], list[Path]]]:
    """The files of a folder and the folders of pictures in it, and those of each other folder in it, in order.

    Links to folders are followed, but not in circles.

    Args:
        found: where folders that cannot be opened are counted.

    Raises:
        BadInput: they are in an object store that cannot be asked.
    """
    if isinstance(named, Address):
        yield from _walk_store(named)
        return

    def locked(error: OSError) -> None:
        found.pass_over(Path(error.filename), "a folder that cannot be opened")

    for path, folders, names in os.walk(named, onerror=locked, followlinks=True):
        folder, here = Path(path), os.path.realpath(path)
        inner = sorted(
            name for name in folders if not is_hidden(folder / name) and not _leads_back(folder / name, here)
        )
        clips = {name: folder / name for name in inner if is_pictures(folder / name)}
        folders[:] = [name for name in inner if name not in clips]
        names.sort()  # a million may be held, and not as many paths
        yield filterfalse(is_hidden, map(folder.joinpath, names)), list(clips.values())


def _walk_store(named: Address) -> Iterator[tuple[Iterable[Path], list[Path]]]:
    """The same in an object store, where a folder of pictures is no clip."""
    folders, files = named.entries()
    yield filterfalse(is_hidden, files), []
    for folder in filterfalse(is_hidden, folders):
        yield from _walk_store(folder)


def _leads_back(folder: Path, here: str) -> bool:
    """Whether a folder is a link to one that it lies in."""
    return folder.is_symlink() and Path(here).is_relative_to(os.path.realpath(folder))


def _is_regular(file: Path) -> bool:
    try:
        return stat.S_ISREG(file.stat().st_mode)
    except OSError:
        return False
