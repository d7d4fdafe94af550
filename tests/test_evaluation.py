import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from slr_pose.evaluation.clips import score


def test_a_score_by_hand():
    probabilities = np.eye(6)[[0, 1, 2, 3]] + 0.01 * np.arange(6)
    labels = np.array([0, 1, 5, 0])
    found = score(probabilities, labels)
    assert found.clips == 4 and found.top1 == 0.5
    assert found.top5 == 0.75  # class 0 ranks sixth of six in the last clip
    # classes 0, 1 and 5 occur: class 0 has recall 1/2 and precision 1, class 1 is right, class 5 is missed
    assert found.macro_f1 == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert found.top1_interval == pytest.approx((0.150, 0.850), abs=1e-3)  # Wilson, 2 of 4
    low, high = found.macro_f1_interval
    assert 0 <= low < found.macro_f1 < high <= 1


@given(st.lists(st.tuples(st.integers(-1, 6), st.integers(0, 6)), min_size=1, max_size=30))
def test_macro_f1_is_scikit_learns_over_the_classes_that_occur(clips):
    labels, answers = np.array(clips).T
    expected = f1_score(labels, answers, labels=np.unique(labels), average="macro", zero_division=0)
    assert score(np.eye(7)[answers], labels).macro_f1 == pytest.approx(expected)


def test_a_label_that_the_model_has_no_class_for_is_wrong():
    found = score(np.eye(3), np.array([0, -1, 2]))
    assert found.clips == 3 and found.top1 == pytest.approx(2 / 3)


def test_certainty_is_not_claimed_from_few_clips():
    found = score(np.eye(3)[[0, 0, 0]], np.zeros(3, dtype=int))
    assert found.top1 == 1 and found.top1_interval[0] < 0.5
