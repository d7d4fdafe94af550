"""A checkpoint: weights and what travels with them, written whole, and checked before a network takes them."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from unicodedata import normalize

from slr_pose import BadInput
from slr_pose.files import open_regular, write_whole
from slr_pose.info import KEY, ModelInfo, in_sentence
from slr_pose.runs import CHECKPOINT, model_file

if TYPE_CHECKING:
    from torch import Tensor, nn

    from slr_pose.model.network import SignModel

    Network = TypeVar("Network", bound=nn.Module)


START = Path(__file__).with_name("start.safetensors")  # comes with the package; it knows no gloss


def save_checkpoint(path: Path, weights: "dict[str, Tensor]", info: ModelInfo) -> None:
    """Write weights, of any shape, and everything needed to use them as one safetensors file, whole or not at all.

    Raises:
        OSError: it cannot be written there; what stood there before still does.
    """
    from safetensors.torch import save

    with write_whole(path) as partial:
        partial.write_bytes(save(weights, metadata={KEY: info.encode()}))


def load_model(path: Path) -> "tuple[SignModel, ModelInfo]":
    """A checkpoint, or the folder of its run -> the `SignModel` in evaluation mode, and its info.

    Raises:
        BadInput: there is no such file, it is not a checkpoint of ours, or one whose network is another by now.
    """
    from slr_pose.model.network import SignModel

    path = model_file(Path(path))
    weights, info = read_checkpoint(path)
    classes = {head: len(names) for head, names in info.labels.items()}
    skeleton = in_sentence(path, info.layout)
    return filled(path, info.version, lambda: SignModel(skeleton, classes, info.model), weights), info


def read_checkpoint(path: Path) -> "tuple[dict[str, Tensor], ModelInfo]":
    """A checkpoint -> its weights by name, of any shape, and its info.

    Raises:
        BadInput: there is no such file, it is not a checkpoint of ours, or its weights are not numbers.
    """
    path = model_file(Path(path))
    if path.suffix.lower() == ".onnx":
        raise BadInput(f"{path} is an ONNX file, which cannot be trained or exported; name a {CHECKPOINT}.")
    if path.suffix.lower() == ".tflite":
        raise BadInput(f"{path} is a LiteRT file, which is for apps; name the {CHECKPOINT} that it was made of.")
    weights, metadata = read_weights(path, KEY)
    return weights, read_info(path, metadata)


def read_info(path: Path, metadata: dict[str, str]) -> ModelInfo:
    """What travels with a model, from the metadata of its file, a checkpoint or an ONNX file.

    Raises:
        BadInput: they are not those of a model of ours.
    """
    if KEY not in metadata:
        raise BadInput(f"{path} is a model of something else; name one that `slr train` or `slr export-onnx` made.")
    return in_sentence(path, lambda: ModelInfo.decode(metadata[KEY]))


def read_weights(path: Path, key: str) -> "tuple[dict[str, Tensor], dict[str, str]]":
    """A `.safetensors` file -> its weights by name, of any shape, and its metadata; no weights where they lack the key.

    Raises:
        BadInput: there is no such file, it is not a checkpoint, or its weights are not numbers.
    """
    import torch
    from safetensors import SafetensorError, safe_open

    open_regular(path).close()
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            weights = {name: file.get_tensor(name) for name in file.keys()} if key in metadata else {}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        raise BadInput(f"{path} is not a checkpoint that can be read; name a .safetensors or .onnx.") from error
    if not all(weight.dtype == torch.float32 and weight.isfinite().all() for weight in weights.values()):
        raise BadInput(f"the weights in {path} are damaged: not all of them are numbers; train the model again.")
    return {normalize("NFC", name): weight for name, weight in weights.items()}, metadata


def filled(path: Path, version: str, build: "Callable[[], Network]", weights: "dict[str, Tensor]") -> "Network":
    """A network in evaluation mode with these weights; it is built only when they are all that it has.

    Args:
        path, version: of the checkpoint, to be named.
        weights: by name, of any shape.

    Raises:
        BadInput: they are another network's.
    """
    import torch

    try:
        with torch.device("meta"):  # no memory is taken for what the file does not hold
            expected = build().state_dict()
        if {name: w.shape for name, w in expected.items()} != {name: w.shape for name, w in weights.items()}:
            raise ValueError("other weights")
        model = build()
        model.load_state_dict(weights)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise BadInput(f"{path} is of slr-pose {version}, whose network was another; train it again.") from error
    return model.eval()
