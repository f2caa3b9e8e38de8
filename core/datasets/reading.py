"""Labels read to learn from or to judge by: those that count now, or those of a frozen dataset."""

from collections.abc import Iterator, Sequence

from core.database import AppDatabase
from core.datasets.frozen_sets import frozen_set, labels_in
from core.labels.annotations import grid_of, labels_of
from core.labels.label import Labelled
from core.lake import Lake
from core.lake.batches import WAFERS_AT_ONCE, batches

LAKE = "lake"
"""Stands among sources of unlabelled wafers for the wafers of the lake that nobody labelled."""
NOW = "now"
"""Stands for the labels that count now, where a frozen dataset could be named."""


def labels_of_keys(
    database: AppDatabase, lake: Lake, keys: Sequence[str], *, blind: bool = False
) -> Iterator[Labelled]:
    """Return the labels that count now, of wafers that have one for their grid, in the order asked.

    Args:
        database: where labels are.
        lake: where wafers are.
        keys: of the wafers.
        blind: of blind labels alone.
    """
    for some in batches(keys, WAFERS_AT_ONCE):
        wafers = lake.wafers_by_keys(some)
        with database.reading() as session:
            found = labels_of(session, list(wafers.values()), blind=blind)
        for key, a in found.items():
            yield Labelled(wafers[key], a.read(), a.annotator, a.seconds)


def labels_of_set(database: AppDatabase, lake: Lake, name: str, *, blind: bool = False) -> Iterator[Labelled]:
    """Return the labels of a frozen dataset, as they were frozen; wafers that have another grid now are left out.

    Args:
        database: where labels are.
        lake: where wafers are.
        name: of the dataset.
        blind: those alone that were made blind.

    Raises:
        AppDatabaseError: there is no such dataset, or a label of it is not what was frozen.
    """
    with database.reading() as session:
        found = labels_in(session, frozen_set(session, name))
    for some in batches(found, WAFERS_AT_ONCE):
        for key, wafer in lake.wafers_by_keys(some).items():
            if grid_of(wafer) == found[key].grid and (found[key].blind or not blind):
                yield Labelled(wafer, found[key].read(), found[key].annotator, found[key].seconds)
