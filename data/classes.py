"""The one table of defect classes: keys, names, colours, definitions. A site replaces it by a TOML file."""

import os
import re
from dataclasses import dataclass, fields, replace
from pathlib import Path

from data.errors import SettingError
from data.site_tables import read_site_table

_HEX_COLOR = re.compile("#[0-9a-fA-F]{6}")


@dataclass(frozen=True)
class DefectClass:
    """One pattern that failing dies can belong to.

    Args:
        key: short name used in files, columns and links.
        name: name on screen.
        color: "#rrggbb" of the standard palette.
        color_safe: "#rrggbb" that people with deuteranopia or protanopia can tell apart.
        definition: what it looks like on a wafer.
        cause: what commonly makes it.
    """

    key: str
    name: str
    color: str
    color_safe: str
    definition: str
    cause: str


BUILT_IN = (
    DefectClass(
        "edge", "Edge", "#e5484d", "#d55e00",
        "A band or an arc of failures at the rim.",
        "Edge-bead removal, clamp contact, film thinning at the rim.",
    ),
    DefectClass(
        "center", "Center", "#3b82f6", "#0072b2",
        "A blob of failures at the middle of the wafer.",
        "Spin-coat or deposition non-uniformity, CMP pressure at the middle.",
    ),
    DefectClass(
        "ring", "Ring", "#2aa65c", "#009e73",
        "An annulus, whole or in part, that may sit off-centre.",
        "Thermal rings, CMP zone pressure, spin drying.",
    ),
    DefectClass(
        "scratch", "Scratch", "#f2c512", "#f0e442",
        "A thin line or curve, one or two dies wide, that may be broken.",
        "Handling, a CMP pad or slurry particle dragged over the wafer.",
    ),
    DefectClass(
        "particle", "Particle", "#f5821f", "#e69f00",
        "A compact local cluster anywhere but the rim and the middle.",
        "Contamination, a local hot spot, residue.",
    ),
    DefectClass(
        "lithography", "Lithography", "#9b59d0", "#cc79a7",
        "The same die of every reticle field fails, or whole reticle shots fail.",
        "Reticle defect or haze, a scanner's focus or dose error in single shots.",
    ),
    DefectClass(
        "etching", "Etching", "#9a6b3f", "#56b4e9",
        "A broad one-sided or quadrant gradient of failures.",
        "Plasma non-uniformity, gas flow, chamber asymmetry.",
    ),
    DefectClass(
        "random", "Random", "#8a8f98", "#999999",
        "Failures over the whole wafer, well above the product's normal level.",
        "A process step out of control, contamination of the bath or the air.",
    ),
)  # fmt: skip

SITE_FIELDS = tuple(field.name for field in fields(DefectClass) if field.name != "key")


def load_classes(path: str | Path | None = None) -> tuple[DefectClass, ...]:
    """Read the class table from a TOML file, or give the built-in one.

    Args:
        path: TOML with one table a class: `[edge]` and any of name, color, color_safe, definition, cause. The keys and
            their order are the network's outputs and stay; what a class is called and how it looks is the site's.

    Raises:
        SettingError: the file cannot be read, names a class or field that does not exist, or holds what is no text or
            no colour.

    Example:
        >>> [c.key for c in load_classes()][:3]
        ['edge', 'center', 'ring']
    """
    if not path:
        return BUILT_IN
    site = read_site_table(path, "class table")
    unknown = sorted(set(site) - {c.key for c in BUILT_IN})
    if unknown:
        raise SettingError(
            str(path), f"the classes {unknown} do not exist", f"Use {', '.join(c.key for c in BUILT_IN)}."
        )
    return tuple(replace(c, **_site_fields(str(path), c.key, site.get(c.key, {}))) for c in BUILT_IN)


def _site_fields(path: str, key: str, given: object) -> dict[str, str]:
    """Check what a site says of one class."""
    if not isinstance(given, dict):
        raise SettingError(path, f"{key} holds {given!r}, expected a table", f"Begin it with the line [{key}].")
    unknown = sorted(set(given) - set(SITE_FIELDS))
    if unknown:
        raise SettingError(path, f"class {key} has the unknown fields {unknown}", f"Use {', '.join(SITE_FIELDS)}.")
    for name, value in given.items():
        if not isinstance(value, str):
            raise SettingError(path, f"{key}.{name} holds {value!r}, expected text", "Put it in quotes.")
        if name.startswith("color") and not _HEX_COLOR.fullmatch(value):
            raise SettingError(
                path, f"{key}.{name} holds {value!r}, expected a colour like #2aa65c", "Give red, green and blue so."
            )
    return given


CLASSES = load_classes(os.environ.get("WAFERSCOPE_CLASSES"))
CLASS_KEYS = tuple(c.key for c in CLASSES)
CLASS_COUNT = len(CLASSES)
CLASS_INDEX = {key: k for k, key in enumerate(CLASS_KEYS)}
