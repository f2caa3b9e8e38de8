"""The colours of wafer drawings: eight for the classes, greys for everything else, in a light and a dark theme."""

from dataclasses import dataclass
from enum import StrEnum

from data.classes import CLASSES


class Palette(StrEnum):
    """Which column of the class table colours the defects."""

    STANDARD = "standard"
    SAFE = "safe"


class Theme(StrEnum):
    """What the drawing lies on."""

    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True)
class Greys:
    """The colours of a drawing that say nothing about a class, each "#rrggbb".

    Args:
        disc: the wafer where it holds no die.
        passing: a die that passed.
        failing: a die that failed and belongs to no pattern.
        outline: the wafer's rim and notch.
        ink: words, ticks and the frame around a chosen cluster.
    """

    disc: str
    passing: str
    failing: str
    outline: str
    ink: str


GREYS = {
    Theme.LIGHT: Greys(disc="#f6f7f9", passing="#dce1e6", failing="#4a535e", outline="#9aa4af", ink="#1c232b"),
    Theme.DARK: Greys(disc="#191e24", passing="#2f3741", failing="#c3cbd4", outline="#5c6773", ink="#dbe1e8"),
}

POLES = {Theme.LIGHT: ("#b3367f", "#0e7490"), Theme.DARK: ("#ec86bd", "#58c4da")}
"""The two ends of a difference, first the lower: far apart for every eye, and no class's colours."""

GROUP_TONES = {
    Theme.LIGHT: ("#0e7490", "#b3367f", "#4b5aa3", "#7f8a1f", "#6cc0c9", "#d98fb8", "#9aa5d8", "#3d5a4c"),
    Theme.DARK: ("#58c4da", "#ec86bd", "#93a1e8", "#c3cc5a", "#2f8ea0", "#a8457f", "#5c68b5", "#8fb5a2"),
}
"""Tones for groups that are no classes, such as products: none is a class's colour."""


def class_colors(palette: Palette | str = Palette.STANDARD) -> dict[str, str]:
    """Return the colour of every class, keyed by class, "#rrggbb".

    Example:
        >>> class_colors("safe")["center"]
        '#0072b2'
    """
    safe = Palette(palette) is Palette.SAFE
    return {c.key: c.color_safe if safe else c.color for c in CLASSES}


def rgb(color: str) -> tuple[int, int, int]:
    """Turn "#rrggbb" into three numbers of 0 to 255.

    Example:
        >>> rgb("#0072b2")
        (0, 114, 178)
    """
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def heat_ramp(color: str, theme: Theme | str) -> list[str]:
    """Return 256 colours from "the class is surely not here" to "it surely is".

    The ramp runs from the theme's passing grey to the class's own colour, so that a probability map still says by its
    hue which class it shows.

    Args:
        color: the class's "#rrggbb".
        theme: what the drawing lies on.
    """
    low, high = rgb(GREYS[Theme(theme)].passing), rgb(color)
    return [
        "#" + "".join(f"{round(a + (b - a) * step / 255):02x}" for a, b in zip(low, high, strict=True))
        for step in range(256)
    ]


def share_ramp(class_key: str | None, palette: Palette | str, theme: Theme | str) -> list[str]:
    """Return 256 colours from "on no wafer" to the most: towards a class's colour, or ink for all failing dies."""
    theme = Theme(theme)
    return heat_ramp(GREYS[theme].ink if class_key is None else class_colors(palette)[class_key], theme)


def difference_ramp(theme: Theme | str) -> list[str]:
    """Return 511 colours for a difference, with the passing grey of none in the middle."""
    low, high = (heat_ramp(pole, theme) for pole in POLES[Theme(theme)])
    return low[:0:-1] + high
