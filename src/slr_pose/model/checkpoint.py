"""A checkpoint: its weights and metadata, checked before a network takes them."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from unicodedata import normalize

from slr_pose import BadInput
from slr_pose.files import open_regular

if TYPE_CHECKING:
    from torch import Tensor, nn

    Network = TypeVar("Network", bound=nn.Module)


def read_weights(path: Path, key: str) -> "tuple[dict[str, Tensor], dict[str, str]]":
    """A `.safetensors` file -> its weights by name, none where its metadata lack the key, and its metadata.

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
