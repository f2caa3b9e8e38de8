"""What a site says about review: the number of each class outside, and how many points of it to look at.

The table is a TOML file that the setting WAFERSCOPE_REVIEW names; `python -m core.exports.review_table` prints the
built-in one to start from.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.settings import settings
from data.classes import CLASS_KEYS
from data.errors import SettingError
from data.site_tables import read_site_table

LEAST_NUMBER, MOST_NUMBER = 3, 254
MOST_POINTS = 10_000
LEVELS = ("low", "medium", "high")

BUILT_IN = """\
# Severity of a wafer, 0 to 100, from which it counts as medium and as high; below it is low.
[severity]
medium = 20
high = 45

# One table a class. number: of the class in KLARF files and SEMI maps, 3 to 254, each once.
# points: how many places of the class to review on a wafer of low, medium and high severity, spread over its dies.
[edge]
number = 11
points = { low = 3, medium = 6, high = 10 }

[center]
number = 12
points = { low = 3, medium = 5, high = 8 }

[ring]
number = 13
points = { low = 4, medium = 8, high = 12 }

[scratch]
number = 14
points = { low = 3, medium = 6, high = 10 }

[particle]
number = 15
points = { low = 2, medium = 4, high = 8 }

[lithography]
number = 16
points = { low = 4, medium = 8, high = 12 }

[etching]
number = 17
points = { low = 3, medium = 6, high = 10 }

[random]
number = 18
points = { low = 5, medium = 10, high = 15 }
"""


@dataclass(frozen=True)
class ClassReview:
    """One class in the table.

    Args:
        number: in KLARF files and SEMI maps.
        points: places to review on a wafer of low, medium and high severity.
    """

    number: int
    points: tuple[int, int, int]


@dataclass(frozen=True)
class ReviewTable:
    """The table of a site.

    Args:
        medium: severity from which a wafer counts as medium.
        high: severity from which it counts as high.
        classes: by class key.

    Example:
        >>> table = load_review_table()
        >>> table.number("edge"), table.points("edge", 10.0), table.points("edge", 45.0)
        (11, 3, 10)
    """

    medium: float
    high: float
    classes: Mapping[str, ClassReview]

    @classmethod
    def configured(cls) -> "ReviewTable":
        """Read the table that the settings name.

        Raises:
            SettingError: it cannot be read or holds nonsense.
        """
        return load_review_table(settings().review)

    def number(self, class_key: str) -> int:
        """Return a class's number."""
        return self.classes[class_key].number

    def points(self, class_key: str, severity: float) -> int:
        """Return how many places of a class to review on a wafer of this severity."""
        return self.classes[class_key].points[(severity >= self.medium) + (severity >= self.high)]


def load_review_table(path: str | Path | None = None) -> ReviewTable:
    """Read a site's table; what it leaves out is as built in.

    Args:
        path: TOML file, None or empty for the built-in table.

    Raises:
        SettingError: the file cannot be read, names what does not exist, or holds a number out of range or twice.
    """
    said: dict[str, Any] = tomllib.loads(BUILT_IN)
    where = str(path or "review table")
    if path:
        for name, fields in read_site_table(path, "review table").items():
            if name not in said or not isinstance(fields, dict) or set(fields) - set(said[name]):
                raise SettingError(where, f"there is no [{name}] of these fields", "Begin with the built-in table.")
            points = {**said[name].get("points", {}), **_table(fields.get("points", {}), f"{where} [{name}]")}
            said[name] |= fields | ({"points": points} if points else {})
    medium, high = (_checked(said["severity"][level], 0, 100, f"{where} [severity]") for level in LEVELS[1:])
    if medium > high:
        raise SettingError(f"{where} [severity]", f"medium ({medium:g}) lies above high ({high:g})", "Swap them.")
    classes = {key: _class(said[key], f"{where} [{key}]") for key in CLASS_KEYS}
    numbers = [review.number for review in classes.values()]
    twice = sorted({number for number in numbers if numbers.count(number) > 1})
    if twice:
        raise SettingError(where, f"the class numbers {twice} stand twice", "Give each class a number of its own.")
    return ReviewTable(medium, high, classes)


def _class(fields: Mapping[str, Any], where: str) -> ClassReview:
    if set(fields["points"]) != set(LEVELS):
        raise SettingError(where, f"points are of {', '.join(LEVELS)}, found {sorted(fields['points'])}", "Correct it.")
    low, medium, high = (_whole(fields["points"][level], 0, MOST_POINTS, where) for level in LEVELS)
    return ClassReview(_whole(fields["number"], LEAST_NUMBER, MOST_NUMBER, where), (low, medium, high))


def _table(value: object, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise SettingError(where, f"points are {{ low, medium, high }}, found {value!r:.40}", "Correct it.")
    return value


def _whole(value: object, least: int, most: int, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise SettingError(where, f"expected a whole number, found {value!r:.40}", "Correct it.")
    return int(_checked(value, least, most, where))


def _checked(value: object, least: float, most: float, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise SettingError(where, f"expected a number from {least} to {most}, found {value!r:.40}", "Correct it.")
    return value


if __name__ == "__main__":
    print(BUILT_IN, end="")
