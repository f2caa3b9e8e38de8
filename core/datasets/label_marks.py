"""Which labels of people a model learns from and is judged by: told apart by a hash of what they say."""

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np

from core.database import AppDatabase
from core.datasets.label_set import Split
from core.datasets.reading import NOW, labels_of_keys, labels_of_set
from core.datasets.wafers import labelled_wafers
from core.labels.blind import LEAST_BLIND
from core.lake import Lake
from data.datasets import MaskedMaps
from data.errors import SettingError
from data.synthesis.fab import DEMO_SOURCE

SHOWN = 12
"""Digits of a hash that are enough to tell two sets of labels apart."""


def judged_wafers(database: AppDatabase, lake: Lake, name: str) -> MaskedMaps:
    """Return the wafers that people labelled and that neither training nor thresholds see: the test part.

    Args:
        database: where labels are.
        lake: where wafers are.
        name: of a frozen dataset, or "now" for the labels that count now.

    Raises:
        AppDatabaseError: there is no such dataset.
        SettingError: none of its wafers is there as it was labelled, or none of these is in the test part.
    """
    found = labelled_wafers(database, lake, name)[Split.TEST]
    if not len(found):
        raise SettingError(
            f"labels {name}",
            "none of its wafers is in the test part, which holds whole lots",
            "Label wafers of three lots or more.",
        )
    return found


def blind_wafers(database: AppDatabase, lake: Lake, name: str, judged: MaskedMaps) -> MaskedMaps:
    """Return those of the judged wafers that somebody labelled blind, with what the blind label says of them.

    Args:
        database: where labels are.
        lake: where wafers are.
        name: of a frozen dataset, whose own labels alone are looked at, or "now".
        judged: as `judged_wafers` gives them.

    Raises:
        AppDatabaseError: there is no such dataset.
    """
    if name == NOW:
        found = labels_of_keys(database, lake, judged.names, blind=True)
    else:
        found = labels_of_set(database, lake, name, blind=True)
    wanted = set(judged.names)
    kept = [one for one in found if one.wafer.key in wanted]
    return MaskedMaps(
        [one.wafer.dies for one in kept],
        [one.label.masks() & one.wafer.failing for one in kept],
        [one.wafer.key for one in kept],
    )


def scored_wafers(judged: MaskedMaps, blind: MaskedMaps, least: int = LEAST_BLIND) -> MaskedMaps:
    """Return what a model is scored on: the blind ones where there are enough, else all that are judged.

    Args:
        judged: as `judged_wafers` gives them.
        blind: as `blind_wafers` gives them.
        least: how many blind ones are enough.
    """
    return blind if len(blind) >= least else judged


def demo_wafers(lake: Lake, keys: Sequence[str]) -> int:
    """Count those of some wafers that are of the demo fab.

    Raises:
        LakeError: the lake cannot be read.
    """
    wanted = "SELECT count(*) AS demo FROM wafers WHERE key IN (SELECT unnest(?)) AND source_name = ?"
    return int(lake.query(wanted, [list(keys), DEMO_SOURCE])["demo"].iloc[0])


def labels_mark(name: str, sides: Mapping[Split, MaskedMaps]) -> str:
    """Return which labels these are, wafers and sides of the split included: name, how many wafers, short hash.

    Example:
        >>> nothing = MaskedMaps([], [], [])
        >>> labels_mark("now", dict.fromkeys(Split, nothing))
        'now: 0 wafers, 17d858e6f98c'
    """
    told = "".join(f"{side}:{wafers_sha256(sides[side])}\n" for side in Split)
    count = sum(len(sides[side]) for side in Split)
    return f"{name}: {count:,} wafers, {hashlib.sha256(told.encode()).hexdigest()[:SHOWN]}"


def wafers_sha256(wafers: MaskedMaps) -> str:
    """Digest of wafers and what people said of their dies, in whatever order they come."""
    digest = hashlib.sha256()
    for number in np.argsort(wafers.names):
        dies, masks = wafers.maps[number], wafers.masks[number]
        digest.update(f"{wafers.names[number]} {dies.shape}\n".encode())
        digest.update(dies.tobytes() + np.packbits(masks).tobytes())
    return digest.hexdigest()
