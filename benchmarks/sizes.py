"""What longer videos and larger pictures cost: the same clips short, joined, in 1080p and in 4K, a table in Markdown.

    python benchmarks/sizes.py CLIP...          make bench does it, too, with five of its clips

Every clip is brought to one shape, with black bars where it has another one, and runs as in `benchmarks/extraction.py`.
"""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
from extraction import CORES, ROUNDS, WAYS, run
from rich.console import Console
from trials import table

from slr_pose.media.video import read_frames

FPS = 25
KINDS = {
    "short, 640x360": (640, 360, False),
    "joined, 640x360": (640, 360, True),
    "short, 1920x1080": (1920, 1080, False),
    "short, 3840x2160": (3840, 2160, False),
}
ASKED = ("`slr extract-pose --engine mediapipe`", "`slr extract-pose`", "`slr extract-pose --fast`")


def main(clips: list[Path]) -> None:
    frames = sum(1 for clip in clips for _ in read_frames(clip))
    rows = []
    with tempfile.TemporaryDirectory() as folder, Console(stderr=True).status("") as status:
        for kind, (width, height, joined) in KINDS.items():
            status.update(f"{kind}: making the videos ...")
            made = Path(folder) / "made"
            made.mkdir()
            for number, some in enumerate([clips] if joined else [[clip] for clip in clips]):
                write(made / f"{number}.mp4", some, width, height)
            runs = {way: [] for way in ASKED}
            for turn in range(ROUNDS):
                for way in ASKED:
                    status.update(f"{kind}, round {turn + 1} of {ROUNDS}: {way} ...")
                    asked = shutil.copytree(made, Path(folder) / "asked")
                    runs[way].append(run(WAYS[way](list(asked.iterdir()))))
                    shutil.rmtree(asked)
            shutil.rmtree(made)
            for way in ASKED:
                seconds, cpu = min(runs[way])
                rows.append([kind, way, f"{frames / seconds:.1f}", f"{1e3 * cpu / frames:.1f}"])
    print(f"{len(clips)} clips, {frames} frames, {CORES} cores\n")
    print(table(["videos", "", "frames/s", "CPU ms a frame"], rows))


def write(path: Path, clips: list[Path], width: int, height: int) -> None:
    """One H.264 video of some clips, one after the other."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, width=width, height=height, options={"preset": "veryfast"})
        stream.pix_fmt = "yuv420p"
        for clip in clips:
            for frame in shaped(clip, width, height):
                container.mux(stream.encode(frame))
        container.mux(stream.encode())


def shaped(clip: Path, width: int, height: int) -> Iterator[av.VideoFrame]:
    """A clip's frames in another shape."""
    graph = av.filter.Graph()
    for number, (_, picture) in enumerate(read_frames(clip)):
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        if not number:
            graph.link_nodes(
                graph.add_buffer(width=frame.width, height=frame.height, format="rgb24", time_base=Fraction(1, FPS)),
                graph.add("scale", f"{width}:{height}:force_original_aspect_ratio=decrease"),
                graph.add("pad", f"{width}:{height}:(ow-iw)/2:(oh-ih)/2"),
                graph.add("format", "yuv420p"),
                graph.add("buffersink"),
            ).configure()
        graph.vpush(frame)
        found = graph.vpull()
        found.pts = None  # after those of the clips before
        yield found


if __name__ == "__main__":
    main([Path(clip) for clip in sys.argv[1:]])
