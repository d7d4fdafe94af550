"""Translator: one face over a checkpoint and an ONNX file that make a sentence of glosses. ONNX needs no torch."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from slr_pose import BadInput
from slr_pose.info import in_sentence
from slr_pose.model.checkpoint import filled, read_weights
from slr_pose.recognition.onnx_file import ask, open_session, read_onnx
from slr_pose.runs import CHECKPOINT, TRANSLATOR, model_file
from slr_pose.translation.decoding import FIRST_COPY, FIRST_PIECE, Hypothesis, Network, beam_search
from slr_pose.translation.glosses import FIRST, Alternatives, Vocabulary, as_arrays, as_word, clean, split
from slr_pose.translation.info import KEY, NEAREST, NETWORK, Curve, TranslatorInfo, Way
from slr_pose.translation.pairs import Pair
from slr_pose.translation.retrieval import Nearest

if TYPE_CHECKING:
    from torch import Tensor

    from slr_pose.translation.network import TranslationModel

BEAMS = 4
BATCH = 64  # sentences that are decoded together
SURE = 0.7  # confidence from which on a sentence is called sure


@dataclass(frozen=True)
class Translation:
    """A sentence, beside what it was made of.

    Attributes:
        glosses: the best gloss at each place, as given.
        text: glosses that the translator does not know stand in it in brackets.
        plain: the same without brackets, with these glosses as words where the sentence has a place for them.
        confidence: how many of its words a person's own sentence would share, 0 to 1, as calibrated on held-out pairs,
            less the share of unknown glosses; `None` where those pairs were too few.
        sure: whether that is at least `SURE` and every gloss is known; `None` where the confidence is.
        unknown: the glosses that the translator does not know.
        nearest: the training pair whose text this is, where that is expected to be better than the network's.
    """

    glosses: list[str]
    text: str
    plain: str
    confidence: float | None
    sure: bool | None
    unknown: list[str]
    nearest: Pair | None


@dataclass(frozen=True)
class Draft:
    """A text and how well it scored: a mean log-probability, or the cosine to the nearest pair."""

    text: str
    plain: str
    score: float
    unknown: list[str]
    nearest: Pair | None = None


class Translator:
    """A trained model, ready to make sentences.

    Attributes:
        info: everything that travels with the model.
    """

    def __init__(self, info: TranslatorInfo, network: Network):
        self.info, self.network = info, network
        self.vocabulary = Vocabulary(info.glosses)
        self.nearest = Nearest([Pair(tuple(glosses), text) for glosses, text in info.pairs])

    @classmethod
    def load(cls, path: Path) -> "Translator":
        """Load a checkpoint (`.safetensors`), that of a run's folder, or an exported model (`.onnx`). No code in it is
        run, and nothing of it is believed before it is checked.

        Raises:
            BadInput: there is no such file, or it is not a whole translator of ours.
        """
        path = model_file(Path(path), TRANSLATOR)
        load = _load_onnx if path.suffix.lower() == ".onnx" else _load_checkpoint
        return cls(*load(path))

    def translate(self, sentences: Sequence[str | list[Alternatives]], beams: int = BEAMS) -> list[Translation]:
        """Make a sentence of each line of glosses, in the way that `info.by` says: by the network, from the nearest
        pair, or, of both, what is expected to share more words with a person's sentence.

        Args:
            sentences: glosses separated by spaces; or, at each place, the glosses that a recogniser thinks possible,
                with their probabilities, best first.

        Raises:
            BadInput: a sentence has no gloss.
        """
        given = [split(sentence) if isinstance(sentence, str) else sentence for sentence in sentences]
        ways: dict[Way, list[Draft]] = {NEAREST: self.recalled(given)} if NEAREST in self.info.by else {}
        if NETWORK in self.info.by or any(draft.score == 0 for draft in ways[NEAREST]):
            ways[NETWORK] = self.drafts(given, beams)
        return [
            self._best(places, {way: drafts[row] for way, drafts in ways.items()}) for row, places in enumerate(given)
        ]

    def recalled(self, sentences: list[list[Alternatives]]) -> list[Draft]:
        """The text of the nearest training pair of each sentence."""
        drafts = []
        for sentence in map(_cleaned, sentences):
            pair, cosine = self.nearest(sentence)
            drafts.append(Draft(pair.text, pair.text, cosine, self.vocabulary.encode(sentence)[1], pair))
        return drafts

    def drafts(self, sentences: list[list[Alternatives]], beams: int = BEAMS) -> list[Draft]:
        """What the network makes of each sentence."""
        encoded = [self.vocabulary.encode(_cleaned(sentence)) for sentence in sentences]
        order = sorted(range(len(encoded)), key=lambda index: len(encoded[index][0]))
        drafts = {}
        for first in range(0, len(order), BATCH):
            batch = order[first : first + BATCH]
            arrays = as_arrays([encoded[index][0] for index in batch])
            unknown = np.array([len(encoded[index][1]) for index in batch])
            found = beam_search(self.network, *arrays, unknown, beams, self.info.longest)
            for index, hypothesis in zip(batch, found, strict=True):
                drafts[index] = self._draft(hypothesis, encoded[index][1])
        return [drafts[index] for index in range(len(encoded))]

    def _draft(self, hypothesis: Hypothesis, unknown: list[str]) -> Draft:
        places = [number - FIRST_COPY for number in hypothesis.pieces if number < FIRST_PIECE]
        missing = [gloss for place, gloss in enumerate(unknown) if place not in places]
        text = " ".join([self._text(hypothesis, [f"[{gloss}]" for gloss in unknown]), *(f"[{g}]" for g in missing)])
        plain = self._text(hypothesis, list(map(as_word, unknown)))
        return Draft(text, plain, hypothesis.log_probability, unknown)

    def _text(self, hypothesis: Hypothesis, copies: list[str]) -> str:
        pieces = [
            self.info.pieces[number - FIRST_PIECE] if number >= FIRST_PIECE else f"▁{copies[number - FIRST_COPY]}"
            for number in hypothesis.pieces
        ]
        return "".join(pieces).replace("▁", " ").strip()

    def _best(self, places: list[Alternatives], drafts: dict[Way, Draft]) -> Translation:
        confidence = sure = None
        curves = self.info.confidence
        way: Way = NETWORK
        if NEAREST in drafts and drafts[NEAREST].score > 0:  # a pair has a gloss of these
            way = better(drafts, curves) if curves and NETWORK in self.info.by else NEAREST
        found = drafts[way]
        if curves:
            confidence = confidence_of(found.score, curves[way]) * (1 - len(found.unknown) / len(places))
            sure = confidence >= SURE and not found.unknown
        glosses = [place[0][0] for place in places if place]
        return Translation(glosses, found.text, found.plain, confidence, sure, found.unknown, found.nearest)


def better(drafts: dict[Way, Draft], curves: dict[Way, Curve]) -> Way:
    """The way from which more is expected."""
    return max(drafts, key=lambda way: confidence_of(drafts[way].score, curves[way]))


def confidence_of(score: float, curve: Curve) -> float:
    """What is expected of a draft with that score, 0 to 1."""
    return 0.5 + 0.5 * math.tanh((curve.slope * score + curve.offset) / 2)


def _cleaned(sentence: list[Alternatives]) -> list[Alternatives]:
    if cleaned := clean(sentence):
        return cleaned
    line = " ".join(place[0][0] for place in sentence if place)
    raise BadInput(f"there is no gloss in '{line}'; give glosses, with spaces between them.")


Declared = dict[str, tuple[type[np.generic] | None, list[int | None]]]  # by name: type and shape, `None` = any


class OnnxNetwork:
    """A network in ONNX Runtime.

    Reading and the step stand in one file, and ONNX Runtime goes through all of it each time. What only the other needs
    is given without a sentence, so that there is nothing to compute. A step is too short to be shared among threads.
    """

    def __init__(self, path: Path, content: bytes, info: TranslatorInfo):
        self.path, self.session = path, open_session(path, content, threads=1)
        config, self.numbers = info.model, FIRST_PIECE + len(info.pieces)
        self.before, self.heads = (config.blocks, 2), config.attention_heads
        self.channels = config.width // config.attention_heads
        kept = [*self.before, None, self.heads, None, self.channels]
        expected: Declared = {
            "glosses": (np.int64, [None, None, None]),
            "shares": (np.float32, [None, None, None]),
            "pieces": (np.int64, [None]),
            "place": (np.int64, [None]),
            "past": (np.float32, kept),
            "memory": (np.float32, kept),
            "seen": (np.bool_, [None, None]),
        }
        outputs: Declared = {
            "read": (np.float32, kept),
            "log_probabilities": (np.float32, [None, self.numbers]),
            "present": (np.float32, kept),
        }
        if _declared(self.session.get_inputs()) != expected or _declared(self.session.get_outputs()) != outputs:
            raise BadInput(f"{path}: its inputs and outputs are not those of its description; export it again.")
        self.none = {name: _without_sentences(kind, shape) for name, (kind, shape) in expected.items()}

    def read(self, glosses: np.ndarray, shares: np.ndarray) -> np.ndarray:
        """As `TranslationModel.read`: (sentences, places, alternatives), both.

        Raises:
            BadInput: the file answers something else than it says.
        """
        (memory,) = self._ask(["read"], {"glosses": glosses, "shares": shares})
        self._check(memory, self._kept(*glosses.shape[:2]))
        return memory

    def step(
        self, pieces: np.ndarray, place: np.ndarray, past: np.ndarray, memory: np.ndarray, seen: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """As `TranslationModel.step`: one piece of each sentence, (sentences,).

        Raises:
            BadInput: the file answers something else than it says.
        """
        given = {"pieces": pieces, "place": place, "past": past, "memory": memory, "seen": seen}
        found, present = self._ask(["log_probabilities", "present"], given)
        self._check(found, (len(pieces), self.numbers))
        self._check(present, self._kept(len(pieces), past.shape[4] + 1))
        return found, present

    def _ask(self, outputs: list[str], given: dict[str, np.ndarray]) -> list[np.ndarray]:
        return ask(self.session, self.path, outputs, {**self.none, **given}, "sentences")

    def _kept(self, sentences: int, places: int) -> tuple[int, ...]:
        return *self.before, sentences, self.heads, places, self.channels

    def _check(self, found: np.ndarray, shape: tuple[int, ...]) -> None:
        if found.shape != shape:
            raise BadInput(f"{self.path} answers something else than it says; export it again.")


def _without_sentences(kind: type[np.generic] | None, shape: list[int | None]) -> np.ndarray:
    """An input of no sentences, each of one place: the first axis that may have any length is that of sentences."""
    sentences = shape.index(None)
    return np.zeros([0 if axis == sentences else n or 1 for axis, n in enumerate(shape)], kind)


def _declared(values: list[Any]) -> Declared:
    """What an ONNX file says of its inputs, or outputs."""
    kinds: dict[str, type[np.generic]] = {
        "tensor(float)": np.float32,
        "tensor(int64)": np.int64,
        "tensor(bool)": np.bool_,
    }
    shapes = {value.name: [n if isinstance(n, int) else None for n in value.shape] for value in values}
    return {value.name: (kinds.get(value.type), shapes[value.name]) for value in values}


class TorchNetwork:
    """A `TranslationModel` on NumPy arrays."""

    def __init__(self, model: "TranslationModel"):
        self.model = model.eval()

    def read(self, glosses: np.ndarray, shares: np.ndarray) -> np.ndarray:
        """As `TranslationModel.read`: (sentences, places, alternatives), both."""
        import torch

        with torch.inference_mode():
            return self.model.read(*self._tensors(glosses, shares)).cpu().numpy()

    def step(
        self, pieces: np.ndarray, place: np.ndarray, past: np.ndarray, memory: np.ndarray, seen: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """As `TranslationModel.step`: one piece of each sentence, (sentences,)."""
        import torch

        with torch.inference_mode():
            found, present = self.model.step(*self._tensors(pieces, place, past, memory, seen))
        return found.cpu().numpy(), present.cpu().numpy()

    def _tensors(self, *arrays: np.ndarray) -> "list[Tensor]":
        import torch

        return [torch.from_numpy(array).to(self.model.bias.device) for array in arrays]


def _load_onnx(path: Path) -> tuple[TranslatorInfo, Network]:
    content, metadata = read_onnx(path)
    info = _read_info(path, metadata)
    return info, OnnxNetwork(path, content, info)


def _load_checkpoint(path: Path) -> tuple[TranslatorInfo, Network]:
    model, info = load_model(path)
    return info, TorchNetwork(model)


def load_model(path: Path) -> "tuple[TranslationModel, TranslatorInfo]":
    """A checkpoint, or the folder of its run -> its `TranslationModel` in evaluation mode, and its info.

    Raises:
        BadInput: there is no such file, it is not a checkpoint of ours, or one whose network is another by now.
    """
    from slr_pose.translation.network import TranslationModel

    path = model_file(Path(path), TRANSLATOR)
    if path.suffix.lower() == ".onnx":
        raise BadInput(f"{path} is an ONNX file, which cannot be trained or exported; name a {TRANSLATOR}.")
    weights, metadata = read_weights(path, KEY)
    info = _read_info(path, metadata)
    numbers = FIRST + len(info.glosses), FIRST_PIECE + len(info.pieces)
    return filled(path, info.version, lambda: TranslationModel(*numbers, info.model), weights), info


def is_translator(path: Path) -> bool:
    """Whether a checkpoint, or that of a run's folder, is one that `slr train-sentences` made."""
    from safetensors import SafetensorError, safe_open

    if path.is_dir():
        return (path / TRANSLATOR).is_file() and not (path / CHECKPOINT).is_file()
    try:
        with safe_open(path, framework="np") as file:
            return KEY in (file.metadata() or {})
    except (SafetensorError, OSError):
        return False


def _read_info(path: Path, metadata: dict[str, str]) -> TranslatorInfo:
    if KEY not in metadata:
        raise BadInput(f"{path} makes no sentences; name a model that `slr train-sentences` made.")
    return in_sentence(path, lambda: TranslatorInfo.decode(metadata[KEY]))
