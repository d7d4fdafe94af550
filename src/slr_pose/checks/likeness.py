"""Signs -> numbers that are near each other where the signs look alike, whoever signs them, and wherever."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from slr_pose.data.batches import Signs
from slr_pose.model.preprocessing import Preprocessing
from slr_pose.model.samples import sample_times
from slr_pose.model.streams import Streams
from slr_pose.skeleton import Skeleton

SAMPLES = 8  # looks at a sign
CHANNELS = [0, 1, 3, 4, 6, 7]  # of `Streams`: x and y of a joint in the body's frame, in its part's, and there upright
NUMBERS = 200  # that a sign is described by
FITTED = 5000  # signs that tell which numbers these are
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
    look = _Look(skeleton)
    some = np.unique(np.linspace(0, len(signs.clips) - 1, FITTED).round().astype(int))
    fitted = np.stack([look(signs.keypoints[row]) for row in some])
    found = make_pipeline(StandardScaler(), PCA(min(NUMBERS, *fitted.shape), random_state=0)).fit(fitted)
    return np.concatenate([found.transform(block) for block in _blocks(look, signs)]).astype(np.float32)


def _blocks(look: "_Look", signs: Signs) -> Iterator[NDArray[np.float32]]:
    for first in range(0, len(signs.clips), BLOCK):
        yield np.stack([look(keypoints) for keypoints in signs.keypoints[first : first + BLOCK]])


class _Look:
    """Keypoints (frames, joints, 4) -> where the joints are, (numbers,)."""

    def __init__(self, skeleton: Skeleton):
        self.preprocessing, self.streams = Preprocessing(skeleton), Streams(skeleton)

    def __call__(self, keypoints: NDArray[np.float32]) -> NDArray[np.float32]:
        with torch.inference_mode():
            frames = torch.tensor([len(keypoints)])
            times = sample_times(torch.zeros(1), frames - 1.0, SAMPLES)
            seen = self.preprocessing(torch.from_numpy(np.array(keypoints))[None], frames, times)
            found: NDArray[np.float32] = self.streams(*seen)[..., CHANNELS].flatten().numpy()
        return found
