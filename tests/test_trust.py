"""From which probability on signs in a row are called sure: what is asked, what counts as right, and what comes out."""

import numpy as np
import pytest
import signer
import torch
from hypothesis import given
from hypothesis import strategies as st

from slr_pose.data.batches import LabelledClips
from slr_pose.data.clip import Clip, Sign
from slr_pose.data.signing import Signing
from slr_pose.data.store import Store, load
from slr_pose.info import RATE
from slr_pose.model.calibration import FEWEST
from slr_pose.recognition.recognizer import Recognizer
from slr_pose.skeleton import DEFAULT, Skeleton
from slr_pose.timeline import Entry
from slr_pose.training import trust
from slr_pose.training.trust import _answers, _entries, reading_threshold

GLOSSES = list(signer.SIGNS)
SIGNERS, STRETCH_S = 10, 36


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Store:
    """Clips of each sign by many signers, a stretch of signs that are called as no other is, and a sentence."""
    folder = tmp_path_factory.mktemp("trust")
    clips = []
    for gloss in GLOSSES:
        for number in range(SIGNERS):
            path = folder / f"{gloss}-{number}.pose"
            signer.perform(gloss, number, 20 + number).write(path)
            clips.append(Clip(path, {"gloss": gloss}))
    signer.in_a_row(STRETCH_S, 25).write(folder / "long.pose")
    signs = tuple(Sign(float(start), start + 0.9, {"gloss": "unheard-of"}) for start in range(STRETCH_S))
    clips.append(Clip(folder / "long.pose", {}, start_s=0.0, end_s=float(STRETCH_S), signs=signs))
    clips.append(Clip(folder / "long.pose", {}, glosses=tuple(GLOSSES)))
    return load(clips, Skeleton.load(DEFAULT), lambda jobs: [])


def asked(store: Store, guessing, clips: int, others: range = range(0)) -> float | None:
    """What the guesser may be trusted from, by the first clips and by others, a stretch or a sentence."""
    rows = np.random.default_rng(1).permutation(len(GLOSSES) * SIGNERS)[:clips].tolist()
    signs, signing = LabelledClips(store, rows, {"gloss": GLOSSES}), Signing(store, list(others), GLOSSES)
    recognizer = Recognizer.load(guessing)
    before = torch.get_rng_state()
    found = reading_threshold(recognizer, signs, signing, seed=0)
    assert torch.equal(before, torch.get_rng_state()), "what is drawn for it is not missing elsewhere"
    return found


def test_who_guesses_is_hardly_ever_sure_and_too_few_signs_tell_nothing(store, guessing, monkeypatch):
    monkeypatch.setattr(trust, "MOST_ROWS", 8)  # of forty
    assert asked(store, guessing, clips=len(GLOSSES) * SIGNERS) > 0.9
    assert asked(store, guessing, clips=FEWEST - 1) is None and asked(store, guessing, clips=0) is None


def test_stretches_are_asked_and_sentences_tell_no_times(store, guessing):
    stretch, sentence = (range(row, row + 1) for row in (len(store) - 2, len(store) - 1))
    assert asked(store, guessing, 0, stretch) > 1
    assert asked(store, guessing, 0, sentence) is None


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(1, 9), st.sampled_from([-1, 0, 1, 2, 3, 5])), max_size=8),
    st.integers(0, 4),
)
def test_the_signs_of_a_row_are_those_with_a_name(signs, rest):
    """Two of the same name that follow each other are two; nobody's, and strange ones, are none."""
    nothing = len(GLOSSES)
    target, edges, expected = [], [], []
    for gap, length, sign in signs:
        target += [nothing] * gap + [sign] * length
        edges += [(False, False)] * gap + [(step == 0, step == length - 1) for step in range(length)]
        if 0 <= sign < nothing:
            expected.append(((len(target) - length) / RATE, len(target) / RATE, GLOSSES[sign]))
    target += [nothing] * rest
    edges += [(False, False)] * rest
    found = _entries(np.array(target, dtype=np.int64), np.array(edges, dtype=bool).reshape(-1, 2), GLOSSES)
    assert [(entry.start_s, entry.end_s, entry.labels[0][0]) for entry in found] == expected


def test_right_is_what_overlaps_a_sign_of_its_name_and_unknown_is_no_answer():
    def entry(start_s, end_s, gloss, probability=1.0, state="not measured") -> Entry:
        return Entry(start_s, end_s, [(gloss, probability)], state)

    true = [entry(0, 1, "wave"), entry(2, 3, "point")]
    read = [
        entry(0.5, 1.5, "wave", 0.9),
        entry(1.5, 2.5, "slide", 0.8),
        entry(2.6, 2.9, "point", 0.3, "unknown"),
        entry(5, 6, "point", 0.7),
    ]
    assert _answers(true, read) == [(0.9, True), (0.8, False), (0.7, False)]
