"""Keypoints of the pictures that were looked at, each at its time -> frames at an even pace."""

import numpy as np

LONGEST_S = 0.4  # between two pictures, for what is between them to be on a line from one to the other
EARLY = 0.25  # of a step: a picture that comes so much before a moment is taken for it at once

Found = tuple[np.ndarray, np.ndarray]  # keypoints (frames, points, 3) and confidence (frames, points)


class Pace:
    """What is seen at the moments 0, 1/fps, 2/fps, ... in seconds.

    As in a video that is read whole, that is what was found in the picture nearest to each moment. Where none is within
    half a step, pictures were missed: then each point is on a line between where it was in the two around, weighted by
    confidence, as `model.repair` places samples between frames. Where those are far apart, or there was none before,
    nobody is seen.

    Args:
        fps: frames a second.
    """

    def __init__(self, fps: float):
        self.fps = fps
        self._moments = 0  # that are known
        self._last_s = -np.inf
        self._last: Found | None = None

    def add(self, time_s: float, keypoints: np.ndarray, confidence: np.ndarray) -> Found:
        """The frames that are known now.

        Args:
            time_s: when the picture was taken; later than that before.
            keypoints, confidence: (points, 3) and (points,) of what was found in it.

        Returns:
            keypoints (frames, points, 3) and confidence (frames, points), of any number of frames.
        """
        found = keypoints, confidence
        known = max(self._moments, int(time_s * self.fps + EARLY) + 1)
        frames = [self._at(moment / self.fps, time_s, found) for moment in range(self._moments, known)]
        self._moments, self._last_s, self._last = known, time_s, found
        return (
            np.array([each[0] for each in frames], np.float32).reshape(-1, *keypoints.shape),
            np.array([each[1] for each in frames], np.float32).reshape(-1, *confidence.shape),
        )

    def _at(self, moment_s: float, time_s: float, found: Found) -> Found:
        before, after = moment_s - self._last_s, time_s - moment_s
        if after <= min(before, 0.5 / self.fps):
            return found
        if self._last is None or before + after > LONGEST_S and before > 0.5 / self.fps:
            return np.zeros_like(found[0]), np.zeros_like(found[1])
        if before <= 0.5 / self.fps:
            return self._last
        earlier, later = after / (before + after) * self._last[1], before / (before + after) * found[1]
        confidence = earlier + later
        weighted = earlier[:, None] * self._last[0] + later[:, None] * found[0]
        return weighted / np.maximum(confidence, 1e-9)[:, None], confidence
