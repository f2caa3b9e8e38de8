"""Whether a version may be judged by people's labels: only if it, and what it began with, learnt from none."""

from collections.abc import Sequence

from core.database import AppDatabase
from core.datasets.label_marks import judged_wafers, labels_mark
from core.datasets.label_set import Split
from core.datasets.reading import NOW
from core.datasets.wafers import labelled_wafers
from core.evaluation.report import LABELS
from core.lake import Lake
from core.registry.card import Card
from core.registry.store import Registry
from core.settings import Settings
from data.datasets import MaskedMaps
from data.errors import WaferError


def parted(card: Card, data: Sequence[str], registry: Registry, at: Settings) -> tuple[list[str], dict[str, str]]:
    """Part data, named as jobs.evaluate takes them, into what may judge a version and, with the reason, what may not.

    Args, Raises:
        As `why_not_judged`.
    """
    labels = [name for name in data if name.startswith(LABELS)]
    why = {name: why_not_judged(card, name.removeprefix(LABELS), registry, at) for name in labels}
    refused = {name: reason for name, reason in why.items() if reason}
    return [name for name in data if name not in refused], refused


def why_not_judged(card: Card, name: str, registry: Registry, at: Settings) -> str:
    """Return why the test part of some labels cannot judge a version, "" where it can.

    Lots are looked at rather than wafers, since those of a lot are alike.

    Args:
        card: the version's.
        name: of a frozen dataset, or "now" for the labels that count now.
        registry: knows the versions that this one started from.
        at: where labels and lake are.

    Raises:
        ModelError: the registry cannot be reached.
    """
    known = {version.card.sha256: version.card for version in registry.versions()}
    database, lake = AppDatabase(at.database_place), Lake(at.lake_url)
    try:
        tested = _lots(judged_wafers(database, lake, name))
        while True:
            if not card.config:
                return f"nobody noted how {card.name} was trained"
            for taught in ("labels", "old_labels"):
                reason = _taught(card, str(card.config.get(taught, "")), tested, database, lake)
                if reason:
                    return reason
            if not card.config.get("from_"):
                return ""
            if card.start not in known:
                return f"nobody noted what the weights that {card.name} started from had learnt"
            card = known[card.start]
    except WaferError as error:
        return str(error)
    finally:
        database.close()


def _taught(card: Card, labels: str, tested: set[str], database: AppDatabase, lake: Lake) -> str:
    """Return what a version learnt of the tested lots, "" where it learnt nothing."""
    if not labels:
        return ""
    sides = labelled_wafers(database, lake, labels)
    if labels == NOW and labels_mark(NOW, sides) != card.labels:
        return f"the labels that {card.name} learnt from have changed since, and with them the split"
    if tested & (_lots(sides[Split.TRAIN]) | _lots(sides[Split.VALIDATION])):
        return f"{card.name} learnt from wafers of the same lots"
    return ""


def _lots(wafers: MaskedMaps) -> set[str]:
    return {key.partition(":")[0] for key in wafers.names}
