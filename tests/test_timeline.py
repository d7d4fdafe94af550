"""What an answer is: tiers of entries in time."""

import json

from hypothesis import given
from hypothesis import strategies as st

from slr_pose.timeline import Entry, Timeline, of_clip

TIMES = st.lists(st.floats(0, 1e5), min_size=2, max_size=20, unique=True).map(sorted)


@given(TIMES, st.floats(0, 1e5))
def test_at_each_time_a_tier_says_one_thing_or_nothing(times, time_s):
    """Entries that follow each other: where one ends the next begins, and outside of all there is none."""
    entries = [
        Entry(start_s, end_s, [(f"sign {number}", 1.0)], "sure")
        for number, (start_s, end_s) in enumerate(zip(times[:-1], times[1:], strict=True))
    ]
    timeline = Timeline("a", times[0], times[-1], {"gloss": entries, "empty": []})
    found = timeline.at(time_s)
    assert found.keys() <= {"gloss"}
    assert ("gloss" in found) == (times[0] <= time_s < times[-1])
    assert all(entry.start_s <= time_s < entry.end_s for entry in found.values())


def test_json_ranks_the_best_labels_and_leaves_out_no_tier():
    heads = {"gloss": [("bird", 0.7), ("book", 0.2), ("bye", 0.1)], "symmetry": [("none", 1.0)]}
    found = of_clip("a.mp4", 1.5, 2.5, heads, {"gloss": "not sure"}).as_dict(top=2)
    assert json.loads(json.dumps(found)) == {
        "start": 1.5,
        "end": 2.5,
        "tiers": {
            "gloss": [
                {
                    "start": 1.5,
                    "end": 2.5,
                    "state": "not sure",
                    "labels": [{"label": "bird", "probability": 0.7}, {"label": "book", "probability": 0.2}],
                }
            ],
            "symmetry": [
                {"start": 1.5, "end": 2.5, "state": "not measured", "labels": [{"label": "none", "probability": 1.0}]}
            ],
        },
    }
