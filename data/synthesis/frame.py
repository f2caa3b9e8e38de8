"""The die grid a pattern is drawn on: coordinates from the wafer's centre and smooth noise."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from data.geometry import clock_angle, radius_share

Field = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Frame:
    """Coordinates of every die, in shares of the wafer's radius.

    Args:
        dies: uint8 (H, W), 0 where there is no tested die.
    """

    dies: NDArray[np.uint8]

    @cached_property
    def radius(self) -> Field:
        """Distance from the centre, (H, W), 1 at the rim."""
        return radius_share(self.dies)

    @cached_property
    def angle(self) -> Field:
        """Clock angle, radians, (H, W)."""
        return clock_angle(self.dies)

    @cached_property
    def x(self) -> Field:
        """Share of the radius to the right, (H, W)."""
        return self.radius * np.sin(self.angle)

    @cached_property
    def y(self) -> Field:
        """Share of the radius upwards, (H, W)."""
        return self.radius * np.cos(self.angle)

    @property
    def die(self) -> float:
        """Width of a die as a share of the radius."""
        return 2.0 / float(max(self.dies.shape))

    def seen_from(self, x: float, y: float) -> tuple[Field, Field]:
        """Distance and angle of every die from another point, both (H, W)."""
        dx, dy = self.x - x, self.y - y
        return np.hypot(dx, dy), np.arctan2(dx, dy)


def wobble(rng: np.random.Generator, angle: Field, size: float, harmonics: int = 4) -> Field:
    """Make an outline uneven: a factor around 1 that varies smoothly with the angle.

    Args:
        rng: source of randomness.
        angle: radians, any shape.
        size: typical deviation from 1.
        harmonics: how many waves round the circle at the most.
    """
    orders = np.arange(1, harmonics + 1)
    amplitude = rng.normal(0, size, harmonics) / orders
    phase = rng.uniform(0, 2 * np.pi, harmonics)
    waves = np.cos(np.multiply.outer(angle, orders) + phase) @ amplitude
    return np.clip(1 + waves, 0.3, 2.0).astype(np.float32)


def arc(angle: Field, middle: float, span: float) -> NDArray[np.bool_]:
    """Return which angles lie within an arc of `span` radians around `middle`."""
    away = np.abs(np.mod(angle - middle + np.pi, 2 * np.pi) - np.pi)
    inside: NDArray[np.bool_] = away <= span / 2
    return inside


def smooth_noise(rng: np.random.Generator, frame: Frame, waves: int = 5) -> Field:
    """Draw a slow random field of mean 0 and deviation about 1 over the wafer, (H, W)."""
    kx, ky = rng.normal(0, 2.0, waves), rng.normal(0, 2.0, waves)
    phase = rng.uniform(0, 2 * np.pi, waves)
    field = np.cos(np.multiply.outer(frame.x, kx) + np.multiply.outer(frame.y, ky) + phase).sum(axis=-1)
    return np.asarray(field * np.sqrt(2 / waves), dtype=np.float32)
