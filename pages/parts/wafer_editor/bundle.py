"""The editor's JavaScript modules as one, since Streamlit takes a component's script as one text."""

import re
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
SHARED = HERE.parent / "wafers"
ENTRY = "main.js"
IMPORT = re.compile(r'^import \{[^}]*\} from "\./([\w.]+)";\n', re.MULTILINE)


def module_path(name: str) -> Path:
    """Where a module of this name is: with the editor, or with what all canvases share."""
    own = HERE / "js" / name
    return own if own.exists() else SHARED / name


@cache
def script() -> str:
    """Return all modules that the entry needs, each behind those it imports.

    Imports fall away: what they name stands above in the same text. So a name at the top of a module belongs to that
    module alone, and imports do not rename.
    """
    parts: dict[str, str] = {}
    _collect(ENTRY, parts)
    return "".join(parts.values())


def _collect(name: str, parts: dict[str, str]) -> None:
    text = module_path(name).read_text(encoding="utf-8")
    for needed in IMPORT.findall(text):
        if needed not in parts:
            _collect(needed, parts)
    parts[name] = IMPORT.sub("", text)
