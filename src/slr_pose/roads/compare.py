"""Two signs -> how alike they are, and in what they differ."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from slr_pose import BadInput
from slr_pose.events import Listener, ignore
from slr_pose.hamnosys import ATTRIBUTES, parse
from slr_pose.hamnosys.attributes import read
from slr_pose.info import EMBEDDING
from slr_pose.model.checkpoint import START
from slr_pose.pose import Pose
from slr_pose.recognition.enrolment import directions
from slr_pose.recognition.recognizer import Recognizer, ranked
from slr_pose.recognition.transcriber import Transcriber
from slr_pose.roads.predict import keypoints_of
from slr_pose.signer.performance import perform
from slr_pose.signer.person import Signer
from slr_pose.timeline import Ranked

# How alike clips are by two people, deciles of all pairs, from the least to the most: of one sign, and of two signs.
# Of the train clips of asl30, by benchmarks/enrolment.py.
ONE_SIGN = (-0.24, 0.27, 0.38, 0.46, 0.53, 0.58, 0.63, 0.68, 0.73, 0.79, 0.98)
TWO_SIGNS = (-0.4, -0.01, 0.05, 0.1, 0.14, 0.18, 0.22, 0.27, 0.34, 0.43, 0.94)


class Attribute(NamedTuple):
    """What two signs have of a HamNoSys attribute, best first, and how likely it is that they differ there, 0..1."""

    first: Ranked
    second: Ranked
    differ: float


@dataclass(frozen=True)
class Comparison:
    """How alike two signs are.

    Attributes:
        similarity: -1 to 1, of their embeddings by the model that comes with the package.
        of_one_sign: of pairs of clips that show one sign, by two people, the share that is less alike, 0..1.
        of_two_signs: the same of pairs of clips of two signs.
        attributes: the eight of their first postures.
    """

    similarity: float
    of_one_sign: float
    of_two_signs: float
    attributes: dict[str, Attribute]


def compare(first: Path | str, second: Path | str, *, on_event: Listener = ignore) -> Comparison:
    """Say how alike two signs are, and which of the eight HamNoSys attributes of their first postures differ.

    Args:
        first, second: a video, `.pose` file or array, or a HamNoSys notation, which a synthetic signer signs.
        on_event: told of progress and remarks.

    Raises:
        BadInput: there is no such file, and it is no notation; or nobody's hands are seen.
    """
    recognizer, transcriber = Recognizer.load(START), Transcriber(None)
    found, heads = [], []
    for named in (first, second):
        pose, told = _signed(named, recognizer, transcriber, on_event)
        found.append(recognizer.probabilities([recognizer.skeleton.select(pose)])[EMBEDDING])
        heads.append(told)
    one, other = directions(np.concatenate(found), recognizer.info)
    near = float(one @ other)
    attributes = {
        head: Attribute(heads[0][head], heads[1][head], _differ(heads[0][head], heads[1][head])) for head in ATTRIBUTES
    }
    return Comparison(near, _share(near, ONE_SIGN), _share(near, TWO_SIGNS), attributes)


def _signed(
    named: Path | str, recognizer: Recognizer, transcriber: Transcriber, on_event: Listener
) -> tuple[Pose, dict[str, Ranked]]:
    """The pose of a sign, and its attributes: what is seen in a clip, or what a notation says."""
    if Path(named).exists():
        (((_, pose),),) = keypoints_of([Path(named)], recognizer.skeleton, recognizer.extractor, on_event)
        if isinstance(pose, BadInput):
            raise pose
        shares = transcriber.attributes(pose)
        if not shares:
            raise BadInput(f"{named} never shows a whole hand; name a clip in which the hands are in the picture.")
        return pose, {head: ranked(ATTRIBUTES[head], share) for head, share in shares.items()}
    try:
        notation = parse(str(named))
    except BadInput as error:
        raise BadInput(f"there is no file {named}, nor is it a notation: {error}") from error
    told = read(notation).attributes
    return perform(notation, Signer(variation=0)).pose(), {head: [(label, 1.0)] for head, label in told.items()}


def _differ(one: Ranked, other: Ranked) -> float:
    shares = dict(other)
    return 1.0 - min(1.0, sum(share * shares.get(label, 0.0) for label, share in one))


def _share(value: float, deciles: tuple[float, ...]) -> float:
    return float(np.interp(value, deciles, np.linspace(0, 1, len(deciles))))
