"""Signs that no model was trained on: a lexicon of glosses and notations, ranked by what a clip's attributes say."""

from collections.abc import Collection, Iterable, Mapping
from math import exp, log
from pathlib import Path

from slr_pose import BadInput
from slr_pose.hamnosys.attributes import read_attributes
from slr_pose.hamnosys.parser import parse
from slr_pose.hamnosys.writer import write_names
from slr_pose.tables import Row, each, in_one, read_rows

Attributes = dict[str, Collection[str]]  # attribute -> its class, or classes of which any would be right

DOUBT = 1e-3  # the least that a class counts for: no head is so sure that it rules a sign out alone


def read_lexicon(path: Path) -> tuple[dict[str, list[str]], list[str]]:
    """A CSV or TSV file with columns `gloss` and `hamnosys` -> gloss -> its notations, as names of symbols.

    A gloss may have several rows, as in public lexicons: they are variants of a sign.

    Returns:
        The signs, and a sentence for each row that cannot be read.

    Raises:
        BadInput: it is no such file, or no row can be read.
    """
    path = Path(path)
    found, problems = each(read_rows(path, ("gloss", "hamnosys"), "signs"), _sign)
    if not found:
        raise BadInput(in_one(problems))
    lexicon: dict[str, list[str]] = {}
    for gloss, notation in dict.fromkeys(found):
        lexicon.setdefault(gloss, []).append(notation)
    return lexicon, problems


def _sign(row: Row) -> tuple[str, str]:
    gloss, notation = row.text("gloss"), row.text("hamnosys")
    if not gloss or not notation:
        raise BadInput(f"{'hamnosys' if gloss else 'gloss'} is missing; each sign needs a gloss and its hamnosys.")
    return gloss, " ".join(write_names(parse(notation)))


def attributes_of(lexicon: dict[str, list[str]]) -> tuple[dict[str, list[Attributes]], list[str]]:
    """Gloss -> the eight attributes of the first posture of each variant.

    Returns:
        The attributes, and a sentence for each notation that tells too little.
    """
    found: dict[str, list[Attributes]] = {}
    problems = []
    for gloss, notation in ((gloss, notation) for gloss, notations in lexicon.items() for notation in notations):
        try:
            attributes = read_attributes(notation)
        except BadInput as error:
            problems.append(f"{gloss}: {error}")
        else:
            found.setdefault(gloss, []).append({head: {name} for head, name in attributes.items()})
    return found, problems


def rank(
    heads: Mapping[str, Iterable[tuple[str, float]]], signs: dict[str, list[Attributes]]
) -> list[tuple[str, float]]:
    """Glosses with their probabilities, best first, as if each were as frequent and one of them must be right.

    The heads count as independent of each other, as in naive Bayes. Of a gloss's variants the best counts.

    Args:
        heads: all classes of each attribute with their probabilities.
        signs: gloss -> variants, as `attributes_of` gives them.
    """
    shares = {head: dict(ranked) for head, ranked in heads.items()}

    def score(attributes: Attributes) -> float:
        known = [head for head in attributes if head in shares]
        return sum(log(max(sum(shares[head].get(name, 0.0) for name in attributes[head]), DOUBT)) for head in known)

    scores = {gloss: max(map(score, variants)) for gloss, variants in signs.items()}
    best = max(scores.values())
    total = sum(exp(value - best) for value in scores.values())
    return [(gloss, exp(value - best) / total) for gloss, value in sorted(scores.items(), key=lambda item: -item[1])]
