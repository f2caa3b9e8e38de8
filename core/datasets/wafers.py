"""The wafers that training learns from: those that people labelled, by side of the split, and those nobody did."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from core.database import AppDatabase
from core.datasets.frozen_sets import frozen_set
from core.datasets.label_set import Split, split_by_lot
from core.datasets.reading import LAKE, NOW, labels_of_keys, labels_of_set
from core.labels.annotations import labelled_keys
from core.lake import Lake
from data.datasets import MaskedMaps, load_labelled
from data.errors import SettingError

MOST_UNLABELLED = 20_000  # wafers of the lake that are held in memory


def labelled_wafers(database: AppDatabase, lake: Lake, name: str) -> dict[Split, MaskedMaps]:
    """Return the wafers that people labelled, by the side of the split they are on.

    Args:
        database: where labels are.
        lake: where wafers are.
        name: of a frozen dataset, or "now" for the labels that count now, split by lot as a new dataset would be.

    Raises:
        AppDatabaseError: there is no such dataset.
        SettingError: none of its wafers is there with the grid that was labelled.
    """
    if name == NOW:
        with database.reading() as session:
            keys = labelled_keys(session)
        found = list(labels_of_keys(database, lake, keys))
    else:
        found = list(labels_of_set(database, lake, name))
    if not found:
        raise SettingError(
            "--labels", f"{name}: no wafer of it is in the lake as labelled", "Label some, or take in the wafers."
        )
    masks = [one.label.masks() & one.wafer.failing for one in found]
    if name == NOW:
        lots = [one.wafer.lot_id for one in found]
        sides = split_by_lot(lots, np.array([mask.any(axis=(1, 2)) for mask in masks]))
    else:
        with database.reading() as session:
            split = {m.wafer_key: m.split for m in frozen_set(session, name).members}
        sides = [split[one.wafer.key] for one in found]
    return {
        side: MaskedMaps(
            [one.wafer.dies for one, of in zip(found, sides, strict=True) if of is side],
            [mask for mask, of in zip(masks, sides, strict=True) if of is side],
            [one.wafer.key for one, of in zip(found, sides, strict=True) if of is side],
        )
        for side in Split
    }


def unlabelled_maps(
    database: AppDatabase, lake: Lake, sources: Sequence[str], *, most: int = MOST_UNLABELLED
) -> list[NDArray[np.uint8]]:
    """Return wafers whose labels are not looked at.

    Args:
        database: says which wafers of the lake are labelled, and so left out.
        lake: the lake.
        sources: "lake", or .npz files with wafer-level labels.
        most: how many of the lake are taken, spread evenly.

    Raises:
        FormatError: a file cannot be used.
    """
    maps: list[NDArray[np.uint8]] = []
    for source in sources:
        if source == LAKE:
            with database.reading() as session:
                labelled = set(labelled_keys(session))
            keys = [key for key in lake.query("SELECT key FROM wafers ORDER BY key")["key"] if key not in labelled]
            keys = keys[:: max(1, -(-len(keys) // most))]
            maps += [wafer.dies for wafer in lake.wafers_by_keys(keys).values()]
        else:
            maps += load_labelled(source).maps
    return maps
