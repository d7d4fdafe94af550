"""Signs -> numbers that are near each other where the signs look alike, whoever signs them, and wherever."""

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from slr_pose.data.batches import Signs
from slr_pose.model.preprocessing import Preprocessing
from slr_pose.model.samples import sample_times
from slr_pose.model.streams import Streams
from slr_pose.skeleton import Skeleton

SAMPLES = 8  # looks at a sign
CHANNELS = [0, 1, 3, 4, 6, 7]  # of `Streams`: x and y of a joint in the body's frame, in its part's, and there upright
NUMBERS = 200  # that a sign is described by
FITTED = 5000  # signs that tell which numbers these are
SEEN = 0.5  # presence from which on a joint counts
BLOCK = 500  # signs that are in memory with all of their channels

FEWEST = 3  # signs that can be compared


def likeness(skeleton: Skeleton, signs: Signs) -> NDArray[np.float32]:
    """The signs as points: where the joints are at eight times, as the network sees them, along the directions in which
    signs of this data set differ most (principal components).

    Returns:
        (signs, at most `NUMBERS`); (signs, 0) where there are too few to compare.
    """
    if len(signs.clips) < FEWEST:
        return np.zeros((len(signs.clips), 0), np.float32)
    look = Look(skeleton)
    some = np.unique(np.linspace(0, len(signs.clips) - 1, FITTED).round().astype(int))
    fitted = np.stack([look.numbers(signs.keypoints[row]) for row in some])
    found = make_pipeline(StandardScaler(), PCA(min(NUMBERS, *fitted.shape), random_state=0))
    with np.errstate(invalid="ignore"):  # of signs that are all the same
        found.fit(fitted)
    points = np.empty((len(signs.clips), found[-1].n_components_), np.float32)
    for first in range(0, len(points), BLOCK):
        block = signs.keypoints[first : first + BLOCK]
        points[first : first + BLOCK] = found.transform(np.stack([look.numbers(keypoints) for keypoints in block]))
    return points


class Look:
    """What the network sees of a sign, keypoints (frames, joints, 4), before it has learnt anything."""

    def __init__(self, skeleton: Skeleton):
        self.preprocessing, self.streams = Preprocessing(skeleton), Streams(skeleton)

    def numbers(self, keypoints: NDArray[np.float32]) -> NDArray[np.float32]:
        """Where the joints are, (numbers,), at `SAMPLES` times."""
        with torch.inference_mode():
            found: NDArray[np.float32] = self.streams(*self._at(keypoints, SAMPLES))[..., CHANNELS].flatten().numpy()
        return found

    def places(self, keypoints: NDArray[np.float32], samples: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Where the joints are in the picture, in shoulders' distances from the middle of the body, (samples, joints,
        2), and which of them are seen there, (samples, joints)."""
        with torch.inference_mode():
            positions, presence, _ = self._at(keypoints, samples)
        return positions[0, ..., :2].numpy(), (presence[0] > SEEN).numpy()

    def _at(self, keypoints: NDArray[np.float32], samples: int) -> tuple[Tensor, Tensor, Tensor]:
        frames = torch.tensor([len(keypoints)])
        times = sample_times(torch.zeros(1), frames - 1.0, samples)
        found: tuple[Tensor, Tensor, Tensor] = self.preprocessing(
            torch.from_numpy(np.array(keypoints))[None], frames, times
        )
        return found
