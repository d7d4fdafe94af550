"""Keypoint files with damage drawn from a seed: each is read to something sane, or refused in one sentence."""

import io
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
import signer

from slr_pose import BadInput
from slr_pose.data.manifest import read_dataset
from slr_pose.keypoints.batch import Outcome
from slr_pose.keypoints.engines import default_estimator
from slr_pose.keypoints.job import Job
from slr_pose.keypoints.pose_files import PoseFile
from slr_pose.pose import FARTHEST, Pose
from slr_pose.skeleton import SHIPPED, Skeleton

FACE_HANDS = Skeleton.load("face_hands_43")
SPLICES = [
    *(np.float32(value).tobytes() for value in (0, np.nan, np.inf, -np.inf, 3e38, 1e-45)),
    *(np.uint32(value).tobytes() for value in (1, 65535, 10**9, 2**32 - 1)),
    *(b"[" * 3000, b'"', b"'", b"nan", b"-1", b"1e999", b"=", b"]", b"{}", b"true", b"9" * 400, b"\xff", b"\0"),
]


def mutated(content: bytes, random: np.random.Generator) -> bytes:
    """A file after one to three accidents, most of them near its beginning or its end."""
    found = bytearray(content)
    for _ in range(random.integers(1, 4)):
        place = int(random.integers(len(found) + 1))
        place = random.choice([place, min(place, int(random.integers(2500))), len(found) - min(place, 800)])
        place, other = int(max(place, 0)), int(random.integers(len(found) + 1))
        splice = SPLICES[random.integers(len(SPLICES))]
        kind = random.integers(7)
        if kind == 0 and place < len(found):
            found[place] ^= 1 << int(random.integers(8))
        elif kind == 1 and place < len(found):
            found[place] = int(random.integers(256))
        elif kind == 2:
            found[place : place + len(splice)] = splice
        elif kind == 3:
            found[place:place] = splice
        elif kind == 4:
            del found[place : place + int(random.integers(1, 40))]
        elif kind == 5:
            found[place : place + 16] = found[other : other + 16]
        elif kind == 6 and random.random() < 0.3:
            del found[place:]
    return bytes(found)


def mutated_inside(content: bytes, random: np.random.Generator) -> bytes:
    """A `.npz` file after accidents to one of its arrays, which the checksums of the file know nothing of."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    chosen = random.choice(list(members))
    members[chosen] = mutated(members[chosen], random)
    found = io.BytesIO()
    with zipfile.ZipFile(found, "w") as archive:
        for name, member in members.items():
            archive.writestr(name, member)
    return found.getvalue()


def a_pose(folder: Path) -> bytes:
    pose = signer.perform("wave", 0, frames=3)
    pose.extractor = {"name": "mediapipe", "version": "1", "face": False}
    pose.source = {"name": "a.mp4", "size": 3, "modified": 1.5, "start": None, "end": 2.0}
    pose.write(folder / "seed.pose")
    return (folder / "seed.pose").read_bytes()


def an_array(save, **arrays) -> bytes:
    file = io.BytesIO()
    array = signer.as_array(signer.perform("wave", 0, 6), np.zeros(6, bool))
    save(file, **{"frames": array, **arrays}) if arrays else save(file, array)
    return file.getvalue()


def read_pose(path: Path) -> None:
    footer = Pose.read_footer(path)
    assert all(isinstance(part, dict) for part in footer.values())
    assert not footer.get("extractor") or footer["extractor"]["name"] + footer["extractor"]["version"]
    path.with_name(footer.get("source", {}).get("name", "a"))
    Outcome.of_file(PoseFile(Job(Path("a.mp4"), default_estimator()), path, summary=footer.get("summary", {})))
    check(Pose.read(path))


def read_clip(path: Path) -> None:
    check(FACE_HANDS.read(path))


def read_data_set(path: Path) -> None:
    clips = read_dataset(path)
    for clip in clips:
        str((clip.labels, clip.signer)).encode()
    check(FACE_HANDS.pose(clips[0].array, clips[0].name))


def read_layout(path: Path) -> None:
    skeleton = Skeleton.load(str(path))
    assert np.isfinite(skeleton.adjacency).all() and len(skeleton.mirror) == len(skeleton.joints)


def check(pose: Pose) -> None:
    assert np.isfinite(pose.keypoints).all() and np.abs(pose.keypoints).max() <= FARTHEST
    assert 0 <= pose.confidence.min() <= pose.confidence.max() <= 1 and pose.confidence.any()
    for name in ("signing_49", "face_hands_43"):
        try:
            keypoints = Skeleton.load(name).select(pose)
        except BadInput as error:
            assert str(error).endswith(".")
        else:
            assert np.isfinite(keypoints).all()


LABELS = {"lengths": [2, 4], "gloss": ["a", "b"], "signer": [b"x", b"y"], "start": [0.0, np.nan]}
KINDS = {  # what is damaged, and what reads it
    "a.pose": (a_pose, read_pose),
    "a.npy": (lambda _: an_array(np.save), read_clip),
    "a.npz": (lambda _: an_array(np.savez), read_clip),
    "compressed.npz": (lambda _: an_array(np.savez_compressed), read_clip),
    "set.npz": (lambda _: an_array(np.savez, **LABELS), read_data_set),
    "a.toml": (lambda _: (SHIPPED / "face_hands_43.toml").read_bytes(), read_layout),
}


def mutate(folder: Path, name: str, seed: int, times: int) -> int:
    """How many of the mutated files can be read; all others are refused."""
    make, read = KINDS[name]
    content, random, readable = make(folder), np.random.default_rng(seed), 0
    for number in range(times):
        damage = mutated_inside if name.endswith(".npz") and random.random() < 0.7 else mutated
        (folder / name).write_bytes(damage(content, random))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                read(folder / name)
                readable += 1
            except BadInput as error:
                assert str(error).endswith(".") and "\n" not in str(error), f"mutation {number}: {error}"
            except Exception as error:
                raise AssertionError(f"mutation {number} of {name}, seed {seed}") from error
    return readable


@pytest.mark.parametrize("name", KINDS)
def test_a_damaged_file_is_read_to_something_sane_or_refused(tmp_path, name):
    assert mutate(tmp_path, name, seed=0, times=100) < 100


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 3))
@pytest.mark.parametrize("name", KINDS)
def test_many_damaged_files(tmp_path, name, seed):
    assert mutate(tmp_path, name, seed, times=2000) < 2000
