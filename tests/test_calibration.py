"""Probabilities that mean what they say, by the properties that must hold for any answers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax

from slr_pose.model.calibration import FEWEST, RIGHT, temperature, threshold


def answers(clips: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Logits of a model that is as sure as it may be, and labels drawn by its own probabilities."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, 2, (clips, 8))
    labels = np.array([random.choice(8, p=row) for row in softmax(logits, axis=1)])
    return logits, labels


@settings(max_examples=20, deadline=None)
@given(st.floats(0.3, 3), st.integers(0, 100))
def test_a_model_that_is_too_sure_by_a_factor_gets_that_factor(factor, seed):
    logits, labels = answers(2000, seed)
    assert temperature(logits * factor, labels) == pytest.approx(factor, rel=0.15)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 100))
def test_from_the_threshold_on_answers_are_right(seed):
    logits, labels = answers(400, seed)
    probabilities = softmax(3 * logits, axis=1)
    least = threshold(probabilities, labels)
    best, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    if least > 1:
        assert not right[best.argmax()]
    else:
        assert right[best >= least].mean() >= RIGHT
        for lower in best[best < least]:
            assert right[best >= lower].mean() < RIGHT


def test_few_clips_and_unknown_labels_do_not_count():
    logits, labels = answers(FEWEST - 1, 0)
    assert temperature(logits * 9, labels) == 1 and threshold(logits, labels) is None
    logits, labels = answers(300, 0)
    unknown = np.concatenate([labels, np.full(300, -1)])
    doubled = np.concatenate([logits, -logits])
    assert temperature(doubled, unknown) == temperature(logits, labels)
    assert threshold(softmax(doubled, axis=1), unknown) == threshold(softmax(logits, axis=1), labels)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([0.6, 0.7, 0.8, 1.0]), st.booleans()), min_size=FEWEST, max_size=90))
def test_of_all_answers_from_the_threshold_on_enough_are_right_also_where_many_are_alike(given_answers):
    shares, right = (np.array(part) for part in zip(*given_answers, strict=True))
    found = threshold(np.stack([shares, 1 - shares], axis=1), np.where(right, 0, 1))
    assert found is not None and (found > 1 or right[shares >= found].mean() >= RIGHT)
    assert all(right[shares >= lower].mean() < RIGHT for lower in set(shares) if lower < found)
