"""Signs out of what is signed at each sample: what was planted is found, and no other way is likelier."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slr_pose.recognition.decoding import EDGE_WEIGHT, MOMENT_COST, SIGN_COST, Segment, segments

SIGNS = 4  # beside no sign


def drawn(samples: int, signs: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of anything at all, (samples, signs + 1) and (samples, 2)."""
    random = np.random.default_rng(seed)
    signed = random.dirichlet(np.full(signs + 1, 0.5), samples)
    return signed.astype(np.float32), random.beta(0.5, 1.0, (samples, 2)).astype(np.float32)


def all_ways(samples: int, signs: int, first: int = 0) -> Iterator[list[Segment]]:
    """Whatever can be signed from a sample on: nothing, or a sign and what comes after it."""
    yield []
    for start in range(first, samples):
        for end in range(start + 1, samples + 1):
            for rest in all_ways(samples, signs, end):
                for sign in range(signs):
                    yield [Segment(start, end, sign), *rest]


def score(way: list[Segment], goes_on: bool, signed, edges, no_sign: int, following=None, before: int = 0) -> float:
    """How likely it is, as a logarithm; the last sign has no end where it goes on."""
    logs = np.log(np.maximum(signed, 1e-9)).astype(float)
    odds, cost = np.zeros((len(logs), 2)), MOMENT_COST
    if edges is not None:
        odds = EDGE_WEIGHT * (np.log(np.maximum(edges, 1e-6)) - np.log(np.maximum(1 - edges, 1e-6))).astype(float)
        cost = SIGN_COST
    total = logs[:, no_sign].sum()
    for number, (start, end, sign) in enumerate(way):
        column = sign + (sign >= no_sign)
        total += (logs[start:end, column] - logs[start:end, no_sign]).sum() + odds[start, 0] - cost
        if not (goes_on and number == len(way) - 1):
            total += odds[end - 1, 1]
        total += 0 if following is None else following[before, sign]
        before = sign
    return total


@settings(max_examples=100, deadline=None)
@given(
    samples=st.integers(1, 5),
    signs=st.integers(1, 2),
    no_sign=st.integers(0, 2),
    has_edges=st.booleans(),
    spread=st.sampled_from([0, 0.5, 5, 20]),
    before=st.integers(0, 2),
    seed=st.integers(0, 10**6),
)
def test_no_way_is_likelier_than_the_one_that_is_found(samples, signs, no_sign, has_edges, spread, before, seed):
    """Whatever a sign depends on: its samples, its edges if anything is known of them, and the sign before it."""
    no_sign, before = min(no_sign, signs), min(before, signs)
    signed, edges = drawn(samples, signs, seed)
    following = np.random.default_rng(seed).normal(0, spread, (signs + 1, signs)) if spread else None
    asked = (signed, edges if has_edges else None, no_sign, following, before)
    ended, going_on = segments(*asked)
    found = score([*ended, *([going_on] if going_on else [])], going_on is not None, *asked)
    best = max(
        score(way, goes_on, *asked)
        for way in all_ways(samples, signs)
        for goes_on in {False, bool(way) and way[-1].end == samples}
    )
    assert found == pytest.approx(best, abs=1e-4)


@settings(max_examples=40, deadline=None)
@given(samples=st.integers(1, 120), seed=st.integers(0, 10**6))
def test_where_all_follow_alike_it_is_as_if_nothing_were_known_of_that(samples, seed):
    signed, edges = drawn(samples, SIGNS, seed)
    alike = np.zeros((SIGNS + 1, SIGNS))
    assert segments(signed, edges, SIGNS, alike, SIGNS) == segments(signed, edges, SIGNS)


def test_of_two_signs_that_look_alike_the_one_that_follows_the_sign_before_is_found():
    signed = np.full((24, 4), 0.02, dtype=np.float32)
    signed[:12, 0], signed[12:, 1], signed[12:, 2] = 0.94, 0.49, 0.47
    edges = np.full((24, 2), 0.02, dtype=np.float32)
    edges[[0, 12], 0] = edges[[11, 23], 1] = 0.99
    following = np.log([[0.1, 0.1, 0.8], [0.1, 0.8, 0.1], [0.1, 0.8, 0.1], [0.8, 0.1, 0.1]])
    assert segments(signed, edges, 3)[0] == [Segment(0, 12, 0), Segment(12, 24, 1)]
    assert segments(signed, edges, 3, following, 3)[0] == [Segment(0, 12, 0), Segment(12, 24, 2)]


def test_where_nobody_told_of_edges_moments_are_signs():
    """As CTC leaves them: a sign is seen for one or two samples, between which nothing is."""
    signed = np.full((30, 4), 0.01, dtype=np.float32)
    signed[:, 3] = 0.97
    for sample, sign in ((4, 0), (5, 0), (14, 1), (22, 1), (27, 2)):
        signed[sample, 3], signed[sample, sign] = 0.05, 0.93
    found = [(segment.start, segment.sign) for segment in segments(signed, None, 3)[0]]
    assert found == [(4, 0), (14, 1), (22, 1), (27, 2)]


@settings(max_examples=60, deadline=None)
@given(samples=st.integers(1, 200), seed=st.integers(0, 10**6))
def test_signs_are_in_order_and_none_is_over_another(samples, seed):
    ended, going_on = segments(*drawn(samples, SIGNS, seed), no_sign=SIGNS)
    every = [*ended, *([going_on] if going_on else [])]
    for before, after in zip(every, every[1:], strict=False):
        assert before.end <= after.start
    for segment in every:
        assert 0 <= segment.start < segment.end <= samples and 0 <= segment.sign < SIGNS
    assert going_on is None or going_on.end == samples


@settings(max_examples=60, deadline=None)
@given(
    lengths=st.lists(st.tuples(st.integers(0, 9), st.integers(4, 12), st.integers(0, SIGNS - 1)), max_size=6),
    no_sign=st.integers(0, SIGNS),
    rest=st.integers(1, 9),
    noise=st.floats(0, 0.3),
    seed=st.integers(0, 10**6),
)
def test_signs_that_were_planted_are_found(lengths, no_sign, rest, noise, seed):
    """Also those that follow each other without a gap, and twice the same."""
    planted, end = [], 0
    for gap, length, sign in lengths:
        planted.append(Segment(end + gap, end + gap + length, sign))
        end += gap + length
    signed = np.full((end + rest, SIGNS + 1), 0.02)
    signed[:, no_sign] = 0.9
    edges = np.full((end + rest, 2), 0.02)
    for start, stop, sign in planted:
        signed[start:stop, no_sign], signed[start:stop, sign + (sign >= no_sign)] = 0.02, 0.9
        edges[start, 0] = edges[stop - 1, 1] = 0.9999  # so sure that twice the same is no pause
    random = np.random.default_rng(seed)
    signed = (1 - noise) * signed + noise * random.dirichlet(np.ones(SIGNS + 1), len(signed))
    assert segments(signed.astype(np.float32), edges.astype(np.float32), no_sign) == (planted, None)


def test_a_sign_whose_end_is_not_there_yet_goes_on():
    signed, edges = np.full((20, 3), 0.05, dtype=np.float32), np.full((20, 2), 0.02, dtype=np.float32)
    signed[:8, 2], signed[8:, 1], edges[8, 0] = 0.9, 0.9, 0.9
    assert segments(signed, edges, no_sign=2) == ([], Segment(8, 20, 1))
    edges[19, 1] = 0.9
    assert segments(signed, edges, no_sign=2) == ([Segment(8, 20, 1)], None)


def test_nothing_is_signed_where_there_is_nothing():
    assert segments(np.zeros((0, 3), np.float32), np.zeros((0, 2), np.float32), no_sign=2) == ([], None)
