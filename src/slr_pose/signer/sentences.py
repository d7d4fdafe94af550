"""What synthetic signers sign in a row: sentences that are given or drawn from a lexicon, and what is no sign."""

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

import numpy as np

from slr_pose import BadInput
from slr_pose.hamnosys import parse, write_names
from slr_pose.hamnosys.lexicon import read_lexicon
from slr_pose.signer.choreography import Pace
from slr_pose.signer.planned_clip import PlannedClip, readable, refuse_none
from slr_pose.tables import refuse_others, write_rows

MANIFEST = "sentences.csv"
COLUMNS = ("path", "gloss", "signer", "start", "end", "hamnosys")
NO_SIGNS = Path(__file__).with_name("no_signs.csv")  # what hands do that do not sign

SIGN_S = 0.38, 0.65  # seconds a sign with the way to it: ASL conversation and stories, DGS weather news
LEAST_S = 0.1
LENGTH = 4, 8  # signs of a sentence that is drawn
PAUSES = 0.1
IDLE = Pace(sign_s=2.5, pauses=1.0)

Lexicon = dict[str, list[str]]  # gloss -> the notations of its variants


def plan_sentences(
    lexicon: Lexicon,
    folder: Path,
    signers: int,
    clips: int,
    seed: int,
    pose_only: bool,
    given: Sequence[str] = (),
    drawn: int = 0,
    idle: int = 0,
    sign_s: float | None = None,
) -> list[PlannedClip]:
    """Every given sentence and `drawn` others by every signer, `clips` times over; `idle` clips of each without a sign.

    Args:
        given: each glosses of the lexicon, or notations, with spaces between.
        sign_s: seconds a sign with the way to it; by default each sentence has one between conversation and news.

    Raises:
        BadInput: a word is no gloss and no notation, the pace is none, there would be no clip, or the folder has a
            manifest of somebody else's.
    """
    refuse_none(signers, clips)
    if sign_s is not None and not sign_s >= LEAST_S:
        raise BadInput(f"no hand signs a sign in {sign_s:g} s; give a pace of {LEAST_S} s or more.")
    refuse_others(folder / MANIFEST, COLUMNS)
    said = [words_of(sentence, lexicon) for sentence in given]
    no_signs = read_lexicon(NO_SIGNS)[0]
    planned = []
    for signer in range(signers):
        for place in range(len(said) + drawn):
            random = np.random.default_rng([seed, signer, place, 1])
            signs = said[place] if place < len(said) else _drawn(lexicon, random)
            for number in range(place * clips, (place + 1) * clips):
                glosses, notations = _variants(signs, random)
                pace = Pace(sign_s or random.uniform(*SIGN_S), PAUSES)
                name = f"signer{signer}-{number}"
                planned.append(PlannedClip(folder, name, glosses, notations, signer, number, seed, pose_only, pace))
        for number in range(idle):
            random = np.random.default_rng([seed, signer, number, 2])
            _, notations = _variants(_drawn(no_signs, random), random)
            name = f"signer{signer}-idle{number}"
            planned.append(PlannedClip(folder, name, (), notations, signer, number, seed, pose_only, IDLE))
    return planned


def write_signs(folder: Path, clips: list[PlannedClip]) -> Path:
    """The table that `slr train` reads, a row for each sign of the clips: path, gloss, signer, start, end, hamnosys."""
    rows = (
        (clip.path, gloss, clip.who, f"{entry.start_s:.3f}", f"{entry.end_s:.3f}", readable(notation))
        for clip in clips
        for gloss, notation, entry in zip(clip.glosses, clip.notations, clip.timeline().tiers["gloss"], strict=False)
    )
    write_rows(folder / MANIFEST, COLUMNS, rows)
    return folder / MANIFEST


def words_of(sentence: str, lexicon: Lexicon) -> list[tuple[str, list[str]]]:
    """Words -> glosses of a lexicon, in capitals or not, with their notations; a notation is a gloss of its own.

    Raises:
        BadInput: there is no word, or one that is neither.
    """
    if not sentence.split():
        raise BadInput("a sentence is empty; write glosses with spaces between.")
    return [_sign(word, lexicon) for word in sentence.split()]


def _sign(word: str, lexicon: Lexicon) -> tuple[str, list[str]]:
    glosses = {gloss.casefold(): gloss for gloss in lexicon}
    gloss = word if word in lexicon else glosses.get(word.casefold())
    if gloss:
        return gloss, lexicon[gloss]
    try:
        return word, [" ".join(write_names(parse(word)))]
    except BadInput as error:
        near = get_close_matches(word.casefold(), glosses, 1)
        hint = f"did you mean {glosses[near[0]]}" if near else f"glosses are {', '.join(list(lexicon)[:3])}"
        raise BadInput(f"'{word}' is no gloss of these signs ({hint}), and no notation: {error}") from error


def _drawn(lexicon: Lexicon, random: np.random.Generator) -> list[tuple[str, list[str]]]:
    """Signs in random order, none of them twice."""
    signs = list(lexicon.items())
    return [signs[place] for place in random.permutation(len(signs))[: random.integers(LENGTH[0], LENGTH[1] + 1)]]


def _variants(
    signs: Sequence[tuple[str, list[str]]], random: np.random.Generator
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Glosses, and one notation of each."""
    return tuple(gloss for gloss, _ in signs), tuple(str(random.choice(variants)) for _, variants in signs)
