"""What stands below a picture: which sign it is now, and a strip of the seconds around it, looked at pixel by pixel."""

import json

import numpy as np
import pytest
import signer
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from slr_pose.keypoints.engines import default_estimator
from slr_pose.keypoints.job import Job
from slr_pose.media.eaf import write_eaf
from slr_pose.media.encoding import write_video
from slr_pose.media.video import read_frames
from slr_pose.strip import BLUE, FILLS, INK, Strip, caption
from slr_pose.timeline import Entry, Timeline
from slr_pose.view import Drawing, draw

SIGNS = [
    Entry(0.2, 0.44, [("kite", 0.9), ("lamp", 0.1)], "sure"),
    Entry(0.44, 0.7, [("candle", 0.5)], "not sure"),
    Entry(0.9, 1.3, [("dust", 0.3)], "unknown"),
]
SIGNED = [any(entry.start_s <= frame / 25 < entry.end_s for entry in SIGNS) for frame in range(40)]  # at each frame


def timeline(signs: list[Entry], end_s: float = 1.6) -> Timeline:
    return Timeline("a.mp4", 0.0, end_s, {"hand_shape": [Entry(0.0, end_s, [("flat", 1.0)], "sure")], "gloss": signs})


def below(signs: list[Entry], time_s: float, width: int = 320, length_s: float = 1.6) -> np.ndarray:
    """The strip as (height, width, 3), 11 pixels a letter."""
    pose = signer.perform("circle", frames=round(length_s * 25))
    pose.width, pose.height = width, width * 3 // 4
    return np.asarray(Drawing(pose, width, True, timeline(signs, length_s)).frame(0, None, time_s=time_s))[
        width * 3 // 4 :
    ]


def named(image: np.ndarray) -> bool:
    """Whether a frame of 320 x 240 pixels has a gloss below, in letters that are dark in the film, too."""
    return bool((image[242:259, 80:240].min(axis=2) < 100).any())


def is_like(pixel: np.ndarray, color: tuple[int, int, int]) -> bool:
    return bool(np.abs(pixel.astype(int) - color).max() < 12)


@pytest.mark.parametrize("width", [320, 960])
def test_blocks_stand_at_their_times_in_the_color_of_their_state_and_the_cursor_is_now(width):
    for time_s in (0.0, 0.3, 1.0, 1.58):
        image = below(SIGNS, time_s, width)
        lane = image[round(len(image) * 0.6)]
        for entry in SIGNS:
            for share in (0.12, 0.88):  # beside the words and within the edges
                at_s = entry.start_s + share * (entry.end_s - entry.start_s)
                if abs(at_s - time_s) > 0.05:
                    assert is_like(lane[int(at_s / 1.6 * width)], FILLS[entry.state])
        for gap_s in (0.1, 0.8, 1.45):
            assert is_like(lane[int(gap_s / 1.6 * width)], (240, 240, 240))
        now = round(time_s / 1.6 * width)
        assert is_like(lane[max(now - 2, 0) : now + 3].min(axis=0), INK)


def test_the_sign_that_is_signed_now_is_named_and_nothing_is_named_where_nothing_is():
    said = {}
    for time_s in (0.1, 0.3, 0.5, 0.8, 1.0):
        rows = below(SIGNS, time_s)[:20, 80:240]
        said[time_s] = (rows.min(axis=2) < 100).sum()
    assert said[0.1] == said[0.8] == 0 and said[0.5] > said[0.3] > said[1.0] > 0  # candle? is longer than kite, than ?


def test_what_is_said_of_each_state():
    labels = [("kite", 0.4), ("lamp", 0.3)]
    said = {state: caption(Entry(0, 1, labels, state)) for state in FILLS}
    assert said == {"sure": "kite", "not measured": "kite", "not sure": "kite?", "unknown": "?"}
    assert (
        caption(Entry(0, 1, [], "sure")) == "?" and caption(Entry(0, 1, [("a\n\x1b[2J", 1)], "sure")) == "a\\n\\x1b[2J"
    )


def test_of_a_long_film_the_seconds_around_now_are_shown():
    signs = [Entry(second, second + 0.5, [(str(second), 1.0)], "sure") for second in range(0, 60, 2)]
    first, middle, last = (below(signs, time_s, 320, 60.0) for time_s in (0.0, 30.25, 59.9))
    lanes = [image[round(len(image) * 0.6)].astype(int) for image in (first, middle, last)]
    cursors = [np.flatnonzero(lane.max(axis=1) < 60).mean() for lane in lanes]
    assert cursors[0] < 3 and abs(cursors[1] - 160) < 2 and cursors[2] > 300
    blue = [(np.abs(lane - BLUE).max(axis=1) < 12) for lane in lanes]
    half = 0.5 * 132  # pixels: a second is twelve letters wide
    assert abs(np.ptp(np.flatnonzero(blue[1][100:220])) - half) < 4


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.floats(0, 1e4), unique=True, max_size=20).map(sorted),
    st.lists(st.text(max_size=40), min_size=20, max_size=20),
    st.sampled_from(list(FILLS)),
    st.floats(-1, 1e4),
    st.sampled_from((2, 40, 320)),
)
def test_whatever_is_annotated_is_drawn(times, words, state, time_s, width):
    pairs = list(zip(times[:-1], times[1:], strict=True))[::2]
    signs = [Entry(*pair, [(word, 1.0)], state) for pair, word in zip(pairs, words, strict=False)]
    image = Image.new("RGB", (width, 44))
    from PIL import ImageDraw

    Strip(timeline(signs, 1e4), 0.0, 1e4, width, 11).draw(ImageDraw.Draw(image), 0, time_s)
    assert np.asarray(image)[0].min() == 255


def test_films_and_sheets_have_it_below_and_the_picture_is_as_before(tmp_path):
    pose = signer.perform("circle", frames=40)
    with_it, without = (Drawing(pose, 320, False, of).frame(9, None) for of in (timeline(SIGNS), None))
    assert with_it.size == (320, 240 + 44) and np.array_equal(np.asarray(with_it)[:240], np.asarray(without))
    for suffix in (".mp4", ".gif"):
        draw(pose, None, tmp_path / f"film{suffix}", timeline(SIGNS))
        images = [image for _, image in read_frames(tmp_path / f"film{suffix}")]
        assert len(images) == 40 and images[0].shape == (284, 320, 3)
        assert [named(image) for image in images] == SIGNED
    draw(pose, None, tmp_path / "sheet.png", timeline(SIGNS))
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.size == (4 * 326 + 6, 2 * 290 + 6)


def test_a_video_is_drawn_with_the_annotations_beside_it_in_its_own_time(slr):
    video = slr.folder / "clip.mp4"
    write_video(video, [np.full((240, 320, 3), 200, np.uint8)] * 40, 25)
    pose = signer.perform("circle", frames=40)
    for name, start_s, end_s in (("clip", None, None), ("part", 0.4, 1.2)):
        pose.source = Job(video, default_estimator(), None, start_s, end_s).source()
        part = pose.cut(start_s, end_s)
        part.write(slr.folder / f"{name}.pose")
    assert "over clip.mp4.\n" in slr("view", "clip.mp4", "-o", "plain.mp4").stderr
    write_eaf(slr.folder / "clip.eaf", timeline(SIGNS), video)
    assert "over clip.mp4, the signs of clip.eaf below." in slr("view", "clip.mp4", "-o", "whole.mp4").stderr
    slr("view", "part.pose", "-o", "part.mp4")
    whole, part = ([named(image) for _, image in read_frames(slr.folder / f"{name}.mp4")] for name in ("whole", "part"))
    assert whole == SIGNED and part == SIGNED[10:30]


def test_annotations_that_are_named_come_first_and_damaged_ones_beside_the_clip_cost_no_drawing(slr):
    signer.perform("circle", frames=4).write(slr.folder / "a.pose")
    (slr.folder / "b.json").write_text(json.dumps(timeline(SIGNS).as_dict()))
    (slr.folder / "a.eaf").write_text("Dear reader")
    assert "the signs of b.json below" in slr("view", "a.pose", "--annotations", "b.json").stderr
    done = slr("view", "a.pose", "-o", "a.gif").stderr
    assert "Nothing is drawn of the annotations: a.eaf" in done and "4 frames on white." in done
    for file, says in (("a.eaf", "a.eaf"), ("a.pose", "name an .eaf or a .json file"), ("no.json", "no file no.json")):
        error = slr("view", "a.pose", "-o", "kept.gif", "--annotations", file, exit_code=2).stderr
        assert says in error and error.count("\n") == 1 and error.endswith(".\n")
    assert not (slr.folder / "kept.gif").exists()
