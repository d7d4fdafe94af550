"""The whole product at once: attributes -> signer -> video -> keypoints -> `slr predict` -> attributes."""

import json

import pytest
from answers import labels

from slr_pose.hamnosys import ATTRIBUTES, parse, read_attributes
from slr_pose.hamnosys.lexicon import read_lexicon
from slr_pose.media.encoding import write_video
from slr_pose.signer.performance import perform
from slr_pose.signer.person import Signer
from slr_pose.signer.rendering import render
from slr_pose.signer.synthesis import MADE_UP

FPS = 10  # a picture takes a seventh of a second to draw
FOUND = {  # of the twelve made-up signs, at least: one or two less than when this was written
    "symmetry_operator": 11,
    "hand_shape_base_form": 7,
    "hand_shape_thumb_position": 8,
    "hand_shape_bending": 10,
    "hand_position_finger_direction": 9,
    "hand_position_palm_orientation": 10,
    "hand_location_x": 8,
    "hand_location_y": 7,
}


@pytest.mark.slow
def test_what_is_written_is_signed_filmed_seen_and_written_again(slr):
    lexicon = {gloss: notation for gloss, (notation,) in read_lexicon(MADE_UP)[0].items()}
    for number, (gloss, notation) in enumerate(lexicon.items()):
        performance = perform(parse(notation), Signer.draw(number, seed=3), fps=FPS)
        write_video(slr.folder / f"{gloss}.mp4", render(performance), FPS)
    said = json.loads(slr("predict", *(f"{gloss}.mp4" for gloss in lexicon), "--json").stdout)
    answers = {answer["input"]: labels(answer) for answer in said}  # in the order in which they were extracted
    right = dict.fromkeys(ATTRIBUTES, 0)
    for gloss, notation in lexicon.items():
        for head, written in read_attributes(notation).items():
            right[head] += answers[f"{gloss}.mp4"][head][0]["label"] == written
    assert all(right[head] >= least for head, least in FOUND.items()), right
