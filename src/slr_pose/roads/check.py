"""A data set -> what is wrong with it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from slr_pose.checks.doubles import check_doubles
from slr_pose.checks.finding import KINDS, Finding
from slr_pose.checks.glosses import check_glosses
from slr_pose.checks.keypoints import check_keypoints
from slr_pose.checks.labels import out_of_fold
from slr_pose.checks.likeness import likeness
from slr_pose.checks.splits import check_signers
from slr_pose.data.batches import Signs, signs_of
from slr_pose.data.manifest import read_dataset
from slr_pose.data.split import trained_on
from slr_pose.data.store import Store
from slr_pose.evaluation.clips import marks_of
from slr_pose.evaluation.marks import Marks, mark
from slr_pose.evaluation.suspicion import suspects
from slr_pose.events import Caution, Listener, Remark, ignore
from slr_pose.info import READ
from slr_pose.recognition.recognizer import Recognizer
from slr_pose.report.checked import write_check
from slr_pose.report.page import page_file
from slr_pose.roads.clips import read_clips
from slr_pose.roads.predict import chosen_model
from slr_pose.runs import CHECK_PAGE
from slr_pose.skeleton import DEFAULT, Skeleton
from slr_pose.text import count


@dataclass(frozen=True)
class Checked:
    """What was found in a data set.

    Attributes:
        clips: how many it has.
        findings: what somebody should look at, the gravest kinds first.
        signs: the clips that findings are about, by number; those of stretches of signing cut out.
        page: the HTML page that tells of it, if one was wished for.
    """

    clips: int
    findings: list[Finding]
    signs: Signs
    page: Path | None = None

    def of_kinds(self) -> dict[str, list[Finding]]:
        """The findings of each kind of which there are some."""
        found = {kind: [each for each in self.findings if each.kind == kind] for kind in KINDS}
        return {kind: findings for kind, findings in found.items() if findings}

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        findings = [
            {"kind": found.kind, "text": found.text, "clips": [self.signs.clips[sign].title for sign in found.signs]}
            for found in self.findings
        ]
        return {"clips": self.clips, "findings": findings}


def check(
    data: Path | str,
    *,
    model: Path | str | Recognizer | None = None,
    heads: Iterable[str] = (),
    tiers: Sequence[str] = (),
    skeleton: Path | str | None = None,
    output: Path | str | None = None,
    on_event: Listener = ignore,
) -> Checked:
    """Look for what is wrong with a data set: clips that are there twice, labels that are probably wrong, signers and
    glosses on the wrong side of a split, hands that are not seen, and more. Nothing is changed.

    Args:
        data, heads, tiers, skeleton: as for `train`.
        model: asked for wrong labels among the clips that it was not trained on, a run, a checkpoint or an ONNX file;
            by default a quick recogniser is, which learns from the data set itself.
        output: an HTML page of it, an `.html` file or a folder for one; by default there is none.
        on_event: told of progress and remarks.

    Raises:
        BadInput: the data set cannot be read, or none of its clips; there is no such model or skeleton.
    """
    page = page_file(Path(output), CHECK_PAGE) if output else None
    recognizer = chosen_model(model, on_event) if model else None
    layout = recognizer.skeleton if recognizer else Skeleton.load(str(skeleton or DEFAULT))
    clips = read_dataset(Path(data), heads, lambda sentence: on_event(Caution(sentence)), tiers)
    store = read_clips(clips, layout, on_event, recognizer.extractor if recognizer else None)
    signs = signs_of(store, range(len(store)))
    points = likeness(layout, signs)
    opinion = _by_model(store, signs, recognizer, on_event) if recognizer else _by_others(signs, points)
    findings = [
        *(Finding("unreadable", reason) for reason in store.left_out),
        *check_doubles(signs, layout, points),
        *(_wrong_labels(signs, opinion) if opinion else []),
        *check_glosses(clips),
        *check_signers(clips),
        *check_keypoints(store, signs, layout),
    ]
    order = list(KINDS)
    checked = Checked(len(clips), sorted(findings, key=lambda found: order.index(found.kind)), signs, page)
    if page:
        write_check(page, Path(data), len(clips), checked.of_kinds(), layout, signs)
    return checked


class Opinion(NamedTuple):
    """What somebody who did not learn from them says of labelled signs.

    Attributes:
        rows: (signs,) which they are.
        names: of the classes.
        marks: how the answers fared; labels of which nothing can be said are -1.
    """

    rows: NDArray[Any]
    names: list[str]
    marks: Marks


def _by_model(store: Store, signs: Signs, recognizer: Recognizer, on_event: Listener) -> Opinion | None:
    """A trained model's opinion of the signs that it was not trained on."""
    met = set(map(id, trained_on(store.clips, recognizer.info.training)))
    if met:
        on_event(Remark(f"{count(len(met), 'clip')} trained the model, so it is not asked about their labels."))
    asked = [place for place, row in enumerate(signs.rows) if id(store.clips[row]) not in met]
    rows = [row for row in asked if READ in signs.clips[row].labels]
    if not rows or READ not in recognizer.of_clips:
        return None
    return Opinion(np.array(rows), recognizer.of_clips[READ], marks_of(recognizer, signs.of(rows), on_event)[READ])


def _by_others(signs: Signs, points: NDArray[Any]) -> Opinion | None:
    """The opinion of who learnt from the other signs."""
    labelled = np.array([row for row, clip in enumerate(signs.clips) if READ in clip.labels], dtype=int)
    names, labels = np.unique([signs.clips[row].labels[READ] for row in labelled], return_inverse=True)
    if len(names) < 2 or not points.shape[1]:
        return None
    rows, parts = [], []
    for some, known, probabilities in out_of_fold(points[labelled], labels, [signs.clips[r].signer for r in labelled]):
        rows.append(labelled[some])
        parts.append(mark(probabilities, known))
    if not parts:
        return None
    of_all = np.concatenate(rows)
    order = np.argsort(of_all)
    return Opinion(of_all[order], names.tolist(), Marks.joined(parts)[order])


def _wrong_labels(signs: Signs, opinion: Opinion) -> list[Finding]:
    """The signs whose gloss is probably wrong, the most suspicious first."""
    rows, names, marks = opinion
    surest = _surest(marks)
    found = []
    for place in suspects(marks).tolist():
        clip, answer, label = signs.clips[rows[place]], int(marks.best[place]), int(marks.labels[place])
        looks = f"{names[answer]} ({marks.confidence[place]:.0%})"
        beside = tuple(int(rows[surest[number]]) for number in (label, answer) if number in surest)
        text = f"{clip.title}: labelled {clip.labels[READ]}, looks like {looks}"
        found.append(Finding("wrong label", text, (int(rows[place]),), beside))
    return found


def _surest(marks: Marks) -> dict[int, int]:
    """Of each class the answer that is most surely right, the first of several, if there is one."""
    right = np.flatnonzero(marks.rank == 0)
    ordered = right[np.argsort(-marks.confidence[right], kind="stable")]
    classes, first = np.unique(marks.labels[ordered], return_index=True)
    return dict(zip(classes.tolist(), ordered[first].tolist(), strict=True))
