"""slr-pose: sign language recognition from video, by keypoints."""

__version__ = "0.1.0"


class BadInput(ValueError):  # noqa: N818
    """What the user gave cannot be used. The message is one sentence: what is wrong, and what to do."""
