"""How well timelines are read: slr_pose.evaluation.timelines."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from torchmetrics.functional.text import word_error_rate

from slr_pose.evaluation.timelines import TimelineScore, delays, kept_at, score_timelines, word_errors
from slr_pose.timeline import Entry, Timeline

GLOSSES = ["book", "bird", "PT:PRO1", "no sign"]


def signed(*entries: tuple, length_s: float = 60.0) -> Timeline:
    """(start, end, gloss, probability, state), of which the last two may be missing."""

    def entry(start_s, end_s, gloss, probability=1.0, state="sure"):
        return Entry(start_s, end_s, [(gloss, probability)], state)

    return Timeline("a.mp4", 0.0, length_s, {"gloss": [entry(*each) for each in entries]})


@st.composite
def timelines(draw, states=("sure", "not sure", "unknown", "not measured")) -> Timeline:
    """Up to eight entries that do not overlap, of hundredths of a second, some beside each other."""
    times = sorted(draw(st.lists(st.integers(0, 6000), max_size=16, unique=True)))
    entries = []
    for start, end in list(zip(times, times[1:], strict=False))[:: draw(st.integers(1, 2))]:
        labels = [(draw(st.sampled_from(GLOSSES)), draw(st.floats(0.1, 1)))]
        entries.append(Entry(start / 100, end / 100, labels, draw(st.sampled_from(states))))
    return Timeline("a.mp4", 0.0, 60.0, {"gloss": entries})


videos = st.lists(timelines(), min_size=1, max_size=3)
answered_videos = st.lists(st.tuples(timelines(), timelines()), min_size=1, max_size=3)


@given(videos)
def test_who_says_the_truth_is_perfect(truths):
    found = score_timelines(truths, truths)
    perfect = {"wer": 0, "substitutions": 0, "deletions": 0, "insertions": 0, "f1": 1, "f1_loose": 1, "count_ratio": 1}
    perfect |= {"boundary_f1": 1, "named_f1": 1, "average_precision": 1, "sure_right": 1, "false_alarms": 0}
    for name, value in perfect.items():
        assert getattr(found, name) in (value, None), name
    assert found.iou is None or found.iou == pytest.approx(1)
    assert (found.f1 is None) == (found.signs == 0)


@given(videos)
def test_who_says_nothing_misses_everything(truths):
    found = score_timelines(truths, [Timeline("a.mp4", 0.0, 60.0) for _ in truths])
    assert found.wer in (1, None) and found.deletions == found.wer
    assert found.f1 in (0, None) and found.named_f1 in (0, None) and found.iou in (0, None)
    assert found.false_alarms == 0 and found.kept in (0, None) and found.sure_right is None


@given(answered_videos)
def test_f1_and_iou_are_the_same_whichever_is_the_truth(pairs):
    truths, answers = zip(*pairs, strict=True)
    there, back = score_timelines(truths, answers), score_timelines(answers, truths)
    for name in ("f1", "f1_loose", "boundary_f1", "named_f1", "f1_interval"):
        assert getattr(there, name) == getattr(back, name), name
    assert there.iou == (None if back.iou is None else pytest.approx(back.iou))


@given(answered_videos, st.randoms())
def test_the_order_of_entries_does_not_count(pairs, random):
    truths, answers = zip(*pairs, strict=True)
    mixed = [
        replace(answer, tiers={"gloss": random.sample(answer.tiers["gloss"], len(answer.tiers["gloss"]))})
        for answer in answers
    ]
    assert score_timelines(truths, mixed) == score_timelines(truths, answers)


@given(answered_videos)
def test_shares_are_shares_and_stricter_is_less(pairs):
    found = score_timelines(*zip(*pairs, strict=True))
    for name in ("f1", "f1_loose", "boundary_f1", "iou", "named_f1", "average_precision", "kept", "sure_right"):
        assert getattr(found, name) is None or 0 <= getattr(found, name) <= 1 + 1e-9, name
    if found.f1 is not None:
        assert found.named_f1 is None or found.f1 <= found.f1_loose
        assert found.f1_interval[0] <= found.f1 <= found.f1_interval[1] or found.videos > 1
    if found.wer is not None:
        assert found.wer == pytest.approx(found.substitutions + found.deletions + found.insertions)


@given(st.lists(st.sampled_from(GLOSSES), min_size=1, max_size=9), st.lists(st.sampled_from(GLOSSES), max_size=9))
def test_the_word_errors_are_the_fewest_and_lead_from_one_to_the_other(true, answered):
    substitutions, deletions, insertions = word_errors(true, answered)
    assert len(true) - deletions + insertions == len(answered)
    as_words = [" ".join(gloss.replace(" ", "_") for gloss in glosses) for glosses in (answered, true)]
    assert (substitutions + deletions + insertions) / len(true) == pytest.approx(word_error_rate(*as_words).item())


def test_a_reading_by_hand():
    truth = signed((0, 1, "book"), (2, 3, "bird"), (4, 5, "book"), (6, 7, "bird"))
    answer = signed(
        (0.1, 1.1, "book", 0.9),  # right
        (2.0, 2.35, "bird", 0.8, "not sure"),  # right, and too short for an IoU of .5
        (4.0, 5.0, "bird", 0.7),  # wrong
        (6.0, 6.4, "bird", 0.6, "unknown"),  # a segment without a name
        (20.0, 21.0, "book", 0.95),  # nothing is signed there
    )
    found = score_timelines([truth], [answer])
    assert (found.videos, found.signs, found.minutes) == (1, 4, 1)
    # i: book bird book bird; answered: book bird bird book: one substitution and two more
    assert found.wer == pytest.approx(2 / 4)
    assert found.f1 == pytest.approx(2 * 2 / 9) and found.f1_loose == pytest.approx(2 * 4 / 9)
    assert found.count_ratio == pytest.approx(5 / 4)
    assert found.boundary_f1 == pytest.approx((4 + 2) * 2 / 18)
    assert found.iou == pytest.approx((0.9 + 0.35 + 1 + 0.4) / (1.1 + 1 + 1 + 1 + 1))
    assert found.named_f1 == pytest.approx(2 * 1 / 8)
    # book: .95 wrong, .9 right, of two; bird: .8 wrong, .7 wrong
    assert found.average_precision == pytest.approx((1 / 2 / 2 + 0) / 2)
    assert found.false_alarms == pytest.approx(2) and found.kept == pytest.approx(1 / 4)
    assert found.sure_right == pytest.approx(1 / 3)


def test_of_signs_that_the_model_never_learnt_none_is_lost_and_a_sure_answer_is_a_false_alarm():
    truth = signed((0, 1, "book"), (2, 3, "tree"), (4, 5, "bush"))
    answer = signed((0, 1, "book"), (2, 3, "book"), (4, 5, "bird", 0.4, "unknown"))
    found = score_timelines([truth], [answer], known={"book", "bird"})
    assert found.kept == 1 and found.false_alarms == 1


def test_as_many_segments_are_paired_as_can_be():
    truth = signed((0, 10, "book"), (10, 12.4, "book"))
    answer = signed((0, 3.6, "book"), (5, 12.4, "book"))  # the greatest overlap first would leave one of each
    assert score_timelines([truth], [answer]).f1_loose == 1
    assert score_timelines([truth], [answer]).f1 == 0


def test_an_interval_is_wide_where_videos_differ_and_narrow_where_they_do_not():
    right, wrong = signed((0, 1, "book")), signed((0, 1, "bird"))
    truths = [right] * 8
    same = score_timelines(truths, truths)
    half = score_timelines(truths, [right, wrong] * 4)
    assert same.wer_interval == (0, 0)
    assert half.wer_interval[0] < half.wer == 0.5 < half.wer_interval[1]
    assert half == score_timelines(truths, [right, wrong] * 4)


def test_answers_that_are_as_probable_as_what_is_answered_to_foreign_signing_do_not_count():
    known = [(signed((0, 1, "book"), (2, 3, "bird")), signed((0, 1, "book", 0.9), (2, 3, "bird", 0.6)))]
    foreign = [(signed(), signed((0, 1, "book", 0.95), (5, 6, "bird", 0.7)))]  # two in a minute
    assert kept_at(known, foreign) == (0.5, 0.7)
    assert kept_at(known, foreign, a_minute=2) == (1.0, 0.0)
    assert kept_at(known, foreign, a_minute=0) == (0.0, 0.95)


def test_the_delay_is_from_the_end_of_a_sign_to_its_answer():
    truth = signed((0, 1, "book"), (2, 3, "bird"))
    heard = [(1.4, signed((0, 1, "book")).tiers["gloss"][0]), (3.2, signed((2, 3, "book")).tiers["gloss"][0])]
    assert delays(truth, heard) == pytest.approx([0.4])
    assert len(delays(truth, [])) == 0


def test_the_text_has_a_cell_for_each_column():
    found = score_timelines([signed((0, 1, "book"))], [signed((0, 1, "book"))])
    assert len(found.as_text()) == len(TimelineScore.columns)
    assert found.as_text()[0] == "0.0 (0–0)"
    assert found.as_dict()["wer"] == 0
    nothing = score_timelines([signed()], [signed()])
    assert nothing.as_text()[0] == "-" and np.isclose(nothing.minutes, 1)
