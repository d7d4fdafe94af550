"""Which clips train, which validate and which test: decided once, written into the model, and read back from there."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, replace

import numpy as np

from slr_pose import BadInput
from slr_pose.data.clip import ID_SIZE, Clip
from slr_pose.data.store import identities
from slr_pose.info import TrainingInfo

HELD_OUT = 0.2  # share of the clips that validate when the manifest names no validation clips


def split_clips(clips: list[Clip], seed: int) -> tuple[list[Clip], str]:
    """Give each clip a split, and say how in one sentence.

    What the data set says is kept. Where it names no validation clips, a fifth of the training clips validates:
    signers are kept apart when they are known.

    Raises:
        BadInput: some clips have a split and others have none, or nothing is left to train or validate on.
    """
    splits = {clip.split for clip in clips}
    _refuse_some(splits)
    if None in splits:
        clips = [replace(clip, split="train") for clip in clips]
    train = [clip for clip in clips if clip.split == "train"]
    if len(train) < 2:
        raise BadInput("there are fewer than two clips to train on; add some, or change the split.")
    if "val" in splits:
        seen = {clip.signer for clip in train if clip.signer}
        validation = [clip for clip in clips if clip.split == "val"]
        unseen = sum(clip.signer is not None and clip.signer not in seen for clip in validation)
        return (
            clips,
            f"the data set's own split; {unseen} of {len(validation)} val clips by signers not in train",
        )

    signers = {clip.signer for clip in train}
    apart = None not in signers and len(signers) > 1
    held_out = {id(train[index]) for index in _hold_out(train, seed, apart)}
    clips = [replace(clip, split="val") if id(clip) in held_out else clip for clip in clips]
    if apart:
        return clips, f"{len(held_out)} clips held out for val, no signer of them in train"
    return clips, f"{len(held_out)} clips held out for val; signers unknown, so train and val may share them"


def _refuse_some(splits: Collection[str | None]) -> None:
    if None in splits and len(splits) > 1:
        raise BadInput("some clips have a split and some have none: fill the column, or leave it out.")


def _hold_out(clips: list[Clip], seed: int, apart: bool) -> np.ndarray:
    """Indices of about a fifth of the clips, each gloss in proportion, signers kept apart if asked.

    Of stretches and sentences, which hold many glosses, a fifth is held out whatever they hold.
    """
    import warnings

    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    labels = [clip.labels.get("gloss") or next(iter(clip.labels.values()), "") for clip in clips]
    signers = [clip.signer for clip in clips]
    most = max(Counter(labels).values())
    if most == 1:  # no label occurs twice, so there is nothing to keep in proportion
        labels, most = [""] * len(clips), len(clips)
    folds = min(round(1 / HELD_OUT), most, len(set(signers)) if apart else most)
    splitter = (StratifiedGroupKFold if apart else StratifiedKFold)(folds, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a gloss with fewer clips than folds is not in every fold
        candidates = [held_out for _, held_out in splitter.split(clips, labels, signers if apart else None)]

    def glosses_kept(held_out: np.ndarray) -> int:
        return len({label for index in set(range(len(clips))) - set(held_out) for label in clips[index].all_labels()})

    return max(candidates, key=glosses_kept)


def trained_on(clips: list[Clip], learnt: TrainingInfo) -> list[Clip]:
    """Those of the clips that a model was trained on, as far as it says which they were."""
    seen = _ids(learnt, "train")
    return [clip for clip, known in zip(clips, identities(clips), strict=True) if known in seen]


def in_both(train: list[Clip], validation: list[Clip]) -> list[Clip]:
    """The validation clips that are trained on as well, being the same files, or copies of them."""
    seen = set(identities(train)) - {b""}
    return [clip for clip, known in zip(validation, identities(validation), strict=True) if known in seen]


def clip_ids(train: list[Clip], validation: list[Clip], origin: TrainingInfo | None) -> dict[str, bytes]:
    """What a model's description says of its clips; those of the model that it starts from were trained on, too."""
    ids = {"train": set(identities(train)), "val": set(identities(validation))}
    if origin:
        ids["train"] |= _ids(origin, "train")
    return {split: b"".join(sorted(found)) for split, found in ids.items()}


def _ids(learnt: TrainingInfo, split: str) -> set[bytes]:
    joined = (learnt.clip_ids or {}).get(split, b"")
    return {joined[first : first + ID_SIZE] for first in range(0, len(joined), ID_SIZE)}


@dataclass(frozen=True)
class Recalled:
    """Clips to evaluate a model on.

    Attributes:
        clips: those of the split.
        split: `train`, `val` or `test`.
        how: which clips they are, in a sentence.
    """

    clips: list[Clip]
    split: str
    how: str


def recall(clips: list[Clip], learnt: TrainingInfo, split: str | None = None) -> Recalled:
    """The clips of a split, by default test, or val if there are none, as the model met them.

    What the data set says is obeyed. Where it leaves open what validates, the clips that the model was trained on are
    `train`, those that validated it `val`, and those that it never met `test`.

    Raises:
        BadInput: some clips have a split and others have none, or there are no clips of that split.
    """
    named = {clip.split for clip in clips}
    _refuse_some(named)
    if "val" in named or named == {"test"}:
        how = "the data set's own split"
    elif learnt.clip_ids is None:
        clips, how = _guess(clips, learnt, split)
    else:
        clips, how = _met(clips, learnt)
    split = split or ("test" if any(clip.split == "test" for clip in clips) else "val")
    chosen = [clip for clip in clips if clip.split == split]
    if not chosen:
        raise BadInput(f"there are no {split} clips ({how}); choose another --split, or all.")
    return Recalled(chosen, split, how)


def _met(clips: list[Clip], learnt: TrainingInfo) -> tuple[list[Clip], str]:
    trained, validated = _ids(learnt, "train"), _ids(learnt, "val")
    validated -= trained
    ids = identities(clips)

    def split_of(clip: Clip, known: bytes) -> str:
        if clip.split == "test":
            return "test"
        return "train" if known in trained else "val" if known in validated else clip.split or "test"

    counts = [sum(known in found for known in ids) for found in (trained, validated)]
    how = (
        f"of {len(clips)} clips, the model was trained on {counts[0]}, validated on {counts[1]},"
        f" and never met {len(clips) - sum(counts)}"
    )
    return [replace(clip, split=split_of(clip, known)) for clip, known in zip(clips, ids, strict=True)], how


def _guess(clips: list[Clip], learnt: TrainingInfo, split: str | None) -> tuple[list[Clip], str]:
    """As earlier versions, whose models do not say which clips they met."""
    if "test" in {clip.split for clip in clips} and split in (None, "test"):
        return clips, "the data set's own split"
    if sum(clip.split in (None, "train") for clip in clips) < 2:
        raise BadInput(
            "the model does not say which clips it was trained on, and these are too few to guess; choose --split all."
        )
    clips, _ = split_clips(clips, learnt.seed)
    return clips, "a guess, as the model does not say which clips it was trained on"
