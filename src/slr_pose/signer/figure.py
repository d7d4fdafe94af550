"""What the signer looks like: signed distances and paint of its groups: trunk with sleeves, head, two arms.

Distances and smooth minima after Quilez (https://iquilezles.org/articles/distfunctions,
https://iquilezles.org/articles/smin).
"""

from dataclasses import dataclass

import numpy as np
import torch

from slr_pose.signer.keys import LEFT, RIGHT, SIDES
from slr_pose.signer.performance import Performance
from slr_pose.signer.person import Look

GAMMA = 2.2  # of colors as #rrggbb


class Paint:
    """The colors of a look, (3,), linear."""

    def __init__(self, look: Look):
        self.skin = linear(look.skin)
        self.cloth = linear(look.clothes)
        self.hair = linear(look.hair)
        dark = float(self.skin.mean()) < 0.25
        self.palm = (
            self.skin * torch.tensor((1.9, 1.75, 1.65)) if dark else self.skin * torch.tensor((1.04, 0.93, 0.90))
        )
        self.flush = self.skin * torch.tensor((1.06, 0.70, 0.66))
        self.lip = self.skin * torch.tensor((0.88, 0.48, 0.47))
        self.nail = self.skin * torch.tensor((1.25, 1.12, 1.10)) + 0.03
        self.brow = self.hair * 0.45 + self.skin * 0.08
        self.lash = torch.tensor((0.02, 0.016, 0.014))
        iris = ("#5b3a1e", "#3e2713", "#4d6a7d", "#55683c")
        self.iris = linear(iris[sum(look.hair.encode()) % 4 if not dark else 1])


def linear(color: str) -> torch.Tensor:
    return torch.tensor([(int(color[i : i + 2], 16) / 255) ** GAMMA for i in (1, 3, 5)])


def _smooth_min(a: torch.Tensor, b: torch.Tensor, width: float) -> torch.Tensor:
    mix = (width - (a - b).abs()).clamp(min=0) / width
    return torch.minimum(a, b) - mix * mix * (width / 4)


def _blend(distances: torch.Tensor, width: float) -> torch.Tensor:
    """Smooth minimum over the first axis."""
    return -width * torch.logsumexp(distances / -width, dim=0)


@dataclass
class _Capsules:
    """Segments with a radius at each end: (capsules, 3), (capsules,)."""

    start: torch.Tensor
    end: torch.Tensor
    radius: torch.Tensor
    radius_end: torch.Tensor

    @classmethod
    def of(cls, rows: list[tuple]) -> "_Capsules":
        """Rows of (start, end, radius, radius at the end)."""
        ends = torch.as_tensor(np.array([[row[0], row[1]] for row in rows]), dtype=torch.float32)
        radii = torch.tensor([row[2:] for row in rows], dtype=torch.float32)
        return cls(ends[:, 0], ends[:, 1], radii[:, 0], radii[:, 1])

    def along(self, points: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(points, 3) -> distances and the share of the way along, both (capsules, points)."""
        bone = self.end - self.start
        length = (bone * bone).sum(dim=-1).clamp(min=1e-9)[:, None]
        ahead = bone @ points.T - (bone * self.start).sum(dim=-1)[:, None]
        share = (ahead / length).clamp(0, 1)
        squared = (points * points).sum(dim=-1) + (self.start**2).sum(dim=-1)[:, None] - 2 * (self.start @ points.T)
        squared = squared - share * (2 * ahead - share * length)
        slope = (self.radius_end - self.radius)[:, None]
        return squared.clamp(min=0).sqrt() - self.radius[:, None] - share * slope, share


@dataclass
class Shades:
    """Capsules that throw shadows, the group each belongs to, and whether it shades its own group."""

    start: torch.Tensor
    end: torch.Tensor
    radius: torch.Tensor
    group: torch.Tensor
    own: torch.Tensor


class Group:
    """A part of the signer that is marched on its own."""

    capsules: _Capsules
    margin = 0.02

    def corners(self) -> np.ndarray:
        """(8, 3) corners of a box around it."""
        ends = torch.cat([self.capsules.start, self.capsules.end])
        radii = torch.cat([self.capsules.radius, self.capsules.radius_end])[:, None] + self.margin
        low, high = (ends - radii).amin(dim=0).numpy(), (ends + radii).amax(dim=0).numpy()
        return np.stack(np.meshgrid(*zip(low, high, strict=True)), axis=-1).reshape(-1, 3)

    def range(self, eye: torch.Tensor) -> tuple[float, float]:
        """Where along a ray it begins and ends, at the earliest and the latest."""
        corners = self.corners()
        front, back = float(corners[:, 2].max()), float(corners[:, 2].min())
        return float(eye[2]) - front - 0.01, (float(eye[2]) - back) * 1.1 + 0.02


class Arm(Group):
    """Forearm and hand, and the upper arm where a sleeve shows it."""

    def __init__(
        self, number: int, joints: np.ndarray, elbow: np.ndarray, shoulder: np.ndarray, side: float, scale: float
    ):
        self.number = number
        wrist = joints[0]
        palm_out = np.cross(joints[5] - wrist, joints[17] - wrist) * -side
        palm_out /= np.linalg.norm(palm_out)
        across = joints[5] - joints[17]
        across /= np.linalg.norm(across)
        fore = (wrist - elbow) / np.linalg.norm(wrist - elbow)
        s = scale
        fingers = [
            (joints[1], joints[2], 0.0140 * s, 0.0108 * s),
            (joints[2], joints[3], 0.0105 * s, 0.0092 * s),
            (joints[3], joints[4] - 0.1 * (joints[4] - joints[3]), 0.0090 * s, 0.0074 * s),
        ]
        sizes = ((0.0096, 0.0084, 0.0078, 0.0066), (0.0098, 0.0086, 0.0079, 0.0067), (0.0093, 0.0081, 0.0075, 0.0064))
        sizes += ((0.0082, 0.0071, 0.0066, 0.0057),)
        for finger, radii in enumerate(sizes):
            chain = joints[5 + 4 * finger : 9 + 4 * finger].copy()
            chain[3] -= 0.1 * (chain[3] - chain[2])
            fingers += [(chain[bone], chain[bone + 1], radii[bone] * s, radii[bone + 1] * s) for bone in range(3)]
        back = -0.003 * s * palm_out
        palm = [
            (wrist + 0.10 * (joints[knuckle] - wrist) + back, joints[knuckle] + back, 0.0135 * s, 0.0098 * s)
            for knuckle in (5, 9, 13, 17)
        ]
        heel = 0.004 * s * palm_out
        palm += [
            (
                wrist + 0.3 * (joints[1] - wrist) + heel,
                joints[1] + 0.75 * (joints[2] - joints[1]),
                0.0135 * s,
                0.0115 * s,
            ),
            (
                wrist + 0.22 * (joints[17] - wrist) + heel,
                wrist + 0.80 * (joints[17] - wrist) + heel,
                0.0135 * s,
                0.0105 * s,
            ),
            (joints[1] + 0.5 * (joints[2] - joints[1]), wrist + 0.72 * (joints[5] - wrist), 0.0100 * s, 0.0090 * s),
            (wrist + 0.5 * (joints[9] - wrist), wrist + 0.8 * (joints[13] - wrist), 0.0110 * s, 0.0100 * s),
        ]
        flat = across * 0.009 * s
        bulge = elbow + 0.28 * (wrist - elbow)
        arm = [
            (elbow, bulge, 0.0290, 0.0345),
            (bulge, wrist - 0.010 * fore - flat, 0.0335, 0.0155 * s),
            (bulge, wrist - 0.010 * fore + flat, 0.0335, 0.0155 * s),
            (shoulder, elbow, 0.0400, 0.0310),
        ]
        self.capsules = _Capsules.of(fingers + palm + arm)
        self.palms = slice(15, 15 + len(palm))
        self.arms = slice(15 + len(palm), None)
        self.joints, self.side, self.scale = torch.tensor(joints, dtype=torch.float32), side, s
        self.palm_out = torch.tensor(palm_out, dtype=torch.float32)

    def distance(self, points: torch.Tensor) -> torch.Tensor:
        distances, _ = self.capsules.along(points)
        fingers = distances[:15].reshape(5, 3, -1)
        fingers = -0.0026 * torch.logsumexp(fingers / -0.0026, dim=1)
        palm = _blend(distances[self.palms], 0.0062)
        arm = _blend(distances[self.arms], 0.006)
        palm = _smooth_min(palm, arm, 0.030)
        return torch.minimum(_smooth_min(fingers[0], palm, 0.013), _smooth_min(fingers[1:], palm, 0.008).amin(dim=0))

    def paint(self, paint: Paint, points: torch.Tensor, normals: torch.Tensor, eyes: float):
        albedo = paint.skin.expand_as(points).clone()
        inner = (normals @ self.palm_out).clamp(-1, 1)[:, None]
        near = ((0.135 - (points - self.joints[9]).norm(dim=-1, keepdim=True)) / 0.03).clamp(0, 1)
        albedo = albedo + near * ((inner + 0.25) / 1.25).clamp(min=0) * (paint.palm - paint.skin) * 0.8
        tips = self.joints[[4, 8, 12, 16, 20]]
        last = self.joints[[3, 7, 11, 15, 19]]
        along = torch.nn.functional.normalize(tips - last, dim=-1)
        gap = (points[:, None] - tips).norm(dim=-1)
        near_tip, finger = gap.min(dim=1)
        tip, bone = tips[finger], along[finger]
        local = points - tip
        ahead = (local * bone).sum(dim=-1)
        flush = ((0.016 - near_tip) / 0.016).clamp(0, 1)[:, None] * 0.35
        albedo = albedo + flush * (paint.flush - albedo)
        back = torch.where((finger == 0)[:, None], self._thumb_back(), -self.palm_out)
        back = torch.nn.functional.normalize(self._finger_back(finger, bone, back), dim=-1)
        sideways = torch.linalg.cross(bone, back)
        nail = ((normals * back).sum(dim=-1) > 0.45) & (ahead > -0.0115) & (ahead < 0.0045)
        nail &= (local * sideways).sum(dim=-1).abs() < 0.0052
        albedo[nail] = 0.35 * albedo[nail] + 0.65 * paint.nail
        gloss = torch.where(nail[:, None], 1.4, 0.55).expand_as(points)
        return albedo, gloss, torch.ones_like(points)

    def _thumb_back(self) -> torch.Tensor:
        """Where the thumb's nail faces."""
        bone, first = self.joints[4] - self.joints[3], self.joints[3] - self.joints[2]
        curl = bone / bone.norm() - first / first.norm() * 1.02
        palmward = self.joints[13] - self.joints[2]
        curl = curl + 0.35 * palmward / palmward.norm()
        return -curl

    def _finger_back(self, finger: torch.Tensor, bone: torch.Tensor, back: torch.Tensor) -> torch.Tensor:
        """Perpendicular to each finger's last bone, away from where it curls."""
        across = self.joints[5] - self.joints[17]
        hinge = torch.linalg.cross(across.expand_as(bone), bone) * self.side
        return torch.where((finger == 0)[:, None], back - bone * (back * bone).sum(dim=-1, keepdim=True), hinge)


class Trunk(Group):
    """Chest, shoulders and sleeves."""

    number = 0
    margin = 0.03
    squash = 0.72

    def __init__(self, shoulders: np.ndarray, elbows: np.ndarray, wrists: np.ndarray, look: Look):
        middle = shoulders.mean(axis=0)
        half = abs(shoulders[0, 0] - shoulders[1, 0]) / 2
        ahead = np.array((0, 0, 1 / self.squash))

        def at(x: float, y: float, z: float = 0.0) -> np.ndarray:
            return middle + np.array((x, y, 0)) + ahead * z

        chest = [
            (at(-half * 0.46, -0.10), at(-half * 0.30, -0.80), 0.118, 0.110),
            (at(half * 0.46, -0.10), at(half * 0.30, -0.80), 0.118, 0.110),
            (at(0, -0.10, 0.006), at(0, -0.80), 0.122, 0.115),
            (at(-half * 0.82, -0.026, -0.008), at(half * 0.82, -0.026, -0.008), 0.064, 0.064),
            (at(-half * 0.90, -0.012, -0.012), at(-0.030, 0.052, -0.026), 0.050, 0.046),
            (at(half * 0.90, -0.012, -0.012), at(0.030, 0.052, -0.026), 0.050, 0.046),
        ]
        self.chest = _Capsules.of(chest)
        sleeves, self.ends = [], []
        self.is_long = look.sleeves > 1
        for side in (RIGHT, LEFT):
            shoulder, elbow, wrist = shoulders[side], elbows[side], wrists[side]
            upper, lower = min(look.sleeves, 1.0), max(look.sleeves - 1.0, 0.0)
            end, cuff = shoulder + upper * (elbow - shoulder), elbow + lower * (wrist - elbow)
            loose = 0.003 if self.is_long else 0.008
            sleeves.append((shoulder + (0, -0.010, 0), end, 0.052, 0.053 - 0.008 * upper + loose))
            sleeves.append((elbow, cuff, 0.049, 0.049 - 0.009 * lower) if self.is_long else sleeves[-1])
            direction = wrist - elbow if self.is_long else elbow - shoulder
            ending = (cuff if self.is_long else end, direction / np.linalg.norm(direction))
            self.ends.append(tuple(torch.tensor(vector, dtype=torch.float32) for vector in ending))
        self.sleeves = _Capsules.of(sleeves)
        self.middle = torch.tensor(middle, dtype=torch.float32)
        self.capsules = _Capsules(
            *(torch.cat([a, b]) for a, b in zip(vars(self.chest).values(), vars(self.sleeves).values(), strict=True))
        )

    def distance(self, points: torch.Tensor) -> torch.Tensor:
        z = self.middle[2]
        squashed = torch.cat([points[:, :2], z + (points[:, 2:] - z) / self.squash], dim=-1)
        chest, _ = self.chest.along(squashed)
        chest = _blend(chest, 0.014) * 0.80
        arms, share = self.sleeves.along(points)
        for arm in (0, 1):
            end, direction = self.ends[arm]
            cut = (points - end) @ direction
            sleeve = -_smooth_min(-arms[2 * arm + 1], -cut, 0.008)
            if self.is_long:
                sleeve = _smooth_min(arms[2 * arm], sleeve, 0.02)
            width = 0.042 - 0.034 * (share[2 * arm] * 1.6).clamp(max=1)
            mix = (width - (sleeve - chest).abs()).clamp(min=0) / width
            chest = torch.minimum(sleeve, chest) - mix * mix * (width / 4)
        return chest

    def paint(self, paint: Paint, points: torch.Tensor, normals: torch.Tensor, eyes: float):
        local = points - self.middle
        folds = torch.sin(local[:, 0] * 23 + 9 * torch.sin(local[:, 1] * 11 + local[:, 0] * 7)) * 0.03
        albedo = paint.cloth * (1 + folds)[:, None]
        sleeves, _ = self.sleeves.along(points)
        for arm, (end, direction) in enumerate(self.ends):
            hem = (((points - end) @ direction).abs() < 0.012) & (sleeves[2 * arm + 1] < 0.008)
            albedo[hem] *= 0.82
        neck = ((local[:, 0] / 0.074) ** 2 + ((local[:, 1] - 0.078) / 0.088) ** 2).sqrt()
        rib = (neck - 1.0) * 0.078
        shown = ((0.002 - rib) / 0.003).clamp(0, 1)[:, None] * (local[:, 2] > -0.05)[:, None]
        albedo = albedo * (1 - 0.28 * ((rib > 0) & (rib < 0.011)).float())[:, None]
        albedo = albedo + shown * (paint.skin * 0.96 - albedo)
        return albedo, 0.05 + 0.45 * shown.expand_as(points), shown.expand_as(points)


class Head(Group):
    """Head, neck and hair, in the head's own frame."""

    number = 1

    def __init__(self, turned: np.ndarray, place: np.ndarray, look: Look, scale: float):
        self.turned = torch.tensor(turned, dtype=torch.float32)
        self.place = torch.tensor(place, dtype=torch.float32)
        self.scale, self.look = scale, look
        down = torch.tensor([[0.0, -0.19, -0.012], [0.0, 0.05, -0.02]]) * scale @ self.turned.T + self.place
        self.capsules = _Capsules(down[:1], down[1:], torch.tensor([0.10]), torch.tensor([0.16 * scale]))
        thick, locks = _HAIR[look.hairstyle]
        centre, radii = (0.0, 0.036, -0.014), (0.079 + thick, 0.092 + thick, 0.095 + thick)
        self.hair_parts = _Ellipsoids([centre, *(lock[0] for lock in locks)], [radii, *(lock[1] for lock in locks)])

    def local(self, points: torch.Tensor) -> torch.Tensor:
        return ((points - self.place) @ self.turned) / self.scale

    def distance(self, points: torch.Tensor) -> torch.Tensor:
        local = self.local(points)
        return torch.minimum(self.skin(local), self.hair(local)) * self.scale

    def skin(self, p: torch.Tensor) -> torch.Tensor:
        p = torch.cat([p[:, :1].abs(), p[:, 1:]], dim=-1)  # a face is its own mirror image
        parts = _FACE.distance(p)
        face = _smooth_min(parts[0], parts[1], 0.045)
        face = _smooth_min(face, parts[2], 0.028)  # chin
        face = _smooth_min(face, parts[3], 0.026)  # cheek
        face = _smooth_min(face, parts[4], 0.018)  # brow
        face = -_smooth_min(-face, parts[5], 0.016)  # socket
        bones = _NECK_AND_NOSE.along(p)[0]
        face = _smooth_min(face, bones[0], 0.030)  # neck
        nose = _smooth_min(bones[1], bones[2], 0.006)
        face = _smooth_min(face, nose, 0.012)
        face = _smooth_min(face, parts[6], 0.008)  # upper lip
        face = _smooth_min(face, parts[7], 0.008)  # lower lip
        face = _smooth_min(face, parts[8], 0.008)  # ear
        return _smooth_min(face, parts[9], 0.004)  # eyeball

    def hair(self, p: torch.Tensor) -> torch.Tensor:
        cap, *locks = self.hair_parts.distance(p)
        if self.look.hairstyle == "curls":
            cap = cap + 0.0045 * torch.sin(p * 190).prod(dim=-1) - 0.002
        line = 0.0022 * torch.sin(150 * p[:, 0] + 4 * torch.sin(61 * p[:, 0]))
        cap = -_smooth_min(-cap, _FACE_CUT.distance(p)[0] + line, 0.010)
        nape = p[:, 1] + 0.055 + 0.5 * (p[:, 2] + 0.02).clamp(min=0)
        cap = -_smooth_min(-cap, nape, 0.012)
        for lock in locks:
            cap = _smooth_min(cap, lock, 0.018)
        return cap * 0.9

    def paint(self, paint: Paint, points: torch.Tensor, normals: torch.Tensor, eyes: float):
        p = self.local(points)
        x, y, z = p[:, 0].abs(), p[:, 1], p[:, 2]
        pixel = 0.0016
        is_hair = self.hair(p) < self.skin(p)

        def soft(inside: torch.Tensor) -> torch.Tensor:
            return (inside / pixel + 0.5).clamp(0, 1)[:, None]

        def over(albedo: torch.Tensor, color: torch.Tensor, share: torch.Tensor) -> torch.Tensor:
            return albedo + share * (color - albedo)

        albedo = paint.skin.expand_as(points).clone()
        front = (z > 0.03).float()[:, None]
        blush = torch.exp(-((x - 0.042) ** 2 + (y + 0.040) ** 2) / 0.0005)[:, None] * front
        albedo = over(albedo, paint.flush, 0.32 * blush)
        albedo = over(albedo, paint.flush, 0.25 * torch.exp(-(x**2 + (y + 0.04) ** 2) / 0.00018)[:, None] * front)
        # Brow: an arc, thinner outwards.
        arc = 0.0265 + 0.0060 * (1 - ((x - 0.036) / 0.022) ** 2)
        brow = torch.minimum(0.0040 - (x - 0.016).clamp(min=0) * 0.045 - (y - arc).abs(), 0.0185 - (x - 0.0355).abs())
        albedo = over(albedo, paint.brow, 0.85 * soft(brow) * front)
        # Mouth: lips, and the line between them, which smiles.
        smile = -0.0755 + 9.0 * x**2
        line = torch.minimum(0.0011 - (y - smile).abs(), 0.0275 - x)
        upper = 0.0058 * (1 - (x / 0.026) ** 2) - 0.0016 * torch.exp(-((x / 0.004) ** 2))
        lower = 0.0080 * (1 - (x / 0.024) ** 2)
        lips = torch.minimum(torch.minimum(smile + upper - y, y - smile + lower), 0.0255 - x)
        albedo = over(albedo, paint.lip, 0.75 * soft(lips) * front)
        albedo = over(albedo, paint.lip * 0.28, 0.85 * soft(line) * front)
        # Nostrils.
        nostril = 0.0034 - ((x - 0.0072) ** 2 + (2.0 * (y + 0.0515)) ** 2).sqrt()
        albedo = over(albedo, paint.skin * 0.30, 0.7 * soft(nostril) * front)
        # Eye: an almond of white, iris, pupil, lashes; what is beyond the almond is lid.
        ex, ey = x - 0.0330, y - 0.0030
        roundness = (1 - (ex / 0.0160) ** 2).clamp(min=0)
        top, bottom = 0.0072 * eyes * roundness**0.7, 0.0062 * eyes * roundness
        gap = torch.minimum(top - ey + 0.06 * ex, ey + bottom - 0.06 * ex)
        gap = torch.where(ex.abs() < 0.0160, gap, -1.0)
        eye = soft(gap) * front
        albedo = over(albedo, torch.tensor((0.86, 0.85, 0.84)), eye)
        radius = (ex**2 + (ey - 0.0008) ** 2).sqrt()
        albedo = over(albedo, paint.iris, eye * soft(0.0080 - radius))
        albedo = over(albedo, paint.iris * 0.35, eye * soft(0.0009 - (radius - 0.0077).abs()))
        albedo = over(albedo, torch.tensor((0.010, 0.009, 0.008)), eye * soft(0.0042 - radius))
        lash = torch.where(ex.abs() < 0.0165, 0.0013 - (ey - 0.06 * ex - top - 0.0005).abs(), -1.0)
        albedo = over(albedo, paint.lash, 0.9 * soft(lash) * front)
        spark = 0.0019 - ((p[:, 0].sign() * ex - 0.0024) ** 2 + (ey - 0.0036) ** 2).sqrt()
        albedo = over(albedo, torch.tensor((1.4, 1.4, 1.4)), eye * soft(spark))
        strands = 1 + 0.16 * torch.sin(p[:, 0] * 300 + 40 * p[:, 1]) * torch.sin(p[:, 2] * 70 + p[:, 0] * 120)
        albedo = torch.where(is_hair[:, None], paint.hair * strands[:, None], albedo)
        hair = is_hair[:, None].expand_as(points)
        matt = 1 - 0.9 * torch.maximum(soft(brow) * front, eye * (1 - soft(spark)))
        gloss = torch.where(hair, 0.45, 0.5 * matt)
        return albedo, gloss, torch.where(hair, 0.0, 1 - eye)


class _Ellipsoids:
    """Parts with a centre and three radii: (parts, 3), (parts, 3)."""

    def __init__(self, centres: list[tuple], radii: list[tuple], more: float = 0.0):
        centre, radius = torch.tensor(centres), torch.tensor(radii) + more
        weights = []
        for power in (-2, -4):  # (p - c)^2 / r^2, and / r^4, multiplied out
            share = radius**power
            weights.append((torch.cat([share, -2 * centre * share], dim=-1), (centre**2 * share).sum(dim=-1)))
        self.weight = torch.cat([weight for weight, _ in weights])
        self.rest = torch.cat([rest for _, rest in weights])[:, None]

    def distance(self, points: torch.Tensor) -> torch.Tensor:
        """(points, 3) -> about the distances, (parts, points)."""
        squares = torch.addmm(self.rest, self.weight, torch.cat([points * points, points], dim=-1).T)
        near, steep = squares.clamp(min=1e-9).sqrt().chunk(2)
        return near * (near - 1) / steep


_FACE = _Ellipsoids(
    [
        (0.0, 0.034, -0.012),  # cranium
        (0.0, -0.036, 0.022),  # face
        (0.0, -0.099, 0.050),  # chin
        (0.037, -0.043, 0.055),  # cheek
        (0.030, 0.026, 0.076),  # brow
        (0.033, 0.002, 0.104),  # socket
        (0.0, -0.0715, 0.0835),  # upper lip
        (0.0, -0.0815, 0.0805),  # lower lip
        (0.081, -0.014, -0.010),  # ear
        (0.033, 0.003, 0.0725),  # eyeball
    ],
    [
        (0.078, 0.092, 0.095),
        (0.066, 0.082, 0.070),
        (0.026, 0.021, 0.024),
        (0.024, 0.026, 0.022),
        (0.024, 0.009, 0.010),
        (0.020, 0.0135, 0.020),
        (0.021, 0.0055, 0.0095),
        (0.018, 0.0068, 0.0105),
        (0.012, 0.029, 0.018),
        (0.0168, 0.0168, 0.0168),
    ],
)
_NECK_AND_NOSE = _Capsules.of(
    [
        ((0, -0.09, -0.022), (0, -0.235, -0.034), 0.049, 0.060),
        ((0, 0.004, 0.086), (0, -0.037, 0.1065), 0.0068, 0.0112),
        ((0.0105, -0.0435, 0.0935), (0.0105, -0.044, 0.0935), 0.0076, 0.0076),
    ]
)
_HAIR = {  # how thick, and what hangs from it or sits on it: centres and radii
    "short": (0.010, (((0.008, 0.078, 0.012), (0.076, 0.066, 0.088)),)),
    "cropped": (0.0045, ()),
    "curls": (0.021, ()),
    "bun": (0.008, (((0, 0.128, -0.045), (0.046, 0.042, 0.046)),)),
    "long": (
        0.012,
        (
            ((0.073, -0.06, -0.028), (0.030, 0.125, 0.042)),
            ((-0.073, -0.06, -0.028), (0.030, 0.125, 0.042)),
            ((0, -0.07, -0.065), (0.075, 0.125, 0.038)),
        ),
    ),
}
_FACE_CUT = _Ellipsoids([(0.006, -0.036, 0.092)], [(0.0690, 0.104, 0.085)])


def _open_eyes(seconds: float) -> float:
    """How far the eyes are open, 0..1."""
    since = (seconds + 0.4) % 2.9 - 2.7
    return 1.0 if since < 0 else abs(since - 0.1) / 0.1 * 0.95 + 0.05


@dataclass
class Figure:
    """One frame.

    Attributes:
        groups: trunk, head, the arm at the left of the picture, the other.
        shades: the capsules that throw shadows.
        eyes: how far they are open, 0..1.
    """

    groups: list[Group]
    shades: Shades
    eyes: float

    @classmethod
    def of(cls, performance: Performance, frame: int) -> "Figure":
        signer = performance.signer
        shoulders, elbows = performance.shoulders[:, frame], performance.elbows[:, frame]
        scale = signer.proportions.hand
        trunk = Trunk(shoulders, elbows, performance.wrists[:, frame], signer.look)
        head = Head(performance.head[frame], performance.head_place[frame], signer.look, signer.proportions.head)
        groups: list[Group] = [trunk, head]
        rows = [(head.place.numpy() + (0, 0.03, -0.01), head.place.numpy() + (0, -0.05, 0.02), 0.072, 1, False)]
        for side in (RIGHT, LEFT):
            joints = performance.hands[side, frame]
            groups.append(Arm(2 + side, joints, elbows[side], shoulders[side], SIDES[side], scale))
            rows += [
                (shoulders[side], elbows[side], 0.036, 0, False),
                (elbows[side], joints[0], 0.026, 2 + side, False),
            ]
            rows += [(joints[0], joints[knuckle], 0.013, 2 + side, True) for knuckle in (5, 9, 17)]
            for base in (1, 5, 9, 13, 17):
                rows += [(joints[base + a], joints[base + b], 0.0075, 2 + side, True) for a, b in ((0, 1), (1, 3))]
        ends = torch.as_tensor(np.array([[row[0], row[1]] for row in rows]), dtype=torch.float32)
        radius = torch.tensor([row[2] for row in rows])
        group, own = torch.tensor([row[3] for row in rows]), torch.tensor([row[4] for row in rows])
        shades = Shades(ends[:, 0], ends[:, 1], radius, group, own)
        return cls(groups, shades, _open_eyes(frame / performance.fps))
