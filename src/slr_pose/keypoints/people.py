"""A video -> the people in it, from left to right, and which of them is followed: the signer, unless another is named.

An estimator follows one person of a picture, whomever. Of several people it is shown one, whose neighbours are hidden.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from slr_pose import BadInput
from slr_pose.keypoints.estimator import SeesPeople, Session
from slr_pose.keypoints.job import Box, Plan
from slr_pose.media.video import pictures_at

LOOK_S, MOST_LOOKS = 4.0, 8  # a picture for each so many seconds of a video is searched for people, up to so many
PART = 0.52  # of the longer side of a picture: it is searched whole, and for small people in overlapping squares
SMALLEST = 0.2  # of the largest person's head and shoulders: whose are smaller is in the background
MOMENTS = 12  # at which each of several people is looked at
WAIST = 0.8  # of the way from shoulders to hips: hands above it are in signing space
MOVED = 0.1  # shoulder widths: a hand that is this far from where it was at the moment before is not at rest
HEAD = 0.25  # radii of the circle round the hips that a body is in: head and shoulders go this far from the neck
REACH = 1.1  # of them: how far hands go

NOSE = ("POSE_LANDMARKS", "NOSE")
SHOULDERS, HIPS = ([(NOSE[0], f"{side}_{joint}") for side in ("LEFT", "RIGHT")] for joint in ("SHOULDER", "HIP"))
HANDS = ("LEFT_HAND_LANDMARKS", "RIGHT_HAND_LANDMARKS")


@dataclass(frozen=True)
class View:
    """What an estimator is shown of each picture; boxes are in shares of it.

    Attributes:
        box: all that it sees.
        hidden: what is black there.
        shown: what is not, though it be hidden.
    """

    box: Box
    hidden: tuple[Box, ...] = ()
    shown: Box = (0.0, 0.0, 0.0, 0.0)

    def find(self, session: Session, picture: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """As a session's `find`: the keypoints are in the pixels of the whole picture, (height, width, 3) uint8."""
        seen = picture
        if self.hidden:
            seen = picture.copy()
            for box in self.hidden:
                seen[_pixels(box, picture)] = 0
            seen[_pixels(self.shown, picture)] = picture[_pixels(self.shown, picture)]
        rows, columns = _pixels(self.box, picture)
        keypoints, confidence = session.find(np.ascontiguousarray(seen[rows, columns]))
        return keypoints + (confidence > 0)[:, None] * np.array([columns.start, rows.start, 0], np.float32), confidence


@dataclass(frozen=True)
class Followed:
    """Who is followed in a video.

    Attributes:
        view: what the estimator is shown; `None` is the whole picture.
        people: how many there are, as far as anybody looked.
        number: which of several it is, from left to right; 0 where there is no choice.
    """

    view: View | None = None
    people: int = 0
    number: int = 0


@dataclass(frozen=True)
class Person:
    """Somebody in a video, in shares of its picture.

    Attributes:
        head: where head and shoulders mostly are.
        reach: as far as hands go.
    """

    head: Box
    reach: Box

    @property
    def size(self) -> float:
        """How large it is: the width of head and shoulders."""
        return self.head[2] - self.head[0]

    @property
    def middle(self) -> float:
        """How far to the right it is."""
        return (self.head[0] + self.head[2]) / 2


def followed(plan: Plan, on_picture: Callable[[], None] = lambda: None) -> Followed:
    """Who is to be followed in a job's video: the same, whichever of its parts is asked for.

    A few pictures are searched for people. Of several, each is looked at a dozen times: who is there in most of the
    pictures counts, and the signer is whose hands are seen most often in signing space, elsewhere than before.

    Args:
        on_picture: called for each picture that is decoded or looked at.

    Raises:
        BadInput: it is not a video, or the person that the job names is not in it.
    """
    job = plan.job
    if job.box:
        return Followed(View(job.box))
    if len(plan.spans) == 1 and not job.scene:
        return _chosen(plan, on_picture)
    key = job.video, job.size(), job.estimator, job.person, job.scene or (job.start_s, job.end_s)
    if key not in _known:
        _known[key] = _chosen(plan, on_picture)
    return _known[key]


_known: dict[object, Followed] = {}  # of the videos that this process extracts several parts of


def _chosen(plan: Plan, on_picture: Callable[[], None]) -> Followed:
    job = plan.job
    with job.estimator.open() as session:
        people = _people(plan, session, on_picture) if isinstance(session, SeesPeople) else []
    signing = dict.fromkeys(people, 0)
    if len(people) > 1:
        looked_at = {person: _looked_at(plan, person, _view(person, people), on_picture) for person in people}
        signing = {person: hands for person, (seen, hands) in looked_at.items() if seen > 0.5}
    people = list(signing)
    if job.person is not None and not 1 <= job.person <= max(1, len(people)):
        found = f"{len(people)} people are" if len(people) > 1 else "no more than one is"
        raise BadInput(f"{job.video} has no person {job.person}: {found} found in it, counted from the left.")
    if len(people) < 2:
        return Followed(people=len(people))
    signer = max(people, key=lambda person: (signing[person], person.size))
    number = job.person or 1 + people.index(signer)
    return Followed(_view(people[number - 1], people), len(people), number)


def _people(plan: Plan, session: SeesPeople, on_picture: Callable[[], None]) -> list[Person]:
    """Who is seen in at least half of a few pictures, from left to right."""
    first_s, last_s = _span(plan)
    looks = min(max(1, round((last_s - first_s) / LOOK_S)), MOST_LOOKS)
    moments_s = np.linspace(first_s, last_s, looks, endpoint=False)
    tracks: list[list[np.ndarray]] = []
    pictures = 0
    for picture in pictures_at(plan.job.video, moments_s, near=True, on_passed=on_picture):
        on_picture()
        pictures += 1
        for sight in _sights(session, picture):
            track = next((track for track in tracks if _is_one(track[-1], sight)), None)
            if track is None:
                tracks.append(track := [])
            track.append(sight)
    found = [np.stack(track, axis=1) for track in tracks if 2 * len(track) >= pictures]  # (2 boxes, looks, 2, 2)
    people = [
        Person(_box(np.median(heads, axis=0)), _box(np.stack([reaches[:, 0].min(axis=0), reaches[:, 1].max(axis=0)])))
        for heads, reaches in found
    ]
    largest = max((person.size for person in people), default=0.0)
    return sorted((person for person in people if person.size >= SMALLEST * largest), key=lambda person: person.middle)


def _sights(session: SeesPeople, picture: np.ndarray) -> list[np.ndarray]:
    """Each person in one picture: head and shoulders, and reach, (2 boxes, 2 corners, 2) in shares of it."""
    height, width = picture.shape[:2]
    sights: list[np.ndarray] = []
    wide, high = (min(1.0, PART * max(width, height) / side) for side in (width, height))
    parts = [(left, top, left + wide, top + high) for left in (0.0, 1 - wide) for top in (0.0, 1 - high)]
    for part in dict.fromkeys([(0.0, 0.0, 1.0, 1.0), *parts]):
        rows, columns = _pixels(part, picture)
        found = session.people(np.ascontiguousarray(picture[rows, columns])) + (columns.start, rows.start)
        for neck, hips, end in found:
            head, reach = np.multiply((HEAD, REACH), np.linalg.norm(end - hips))
            sight = np.array([[neck - head, neck + head], [hips - reach, hips + reach]]) / (width, height)
            is_inside = bool((abs(sight[0].mean(axis=0) - 0.5) < 0.5).all())
            if is_inside and not any(_is_one(sight, other) for other in sights):
                sights.append(sight)
    return sights


def _is_one(sight: np.ndarray, other: np.ndarray) -> bool:
    """Whether two are the same person: the middle of one's head and shoulders is in those of the other."""
    return any(
        bool(((inner[0].mean(axis=0) > outer[0, 0]) & (inner[0].mean(axis=0) < outer[0, 1])).all())
        for inner, outer in ((sight, other), (other, sight))
    )


def _looked_at(plan: Plan, person: Person, view: View, on_picture: Callable[[], None]) -> tuple[float, int]:
    """The share of some pictures in which somebody is seen, and how many hands of theirs sign there."""
    estimator = plan.job.estimator
    moments_s = np.linspace(*_span(plan), MOMENTS, endpoint=False)
    keypoints, confidence, is_there = [], [], []
    with estimator.open() as session:
        for picture in pictures_at(plan.job.video, moments_s, on_passed=on_picture):
            points, sure = view.find(session, picture)
            on_picture()
            across, down = points[estimator.points.index(NOSE), :2] / picture.shape[1::-1]
            left, top, right, bottom = person.head
            keypoints.append(points[:, :2])
            confidence.append(sure)
            is_there.append(bool(sure.any() and left < across < right and top < down < bottom))
    if not any(is_there):
        return 0.0, 0
    places, seen = np.array(keypoints)[is_there], np.array(confidence)[is_there] > 0  # (pictures, points, 2), without 2
    sides, hips = (places[:, [estimator.points.index(point) for point in pair]] for pair in (SHOULDERS, HIPS))
    middle, below = sides.mean(axis=1), hips.mean(axis=1)
    width = np.linalg.norm(sides[:, 0] - sides[:, 1], axis=1).clip(1)[:, None]
    signing = 0
    for hand in HANDS:
        columns = [index for index, (component, _) in enumerate(estimator.points) if component == hand]
        found = seen[:, columns].any(axis=1)
        place = places[:, columns].mean(axis=1)
        is_up = place[:, 1] < middle[:, 1] + WAIST * (below - middle)[:, 1]
        moved = np.linalg.norm(np.diff(((place - middle) / width)[found], axis=0), axis=1) > MOVED
        signing += int((is_up[found][1:] & moved).sum())
    return float(np.mean(is_there)), signing


def _view(person: Person, people: list[Person]) -> View:
    """Somebody, and nobody else's head and shoulders."""
    return View(person.reach, tuple(other.head for other in people if other != person), person.head)


def _span(plan: Plan) -> tuple[float, float]:
    """From when to when people are looked for, in seconds."""
    start_s, end_s = plan.job.scene or (plan.job.start_s, plan.job.end_s)
    first_s = plan.video.start_s if start_s is None else max(start_s, plan.video.start_s)
    return first_s, max(first_s, plan.video.end_s if end_s is None else min(end_s, plan.video.end_s))


def _box(corners: np.ndarray) -> Box:
    """The part of a box, (2 corners, 2), that is in the picture."""
    left, top, right, bottom = corners.clip(0, 1).ravel().tolist()
    return left, top, right, bottom


def _pixels(box: Box, picture: np.ndarray) -> tuple[slice, slice]:
    """The rows and columns of a picture that are in a box."""
    height, width = picture.shape[:2]
    left, top, right, bottom = (round(side * size) for side, size in zip(box, (width, height) * 2, strict=True))
    return slice(top, bottom), slice(left, right)
