"""One setting: its variable, its type, and how the variable's text is read."""

import math
from dataclasses import dataclass
from pathlib import Path

from data.errors import SettingError

PREFIX = "WAFERSCOPE_"
SWITCH = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}

Value = str | int | float | bool | Path


@dataclass(frozen=True)
class Setting:
    """One row of the table.

    Args:
        name: field of `Settings`, lower case.
        default: value without setting; its type is the type of the setting.
        help: what it does, one sentence.
        least: smallest allowed number, None where any is.
        most: greatest allowed number, likewise.
    """

    name: str
    default: Value
    help: str
    least: float | None = None
    most: float | None = None

    @property
    def variable(self) -> str:
        """Name of the environment variable."""
        return PREFIX + self.name.upper()

    def read(self, text: str) -> Value:
        """Turn the variable's text into the setting's type.

        Raises:
            SettingError: the text is not of that type, or out of bounds.
        """
        if isinstance(self.default, bool):
            if text.strip().lower() not in SWITCH:
                raise self._error(text, "a switch", f"Use one of {', '.join(SWITCH)}.")
            return SWITCH[text.strip().lower()]
        if isinstance(self.default, Path):
            return Path(text)
        return text if isinstance(self.default, str) else self._number(text, type(self.default))

    def _number(self, text: str, kind: type[int] | type[float]) -> int | float:
        expected = "a whole number" if kind is int else "a finite number"
        expected += "" if self.least is None else f" from {self.least:g}"
        expected += "" if self.most is None else f" to {self.most:g}"
        try:
            value = kind(text)
        except ValueError:
            raise self._error(text, expected, "Correct or unset it.") from None
        low, high = (-math.inf if self.least is None else self.least), (math.inf if self.most is None else self.most)
        if not math.isfinite(value) or not low <= value <= high:
            raise self._error(text, expected, "Correct or unset it.")
        return value

    def _error(self, text: str, expected: str, remedy: str) -> SettingError:
        return SettingError(self.variable, f"expected {expected}, found {text!r}", remedy)


def row(text: str, least: float | None = None, most: float | None = None) -> dict[str, object]:
    """Return what a field of the table of settings says of itself beside its default."""
    return {"help": text, "least": least, "most": most}
