"""Reports on the shipped model that were made here: its card comes with the app, these lie in the home folder."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from core.evaluation.report import Report
from core.registry.card import Card
from core.settings import Settings
from core.storage.folder import Folder
from data.errors import ModelError


def keep_reports(at: Settings, card: Card, reports: Mapping[str, Report]) -> None:
    """Remember reports on the shipped model in this home, in place of those on the same data.

    Raises:
        ModelError: what is kept cannot be read.
        OSError: it cannot be written.
    """
    path = _file(at, card)
    folder = Folder(path.parent)
    with folder.turn(path.name):
        folder.write_text(path.name, json.dumps({**_kept(path), **reports}, indent=1) + "\n")


def with_kept_reports(at: Settings, card: Card) -> Card:
    """Return the shipped model's card with the reports that were made here.

    Raises:
        ModelError: what is kept cannot be read.
    """
    return replace(card, reports={**card.reports, **_kept(_file(at, card))})


def _kept(path: Path) -> Mapping[str, Report]:
    try:
        told: Mapping[str, Report] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ModelError(
            str(path), f"the reports cannot be read ({error})", "Delete it, and score the shipped model again."
        ) from error
    return told


def _file(at: Settings, card: Card) -> Path:
    """One a model: the app's next version may ship another."""
    return at.home / "models" / f"shipped-{card.sha256[:12]}.json"
