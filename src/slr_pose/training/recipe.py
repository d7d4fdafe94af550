"""Recipe: how a model is trained."""

from dataclasses import dataclass

STEPS_AN_EPOCH = 8  # at least: batches are smaller where clips are few
STEPS = 2400  # at least, by default
FEWEST_EPOCHS = 40  # by default, however many clips there are


@dataclass(frozen=True)
class Recipe:
    """How a model is trained; the defaults are the best that we know.

    Without `epochs` there are as many as make `STEPS` steps, but at least `FEWEST_EPOCHS`: few clips are seen oftener.
    """

    epochs: int | None = None
    batch_size: int = 32
    rare: int = 10  # clips: of a gloss that has fewer, each is seen oftener, as `often`
    learning_rate: float = 2e-3
    weight_decay: float = 0.05
    warm_up: float = 0.1  # share of the steps
    label_smoothing: float = 0.1
    mixup: float = 0.4  # as `mixture`
    cutmix: float = 0.3  # as `mixture`, where glosses are learnt
    rows: float = 0.125  # sequences of signs in a row that a batch makes, per sign
    averaging: float = 0.99  # decay of the averaged weights a step
    gradient_norm: float = 1.0
    seed: int = 0
