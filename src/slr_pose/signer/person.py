"""Who signs: a body, a pace, a camera, and how it all looks, drawn from a seed."""

from dataclasses import dataclass, field

import numpy as np

from slr_pose.signer.body import Proportions

SKINS = ("#f3cdb6", "#e9b998", "#d9a07c", "#bd8560", "#96633f", "#865739", "#6c4630")
HAIRS = ("#17120f", "#2b1c14", "#4a2f1d", "#7a4b27", "#b08a4f", "#8d8a86", "#5b2415")
CLOTHES = ("#2f4a72", "#24505a", "#6b2f3c", "#3d4148", "#3f6b57", "#8a5a2e", "#5a4778", "#b7b1a4", "#1f2a3a", "#a2483c")
WALLS = ("#a9b4bd", "#c9c2b6", "#8fa3a0", "#b8a9a4", "#7f8b99", "#d3d6d8", "#9aa78f", "#6c7783")
HAIRSTYLES = ("short", "long", "bun", "curls", "cropped")
SLEEVES = (0.45, 0.8, 1.15, 1.5)  # how far down: 0 shoulder, 1 elbow, 2 wrist


@dataclass(frozen=True)
class Look:
    """Colors as #rrggbb; light is where it comes from, (x, y, z) in the world."""

    skin: str = SKINS[1]
    hair: str = HAIRS[1]
    hairstyle: str = "short"
    clothes: str = CLOTHES[0]
    sleeves: float = 1.15
    wall: str = WALLS[0]
    light: tuple[float, float, float] = (-0.45, 0.7, 0.85)
    warmth: float = 0.0  # of the light, -1 cold to 1 warm
    grain: float = 0.006  # of the sensor, in shares of full brightness


@dataclass(frozen=True)
class Camera:
    """Where the picture is taken from: straight ahead, its middle at a point of the signer's own plane.

    Attributes:
        height_m: how much of the signer's plane is in the picture, from top to bottom.
        centre: the point in the middle, (x, y) metres from between the shoulders.
        distance_m: from the signer.
    """

    width: int = 320
    height: int = 240
    height_m: float = 1.02
    centre: tuple[float, float] = (0.0, -0.06)
    distance_m: float = 2.2

    @property
    def scale(self) -> float:
        """Pixels a metre in the signer's plane."""
        return self.height / self.height_m

    def project(self, points: np.ndarray) -> np.ndarray:
        """(..., 3) world metres -> (..., 2) pixels."""
        nearer = self.distance_m / (self.distance_m - points[..., 2])
        x = self.width / 2 + (points[..., 0] - self.centre[0]) * nearer * self.scale
        y = self.height / 2 - (points[..., 1] - self.centre[1]) * nearer * self.scale
        return np.stack([x, y], axis=-1)


@dataclass(frozen=True)
class Signer:
    """One signer, before one camera.

    Attributes:
        tempo: how much faster than usual.
        left_handed: signs as the mirror image.
        variation: how much a sign differs from one time to the next; 0 is always the same.
        rest: where the hands rest, metres below the shoulders.
        seed: what is drawn for each clip is drawn from this.
    """

    name: str = "signer"
    proportions: Proportions = field(default_factory=Proportions)
    tempo: float = 1.0
    left_handed: bool = False
    variation: float = 1.0
    rest: float = 0.34
    seed: int = 0
    camera: Camera = field(default_factory=Camera)
    look: Look = field(default_factory=Look)

    @classmethod
    def draw(cls, number: int, seed: int = 0, width: int = 320, height: int = 240) -> "Signer":
        """One of many signers, who differ in everything; about one of ten is left-handed."""
        random = np.random.default_rng([seed, number])
        height_m = random.uniform(0.94, 1.16)
        proportions = Proportions(
            half_shoulders=random.uniform(0.158, 0.186),
            upper_arm=random.uniform(0.265, 0.305),
            forearm=random.uniform(0.235, 0.265),
            head=random.uniform(0.99, 1.09),
            hand=random.uniform(0.93, 1.08),
        )
        camera = Camera(
            width,
            height,
            height_m,
            (random.uniform(-0.05, 0.05), 0.445 - height_m / 2 + random.uniform(-0.02, 0.02)),
            random.uniform(1.7, 2.8),
        )
        side = 1 if random.random() < 0.5 else -1
        tone = (3 * (number + seed)) % len(SKINS)
        look = Look(
            skin=SKINS[tone],
            hair=HAIRS[random.integers(2)] if tone > 3 else random.choice(HAIRS),
            hairstyle=HAIRSTYLES[(number + seed) // 2 % len(HAIRSTYLES)],
            clothes=random.choice(CLOTHES),
            sleeves=float(random.choice(SLEEVES)),
            wall=random.choice(WALLS),
            light=(side * random.uniform(0.25, 0.7), random.uniform(0.55, 0.85), random.uniform(0.7, 1.0)),
            warmth=random.uniform(-0.6, 0.8),
            grain=random.uniform(0.003, 0.012),
        )
        return cls(
            f"signer{number}",
            proportions,
            tempo=random.uniform(0.85, 1.25),
            left_handed=bool(random.random() < 0.1),
            rest=random.uniform(0.31, 0.36),
            seed=1000 * seed + number,
            camera=camera,
            look=look,
        )
