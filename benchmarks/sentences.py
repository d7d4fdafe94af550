"""BLEU and chrF of sentences made from glosses: `python benchmarks/sentences.py DATA [--only NAME]`

DATA is the folder of RWTH-PHOENIX-Weather 2014T's texts (`train.gloss`, `train.de`, `dev.gloss`, `dev.de`), or the
`utterances.json` of NCSLGR, whose files are kept apart. The tables stand in docs/sentences.md.
"""

import json
import math
import multiprocessing
import random
import statistics
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from slr_pose.translation.glosses import clean, split
from slr_pose.translation.pairs import Pair

NOISE = (0.1, 0.2, 0.3)  # shares of the glosses
HELD_OUT_FILES = 0.15  # of NCSLGR's utterances


@dataclass(frozen=True)
class Variant:
    """What differs from `slr train-sentences`."""

    recipe: dict = None
    config: dict = None
    marks: bool = False  # leave the corpus's marks on
    pairs: int | None = None  # of the training pairs, the first so many of a shuffled list


VARIANTS = {
    "as it is": Variant(),
    "noise 0.1 in training": Variant({"noise": 0.1}),
    "noise 0.2 in training": Variant({"noise": 0.2}),
    "marks left on": Variant(marks=True),
    "no copying": Variant({"copying": 0.0}),
    "half the steps": Variant({"epochs": 34}),
    "dropout 0.4": Variant(config={"dropout": 0.4}),
    "dropout 0.5": Variant(config={"dropout": 0.5}),
    "1000 pieces": Variant({"pieces": 1000}),
    "100 epochs": Variant({"epochs": 100}),
    "50 pairs": Variant(pairs=50),
    "200 pairs": Variant(pairs=200),
    "1000 pairs": Variant(pairs=1000),
}


def read(data: Path, marks: bool) -> tuple[list[Pair], list[Pair], str]:
    """Training pairs, the pairs to report, and sacreBLEU's name of how these are tokenised."""
    if data.is_dir():
        parts = []
        for part in ("train", "dev"):
            lines = ((data / f"{part}.{kind}").read_text(encoding="utf-8").splitlines() for kind in ("gloss", "de"))
            parts.append([pair(glosses, text, marks) for glosses, text in zip(*lines, strict=True)])
        return *parts, "none"
    utterances = json.loads(data.read_text(encoding="utf-8"))
    sizes = Counter(utterance["file"] for utterance in utterances)
    files = sorted(sizes)
    random.Random(7).shuffle(files)
    held_out = set()
    while sum(sizes[file] for file in held_out) < HELD_OUT_FILES * len(utterances):
        held_out.add(files.pop())
    parts = {True: [], False: []}
    for utterance in utterances:
        glosses = " ".join(gloss.replace(" ", "_") for gloss in utterance["gloss"])
        if glosses and utterance["english"].strip():
            parts[utterance["file"] in held_out].append(pair(glosses, utterance["english"], marks))
    return parts[False], parts[True], "13a"


def pair(glosses: str, text: str, marks: bool) -> Pair:
    places = split(glosses)
    places = places if marks else clean(places) or places
    return Pair(tuple(place[0][0] for place in places), " ".join(text.split()))


def run(data: Path, name: str, seed: int, folder: Path) -> dict:
    """Train one variant, and say how good it is."""
    import torch

    from slr_pose.runs import finish
    from slr_pose.translation.info import TranslationConfig
    from slr_pose.translation.learner import Recipe, spoil
    from slr_pose.translation.training import agreement, measure, train

    torch.set_num_threads(1)
    variant = VARIANTS[name]
    pairs, reported, tokenize = read(data, variant.marks)
    if variant.pairs:
        random.Random(seed).shuffle(pairs)
        pairs = pairs[: variant.pairs]
    started = time.monotonic()
    recipe = Recipe(seed=seed, **(variant.recipe or {}))
    translator = train(pairs, reported, folder, recipe, TranslationConfig(**variant.config or {}))
    finish(folder)
    seconds = time.monotonic() - started
    seen = [gloss for pair in pairs for gloss in pair.glosses]
    texts = [pair.text for pair in reported]

    def scores(answers: list) -> dict:
        return measure([answer.plain for answer in answers], texts, tokenize)

    def noisy(share: float) -> list:
        source = random.Random(5)
        glosses = [spoil(list(pair.glosses), share, seen, source) for pair in reported]
        return [[[(gloss, 1.0)] for gloss in line] for line in glosses]

    given = noisy(0)
    drafts = translator.drafts(given)
    return {
        "data": data.name,
        "variant": name,
        "seed": seed,
        "answer": scores(translator.translate(given)),
        "network": scores(drafts),
        "greedy": scores(translator.drafts(given, beams=1)),
        "nearest pair": scores(translator.recalled(given)),
        "glosses": measure([" ".join(pair.glosses).lower() for pair in reported], texts, tokenize),
        "noise": {str(share): scores(translator.drafts(noisy(share))) for share in NOISE},
        "by": translator.info.by,
        "epochs": translator.info.training.epoch,
        "parameters": sum(weight.numel() for weight in translator.network.model.parameters()),
        "seconds": seconds,
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU, one thread",
        "sentences": [
            {
                "score": draft.score,
                "agreement": agreement(draft.plain, pair.text),
                "unknown": draft.unknown,
                "text": draft.text,
            }
            for draft, pair in zip(drafts, reported, strict=True)
        ],
    }


def calibration(sentences: list[dict]) -> tuple[float, int, float, float]:
    """Fit on one half of the sentences and look at the other: the calibration error, how many are sure, and how much
    of the sure and of the others agrees."""
    from slr_pose.translation.training import calibrate
    from slr_pose.translation.translator import SURE, confidence_of

    order = list(sentences)
    random.Random(3).shuffle(order)
    judged = []
    for half in (0, 1):
        line = calibrate([s["score"] for s in order[half::2]], [s["agreement"] for s in order[half::2]])
        for s in order[1 - half :: 2]:
            confidence = confidence_of(s["score"], line)
            judged.append((confidence, s["agreement"], confidence >= SURE and not s["unknown"]))
    judged.sort()
    tenth = max(1, len(judged) // 10)
    bins = [judged[first : first + tenth] for first in range(0, len(judged), tenth)]
    error = sum(abs(sum(c - a for c, a, _ in each)) for each in bins) / len(judged)
    sure, others = ([a for _, a, is_sure in judged if is_sure is wanted] for wanted in (True, False))
    return error, len(sure), statistics.mean(sure) if sure else math.nan, statistics.mean(others)


def over_seeds(values: list[float]) -> str:
    spread = f" ± {statistics.stdev(values):.1f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.1f}{spread}"


def show(figures: list[dict]) -> None:
    print(
        "| variant | BLEU-4 | chrF | greedy | 10 % noise | 20 % | 30 % | nearest pair | million parameters | minutes |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for name in VARIANTS:
        found = [figure for figure in figures if figure["variant"] == name]
        if found:
            noise = [over_seeds([f["noise"][str(share)]["BLEU"] for f in found]) for share in NOISE]
            near = found[0]["nearest pair"]
            cells = [
                name,
                over_seeds([f["network"]["BLEU"] for f in found]),
                over_seeds([f["network"]["chrF"] for f in found]),
                over_seeds([f["greedy"]["BLEU"] for f in found]),
                *noise,
                f"{near['BLEU']:.1f} / {near['chrF']:.1f}",
                f"{found[0]['parameters'] / 1e6:.1f}",
                f"{statistics.mean(f['seconds'] for f in found) / 60:.0f}",
            ]
            print(f"| {' | '.join(cells)} |")
    for figure in (figure for figure in figures if figure["variant"] == "as it is"):
        error, sure, agreed, others = calibration(figure["sentences"])
        print(
            f"\nSeed {figure['seed']} on {figure['device']}: glosses as they are"
            f" {figure['glosses']['BLEU']:.1f} / {figure['glosses']['chrF']:.1f}; calibration error {100 * error:.1f};"
            f" {sure} of {len(figure['sentences'])} sure, agreeing {100 * agreed:.0f} %, others {100 * others:.0f} %."
        )


def main(
    data: Annotated[Path, typer.Argument(help="Folder of Phoenix-2014T's texts, or NCSLGR's utterances.json.")],
    only: Annotated[list[str] | None, typer.Option(help=f"One of: {', '.join(VARIANTS)}.")] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Trainings of each variant, with seeds 0, 1, ...")] = 3,
    jobs: Annotated[int, typer.Option(min=1, help="Trainings at a time.")] = 2,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for models and figures.")] = Path(
        "runs/sentences"
    ),
) -> None:
    places = {}
    for name in only or ["as it is"]:
        for seed in range(seeds):
            places[output / f"{data.name}-{name}-{seed}".replace(" ", "-")] = (data, name, seed)
    todo = [folder for folder in places if not (folder / "figures.json").exists()]
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
        running = {pool.submit(run, *places[folder], folder): folder for folder in todo}
        for done in as_completed(running):
            file = running[done] / "figures.json"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(done.result(), ensure_ascii=False))
    show([json.loads((folder / "figures.json").read_text()) for folder in places])


if __name__ == "__main__":
    typer.run(main)
