"""Makes the model that comes with the package, and that others start from: `python training/start.py`.

Invents signs, lets synthetic signers sign each of them with the errors that MediaPipe makes, and trains a network to
tell any two clips of one sign from clips of others (supervised contrastive learning; Khosla et al., NeurIPS 2020), and
the eight HamNoSys attributes. Beside them, clips of real signs may learn, too. What glosses it learnt from is left out
of what is kept. docs/few-clips.md says what went in, and what it is worth.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import lightning
import numpy as np
import torch
import typer
from lightning.pytorch.callbacks import Callback
from torch import Tensor
from torch.nn import functional as F  # noqa: N812
from torch.utils.data import DataLoader, Sampler

from slr_pose.cli.progress import progress
from slr_pose.data.batches import Batch, Item, collate
from slr_pose.data.clip import Clip
from slr_pose.data.manifest import read_dataset
from slr_pose.data.split import clip_ids
from slr_pose.events import Listener
from slr_pose.events import Training as Progress
from slr_pose.hamnosys import ATTRIBUTES, read_attributes, write_names
from slr_pose.info import EMBEDDING, READ, ModelInfo, TrainingInfo
from slr_pose.model.checkpoint import START, save_checkpoint
from slr_pose.model.heads import Head
from slr_pose.model.network import SIZES, SignModel
from slr_pose.pose import Pose
from slr_pose.recognition.enrolment import centred
from slr_pose.recognition.recognizer import Recognizer, runner
from slr_pose.signer.invention import invent_sign
from slr_pose.signer.planned_clip import PlannedClip
from slr_pose.signer.synthesis import make
from slr_pose.skeleton import DEFAULT, Skeleton
from slr_pose.training.module import Training
from slr_pose.training.recipe import Recipe

SEED = 5
SIGNS, REAL_SIGNS, CLIPS = 24, 8, 2  # of a step: invented and real signs, and clips of each
TEMPERATURE = 0.1
ATTRIBUTE_WEIGHT = 0.5
SIDES = ("left", "right")
HAND = 0.26  # shoulder widths from the wrist to the knuckle of the middle finger, as a camera sees it at its longest
NECK = 0.72  # shoulder widths from the shoulders up to the nose
GUESSED = 0.01  # confidence of a shoulder that nobody saw
KEEPING = 500  # steps from one time that the model is written to the next
MEASURED = 2000  # clips whose mean embedding is the centre


class Pairs(Sampler[list[int]]):
    """Clips of a few signs, `CLIPS` of each, in every step.

    Args:
        signs: (clips,) which sign each clip shows; those from `invented` on are real.
    """

    def __init__(self, signs: np.ndarray, invented: int, steps: int, seed: int):
        order = np.argsort(signs, kind="stable")
        self.clips = np.split(order, np.flatnonzero(np.diff(signs[order])) + 1)  # of each sign
        self.invented, self.steps = invented, steps
        self.random = np.random.default_rng(seed)

    def __len__(self) -> int:
        return self.steps

    def __iter__(self) -> Iterator[list[int]]:
        for _ in range(self.steps):
            chosen = self._some(range(self.invented), SIGNS)
            chosen += self._some(range(self.invented, len(self.clips)), REAL_SIGNS)
            yield [int(clip) for sign in chosen for clip in self.random.choice(self.clips[sign], CLIPS, replace=False)]

    def _some(self, signs: range, count: int) -> list[int]:
        return self.random.choice(signs, min(count, len(signs)), replace=False).tolist() if signs else []


class Telling(Training):
    """Learns to tell signs: two clips of one are to be near, and those of others far."""

    def training_step(self, batch: Batch, _: int) -> Tensor:
        keypoints, frames, _fps, labels = batch
        with self._full_precision():
            keypoints, window = self.augmentation(keypoints, frames)
            prepared = self.model.preprocessing(keypoints, frames, self._times(frames, window))
        x, inside = self.model.embed(*prepared), prepared[2]
        head = self.model.heads[READ]
        assert isinstance(head, Head)
        loss = _contrast(head.drop(head.pool(x, inside)), labels[READ])
        known = {name: labels[name] for name in ATTRIBUTES}
        told = self._loss({name: self.model.heads[name](x, inside) for name in known}, known)
        return loss + ATTRIBUTE_WEIGHT * told


def _contrast(embeddings: Tensor, signs: Tensor) -> Tensor:
    """How surely each clip's fellows are told from all others: (clips, width), (clips,) -> a number."""
    directions = F.normalize(embeddings, dim=-1)
    itself = torch.eye(len(signs), dtype=torch.bool, device=signs.device)
    near = (directions @ directions.T / TEMPERATURE).masked_fill(itself, -torch.inf)
    fellows = (signs[:, None] == signs) & ~itself
    odds = (near - near.logsumexp(1, keepdim=True)).masked_fill(~fellows, 0)
    return -(odds.sum(1) / fellows.sum(1)).mean()


class _Keeper(Callback):
    """Tells of every step, and writes the model now and then."""

    def __init__(self, steps: int, keep: Callable[[], None], on_event: Listener):
        self.steps, self.keep, self.on_event = steps, keep, on_event

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx) -> None:
        self.on_event(Progress(1, trainer.global_step, self.steps, outputs["loss"].item(), None))
        if trainer.global_step % KEEPING == 0 or trainer.global_step == self.steps:
            self.keep()


def invented(folder: Path, signs: int, clips: int, on_event: Listener) -> list[PlannedClip]:
    """Clips of signs that nobody signs, each by another signer."""
    random = np.random.default_rng(SEED)
    notations = [" ".join(write_names(invent_sign(random))) for _ in range(signs)]
    planned = [
        PlannedClip(
            folder, f"s{sign}-{clip}", (f"s{sign}",), (notation,), sign * clips + clip, clip, SEED, pose_only=True
        )
        for sign, notation in enumerate(notations)
        for clip in range(clips)
    ]
    make(planned, on_event=on_event)
    return planned


def real(clips: list[Clip], skeleton: Skeleton) -> tuple[list[np.ndarray], list[str]]:
    """Keypoints of clips that hold a face point and hands, as `skeleton` has them, and their glosses.

    Shoulders stand, at next to no confidence, where those of a signer with such hands would be: without them there is
    no unit of length.
    """
    layout = Skeleton.load("face_hands_43")
    place = {joint: index for index, joint in enumerate(skeleton.joints)}
    found, glosses = [], []
    for clip in clips:
        seen = layout.select(clip.read(layout))
        keypoints = np.zeros((len(seen), len(place), 4), dtype=np.float32)
        keypoints[:, [place[joint] for joint in layout.joints]] = seen
        hands = [keypoints[:, [place[f"{side}_hand_{end}"] for end in ("wrist", "middle_mcp")]] for side in SIDES]
        hand = np.concatenate([np.linalg.norm(h[:, 0] - h[:, 1], axis=1)[h[..., 3].all(axis=1)] for h in hands])
        face = keypoints[keypoints[:, place["nose"], 3] > 0, place["nose"], :3]
        if not len(hand) or not len(face):
            continue
        shoulders = np.percentile(hand, 75) / HAND
        for side, sign in zip(SIDES, (0.5, -0.5), strict=True):
            where = face.mean(axis=0) + np.array([sign, NECK, 0]) * shoulders
            keypoints[:, place[f"{side}_shoulder"]] = [*where[:2], 0, GUESSED]
        found.append(keypoints)
        glosses.append(clip.labels[READ])
    return found, glosses


def items_of(
    planned: list[PlannedClip], real_clips: list[np.ndarray], glosses: list[str], skeleton: Skeleton
) -> list[Item]:
    """What a step collates: the invented signs first, numbered in order, then the real ones."""
    signs = {sign: number for number, sign in enumerate(dict.fromkeys(clip.glosses[0] for clip in planned))}
    items: list[Item] = []
    for clip in planned:
        attributes = read_attributes(clip.notations[0])
        numbers = {head: classes.index(attributes[head]) for head, classes in ATTRIBUTES.items()}
        pose = Pose.read(clip.file)
        items.append((skeleton.select(pose), pose.fps, {READ: signs[clip.glosses[0]], **numbers}))
    names = sorted(set(glosses))
    for keypoints, gloss in zip(real_clips, glosses, strict=True):
        items.append((keypoints, 25.0, {READ: len(signs) + names.index(gloss), **dict.fromkeys(ATTRIBUTES, -1)}))
    return items


def kept(network: SignModel, skeleton: Skeleton, about: TrainingInfo, items: list[Item], output: Path) -> None:
    """Write the network without the signs that it learnt from; their mean embedding is the centre."""
    labels: dict[str, list[str]] = {READ: [], **ATTRIBUTES}
    config = replace(SIZES["base"], reads=False)
    model = SignModel(skeleton, {head: len(names) for head, names in labels.items()}, config)
    weights = {name: w.cpu() for name, w in network.state_dict().items() if not name.startswith(f"heads.{READ}.linear")}
    model.load_state_dict(weights, strict=False)
    info = ModelInfo(skeleton=skeleton.toml, labels=labels, model=config, training=about)
    some = np.random.default_rng(SEED).choice(len(items), min(MEASURED, len(items)), replace=False)
    found = Recognizer(info, runner(model.eval())).probabilities([items[row][0] for row in some])[EMBEDDING]
    save_checkpoint(output, model.state_dict(), centred(info, found))


def main(
    real_data: Annotated[Path | None, typer.Option("--real", help="dgs30.npz, or a data set as it.")] = None,
    signs: Annotated[int, typer.Option(help="Signs that are invented.")] = 4000,
    clips: Annotated[int, typer.Option(help="Clips of each, by as many signers.")] = 8,
    steps: Annotated[int, typer.Option(help="Steps of the training.")] = 5000,
    folder: Annotated[Path, typer.Option(help="Where the poses go.")] = Path("runs/start-data"),
    output: Annotated[Path, typer.Option("--output", "-o", help="The model.")] = START,
) -> None:
    skeleton = Skeleton.load(DEFAULT)
    with progress() as show:
        planned = invented(folder, signs, clips, show)
    given = read_dataset(real_data) if real_data else []
    real_clips, glosses = real(given, skeleton)
    items = items_of(planned, real_clips, glosses, skeleton)
    numbers = np.array([labels[READ] for _, _, labels in items])
    lightning.seed_everything(SEED, verbose=False)
    config = replace(SIZES["base"], reads=False, dropout=0.1)
    classes = {READ: 1, **{head: len(names) for head, names in ATTRIBUTES.items()}}
    recipe = Recipe(averaging=0.995, seed=SEED)
    training = Telling(SignModel(skeleton, classes, config), skeleton, recipe, steps)
    batches: DataLoader[Item] = DataLoader(
        items,
        batch_sampler=Pairs(numbers, signs, steps, SEED),
        collate_fn=collate,  # type: ignore[arg-type]
    )
    data = f"{signs} invented signs, {len(planned)} clips by synthetic signers"
    if real_data:
        data += f"; {len(real_clips)} clips of {len(set(glosses))} signs of {real_data.name}"
    how = {"seed": SEED, "epochs": 1, "steps": steps}
    about = TrainingInfo(
        data=data, recipe=how, torch=str(torch.__version__), epoch=1, clip_ids=clip_ids(given, [], None)
    )
    with progress() as show:
        trainer = lightning.Trainer(
            max_epochs=1,
            gradient_clip_val=recipe.gradient_norm,
            logger=False,
            callbacks=[_Keeper(steps, lambda: kept(training.learnt, skeleton, about, items, output), show)],
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        trainer.fit(training, batches)


if __name__ == "__main__":
    typer.run(main)
