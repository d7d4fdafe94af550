"""Names of clips, clips of variants, the same video twice, and workers whose parent is killed."""

import csv
import ntpath
import os
import subprocess
import sys
import time
import unicodedata
from pathlib import Path, PureWindowsPath

import psutil
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from slr_pose import BadInput, events
from slr_pose.data.manifest import read_dataset
from slr_pose.signer.planned_clip import plan
from slr_pose.signer.synthesis import synthesize, write_manifest

SLR = Path(sys.executable).with_name("slr")
SIGN = "hamfist hamextfingero hampalmd"
WORDS = st.text(min_size=1, max_size=30) | st.text(st.sampled_from("xX!?-_ .0e\u0301éßſK\u212aİı😀"), min_size=1)


@given(st.dictionaries(WORDS, st.just([SIGN]), min_size=1, max_size=8))
@example({gloss: [SIGN] for gloss in ("x!", "x?", "x--1", "X!", "x-_", "x-")})
@example({gloss: [SIGN] for gloss in ("con", "nul", "AUX.", "a/../b", "a\\b", "..", "/etc", "\x1b[2J", "a\0")})
@example({gloss: [SIGN] for gloss in ("ß" * 300, "ß" * 301, "ss" * 300, "é", "e\u0301", "É")})
def test_glosses_never_share_a_file_whatever_they_are(lexicon):
    planned = plan(lexicon, Path("signs"), signers=2, clips=2, seed=0, pose_only=False)
    files = [file for clip in planned for file in (clip.file, clip.truth)]
    on_disk = {unicodedata.normalize("NFKC", str(file).upper().casefold()) for file in files}
    assert len(on_disk) == len(files) == 8 * len(lexicon)
    for file in files:
        assert file.parent in (Path("signs/clips"), Path("signs/truth")) and len(file.name.encode()) < 200
        assert not set('<>:"/\\|?*') & set(file.name) and file.name.isprintable()
        assert not is_reserved(file.name) and file.name[0] != "." and file.stem[-1] not in " ."
    turned = plan(dict(reversed(lexicon.items())), Path("signs"), 2, 2, 0, False)
    assert {(clip.glosses, clip.name) for clip in turned} == {(clip.glosses, clip.name) for clip in planned}


def is_reserved(name: str) -> bool:
    """Whether Windows keeps a name for itself; since Python 3.13 another function says so."""
    return ntpath.isreserved(name) if hasattr(ntpath, "isreserved") else PureWindowsPath(name).is_reserved()


def test_variants_become_clips_of_the_same_gloss_and_hard_glosses_come_back(slr):
    glosses = ["x!", "x?", "x--1", "=1+1", "'=x", "+a", "@b", 'naïve, "so"']
    with open(slr.folder / "signs.csv", "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["gloss", "hamnosys"], *([gloss, SIGN] for gloss in glosses)])
        csv.writer(file).writerows([["two", SIGN], ["two", f"{SIGN} hammoveu"], ["bad", "hamfisst"]])
    made = slr("synthesize", "signs.csv", "--clips", 2, "--pose-only", "-o", "out")
    assert "1 sign of the lexicon left out" in made.stderr and "line 12" in made.stderr
    clips = read_dataset(slr.folder / "out" / "clips.csv")
    assert len({clip.path for clip in clips}) == len(clips) == 2 * (len(glosses) + 2)
    assert all(clip.path.exists() for clip in clips)
    labels = [clip.labels["gloss"] for clip in clips]
    read = [
        gloss[1:] if gloss == "'=x" else gloss for gloss in glosses
    ]  # as a spreadsheet writes a text that begins so
    assert labels == [gloss for gloss in read for _ in range(2)] + ["two"] * 4
    cells = [
        row["gloss"]
        for row in csv.DictReader((slr.folder / "out" / "clips.csv").read_text(encoding="utf-8").splitlines())
    ]
    assert not [cell for cell in cells if cell[0] in "=+-@"]


def test_signs_are_made_from_python_and_every_step_is_told(tmp_path):
    (tmp_path / "signs.csv").write_text(f"gloss,hamnosys\none,{SIGN}\nbad,hamfisst\ntwo,{SIGN} hammoveu\n")
    told = []
    wanted = {"signers": 3, "clips": 2, "seed": 7, "pose_only": True, "on_event": told.append}
    made = synthesize(tmp_path / "signs.csv", tmp_path / "out", **wanted)
    assert (made.manifest, made.signs, len(made.clips)) == (tmp_path / "out" / "clips.csv", 2, 12)
    assert [clip.path for clip in read_dataset(made.manifest)] == [clip.file for clip in made.clips]
    left_out, *signing = told
    assert left_out.what == "1 sign of the lexicon left out" and "line 3" in left_out.reasons[0]
    assert signing[-1] == events.Signing(12, 12)
    assert [event.clips for event in signing] == sorted({event.clips for event in signing})
    made.clips[4].file.unlink()
    told.clear()
    assert synthesize(tmp_path / "signs.csv", tmp_path / "out", **wanted) == made
    assert told[1:] == [events.Remark("11 of 12 are made already."), events.Signing(1, 1)]


def test_a_notation_is_signed_as_it_stands_and_no_signers_make_no_clips(tmp_path):
    made = synthesize(SIGN, tmp_path / "out", pose_only=True)
    assert [clip.notations for clip in made.clips] == [(SIGN,)]
    for nobody in ({"signers": 0}, {"clips": 0}):
        with pytest.raises(BadInput, match="make nothing"):
            synthesize(SIGN, tmp_path / "none", **nobody)
    assert not (tmp_path / "none").exists()


FILM = """
import os, sys
from pathlib import Path
import numpy as np
from slr_pose.media.encoding import write_video
if "one core" in sys.argv and hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
grain = np.random.default_rng(0).integers(0, 60, (240, 320, 3), dtype=np.uint8)
wave = (90 + 90 * np.sin(np.arange(320) / 20)).astype(np.uint8)[None, :, None]
write_video(Path(sys.argv[1]), [grain + np.roll(wave, 4 * step, 1) for step in range(30)], 25)
"""


def test_a_video_is_the_same_on_any_number_of_cores_and_whatever_was_in_memory_before(tmp_path):
    for name, memory, cores in (("a", "77", "all cores"), ("b", "165", "all cores"), ("c", "77", "one core")):
        arguments = [sys.executable, "-c", FILM, tmp_path / f"{name}.mp4", cores]
        subprocess.run(arguments, env={**os.environ, "MALLOC_PERTURB_": memory}, check=True)
    assert len({file.read_bytes() for file in tmp_path.iterdir()}) == 1


@pytest.mark.skipif(len(psutil.Process().cpu_affinity()) < 2, reason="on one core there are no workers")
def test_workers_end_with_a_parent_that_is_killed(tmp_path):
    command = [SLR, "synthesize", "--signers", "200", "--pose-only", "-o", tmp_path / "out"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not list(tmp_path.glob("out/clips/*.pose")):
        time.sleep(0.05)
    children = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.wait()
    _, alive = psutil.wait_procs(children, timeout=10)
    assert children and not alive


def test_a_manifest_is_written_for_glosses_in_any_letters(tmp_path):
    glosses = ["नमस्ते", "שלום", "größe", "手話"]
    clips = plan({gloss: [SIGN] for gloss in glosses}, tmp_path, 1, 1, 0, True)
    found = read_dataset(write_manifest(tmp_path, clips))
    assert [clip.labels["gloss"] for clip in found] == [unicodedata.normalize("NFC", gloss) for gloss in glosses]
    assert [clip.path for clip in found] == [clip.file for clip in clips]
