"""Translator: one face over a checkpoint and an ONNX file that make a sentence of glosses. ONNX needs no torch."""

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from slr_pose import BadInput
from slr_pose.translation.decoding import FIRST_COPY, FIRST_PIECE, Network, beam_search
from slr_pose.translation.glosses import FIRST, Alternatives, Vocabulary, as_arrays, clean, split
from slr_pose.translation.pairs import Pair
from slr_pose.translation.retrieval import Nearest

METADATA = "slr-pose-translation"
BEAMS = 5
BATCH = 64  # sentences that are decoded together
SURE = 0.7  # confidence from which on a sentence is called sure


@dataclass(frozen=True)
class Translation:
    """A sentence, beside what it was made of.

    Attributes:
        glosses: the best gloss at each place, as given.
        text: glosses that the translator does not know stand in it in brackets.
        confidence: how many of its words a person's own sentence would share, 0 to 1, as calibrated on held-out pairs;
            `None` where those were too few.
        sure: whether that is at least `SURE` and every gloss is known; `None` where the confidence is.
        unknown: the glosses that the translator does not know.
        nearest: the training pair whose text this is, where the translator found that better than its network.
    """

    glosses: list[str]
    text: str
    confidence: float | None
    sure: bool | None
    unknown: list[str]
    nearest: Pair | None


@dataclass(frozen=True)
class Draft:
    """A text and how well it scored: a mean log-probability, or a cosine to the nearest pair."""

    text: str
    score: float
    unknown: list[str]
    nearest: Pair | None = None


class Translator:
    """A trained model, ready to make sentences.

    Attributes:
        info: everything that travels with the model: glosses, pieces of text, settings, calibration, what was measured.
    """

    def __init__(self, info: dict, network: Network):
        self.info, self.network = info, network
        self.vocabulary = Vocabulary(info["glosses"])
        pairs = info.get("pairs", [])
        self.nearest = Nearest([Pair(tuple(glosses), text) for glosses, text in pairs]) if pairs else None

    @classmethod
    def load(cls, path: Path) -> "Translator":
        """Load a checkpoint (`.safetensors`) or an exported model (`.onnx`). No code in it is run.

        Raises:
            BadInput: there is no such file, or it is not a translator of ours.
        """
        path = Path(path)
        if not path.is_file():
            raise BadInput(f"there is no model {path}; `slr train-sentences` makes one.")
        network, metadata = _load_onnx(path) if path.suffix == ".onnx" else _load_checkpoint(path)
        return cls(_read_info(path, metadata), network)

    def translate(self, sentences: Sequence[str | list[Alternatives]], beams: int = BEAMS) -> list[Translation]:
        """Make a sentence of each line of glosses.

        Args:
            sentences: glosses separated by spaces; or, at each place, the glosses that a recogniser thinks possible,
                with their probabilities, best first.

        Raises:
            BadInput: a sentence has no gloss.
        """
        given = [split(sentence) if isinstance(sentence, str) else sentence for sentence in sentences]
        drafts = self.drafts(given, beams)
        return [self._judged(places, draft) for places, draft in zip(given, drafts, strict=True)]

    def drafts(self, sentences: list[list[Alternatives]], beams: int = BEAMS) -> list[Draft]:
        """The text of each sentence with its score, before calibration."""
        cleaned = [clean(sentence) for sentence in sentences]
        for sentence, bare in zip(sentences, cleaned, strict=True):
            if not bare:
                line = " ".join(place[0][0] for place in sentence if place)
                raise BadInput(f"there is no gloss in '{line}'; give glosses, with spaces between them.")
        return self._recall(cleaned) if self.nearest else list(self._decode(cleaned, beams))

    def _recall(self, sentences: list[list[Alternatives]]) -> list[Draft]:
        drafts = []
        for sentence in sentences:
            pair, cosine = self.nearest(sentence)
            _, unknown = self.vocabulary.encode(sentence)
            drafts.append(Draft(_with_missing(pair.text, unknown), cosine, unknown, pair))
        return drafts

    def _decode(self, sentences: list[list[Alternatives]], beams: int) -> Iterator[Draft]:
        encoded = [self.vocabulary.encode(sentence) for sentence in sentences]
        order = sorted(range(len(encoded)), key=lambda index: len(encoded[index][0]))
        drafts = {}
        for first in range(0, len(order), BATCH):
            batch = order[first : first + BATCH]
            arrays = as_arrays([encoded[index][0] for index in batch])
            unknown = np.array([len(encoded[index][1]) for index in batch])
            found = beam_search(self.network, *arrays, unknown, beams, self.info["longest"])
            for index, hypothesis in zip(batch, found, strict=True):
                unknown = encoded[index][1]
                drafts[index] = Draft(self._text(hypothesis.pieces, unknown), hypothesis.log_probability, unknown)
        return (drafts[index] for index in range(len(encoded)))

    def _text(self, numbers: Iterable[int], unknown: list[str]) -> str:
        placed = {number - FIRST_COPY for number in numbers if number < FIRST_PIECE}
        pieces = [
            self.info["pieces"][number - FIRST_PIECE] if number >= FIRST_PIECE else f"▁[{unknown[number - FIRST_COPY]}]"
            for number in numbers
        ]
        missing = [gloss for place, gloss in enumerate(unknown) if place not in placed]
        return _with_missing("".join(pieces).replace("▁", " ").strip(), missing)

    def _judged(self, places: list[Alternatives], draft: Draft) -> Translation:
        confidence = sure = None
        if line := self.info["confidence"]:
            confidence = 1 / (1 + math.exp(-(line["slope"] * draft.score + line["offset"])))
            sure = confidence >= SURE and not draft.unknown
        glosses = [place[0][0] for place in places]
        return Translation(glosses, draft.text, confidence, sure, draft.unknown, draft.nearest)


def _with_missing(text: str, unknown: list[str]) -> str:
    """The text, and behind it the unknown glosses that it has no place for."""
    return " ".join([text, *(f"[{gloss}]" for gloss in unknown)]).strip()


class OnnxNetwork:
    """A network in ONNX Runtime.

    Reading and the step stand in one file; what only the other needs is given empty, and costs nothing.
    """

    def __init__(self, session):
        self.session = session
        kinds = {"tensor(float)": np.float32, "tensor(int64)": np.int64, "tensor(bool)": np.bool_}
        self.empty = {
            given.name: np.zeros([n if isinstance(n, int) else 1 for n in given.shape], kinds[given.type])
            for given in session.get_inputs()
        }

    def read(self, glosses: np.ndarray, shares: np.ndarray) -> np.ndarray:
        return self.session.run(["read"], {**self.empty, "glosses": glosses, "shares": shares})[0]

    def step(self, pieces, place, past, memory, seen) -> tuple[np.ndarray, np.ndarray]:
        given = {"pieces": pieces, "place": place, "past": past, "memory": memory, "seen": seen}
        return tuple(self.session.run(["log_probabilities", "present"], {**self.empty, **given}))


class TorchNetwork:
    """A `TranslationModel` on NumPy arrays."""

    def __init__(self, model):
        self.model = model.eval()

    def read(self, glosses: np.ndarray, shares: np.ndarray) -> np.ndarray:
        return self._run(self.model.read, glosses, shares)[0]

    def step(self, pieces, place, past, memory, seen) -> tuple[np.ndarray, np.ndarray]:
        return self._run(self.model.step, pieces, place, past, memory, seen)

    def _run(self, method, *arrays: np.ndarray) -> tuple[np.ndarray, ...]:
        import torch

        device = self.model.bias.device
        with torch.inference_mode():
            found = method(*(torch.from_numpy(array).to(device) for array in arrays))
        return tuple(tensor.cpu().numpy() for tensor in (found if isinstance(found, tuple) else (found,)))


def _load_onnx(path: Path) -> tuple[Network, dict[str, str]]:
    import onnxruntime

    try:
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    except Exception as error:  # the exceptions of ONNX Runtime have no common class
        raise BadInput(f"{path} is not an ONNX model that can be read; export it again.") from error
    metadata = session.get_modelmeta().custom_metadata_map
    _read_info(path, metadata)
    return OnnxNetwork(session), metadata


def _load_checkpoint(path: Path) -> tuple[Network, dict[str, str]]:
    model, info = load_model(path)
    return TorchNetwork(model), {METADATA: json.dumps(info)}


def load_model(path: Path):
    """A checkpoint -> its `TranslationModel`, and its info.

    Raises:
        BadInput: it is not a checkpoint of ours, or one whose network is another by now.
    """
    from safetensors import SafetensorError, safe_open

    from slr_pose.translation.network import TranslationConfig, TranslationModel

    try:
        with safe_open(path, framework="pt") as file:
            info = _read_info(path, file.metadata() or {})
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise BadInput(f"{path} cannot be read as a checkpoint; name a sentences.safetensors or .onnx.") from error
    try:
        config = TranslationConfig(**info["model"])
        model = TranslationModel(FIRST + len(info["glosses"]), FIRST_PIECE + len(info["pieces"]), config)
        model.load_state_dict(weights)
    except (KeyError, TypeError, RuntimeError) as error:
        raise BadInput(f"{path} is of another slr-pose, whose network was another; train it again.") from error
    return model.eval(), info


def is_translator(path: Path) -> bool:
    """Whether a checkpoint is one that `slr train-sentences` made."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np") as file:
            return METADATA in (file.metadata() or {})
    except (SafetensorError, OSError):
        return False


def _read_info(path: Path, metadata: dict[str, str]) -> dict:
    if METADATA not in metadata:
        raise BadInput(f"{path} makes no sentences; name a model that `slr train-sentences` made.")
    return json.loads(metadata[METADATA])
