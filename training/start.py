"""Makes the model that comes with the package, and that others start from: `python training/start.py`.

Invents signs, lets synthetic signers sign each of them with the errors that MediaPipe makes, and trains a network to
tell any two clips of one sign from clips of others (supervised contrastive learning; Khosla et al., NeurIPS 2020), and
the eight HamNoSys attributes; then signs in rows, too. Beside the invented signs real ones may be learnt. What signs
they were is left out of what is kept. docs/few-clips.md says what went in, and what it is worth.
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
from slr_pose.training.reading import reading_loss, whole_loss
from slr_pose.training.recipe import Recipe

SEED = 5
SIGNS, REAL_SIGNS, CLIPS = 24, 8, 2  # of a step: invented and real signs, and clips of each
TEMPERATURE = 0.1
ATTRIBUTE_WEIGHT = 0.5
DROPOUT = 0.1
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
    """Learns to tell signs: two clips of one are to be near, and those of others far.

    Args:
        signs: how many there are.
        rows: signs in a row are learnt, too: what is signed at all, where signs begin and end, and to tell those.
    """

    def __init__(self, model: SignModel, skeleton: Skeleton, recipe: Recipe, steps: int, signs: int, rows: bool):
        super().__init__(model, skeleton, recipe, steps)
        self.signs, self.rows = signs, rows

    def training_step(self, batch: Batch, _: int) -> Tensor:
        keypoints, frames, _fps, labels = batch
        with self._full_precision():
            keypoints, window = self.augmentation(keypoints, frames)
            prepared = self.model.preprocessing(keypoints, frames, self._times(frames, window))
        x, inside = self.model.embed(*prepared), prepared[2]
        known = {name: labels[name] for name in ATTRIBUTES}
        told = self._loss({name: self.model.heads[name](x, inside) for name in known}, known)
        shown, signs, loss = self._shown(x, inside), labels[READ], ATTRIBUTE_WEIGHT * told
        if self.rows:
            cut, cut_signs, read = self._read(batch)
            shown, signs, loss = torch.cat([shown, cut]), torch.cat([signs, cut_signs]), loss + read
        return loss + contrast(shown, signs)

    def _shown(self, x: Tensor, inside: Tensor) -> Tensor:
        head = self.model.heads[READ]
        assert isinstance(head, Head)
        return head.drop(head.pool(x, inside))

    def _read(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        """Embeddings (cutouts, width) of whole signs that are cut out of rows, and their signs; and the loss of the
        rows, in which every sign is one that nobody knows."""
        reader = self.model.reader
        assert reader
        rows, prepared, some, looked_at = self._rows(batch, self.signs)
        x = self.model.embed(*prepared)
        signed = (rows.target != self.signs).long()
        loss = reading_loss(*reader(x), signed, rows.edges, prepared[2], self.recipe.label_smoothing)
        loss = loss + contrast(*self._by_sign(x, rows.target))
        x, inside = self.model.embed(*looked_at), looked_at[2]
        loss = loss + whole_loss(reader.whole(x, inside), some)
        return self._shown(x, inside)[some.whole], some.gloss[some.whole], loss

    def _by_sign(self, x: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """The mean embedding of each sign's samples in each row, (signs, width), and which sign it is."""
        row = torch.arange(len(x), device=x.device)[:, None].expand_as(target)
        known = target < self.signs
        place, number = torch.unique((row * self.signs + target)[known], return_inverse=True)
        mean = torch.zeros(len(place), x.shape[-1], device=x.device).index_reduce(
            0, number, x[known], "mean", include_self=False
        )
        return mean, place % self.signs


def contrast(embeddings: Tensor, signs: Tensor) -> Tensor:
    """How surely each clip's fellows are told from all others: (clips, width), (clips,) -> a number."""
    directions = F.normalize(embeddings, dim=-1)
    itself = torch.eye(len(signs), dtype=torch.bool, device=signs.device)
    near = (directions @ directions.T / TEMPERATURE).masked_fill(itself, -torch.inf)
    fellows = (signs[:, None] == signs) & ~itself
    odds = (near - near.logsumexp(1, keepdim=True)).masked_fill(~fellows, 0)
    has = fellows.any(1)
    return -(odds.sum(1) / fellows.sum(1).clamp(min=1))[has].sum() / has.sum().clamp(min=1)


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
    config = SIZES["base"]
    model = SignModel(skeleton, {head: len(names) for head, names in labels.items()}, config)
    model.load_state_dict({name: weights.cpu() for name, weights in network.state_dict().items()})
    info = ModelInfo(skeleton=skeleton.toml, labels=labels, model=config, training=about)
    some = np.random.default_rng(SEED).choice(len(items), min(MEASURED, len(items)), replace=False)
    found = Recognizer(info, runner(model.eval())).probabilities([items[row][0] for row in some])[EMBEDDING]
    save_checkpoint(output, model.state_dict(), centred(info, found))


def told(
    network: SignModel, items: list[Item], pairs: Pairs, rows: bool, keep: Callable[[SignModel], None]
) -> SignModel:
    """The network after it learnt to tell signs; of `rows`, too."""
    recipe = Recipe(averaging=0.995, seed=SEED)
    skeleton = Skeleton.load(DEFAULT)
    training = Telling(network, skeleton, recipe, len(pairs), len(pairs.clips), rows)
    batches: DataLoader[Item] = DataLoader(
        items,
        batch_sampler=pairs,
        collate_fn=collate,  # type: ignore[arg-type]
    )
    with progress() as show:
        trainer = lightning.Trainer(
            max_epochs=1,
            gradient_clip_val=recipe.gradient_norm,
            logger=False,
            callbacks=[_Keeper(len(pairs), lambda: keep(training.learnt), show)],
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        trainer.fit(training, batches)
    return training.learnt.requires_grad_(True)  # averaged weights learn only when they are told to


def main(
    real_data: Annotated[Path | None, typer.Option("--real", help="dgs30.npz, or a data set as it.")] = None,
    signs: Annotated[int, typer.Option(help="Signs that are invented.")] = 4000,
    clips: Annotated[int, typer.Option(help="Clips of each, by as many signers.")] = 8,
    steps: Annotated[int, typer.Option(help="Steps of the training with clips of one sign.")] = 5000,
    row_steps: Annotated[int, typer.Option(help="Further steps, with signs in a row, too.")] = 1500,
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
    data = f"{signs} invented signs, {len(planned)} clips by synthetic signers"
    if real_data:
        data += f"; {len(real_clips)} clips of {len(set(glosses))} signs of {real_data.name}"
    how = {"seed": SEED, "epochs": 1, "steps": steps, "row_steps": row_steps}
    about = TrainingInfo(
        data=data, recipe=how, torch=str(torch.__version__), epoch=1, clip_ids=clip_ids(given, [], None)
    )
    lightning.seed_everything(SEED, verbose=False)
    classes = {READ: 0, **{head: len(names) for head, names in ATTRIBUTES.items()}}
    network = SignModel(skeleton, classes, replace(SIZES["base"], dropout=DROPOUT))
    for count, rows in ((steps, False), (row_steps, True)):
        pairs = Pairs(numbers, signs, count, SEED)
        network = told(network, items, pairs, rows, lambda some: kept(some, skeleton, about, items, output))


if __name__ == "__main__":
    typer.run(main)
