"""What a person names -> sentences in glosses: words, a file with a line for each, a recogniser's alternatives."""

from pathlib import Path
from typing import Annotated

import msgspec

from slr_pose import BadInput
from slr_pose.files import open_regular
from slr_pose.translation.glosses import Alternatives, split

Probability = Annotated[float, msgspec.Meta(ge=0, le=1)]
Place = str | Annotated[list[tuple[str, Probability]], msgspec.Meta(min_length=1)]


def read_sentences(named: list[str]) -> list[list[Alternatives]]:
    """Each argument is a sentence; arguments of one gloss each are one sentence together.

    A `.txt` file has a sentence in each line, glosses separated by spaces. A `.json` file has a list of sentences, each
    a list of places, and each place a gloss or a list of `[gloss, probability]`.

    Raises:
        BadInput: a file cannot be read, or holds something else.
    """
    files = [name for name in named if name.endswith((".txt", ".json"))]
    if not files and all(len(name.split()) == 1 for name in named):
        return [split(" ".join(named))]
    return [sentence for name in named for sentence in (_read(Path(name)) if name in files else [split(name)])]


def _read(file: Path) -> list[list[Alternatives]]:
    with open_regular(file) as opened:
        data = opened.read()
    try:
        if file.suffix == ".txt":
            found = [split(line) for line in data.decode("utf-8-sig").splitlines() if line.strip()]
        else:
            found = [list(map(_ranked, sentence)) for sentence in msgspec.json.decode(data, type=list[list[Place]])]
    except (UnicodeDecodeError, msgspec.DecodeError) as error:
        raise BadInput(f"{file} holds no sentences in glosses ({error}); see `slr translate --help`.") from error
    if not found:
        raise BadInput(f"{file} is empty; give it a sentence in glosses.")
    return found


def _ranked(place: Place) -> Alternatives:
    return [(place, 1.0)] if isinstance(place, str) else sorted(place, key=lambda each: -each[1])
