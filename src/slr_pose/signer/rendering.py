"""A performance -> pictures: the figure's distances, sphere-traced with torch, and nothing loaded from disk.

Sphere tracing after Hart 1996 ("Sphere tracing: a geometric method for the antialiased ray tracing of implicit
surfaces"). Each part of the figure is marched on its own: cones through blocks of pixels first, then the pixels of the
blocks that were hit.
"""

from collections.abc import Iterator

import numpy as np
import torch

from slr_pose.signer.figure import Figure
from slr_pose.signer.figure.body_part import BodyPart
from slr_pose.signer.figure.head import Head
from slr_pose.signer.figure.paint import Paint, linear
from slr_pose.signer.figure.trunk import Trunk
from slr_pose.signer.light import light_at, normals_at, on_screen, openness_at
from slr_pose.signer.performance import Performance
from slr_pose.signer.person import Signer

BLOCK_PX = 8
OFTEN = (16, 6, 16)  # steps of a block's cone, of all pixels, and of those that are not there yet


def render(performance: Performance, samples: int = 1) -> Iterator[np.ndarray]:
    """Each frame of a performance.

    Args:
        samples: along each side of a pixel, everywhere; hands, face and edges get 2 at least.

    Yields:
        (height, width, 3) uint8 RGB.
    """
    renderer = Renderer(performance.signer, samples)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the tensors are small: threads would spend their time waiting for each other
    try:
        for frame in range(len(performance.phase)):
            yield renderer.frame(performance, frame)
    finally:
        torch.set_num_threads(threads)


class Renderer:
    """A signer before a camera, made ready to be drawn."""

    def __init__(self, signer: Signer, samples: int = 1):
        self.signer, self.samples = signer, samples
        camera = signer.camera
        self.width, self.height = camera.width * samples, camera.height * samples
        self.pixel = camera.height_m / self.height  # metres, in the signer's plane
        self.wall = self._wall()
        self.paint = Paint(signer.look)
        light = torch.tensor(signer.look.light, dtype=torch.float32)
        self.light = light / light.norm()

    @torch.inference_mode()
    def frame(self, performance: Performance, frame: int) -> np.ndarray:
        """(height, width, 3) uint8 RGB."""
        figure = Figure.of(performance, frame)
        rows, columns = torch.meshgrid(torch.arange(self.height), torch.arange(self.width), indexing="ij")
        x, y = columns.reshape(-1) + 0.5, rows.reshape(-1) + 0.5
        depth, which = self._visible(figure, x, y)
        color = self.wall.clone()
        found = which >= 0
        color[found] = self._shade(figure, x[found], y[found], depth[found], which[found])
        if self.samples == 1:
            rough = self._rough(depth, which).reshape(-1)
            color[rough] = self._refined(figure, x[rough], y[rough], color[rough], depth, rough)
        image = color.reshape(self.height, self.width, 3)
        if self.samples > 1:
            camera = self.signer.camera
            image = image.reshape(camera.height, self.samples, camera.width, self.samples, 3).mean(dim=(1, 3))
        pixels = on_screen(image).numpy()
        noise = np.random.default_rng([self.signer.seed, frame]).normal(0, self.signer.look.grain, pixels.shape)
        pixels = pixels + noise.astype(np.float32)
        return (pixels.clip(0, 1) * 255 + 0.5).astype(np.uint8)

    def _rays(self, x: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Pixels -> the camera, (3,), and unit directions, (pixels, 3)."""
        camera = self.signer.camera
        eye = torch.tensor((*camera.centre, camera.distance_m))
        ahead = torch.full_like(x, -float(eye[2]))
        ray = torch.stack([(x - self.width / 2) * self.pixel, (self.height / 2 - y) * self.pixel, ahead], dim=-1)
        return eye, ray / ray.norm(dim=-1, keepdim=True)

    def _visible(
        self, figure: Figure, x: torch.Tensor, y: torch.Tensor, start: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The nearest surface behind each pixel: how far it is, and of which part; -1 where there is none.

        Args:
            start: how far each ray can go before it meets anything; found by blocks of pixels where that isn't known.
        """
        depth, which = torch.full_like(x, torch.inf), torch.full(x.shape, -1)
        for number, part in enumerate(figure.parts):
            if start is None:
                pixels, near = self._blocks(part)
            else:
                pixels = torch.nonzero(self._in_box(part, x, y))[:, 0]
                near = start[pixels]
            if not len(pixels):
                continue
            eye, ray = self._rays(x[pixels], y[pixels])
            far = _march(part, eye, ray, near, self.pixel / 4)
            nearer = far < depth[pixels]
            depth[pixels[nearer]] = far[nearer]
            which[pixels[nearer]] = number
        return depth, which

    def _box(self, part: BodyPart) -> tuple[float, float, float, float]:
        """What of the picture a part can cover, in pixels: left, right, top, bottom."""
        camera = self.signer.camera
        corners = camera.project(part.corners()) * self.samples
        (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
        return left, right, top, bottom

    def _in_box(self, part: BodyPart, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        left, right, top, bottom = self._box(part)
        return (x > left) & (x < right) & (y > top) & (y < bottom)

    def _blocks(self, part: BodyPart) -> tuple[torch.Tensor, torch.Tensor]:
        """Pixels that a part may cover, and how far their rays can go before they can meet it."""
        left, right, top, bottom = self._box(part)
        first = np.array([max(left, 0), max(top, 0)]) // BLOCK_PX
        last = np.ceil(np.array([min(right, self.width), min(bottom, self.height)]) / BLOCK_PX)
        if (last <= first).any():
            return torch.zeros(0, dtype=torch.long), torch.zeros(0)
        columns, rows = (torch.arange(int(a), int(b)) for a, b in zip(first, last, strict=True))
        rows, columns = torch.meshgrid(rows, columns, indexing="ij")
        rows, columns = rows.reshape(-1), columns.reshape(-1)
        eye, ray = self._rays((columns + 0.5) * BLOCK_PX, (rows + 0.5) * BLOCK_PX)
        near, far = part.range(eye)
        cone = BLOCK_PX * 0.75 * self.pixel / float(eye[2])
        depth = torch.full((len(ray),), near)
        left_over = torch.arange(len(ray))
        for _ in range(OFTEN[0]):
            distance = part.distance(eye + depth[left_over, None] * ray[left_over])
            free = distance - depth[left_over] * cone
            depth[left_over] += free.clamp(min=0)
            left_over = left_over[(free > 0.002) & (depth[left_over] < far)]
            if not len(left_over):
                break
        hit = depth < far
        offsets = torch.arange(BLOCK_PX)
        y = (rows[hit, None, None] * BLOCK_PX + offsets[:, None]).expand(-1, -1, BLOCK_PX)
        x = (columns[hit, None, None] * BLOCK_PX + offsets).expand(-1, BLOCK_PX, -1)
        inside = (x < self.width) & (y < self.height)
        return (y * self.width + x)[inside], depth[hit, None, None].expand_as(x)[inside]

    def _rough(self, depth: torch.Tensor, which: torch.Tensor) -> torch.Tensor:
        """Pixels at an edge, and those of the face, to which one sample does no justice."""
        depth, which = (flat.reshape(self.height, self.width) for flat in (depth, which))
        depth = torch.where(which < 0, 9.0, depth)
        rough = which == Head.number
        for axis in (0, 1):
            step = depth.diff(dim=axis).abs() > 0.008
            low, high = [slice(None)] * 2, [slice(None)] * 2
            low[axis], high[axis] = slice(0, -1), slice(1, None)
            rough[tuple(low)] |= step
            rough[tuple(high)] |= step
        return rough

    def _refined(
        self,
        figure: Figure,
        x: torch.Tensor,
        y: torch.Tensor,
        color: torch.Tensor,
        depth: torch.Tensor,
        rough: torch.Tensor,
    ) -> torch.Tensor:
        """Two more samples of some pixels, mixed with the one that is there."""
        near = torch.where(depth.isfinite(), depth, 9.0).reshape(1, 1, self.height, self.width)
        near = -torch.nn.functional.max_pool2d(-near, 3, 1, 1).reshape(-1)[rough] - 0.02
        total, behind = color.clone(), self.wall[rough]
        offsets = ((0.3, -0.3), (-0.3, 0.3))
        many_x = torch.cat([x + dx for dx, _ in offsets])
        many_y = torch.cat([y + dy for _, dy in offsets])
        there, which = self._visible(figure, many_x, many_y, near.repeat(len(offsets)))
        samples = behind.repeat(len(offsets), 1)
        found = which >= 0
        samples[found] = self._shade(figure, many_x[found], many_y[found], there[found], which[found])
        return (total + samples.reshape(len(offsets), -1, 3).sum(dim=0)) / (1 + len(offsets))

    def _shade(
        self, figure: Figure, x: torch.Tensor, y: torch.Tensor, depth: torch.Tensor, which: torch.Tensor
    ) -> torch.Tensor:
        """Colors of visible points, (points, 3), linear."""
        eye, ray = self._rays(x, y)
        points = eye + depth[:, None] * ray
        normals, openness, albedo, gloss, skin = (torch.zeros_like(points) for _ in range(5))
        for number, part in enumerate(figure.parts):
            mine = torch.nonzero(which == number)[:, 0]
            if len(mine):
                own = points[mine]
                own_normals = normals_at(part, own)
                normals[mine] = own_normals
                openness[mine] = openness_at(part, own, own_normals)[:, None]
                albedo[mine], gloss[mine], skin[mine] = part.paint(self.paint, own, own_normals, figure.eyes)
        facing = -(normals * ray).sum(dim=-1, keepdim=True)
        toward = (normals @ self.light)[:, None]
        shadow = torch.ones_like(toward)
        lit = torch.nonzero(toward[:, 0] > -0.35)[:, 0]
        offset = torch.where(which[lit] == Trunk.number, 0.016, 0.007)[:, None]
        shadow[lit] = light_at(points[lit] + normals[lit] * offset, which[lit], self.light, figure.shades)[:, None]
        wrap = skin * torch.tensor((0.34, 0.16, 0.10)) + (1 - skin) * 0.10
        key = ((toward + wrap) / (1 + wrap)).clamp(min=0) * (1 - (1 - shadow) * 0.82)
        sky = 0.5 + 0.5 * normals[:, 1:2]
        fill = (normals @ (self.light * torch.tensor((-1.0, 0.25, 0.9))))[:, None].clamp(min=0)
        ambient = openness * (torch.tensor((0.30, 0.32, 0.36)) * sky + torch.tensor((0.20, 0.17, 0.15)) * (1 - sky))
        warm = self.signer.look.warmth
        sun = torch.tensor((0.98 + 0.05 * warm, 0.95, 0.92 - 0.07 * warm)) * 0.86
        half = self.light - ray
        half = half / half.norm(dim=-1, keepdim=True)
        shine = (normals * half).sum(dim=-1, keepdim=True).clamp(min=0)
        shine = gloss * (shine**28 * 0.30 + shine**6 * 0.06) * shadow * (toward > 0)
        rim = (1 - facing.clamp(0, 1)) ** 3 * (0.10 + 0.08 * skin) * openness
        blood = 1 + skin * (1 - openness) * torch.tensor((0.30, 0.02, -0.10))  # light that went through
        return albedo * blood * (key * sun + ambient + 0.16 * fill * openness) + shine + rim * albedo

    def _wall(self) -> torch.Tensor:
        """The background, (pixels, 3), linear: a wall, lighter where the light comes from."""
        camera = self.signer.camera
        y, x = torch.meshgrid(
            torch.linspace(-1, 1, self.height),
            torch.linspace(-1, 1, self.width) * camera.width / camera.height,
            indexing="ij",
        )
        light = self.signer.look.light[0]
        glow = 1.06 - 0.16 * ((x - 0.8 * light) ** 2 + (y + 0.5) ** 2) / 2
        color = linear(self.signer.look.wall) * glow[..., None]
        return color.reshape(-1, 3).clone()


def _march(part: BodyPart, eye: torch.Tensor, ray: torch.Tensor, near: torch.Tensor, hit: float) -> torch.Tensor:
    """How far along each ray a part's surface is; infinite where the ray misses it."""
    far = part.range(eye)[1]
    depth = near.clone()
    for _ in range(OFTEN[1]):
        distance = part.distance(eye + depth[:, None] * ray)
        depth += distance
    left_over = torch.nonzero((distance > hit) & (depth < far))[:, 0]
    for _ in range(OFTEN[2]):
        if not len(left_over):
            break
        distance_left = part.distance(eye + depth[left_over, None] * ray[left_over])
        depth[left_over] += distance_left * 1.4  # what is left grazes, and is far from anything ahead
        distance[left_over] = distance_left
        left_over = left_over[(distance_left > hit) & (depth[left_over] < far)]
    there = distance < 2 * hit
    there[left_over] = distance[left_over] < 0.02  # it grazes all the way
    return torch.where(there & (depth < far), depth, torch.inf)
