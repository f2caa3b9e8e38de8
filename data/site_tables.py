"""Tables that a site writes in TOML files in place of built-in ones."""

import tomllib
from pathlib import Path
from typing import Any

from data.errors import SettingError


def read_site_table(path: str | Path, what: str) -> dict[str, Any]:
    """Read a site's TOML file.

    Args:
        path: the file.
        what: it holds, in words for a refusal, such as "class table".

    Raises:
        SettingError: the file cannot be read or is no TOML.
    """
    try:
        return tomllib.loads(Path(path).read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise SettingError(str(path), f"the {what} cannot be read ({why})", "Correct the file.") from error
