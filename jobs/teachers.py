"""Wafers whose classes are known, which teach a network what to say of a wafer as a whole and fit its thresholds."""

from collections.abc import Sequence

import numpy as np

from core.database import AppDatabase
from core.datasets.label_set import Split
from core.datasets.reading import LAKE
from core.datasets.wafers import labelled_wafers, unlabelled_maps
from core.lake import Lake
from core.lake.batches import WAFERS_AT_ONCE, batches
from core.segmentation import Segmenter
from core.segmentation.serving import model_in_use
from core.settings import Settings
from data.classes import CLASS_KEYS
from data.datasets import LabelledMaps, together
from data.splits import held_out
from data.turning import Grid
from data.wafer import WaferMap
from jobs.learning import split_real

Parts = tuple[LabelledMaps | None, LabelledMaps | None]
"""Wafers to learn from and wafers kept for thresholds, None where there are none."""


def teachers(real: Sequence[str], labels: str, lake: int, share: float, seed: int, at: Settings) -> Parts:
    """Gather them.

    Args:
        real: .npz files with wafer-level labels.
        labels: frozen dataset, or "now" for the labels that count now; empty: none.
        lake: wafers at most of the lake that nobody labelled and whose classes are what the model in use reports, so
            that a new model does not forget what a fab's wafers show.
        share: of the wafers kept for thresholds; of a dataset its validation part is kept.
        seed: of the split, as training used it.
        at: where lake, labels and model are.

    Raises:
        FormatError: a file cannot be used.
        AppDatabaseError: there is no such dataset.
        ModelError: the model in use cannot be used.
    """
    parts = [split_real(real, share, seed)]
    if labels:
        sides = labelled_wafers(AppDatabase(at.database_place), Lake(at.lake_url), labels)
        parts.append((_told("people", sides[Split.TRAIN].labelled), _told("people", sides[Split.VALIDATION].labelled)))
    if lake:
        maps = unlabelled_maps(AppDatabase(at.database_place), Lake(at.lake_url), (LAKE,))
        every = as_reported(maps[:: max(1, -(-len(maps) // lake))], Segmenter.load(str(model_in_use(at))))
        apart = held_out(every.names, share, seed)
        parts.append((every.take(np.flatnonzero(~apart)), every.take(np.flatnonzero(apart))))
    learnt, kept = zip(*parts, strict=True)
    return together(learnt), together(kept)


def as_reported(maps: Sequence[Grid], segmenter: Segmenter) -> LabelledMaps:
    """Label wafers with the classes that a model reports on them."""
    wafers = [WaferMap(dies=dies, lot_id="lake", wafer_id=f"{i:06d}") for i, dies in enumerate(maps)]
    found = [s.classes_present for some in batches(wafers, WAFERS_AT_ONCE) for s in segmenter.segment(some)]
    presence = np.array([[key in classes for key in CLASS_KEYS] for classes in found], dtype=np.float32)
    return LabelledMaps(
        list(maps),
        presence.reshape(-1, len(CLASS_KEYS)),
        [f"lake:{i:06d}" for i in range(len(maps))],
        np.zeros(len(maps), dtype=bool),
    )


def _told(by: str, wafers: LabelledMaps) -> LabelledMaps:
    """The same wafers, named after who labelled them: answers are weighed and fitted in each source by itself."""
    return LabelledMaps(wafers.maps, wafers.presence, [f"{by}:{name}" for name in wafers.names], wafers.near_full)
