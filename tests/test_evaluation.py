import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from slr_pose.data.batches import Signs
from slr_pose.data.clip import Clip
from slr_pose.evaluation.clips import evaluate, score
from slr_pose.evaluation.marks import mark
from slr_pose.info import ModelConfig, ModelInfo
from slr_pose.recognition.recognizer import Recognizer
from slr_pose.skeleton import DEFAULT, Skeleton


def test_a_score_by_hand():
    probabilities = np.eye(6)[[0, 1, 2, 3]] + 0.01 * np.arange(6)
    labels = np.array([0, 1, 5, 0])
    found = score(mark(probabilities, labels))
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
    assert score(mark(np.eye(7)[answers], labels)).macro_f1 == pytest.approx(expected)


def test_a_label_that_the_model_has_no_class_for_is_wrong():
    found = score(mark(np.eye(3), np.array([0, -1, 2])))
    assert found.clips == 3 and found.top1 == pytest.approx(2 / 3)


def test_certainty_is_not_claimed_from_few_clips():
    found = score(mark(np.eye(3)[[0, 0, 0]], np.zeros(3, dtype=int)))
    assert found.top1 == 1 and found.top1_interval[0] < 0.5


@given(st.integers(0, 10_000), st.integers(1, 9))
def test_the_rank_of_a_label_is_its_place_among_all_classes_best_first(seed, classes):
    random = np.random.default_rng(seed)
    probabilities = random.integers(0, 4, (5, classes)) / 4  # some are alike
    labels = random.integers(-1, classes, 5)
    found = mark(probabilities, labels)
    for row, label in enumerate(labels.tolist()):
        ranking = np.argsort(-probabilities[row], kind="stable").tolist()
        assert found.best[row] == ranking[0]
        assert found.rank[row] == (ranking.index(label) if label >= 0 else -1)
        others = np.delete(probabilities[row], label) if label >= 0 else probabilities[row]
        assert found.of_other[row] == others.max(initial=0)


def test_many_clips_of_many_glosses_take_little_memory_and_time():
    clips, glosses = 10_000, 3_000  # 120 MB of probabilities, and 32 times that of what is read at each sample
    names, skeleton = [f"gloss {number}" for number in range(glosses)], Skeleton.load(DEFAULT)
    info = ModelInfo(skeleton=skeleton.toml, labels={"gloss": names}, model=ModelConfig())
    random = np.random.default_rng(0)
    labels = random.integers(0, glosses, clips)
    asked = iter(labels.tolist())

    def run(keypoints, frames, times):
        found = random.random((len(frames), glosses), dtype=np.float32)
        for row, label in zip(range(len(frames)), asked, strict=False):
            found[row, label] += 1 if random.random() < 0.7 else 0
        return {
            "gloss": found / found.sum(axis=1, keepdims=True),
            "gloss.signs": np.zeros((len(frames), 32, glosses), np.float32),
        }

    keypoints = np.ones((4, len(skeleton.joints), 4), np.float32)
    signs = Signs(
        [Clip(Path("a.pose"), {"gloss": names[label]}) for label in labels], [keypoints] * clips, [25.0] * clips, []
    )
    tracemalloc.start()
    found = evaluate(Recognizer(info, run), signs)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    scores = found.scores["all clips"]["gloss"]
    assert most < 60 << 20
    assert 0.69 < scores.top1 < 0.72 and scores.macro_f1_interval[1] - scores.macro_f1_interval[0] < 0.05
