"""The stores and models of the site, opened once a process, for whoever answers without a page."""

import threading
from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast

from core.database import AppDatabase
from core.identity import Person
from core.lake import Lake
from core.registry.traffic import Challenger, load_challenger
from core.segmentation import Segmenter
from core.segmentation.serving import model_in_use, served
from core.settings import settings
from core.storage.blobs import Blobs

Kept = TypeVar("Kept")

_kept: dict[str, tuple[Hashable, Any]] = {}
_opening = threading.Lock()


def lake(person: Person) -> Lake:
    """Return the site's lake as somebody may see it: of some products alone, or whole."""
    return whole_lake().narrowed_to(person.products)


def whole_lake() -> Lake:
    """Return the site's lake with all products: for what is done, never for what is answered."""
    return _once("lake", settings().lake_url, lambda: Lake(settings().lake_url))


def database() -> AppDatabase:
    """Return the site's app database.

    Raises:
        AppDatabaseError: it cannot be opened.
    """
    return _once("database", settings().database_place, lambda: AppDatabase(settings().database_place))


def blobs() -> Blobs:
    """Return the site's store of original files."""
    return Blobs(settings().blobs_url)


def segmenter() -> Segmenter:
    """Return the model that the site serves; another one as soon as that is promoted.

    Raises:
        ModelError: there is none, or it is damaged.
    """
    at = settings()
    place = str(model_in_use(at))
    return _once("segmenter", (place, at.threads), lambda: Segmenter.load(place, threads=at.threads or None))


def challenger() -> Challenger | None:
    """Return the model that takes its share of what is segmented; None where no trial runs.

    Raises:
        ModelError: its file is missing or damaged.
    """
    at = settings()
    return _once("challenger", (str(served(at)), at.model, at.threads), lambda: load_challenger(at))


def _once(name: str, stamp: Hashable, make: Callable[[], Kept]) -> Kept:
    """Return what is kept under a name, made anew where what it is made of is another now."""
    with _opening:
        found = _kept.get(name)
        if found is None or found[0] != stamp:
            found = _kept[name] = (stamp, make())
    return cast(Kept, found[1])
