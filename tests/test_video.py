"""Videos as people have them, made here with PyAV."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slr_pose import BadInput
from slr_pose.video import VideoInfo, even_steps, probe, read_frames


def grey(value: int, width: int = 64, height: int = 48) -> np.ndarray:
    return np.full((height, width, 3), value, np.uint8)


def encode(path: Path, images: list[np.ndarray], codec="libx264", rate=25, times=None, pix_fmt="yuv420p", **options):
    """Write images; `times` are their milliseconds where the pace is uneven."""
    aspect = options.pop("sample_aspect_ratio", None)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, options={name: str(value) for name, value in options.items()})
        stream.height, stream.width = images[0].shape[:2]
        stream.pix_fmt = pix_fmt
        if aspect:
            stream.sample_aspect_ratio = aspect
        if times:
            stream.codec_context.time_base = Fraction(1, 1000)
        for number, image in enumerate(images):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            if times:
                frame.pts, frame.time_base = times[number], Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def counted(number: int) -> np.ndarray:
    """A frame that says its number by the place of a white bar."""
    image = grey(0, 256, 48)
    image[:, 8 * number : 8 * number + 8] = 255
    return image


def numbers(frames) -> list[int]:
    return [int(image.mean(axis=(0, 2)).reshape(-1, 8).mean(axis=1).argmax()) for _, image in frames]


@pytest.mark.parametrize(
    "name, codec, width, height, pix_fmt",
    [
        ("手語 clip one.webm", "libvpx-vp9", 64, 48, "yuv420p"),
        ("hevc.mp4", "libx265", 64, 48, "yuv420p"),
        ("mpeg4.avi", "mpeg4", 64, 48, "yuv420p"),
        ("moving.gif", "gif", 64, 48, "rgb8"),
        ("old.mpg", "mpeg1video", 64, 48, "yuv420p"),
        ("broadcast.ts", "mpeg2video", 64, 48, "yuv420p"),
        ("odd.mkv", "libx264", 321, 241, "yuv444p"),
        ("odd.avi", "mpeg4", 321, 241, "yuv420p"),
        ("portrait.mov", "libx264", 48, 64, "yuv420p"),
        ("4k.mp4", "libx264", 3840, 2160, "yuv420p"),
        ("ten bits.mp4", "libx265", 64, 48, "yuv420p10le"),
    ],
)
def test_frames_of_every_kind_of_video(name, codec, width, height, pix_fmt, tmp_path):
    images = [grey(32 + 64 * (number // 4), width, height) for number in range(12)]
    path = encode(tmp_path / name, images, codec, pix_fmt=pix_fmt)
    times, found = zip(*read_frames(path), strict=True)
    assert [image.shape for image in found] == [(height, width, 3)] * 12
    np.testing.assert_allclose([image.mean() for image in found[1::4]], [32, 96, 160], atol=20)  # GIF has 8 greys
    np.testing.assert_allclose(times, np.arange(12) / 25, atol=0.011)  # GIF counts in hundredths
    told = probe(path)
    assert told.fps == pytest.approx(25, abs=1)
    assert told.end_s == pytest.approx(12 / 25, abs=0.08) or name == "old.mpg"  # whose container does not tell


@pytest.mark.parametrize("rate", [120, 10, Fraction(30000, 1001)])
def test_the_clock_is_the_containers(rate, tmp_path):
    path = encode(tmp_path / "a.mp4", [grey(8 * number) for number in range(20)], rate=rate)
    np.testing.assert_allclose([time_s for time_s, _ in read_frames(path)], np.arange(20) / float(rate), atol=1e-3)
    assert probe(path) == VideoInfo(0, pytest.approx(20 / rate, abs=0.01), pytest.approx(float(rate)))


def test_uneven_frames_keep_their_times(tmp_path):
    times = [0, 33, 66, 100, 500, 533, 700]
    path = encode(tmp_path / "phone.mp4", [grey(8 * number) for number in range(7)], rate=30, times=times)
    np.testing.assert_allclose([time_s for time_s, _ in read_frames(path)], np.array(times) / 1000, atol=1e-3)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts"])
@pytest.mark.parametrize("start, end", [(None, 0.4), (0.48, 0.8), (0.4, None), (1.16, None), (0.5, 0.5)])
def test_a_part_is_the_same_frames_as_in_the_whole(name, start, end, tmp_path):
    """Whatever its key frames: there are two, and pictures that are stored before those that they follow."""
    codec = "mpeg2video" if name == "a.ts" else "libx264"
    path = encode(tmp_path / name, [counted(number) for number in range(30)], codec, g=15, bf=2)
    whole = list(read_frames(path))
    assert numbers(whole) == list(range(30))
    part = list(read_frames(path, start, end))
    expected = [n for n in range(30) if n >= round((start or 0) * 25, 6) and n < round((end or 9) * 25, 6)]
    assert numbers(part) == expected
    assert [time_s for time_s, _ in part] == [whole[number][0] for number in expected]


def test_a_stream_without_times_is_counted(tmp_path):
    path = encode(tmp_path / "bare.264", [counted(number) for number in range(30)], g=10, bf=2)
    assert [time_s for time_s, _ in read_frames(path)] == pytest.approx(np.arange(30) / 25)
    assert numbers(read_frames(path, 0.4, 0.8)) == list(range(10, 20))


def test_frames_are_in_order_where_the_container_mixes_up_their_times(tmp_path):
    """AVI has one time for a frame, when it is decoded, and H.264 decodes some before those that they follow."""
    path = encode(tmp_path / "a.avi", [counted(number) for number in range(30)], g=12, bf=2)
    frames = list(read_frames(path))
    assert numbers(frames) == list(range(30))
    times = np.array([time_s for time_s, _ in frames])
    assert (np.diff(times) > 0).all() and np.abs(times - np.arange(30) / 25).max() < 0.1


def test_rotation_metadata_is_obeyed(tmp_path):
    """A phone held upright stores a lying picture and says how to turn it."""
    lying = grey(0)
    lying[:, :32] = 200  # its left half is what should be the top
    path = encode(tmp_path / "a.mp4", [lying] * 2)
    data = path.read_bytes()
    # the matrix of the track header, 16.16 fixed point: identity, and a turn by 90 degrees
    identity = b"".join(value.to_bytes(4, "big") for value in (1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30))
    quarter = b"".join((value % 2**32).to_bytes(4, "big") for value in (0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30))
    place = data.index(identity, data.index(b"tkhd"))
    path.write_bytes(data[:place] + quarter + data[place + len(quarter) :])
    image = next(read_frames(path))[1]
    assert image.shape == (64, 48, 3)
    assert image[:20].mean() > 150 and image[44:].mean() < 50


def test_pixels_that_are_not_square_become_square(tmp_path):
    """Broadcasts store a wide picture in few columns."""
    path = encode(tmp_path / "tv.mpg", [grey(99)] * 2, "mpeg2video", sample_aspect_ratio=Fraction(4, 3))
    assert next(read_frames(path))[1].shape == (48, 85, 3)


def test_a_damaged_middle_costs_only_itself(tmp_path):
    path = encode(tmp_path / "a.avi", [counted(number) for number in range(30)], "mpeg4", g=1)
    data = bytearray(path.read_bytes())
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        for packet in packets[10:13]:
            data[packet.pos : packet.pos + packet.size] = bytes(packet.size)
    path.write_bytes(data)
    found = list(read_frames(path))
    assert [n for n in numbers(found) if n < 10] == list(range(10)) and numbers(found)[-17:] == list(range(13, 30))
    assert found[-1][0] == pytest.approx(29 / 25)


@pytest.mark.parametrize("name, codec", [("cut.ts", "mpeg2video"), ("cut.webm", "libvpx-vp9"), ("cut.mkv", "libx264")])
def test_a_video_that_is_cut_short_gives_what_it_has(name, codec, tmp_path):
    path = encode(tmp_path / name, [counted(number) for number in range(30)], codec, g=5)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 4 // 5])
    found = numbers(read_frames(path))
    assert 5 <= len(found) < 30 and found == list(range(len(found)))


def test_tags_in_another_encoding_do_no_harm(tmp_path):
    path = encode(tmp_path / "a.mp4", [grey(99)] * 3)
    tagged = tmp_path / "tagged.mp4"
    with av.open(str(path)) as source, av.open(str(tagged), "w") as target:
        target.metadata["title"] = "Zeichenq"
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                target.mux(packet)
    tagged.write_bytes(tagged.read_bytes().replace(b"Zeichenq", b"Zeichen\xe6"))
    assert len(list(read_frames(tagged))) == 3


def test_what_is_no_video_is_refused(tmp_path):
    (tmp_path / "text.mp4").write_text("hello")
    (tmp_path / "empty.mp4").touch()
    with av.open(str(tmp_path / "sound.mp4"), "w") as container:
        stream = container.add_stream("aac", rate=8000)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        sound.sample_rate = 8000
        container.mux(stream.encode(sound))
        container.mux(stream.encode())
    for name, reason in (("text", "not a video"), ("empty", "not a video"), ("sound", "no video in it")):
        with pytest.raises(BadInput, match=reason):
            next(read_frames(tmp_path / f"{name}.mp4"))
    with pytest.raises(BadInput, match="no such file"):
        probe(tmp_path / "absent.mp4")


@given(st.lists(st.integers(1, 500), min_size=1, max_size=40), st.floats(5, 120))
def test_an_even_pace_takes_the_nearest_frame(intervals_ms, fps):
    times = np.cumsum([0, *intervals_ms]) / 1000
    steps = even_steps(times, fps)
    moments = np.arange(len(steps)) / fps
    nearest = np.abs(times[:, None] - moments).min(axis=0)
    np.testing.assert_allclose(np.abs(times[steps] - moments), nearest, atol=1e-9)
    assert steps[0] == 0 and abs(moments[-1] - times[-1]) <= 0.5 / fps + 1e-9


@given(st.integers(1, 200), st.floats(1, 240))
def test_an_even_video_stays_as_it_is(frames, fps):
    assert even_steps(np.arange(frames) / fps, fps).tolist() == list(range(frames))
