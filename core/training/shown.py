"""What a training was shown, and so what its model was never shown: sentences for its card and its trust sheet."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.training.config import SERVED, TrainConfig
from data.classes import CLASS_COUNT, CLASSES
from data.datasets import LabelledMaps, MaskedMaps, load_labelled
from data.pictures import raster_of
from data.raster import FINE_CELLS


def learnt_from(trained: TrainConfig, lake: int, labels: str = "", start: str = "") -> str:
    """Return what a run and its version learnt from.

    Args:
        trained: how the run was trained.
        lake: wafers at most of the lake that taught it what the model in use reports.
        labels: which labels of people, as the run noted; "" for the name in the configuration.
        start: name of the model in use whose weights it started from, "" where nobody noted it.
    """
    parts = ["synthetic wafers with masks"]
    parts += [f"presence labels of {Path(path).stem}" for path in trained.real]
    parts += [f"people's labels ({labels or trained.labels})"] if trained.labels else []
    parts += [f"people's labels of before ({trained.old_labels})"] if trained.old_labels else []
    parts += [f"unlabelled: {Path(source).stem}" for source in trained.unlabelled]
    parts += [f"what the model in use reports on up to {lake:,} wafers of the lake"] if lake else []
    return f"{', '.join(parts)}; starts from {_start(trained, start)}" if trained.from_ else ", ".join(parts)


def never_shown(trained: TrainConfig, people: Sequence[MaskedMaps], start: str = "") -> tuple[str, ...]:
    """Return what a run was never shown, a sentence each.

    Args:
        trained: how it was trained; its files of real wafers are read.
        people: the wafers that people labelled and that it learnt from.
        start: name of the model in use whose weights it started from, "" where nobody noted it.

    Raises:
        FormatError: a file of real wafers cannot be used.
    """
    marked = _on_any([one.labelled for one in people])
    told = marked | _on_any([load_labelled(path) for path in trained.real])
    said = []
    if not told.any():
        said.append("A real wafer with a label: whatever it was told of was synthetic.")
    elif not told.all():
        said.append(f"On any real wafer with a label: {_names(~told)}.")
    if (told & ~marked).any():
        said.append(f"On a real wafer die by die, and not only as there or not: {_names(told & ~marked)}.")
    said.append(f"Grids of more than {_most_across(trained)} dies across, but for the cells that they are reduced to.")
    if trained.from_:
        said.append(f"It started from {_start(trained, start)}: what that was shown comes on top.")
    return tuple(said)


def _on_any(sets: Sequence[LabelledMaps]) -> NDArray[np.bool_]:
    """Classes that any wafer is known to show, bool (8,)."""
    shown = np.zeros(CLASS_COUNT, dtype=bool)
    for labelled in sets:
        shown |= (labelled.presence == 1).any(axis=0)
    return shown


def _names(classes: NDArray[np.bool_]) -> str:
    return ", ".join(c.name for c, there in zip(CLASSES, classes, strict=True) if there)


def _most_across(trained: TrainConfig) -> int:
    """Dies across the largest grid that is drawn die by die at the working sizes of a training."""
    raster = raster_of(trained.encoder)
    shares = trained.size_shares or raster.shares
    drawn = {size for size, share in zip(raster.sizes, shares, strict=False) if share}
    return max((dies for dies in range(1, FINE_CELLS + 1) if raster.size((dies, dies)) in drawn), default=0)


def _start(trained: TrainConfig, name: str) -> str:
    """Name the weights that a run started from."""
    return (name or "the model in use then") if trained.from_ == SERVED else "/".join(Path(trained.from_).parts[-2:])
