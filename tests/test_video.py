"""Videos as people have them, made here with PyAV."""

import os
import resource
import shutil
import socket
import struct
import time
from fractions import Fraction
from itertools import product
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slr_pose import BadInput
from slr_pose.keypoints.engines import default_estimator
from slr_pose.keypoints.job import Job
from slr_pose.media import video
from slr_pose.media.video import MAX_PIXELS, PATIENCE_S, VIDEO_SUFFIXES, VideoInfo, even_steps, probe, read_frames


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


def with_matrix(path: Path, a: int, b: int, c: int, d: int) -> Path:
    """The display matrix of an MP4's track, (a, b; c, d), written over the identity that is there."""
    data = path.read_bytes()
    identity, matrix = (
        b"".join((value % 2**32).to_bytes(4, "big") for value in values)  # 16.16 and 2.30 fixed point
        for values in (
            (1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30),
            (a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 1 << 30),
        )
    )
    place = data.index(identity, data.index(b"tkhd"))
    path.write_bytes(data[:place] + matrix + data[place + len(matrix) :])
    return path


ORIENTATIONS = [
    (a, b, c, d) for one, other in product((1, -1), repeat=2) for a, b, c, d in ((one, 0, 0, other), (0, one, other, 0))
]


def stored(image: np.ndarray, a: int, b: int, c: int, d: int) -> np.ndarray:
    """What is shown as `image` where the matrix sends column x, row y to (a x + c y, b x + d y), moved into view."""
    height, width = image.shape[:2] if a else image.shape[1::-1]
    rows, columns = np.mgrid[:height, :width]
    shown = a * columns + c * rows, b * columns + d * rows
    return image[shown[1] - shown[1].min(), shown[0] - shown[0].min()]


@pytest.mark.parametrize("matrix", ORIENTATIONS)
def test_whatever_way_a_camera_stores_a_picture_it_is_shown_upright_and_not_mirrored(matrix, tmp_path):
    image = grey(0)
    image[:24, :32], image[24:, :32] = 200, 100  # no two of its eight orientations look the same
    path = with_matrix(encode(tmp_path / "phone.mp4", [stored(image, *matrix)] * 2), *matrix)
    shown = next(read_frames(path))[1]
    assert shown.shape == image.shape
    assert np.abs(shown.astype(int) - image).mean() < 5


@pytest.mark.skipif(not hasattr(av.VideoStream, "set_display_matrix"), reason="this PyAV cannot write a matrix")
@pytest.mark.parametrize("matrix", ORIENTATIONS)
@pytest.mark.parametrize("name", ["a.mkv", "a.mov"])
def test_other_containers_turn_and_mirror_their_pictures_too(name, matrix, tmp_path):
    image = grey(0)
    image[:24, :32], image[24:, :32] = 200, 100
    lying = stored(image, *matrix)
    a, b, c, d = (value << 16 for value in matrix)
    with av.open(str(tmp_path / name), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.height, stream.width = lying.shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.set_display_matrix((a, b, 0, c, d, 0, 0, 0, 1 << 30))
        container.mux(stream.encode(av.VideoFrame.from_ndarray(lying, format="rgb24")))
        container.mux(stream.encode())
    shown = next(read_frames(tmp_path / name))[1]
    assert shown.shape == image.shape and np.abs(shown.astype(int) - image).mean() < 5


def join_files(path: Path, parts: list[Path]) -> Path:
    """The packets of several videos one after the other, as recorders and concatenated files have them."""
    with av.open(str(path), "w") as target:
        stream, start = None, 0
        for part in parts:
            with av.open(str(part)) as source:
                video = source.streams.video[0]
                stream = stream or target.add_stream_from_template(video)
                packets = [packet for packet in source.demux(video) if packet.dts is not None]
                first, last = packets[0].dts, max(packet.pts for packet in packets)
                for packet in packets:
                    packet.pts, packet.dts = packet.pts - first + start, packet.dts - first + start
                    packet.stream = stream
                    target.mux(packet)
                start += last - first + round(1 / 25 / video.time_base)
    return path


@pytest.mark.parametrize("suffix, codec", [(".webm", "libvpx"), (".ts", "libx264"), (".mkv", "mjpeg")])
@pytest.mark.parametrize(
    "before, after, size",
    [
        ((64, 48, 1), (128, 96, 1), (128, 96)),
        ((128, 96, 1), (64, 48, 1), (128, 96)),
        ((64, 48, 1), (128, 64, 1), (128, 64)),  # another shape: black beside it, nothing squeezed
        ((96, 128, 1), (128, 96, 1), (96, 128)),  # a phone that is turned
        ((128, 96, 1), (128, 96, 2), (256, 96)),  # television between 4:3 and 16:9
    ],
)
def test_all_pictures_of_a_video_have_one_size_whatever_part_is_read(suffix, codec, before, after, size, tmp_path):
    if suffix == ".webm" and after[2] != 1:
        pytest.skip("VP8 says nothing of the width of its pixels")
    pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    parts = []
    for name, (width, height, aspect) in (("before", before), ("after", after)):
        images = [grey(150, width, height)] * 25
        options = {"pix_fmt": pix_fmt, "sample_aspect_ratio": Fraction(aspect)}
        parts.append(encode(tmp_path / f"{name}{suffix}", images, codec, **options))
    path = join_files(tmp_path / f"joined{suffix}", parts)
    frames = [image for _, image in read_frames(path)]
    assert len(frames) == 50 and {image.shape for image in frames} == {(size[1], size[0], 3)}
    for image, (width, height, aspect) in ((frames[10], before), (frames[-1], after)):
        lit = image.mean(axis=2) > 75
        ratio = lit.any(axis=0).sum() / lit.any(axis=1).sum()
        assert ratio == pytest.approx(width * aspect / height, rel=0.03)
        assert lit.any(axis=0).all() or lit.any(axis=1).all()
    for start, end in ((None, 0.2), (0.2, 0.4), (1.6, None)):
        assert {image.shape for _, image in read_frames(path, start, end)} == {(size[1], size[0], 3)}


def with_sound(path: Path, late_s: float, codec: str = "libx264", sound: str = "aac") -> Path:
    """Numbered pictures that begin `late_s` after the sound."""
    with av.open(str(path), "w") as container:
        video, audio = (
            container.add_stream(codec, rate=25, options={"g": "10"}),
            container.add_stream(sound, rate=48000),
        )
        video.width, video.height, video.pix_fmt = 256, 48, "yuv420p"
        audio.layout = "mono"
        planar = sound != "mp2"
        silence = np.zeros((1, 960), np.float32 if planar else np.int16)
        for number in range(100):
            frame = av.AudioFrame.from_ndarray(silence, format="fltp" if planar else "s16", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = 48000, 960 * number, Fraction(1, 48000)
            container.mux(audio.encode(frame))
        for number in range(30):
            frame = av.VideoFrame.from_ndarray(counted(number), format="rgb24")
            frame.pts, frame.time_base = number * 40 + round(1000 * late_s), Fraction(1, 1000)
            container.mux(video.encode(frame))
        container.mux(video.encode())
        container.mux(audio.encode())
    return path


@pytest.mark.parametrize("late_s", [0, 0.6])
@pytest.mark.parametrize(
    "name, codec, sound",
    [
        ("a.mp4", "libx264", "aac"),
        ("a.mov", "libx264", "aac"),
        ("a.mkv", "libx264", "aac"),
        ("a.webm", "libvpx", "libopus"),
        ("a.ts", "libx264", "aac"),
        ("a.flv", "libx264", "aac"),
    ],
)
def test_time_begins_with_the_file_not_with_its_first_picture(name, codec, sound, late_s, tmp_path):
    """As in players, ELAN and ffmpeg -ss. The time base of a .ts begins wherever it likes."""
    path = with_sound(tmp_path / name, late_s, codec, sound)
    times = np.array([time_s for time_s, _ in read_frames(path)])
    slack = 0.03  # what AAC puts before the sound, which some containers count and some do not
    np.testing.assert_allclose(times, late_s + np.arange(30) / 25, atol=slack)
    assert probe(path).start_s == pytest.approx(times[0], abs=1e-3)
    for first in (3, 17):
        start_s, end_s = times[first] - 0.01, times[first + 5] - 0.01
        assert numbers(read_frames(path, start_s, end_s)) == list(range(first, first + 5))
        assert Job(path, default_estimator(), None, start_s, end_s).plan().frames == 5
    if late_s:
        assert numbers(read_frames(path, 0.1, times[2] - 0.01)) == [0, 1]
        assert list(read_frames(path, 0, 0.5)) == []
        assert Job(path, default_estimator(), None, 0, 0.5).plan().frames == 0


def test_a_clock_that_jumps_is_read_from_before_the_jump(tmp_path):
    """A seek into the gap leads behind it."""
    times = [*range(0, 1000, 40), *range(100_000, 101_000, 40)]
    path = encode(tmp_path / "a.mkv", [counted(number % 30) for number in range(50)], times=times, g=10)
    assert list(read_frames(path, 40.0, 60.0)) == []
    assert numbers(read_frames(path, 40.0, 100.1)) == [25, 26, 27]


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


def test_a_sound_that_begins_later_in_the_file_costs_no_picture(tmp_path):
    """Opening looks at the first five megabytes, and finds no sound there."""
    noise = np.random.default_rng(0).integers(256, size=(96, 512, 3), dtype=np.uint8)
    with av.open(str(tmp_path / "late.flv"), "w") as container:
        video = container.add_stream("flv", rate=25, options={"g": "1", "b": "100000000", "qmax": "2"})
        audio = container.add_stream("libmp3lame", rate=44100)
        video.width, video.height, video.pix_fmt = 512, 96, "yuv420p"
        audio.layout = "mono"
        for number in range(150):
            container.mux(video.encode(av.VideoFrame.from_ndarray(noise, format="rgb24")))
            if number > 140:
                for part in (0, 1):
                    sound = av.AudioFrame.from_ndarray(np.zeros((1, 882), np.float32), format="fltp", layout="mono")
                    sound.sample_rate, sound.time_base = 44100, Fraction(1, 44100)
                    sound.pts = 882 * (2 * number + part)
                    container.mux(audio.encode(sound))
        container.mux(video.encode())
        container.mux(audio.encode())
    with av.open(str(tmp_path / "late.flv")) as container:
        assert [stream.type for stream in container.streams] == ["video"]
    assert len(list(read_frames(tmp_path / "late.flv"))) == 150


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


@pytest.mark.parametrize(
    "suffix, codec",
    [
        ("mts", "libx264"),
        ("m2ts", "libx264"),
        ("wmv", "wmv2"),
        ("asf", "wmv2"),
        ("flv", "flv"),
        ("f4v", "libx264"),
        ("ogv", "libvpx"),
        ("vob", "mpeg2video"),
        ("mxf", "mpeg2video"),
        ("3g2", "mpeg4"),
        ("y4m", "wrapped_avframe"),
        ("mjpeg", "mjpeg"),
        ("h265", "libx265"),
    ],
)
def test_what_ffmpeg_opens_is_a_video(suffix, codec, tmp_path):
    pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    path = encode(tmp_path / f"a.{suffix}", [grey(99)] * 5, codec, pix_fmt=pix_fmt)
    assert f".{suffix}" in VIDEO_SUFFIXES
    assert {image.shape for _, image in read_frames(path)} == {(48, 64, 3)}


def test_only_files_are_opened(tmp_path):
    """A pipe would be waited for, for ever."""
    os.mkfifo(tmp_path / "pipe.mp4")
    (tmp_path / "folder.mp4").mkdir()
    (tmp_path / "nowhere.mp4").symlink_to(tmp_path / "absent")
    for name, reason in (("pipe", "a pipe or a device"), ("folder", "a folder"), ("nowhere", "no such file")):
        for read in (probe, lambda path: next(read_frames(path)), lambda path: Job(path, default_estimator()).plan()):
            with pytest.raises(BadInput, match=reason):
                read(tmp_path / f"{name}.mp4")
    for path in (Path("/dev/zero"), Path("a\0b.mp4"), Path("n" * 300)):
        with pytest.raises(BadInput):
            probe(path)


def test_a_name_is_no_address(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    video = encode(Path("a.mp4"), [grey(99)] * 3)
    Path("http:").mkdir()
    for name in ("anna:1.mp4", "http:/b.mp4", "-i.mp4", "concat:a.mp4|a.mp4", "100%d.mp4", "a?b#c.mp4"):
        shutil.copy(video, name)
        assert len(list(read_frames(Path(name)))) == 3


def test_a_file_that_names_others_opens_none_of_them(tmp_path):
    """Neither a file beside it nor an address, whatever it is called."""
    encode(tmp_path / "a.ts", [grey(99)] * 25, "mpeg2video")
    encode(tmp_path / "a.mp4", [grey(99)] * 25)
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(0.2)
    address = f"http://127.0.0.1:{server.getsockname()[1]}"
    playlist = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{}\n#EXT-X-ENDLIST\n"
    lists = {
        "local.m3u8": playlist.format("a.ts"),
        "far.m3u8": playlist.format(f"{address}/a.ts"),
        "live.m3u8": playlist.format("a.ts").replace("#EXT-X-ENDLIST\n", ""),
        "a.ffconcat": "ffconcat version 1.0\nfile a.mp4\n",
        "a.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n"
        "a=rtpmap:96 H264/90000\n",
        "a.mpd": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"'
        ' mediaPresentationDuration="PT1S" profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period>'
        '<AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1"><BaseURL>'
        f"{address}/a.mp4</BaseURL></Representation></AdaptationSet></Period></MPD>",
        "a.nfo": "some text that FFmpeg would draw\n" * 50,
    }
    for name, text in lists.items():
        for path in (tmp_path / name, tmp_path / f"{name}.mp4", tmp_path / f"{name}.ts"):
            path.write_text(text)
            with pytest.raises(BadInput, match="not a video"):
                probe(path)
    with pytest.raises(TimeoutError):
        server.accept()


@pytest.mark.parametrize("width, height", [(16000, 16000), (8192, 8192), (65535, 1000)])
def test_a_picture_that_would_fill_the_memory_is_refused_before_it_is_decoded(width, height, tmp_path):
    assert width * height > MAX_PIXELS
    data = encode(tmp_path / "a.gif", [grey(99)] * 3, "gif", pix_fmt="rgb8").read_bytes()
    (tmp_path / "a.gif").write_bytes(data[:6] + struct.pack("<HH", width, height) + data[10:])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for read in (probe, lambda path: next(read_frames(path)), lambda path: Job(path, default_estimator()).plan()):
        with pytest.raises(BadInput, match=f"{width} x {height}"):
            read(tmp_path / "a.gif")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # kB


def test_a_later_picture_that_would_fill_the_memory_is_left_out(tmp_path, monkeypatch):
    monkeypatch.setattr(video, "MAX_PIXELS", 10_000)
    small = encode(tmp_path / "small.webm", [grey(99)] * 6, "libvpx")
    large = encode(tmp_path / "large.webm", [grey(99, 128, 96)] * 6, "libvpx")
    found = list(read_frames(join_files(tmp_path / "a.webm", [small, large])))
    assert [image.shape for _, image in found] == [(48, 64, 3)] * 6
    with pytest.raises(BadInput, match="128 x 96"):
        probe(large)


def test_pixels_of_no_camera_do_not_make_a_picture_that_fills_the_memory(tmp_path):
    path = encode(tmp_path / "a.mp4", [grey(99, 64, 1200)] * 3, sample_aspect_ratio=Fraction(1000))
    with av.open(str(path)) as container:
        assert container.streams.video[0].sample_aspect_ratio == 1000
    assert next(read_frames(path))[1].shape == (1200, 64, 3)


def test_a_length_of_a_million_hours_is_not_believed(tmp_path):
    path = encode(tmp_path / "a.mkv", [counted(number) for number in range(25)])
    data = bytearray(path.read_bytes())
    duration = data.index(b"\x44\x89\x88") + 3  # the element Duration of the segment, eight bytes
    data[duration : duration + 8] = struct.pack(">d", 1e6 * 3600 * 1000)  # milliseconds
    path.write_bytes(data)
    assert probe(path).end_s == pytest.approx(1e6 * 3600)
    assert len(Job(path, default_estimator()).plan().spans) == 1
    assert numbers(read_frames(path)) == list(range(25))


def damaged(data: bytes, random: np.random.Generator) -> bytes:
    """A file with some bytes changed, lost, or doubled, rather at its beginning, and sometimes without its end."""
    data = bytearray(data)
    kind = random.integers(5)
    extreme = (b"\xff" * 4, b"\0" * 4, b"\x7f\xff\xff\xff", b"\x80\0\0\0", b"\0\0\0\1")
    for _ in range(random.choice([1, 1, 3, 10, 40])):
        if len(data) < 200:
            break
        at = random.integers(min(len(data), 2000) if random.random() < 0.6 else len(data))
        if kind == 0:
            data[at] = random.integers(256)
        elif kind == 1:
            data[at] ^= 1 << random.integers(8)
        elif kind == 2:
            data[at : at + 4] = extreme[random.integers(len(extreme))]
        elif kind == 3:
            del data[at : at + random.choice([1, 4, 100])]
        else:
            data[at:at] = data[at : at + random.choice([1, 8, 200])]
    return bytes(data[: random.integers(1, len(data))] if random.random() < 0.1 else data)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    "name, codec, pix_fmt",
    [
        ("a.mp4", "libx264", "yuv420p"),
        ("a.mkv", "libx264", "yuv420p"),
        ("a.webm", "libvpx", "yuv420p"),
        ("a.avi", "mpeg4", "yuv420p"),
        ("a.mov", "mjpeg", "yuvj420p"),
        ("a.ts", "libx264", "yuv420p"),
        ("a.mpg", "mpeg2video", "yuv420p"),
        ("a.gif", "gif", "rgb8"),
        ("a.flv", "flv", "yuv420p"),
        ("a.wmv", "wmv2", "yuv420p"),
        ("a.mxf", "mpeg2video", "yuv420p"),
    ],
)
def test_a_damaged_file_is_read_as_far_as_it_goes_or_refused_with_a_sentence(name, codec, pix_fmt, seed, tmp_path):
    """Never another exception, never pictures of several sizes, never for long."""
    whole = encode(tmp_path / name, [counted(number) for number in range(12)], codec, pix_fmt=pix_fmt, g=4)
    data, random = whole.read_bytes(), np.random.default_rng(seed)
    for number in range(50):
        whole.write_bytes(damaged(data, random))
        started = time.monotonic()
        try:
            assert len(Job(whole, default_estimator()).plan().spans) < 50, number
            frames = [*read_frames(whole), *read_frames(whole, 0.2, 0.3)]
        except BadInput as error:
            assert str(error).endswith("."), number
        else:
            assert len({image.shape for _, image in frames}) <= 1, number
            assert np.isfinite([time_s for time_s, _ in frames]).all(), number
        assert time.monotonic() - started < PATIENCE_S, number


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
