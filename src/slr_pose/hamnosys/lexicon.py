"""Signs that no model was trained on: a lexicon of glosses and notations, ranked by what a clip's attributes say."""

import csv
from collections.abc import Collection, Iterable
from math import exp, log
from pathlib import Path

from slr_pose import BadInput
from slr_pose.hamnosys.attributes import read_attributes
from slr_pose.hamnosys.notation import parse, write_names

DOUBT = 1e-3  # the least that a class counts for: no head is so sure that it rules a sign out alone


def read_lexicon(path: Path) -> dict[str, str]:
    """A CSV or TSV file with columns `gloss` and `hamnosys` -> gloss -> names of the symbols.

    Raises:
        BadInput: it is no such file, a row lacks a column or repeats a gloss, or a notation is not well-formed.
    """
    path = Path(path)
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            first = file.readline()
            file.seek(0)
            rows = list(csv.DictReader(file, delimiter="\t" if "\t" in first else ","))
    except FileNotFoundError as error:
        raise BadInput(f"there is no file {path}.") from error
    except IsADirectoryError as error:
        raise BadInput(f"{path} is a folder; name a CSV file with columns gloss, hamnosys.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadInput(f"{path} is not a CSV or TSV file in UTF-8 ({error}).") from error
    if not rows:
        raise BadInput(f"{path} holds no signs: it needs a header line, gloss,hamnosys, and a line a sign.")
    lexicon: dict[str, str] = {}
    for line, row in enumerate(rows, start=2):
        gloss, notation = ((row.get(column) or "").strip() for column in ("gloss", "hamnosys"))
        if not gloss or not notation:
            missing = "hamnosys" if gloss else "gloss"
            raise BadInput(f"{path}, line {line}: {missing} is missing; each sign needs a gloss and its hamnosys.")
        if gloss in lexicon:
            raise BadInput(f"{path}, line {line}: {gloss} is there twice; give each sign a gloss of its own.")
        try:
            lexicon[gloss] = " ".join(write_names(parse(notation)))
        except BadInput as error:
            raise BadInput(f"{path}, line {line}: {error}") from error
    return lexicon


def attributes_of(lexicon: dict[str, str]) -> dict[str, dict[str, set[str]]]:
    """Gloss -> the eight attributes of its first posture; glosses whose notation tells too little are left out."""
    found = {}
    for gloss, notation in lexicon.items():
        try:
            found[gloss] = {head: {name} for head, name in read_attributes(notation).items()}
        except BadInput:
            continue
    return found


def rank(
    heads: dict[str, Iterable[tuple[str, float]]], signs: dict[str, dict[str, Collection[str]]]
) -> list[tuple[str, float]]:
    """Glosses with their probabilities, best first, as if each were as frequent and one of them must be right.

    The heads count as independent of each other, as in naive Bayes.

    Args:
        heads: all classes of each attribute with their probabilities.
        signs: gloss -> attribute -> its class, or classes of which any would be right; as `attributes_of` gives them.
    """
    shares = {head: dict(ranked) for head, ranked in heads.items()}

    def score(attributes: dict[str, Collection[str]]) -> float:
        known = [head for head in attributes if head in shares]
        return sum(log(max(sum(shares[head].get(name, 0.0) for name in attributes[head]), DOUBT)) for head in known)

    scores = {gloss: score(attributes) for gloss, attributes in signs.items()}
    best = max(scores.values())
    total = sum(exp(value - best) for value in scores.values())
    return [(gloss, exp(value - best) / total) for gloss, value in sorted(scores.items(), key=lambda item: -item[1])]
