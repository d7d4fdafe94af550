"""ModelInfo: everything that travels with a model beside its weights, the same in a checkpoint and in an ONNX file.

It is JSON under `slr-pose` in the metadata of the file, and is checked whole before any of it is used. `Described` and
`Trained` are what it shares with the description of a translator.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar, TypeVar
from unicodedata import normalize

import msgspec
from msgspec import Meta

from slr_pose import BadInput, __version__
from slr_pose.hamnosys import ATTRIBUTES
from slr_pose.skeleton import Skeleton
from slr_pose.tables import normal

T = TypeVar("T")
Info = TypeVar("Info", bound="Described")

KEY = "slr-pose"  # of the metadata
SCHEMA = 4  # 1 had no number: metrics stood among the facts of the training, and no clips were named; 2 did not read;
# 3 had no prototypes
LARGEST = 32 << 20  # bytes; the clips of a million rows and as many labels fit in
MOST_JOINTS = 2_000  # of a skeleton; MediaPipe finds 543
GREATEST_SEED = 2**32 - 1
NONE_SURE = 1.01  # a threshold that no probability reaches

RATE = 25.0  # samples a second of signing that is read
READ = "gloss"  # the head whose classes are read in a row
SIGNS, EDGES = "gloss.signs", "gloss.edges"  # what reading gives of each sample, and
WHOLE = "gloss.whole"  # of all that is looked at, whether it is one whole sign; no head is called so
EMBEDDING = "gloss.embedding"  # of all that is looked at, what its gloss is told by

Size = Annotated[int, Meta(ge=1, le=8192)]
Layers = Annotated[int, Meta(ge=1, le=256)]


@dataclass(frozen=True)
class ModelConfig:
    """Sizes of the network; travels inside every model."""

    frames: Annotated[int, Meta(ge=2, le=8192)] = 32  # samples that a clip of one sign is seen at
    reads: bool = True  # whether it also tells of each sample what is signed there
    graph_width: Size = 32  # channels per joint
    graph_layers: Layers = 2
    width: Size = 160  # channels per sample
    blocks: Layers = 3
    attention_heads: Layers = 4
    kernel: Layers = 9  # samples that the convolution of a block sees
    dropout: Annotated[float, Meta(ge=0, lt=0.5)] = 0.2


class Trained(msgspec.Struct, frozen=True, kw_only=True):
    """How a model of either kind came to be.

    Attributes:
        recipe: the settings of the training, as its `Recipe` has them; earlier versions had fewer.
        torch: version.
        epoch: the last one that it was trained for.
        finished: whether the training went on to its end.
    """

    recipe: dict[str, Any] = {}
    torch: str = ""
    epoch: int = 0
    finished: bool = True

    def __post_init__(self) -> None:
        for setting, least, greatest in (("seed", 0, GREATEST_SEED), ("epochs", 1, float("inf"))):
            value = self.recipe.get(setting, 1)
            if type(value) is not int or not least <= value <= greatest:
                raise ValueError(f"the recipe has no number of {setting}")

    @property
    def seed(self) -> int:
        """What the training drew its random numbers by."""
        return int(self.recipe.get("seed", 0))

    @property
    def epochs(self) -> int:
        """How many the training was to have; as many as it had where that is unknown."""
        return int(self.recipe.get("epochs", self.epoch))


class Described(msgspec.Struct, frozen=True, kw_only=True):
    """The description of a model of either kind, as it stands in the metadata of its file.

    Attributes:
        KEY: of the metadata, and the description's own word for what it is.
        SCHEMA: the newest version of the description.
        version: of slr, that wrote it.
        training: how the model came to be.
    """

    KEY: ClassVar[str]
    SCHEMA: ClassVar[int]

    version: str = __version__
    training: Trained

    def caveat(self) -> str | None:
        """What whoever uses the model should know."""
        if self.training.finished:
            return None
        return f"its training was stopped in epoch {self.training.epoch} of {self.training.epochs}"

    def encode(self) -> str:
        """As JSON; a character that no file can hold, as of a path that is not UTF-8, becomes `?`."""
        written = {"format": self.KEY, "schema": self.SCHEMA, **msgspec.to_builtins(self)}
        return msgspec.json.encode(_encodable(written)).decode()

    @classmethod
    def decode(cls: type[Info], text: str) -> Info:
        """From JSON, of this version of the schema or an earlier one; what a later slr added is passed over.

        Raises:
            BadInput: it is no such description, or one in a later schema; half a sentence that says why.
        """
        if len(text) > LARGEST:
            raise BadInput("its description is too long")
        try:
            found = msgspec.json.decode(text)
            if not isinstance(found, dict) or found.get("format") != cls.KEY:
                raise ValueError("it describes something else")
            schema = found.get("schema", 1)
            if type(schema) is not int or schema < 1:
                raise ValueError("its schema has no number")
            if schema > cls.SCHEMA:
                raise BadInput(f"it was made by a newer slr, {found.get('version')}; update slr-pose")
            return msgspec.convert(cls._newest(found, schema), cls)
        except BadInput:
            raise
        except (ValueError, TypeError, RecursionError) as error:  # msgspec's own are ValueErrors
            raise BadInput(f"its description is damaged ({error})") from error

    @classmethod
    def _newest(cls, found: dict[str, Any], schema: int) -> dict[str, Any]:
        """What an earlier schema had, as the newest has it."""
        return found


class TrainingInfo(Trained, frozen=True, kw_only=True):
    """How a recogniser came to be.

    Attributes:
        data: the data set's path, as it was named.
        clips: how many of each split.
        split: how they were split, in a sentence.
        left_out: why each of the other clips could not be read.
        untimed: glosses that it met in sentences alone: nobody told when they are signed, so neither the head of clips
            nor the edges of signs know anything of them.
        signers: of the clips that it was trained on.
        extractor: what found the keypoints, with its settings; empty when unknown, or not always the same.
        started_from: the model whose weights it began with.
        clip_ids: the identities of the clips that it was trained on, by the model it started from too, and of those
            that validated it, as `split.identities` gives them, one after the other; `None` when unknown.
        metrics: on the val clips, after the last epoch.
    """

    data: str = ""
    clips: dict[str, int] = {}
    split: str = ""
    left_out: list[str] = []
    untimed: list[str] = []
    signers: list[str] = []
    extractor: dict[str, Any] = {}
    started_from: str | None = None
    clip_ids: dict[str, bytes] | None = None
    metrics: dict[str, float] = {}

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.extractor and not all(isinstance(self.extractor.get(key), str) for key in ("name", "version")):
            raise ValueError("the extractor has no name and version")
        for names in ("signers", "untimed"):
            msgspec.structs.force_setattr(self, names, [normal(name) for name in getattr(self, names)])


class Prototype(msgspec.Struct, frozen=True):
    """What the clips of a gloss have in common.

    Attributes:
        clips: how many.
        embedding: `width` numbers, float16, little-endian: the mean of theirs.
    """

    clips: Annotated[int, Meta(ge=1)]
    embedding: bytes


class ModelInfo(Described, frozen=True, kw_only=True):
    """What travels with a recogniser.

    Attributes:
        skeleton: the TOML of the layout of joints that it looks at.
        labels: class names of each head, in the order of the network's outputs; as manifests are read.
        model: sizes of the network.
        thresholds: per head, the probability from which on an answer is called sure, and under `SIGNS` that of a sign
            that was read in a row; what is missing was measured on too few clips to tell.
        centre: the mean embedding of what it was trained on, `width` numbers, float32, little-endian; empty where it
            was trained by an earlier version.
        prototypes: of the glosses that it was trained on, and of those that were enrolled since.
    """

    KEY = KEY
    SCHEMA = SCHEMA

    skeleton: str
    labels: dict[str, list[str]]
    model: ModelConfig
    thresholds: dict[str, Annotated[float, Meta(ge=0, le=NONE_SURE)]] = {}
    training: TrainingInfo = TrainingInfo()
    centre: bytes = b""
    prototypes: dict[str, Prototype] = {}

    def __post_init__(self) -> None:
        labels = {normalize("NFC", head): [normal(name) for name in names] for head, names in self.labels.items()}
        thresholds = {normalize("NFC", head): threshold for head, threshold in self.thresholds.items()}
        if not labels or len(labels) < len(self.labels):
            raise ValueError("there are no heads, or two of one name")
        for head, names in labels.items():
            if not (names or head == READ) or len(set(names)) < len(names):
                raise ValueError(f"the head '{head}' has no labels, or one of them twice")
            if head in ATTRIBUTES and sorted(names) != sorted(ATTRIBUTES[head]):
                raise ValueError(f"the labels of the head '{head}' are not those of HamNoSys")
        if not thresholds.keys() <= labels.keys() | ({SIGNS} if self.reads else set()):
            raise ValueError("there are thresholds of heads that it does not have")
        if self.model.width % self.model.attention_heads or not self.model.kernel % 2:
            raise ValueError("the sizes of the network do not fit together")
        prototypes = {normal(gloss): prototype for gloss, prototype in self.prototypes.items()}
        sizes = {len(prototype.embedding) for prototype in prototypes.values()}
        if len(self.centre) not in (0, 4 * self.model.width) or sizes - {2 * self.model.width}:
            raise ValueError("the prototypes are not embeddings of the network")
        if prototypes and (READ not in labels or not self.centre or len(prototypes) < len(self.prototypes)):
            raise ValueError("there are prototypes without a centre or a head, or two of one gloss")
        msgspec.structs.force_setattr(self, "labels", labels)
        msgspec.structs.force_setattr(self, "thresholds", thresholds)
        msgspec.structs.force_setattr(self, "prototypes", prototypes)

    @property
    def reads(self) -> bool:
        """Whether it reads signs in a row, beside naming one; what learnt no gloss is there to start from."""
        return self.model.reads and bool(self.labels.get(READ))

    @property
    def enrolled(self) -> list[str]:
        """The glosses that it was not trained on, but shown."""
        learnt = set(self.labels.get(READ, []))
        return [gloss for gloss in self.prototypes if gloss not in learnt]

    @property
    def timed(self) -> list[bool]:
        """Of each gloss, whether it was ever told when that is signed."""
        return [gloss not in self.training.untimed for gloss in self.labels.get(READ, [])]

    @property
    def names(self) -> bool:
        """Whether it names the sign of a clip, and knows edges of signs; sentences alone teach neither."""
        return READ not in self.labels or not self.labels[READ] or any(self.timed)

    def layout(self) -> Skeleton:
        """The skeleton.

        Raises:
            BadInput: the TOML does not describe one.
        """
        try:
            skeleton = Skeleton.from_toml(self.skeleton)
        except BadInput as error:
            raise BadInput(f"it holds no skeleton ({str(error).rstrip('.')})") from error
        if not 1 <= len(skeleton.joints) <= MOST_JOINTS:
            raise BadInput(f"its skeleton has {len(skeleton.joints)} joints")
        return skeleton

    @classmethod
    def _newest(cls, found: dict[str, Any], schema: int) -> dict[str, Any]:
        found = _from_first(found) if schema == 1 else found
        return {**found, "model": {"reads": False, **found.get("model", {})}} if schema < 3 else found


def in_sentence(path: Path, read: Callable[[], T]) -> T:
    """What of a model's description is read.

    Raises:
        BadInput: what is wrong with it, with the model's name and what to do.
    """
    try:
        return read()
    except BadInput as error:
        raise BadInput(f"{path} is not a model that this slr can use: {error}; train or export it again.") from error


def _from_first(found: dict[str, Any]) -> dict[str, Any]:
    """What slr 0.1.0 wrote before the schema had a number, as the second one has it."""
    training = found.get("training", {})
    if not isinstance(training, dict):
        raise ValueError("'training' is not a table")
    recipe, epoch = training.get("recipe", {}), training.get("epoch", 0)
    epochs = recipe.get("epochs", epoch) if isinstance(recipe, dict) else epoch
    metrics = {name: value for name, value in training.items() if name.startswith("val")}
    later = {"metrics": metrics, "clip_ids": None, "finished": epoch == epochs}
    return {**found, "training": {**training, **later}}


def _encodable(value: Any) -> Any:
    if isinstance(value, dict):
        return {_encodable(key): _encodable(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_encodable(inner) for inner in value]
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
