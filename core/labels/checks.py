"""Whether a label is fit to be submitted: said in full sentences, before anything is stored."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from core.instances.clusters import REFERENCE_PX
from core.labels.label import Label
from data.counting_words import counted
from data.wafer import WaferMap


@dataclass(frozen=True)
class LabelLimits:
    """What a label may cover.

    Args:
        min_area_px: an instance is larger than this, in pixels of the grid drawn at 300 x 300; less is noise.
        max_instance_share: an instance covers less than this share of the tested dies.
        min_coverage: a label below this share of the tested dies is remarked upon: a thin scratch may well be.
        max_coverage: all instances together cover less than this share.
        unlimited: classes that may cover the whole wafer.
    """

    min_area_px: float = 10.0
    max_instance_share: float = 0.9
    min_coverage: float = 0.01
    max_coverage: float = 0.95
    unlimited: frozenset[str] = frozenset({"random"})


@dataclass(frozen=True)
class LabelProblem:
    """Something about a label.

    Args:
        text: what is wrong and what to do, a sentence or two.
        instance: number of the instance it is about, None for the label.
        blocks: the label cannot be submitted like this; else it is a remark.
    """

    text: str
    instance: int | None = None
    blocks: bool = True


def validate(label: Label, wafer: WaferMap, limits: LabelLimits | None = None) -> list[LabelProblem]:
    """Return what stands against submitting a label; nothing when it is fit.

    Args:
        label: of this wafer.
        wafer: the wafer.
        limits: what it may cover, None for the built-in limits.

    Example:
        >>> clean = WaferMap(dies=np.ones((9, 9), dtype=np.uint8), lot_id="L", wafer_id="W")
        >>> [problem.text for problem in validate(Label("L:W", (9, 9)), clean)]
        ['The label is empty. Mark a defect, or say that there is none.']
        >>> validate(Label("L:W", (9, 9), no_defect=True), clean)
        []
    """
    if (label.key, label.shape) != (wafer.key, wafer.dies.shape):
        text = f"The label is of {label.key} {label.shape}, the wafer is {wafer.key} {wafer.dies.shape}. Open it anew."
        return [LabelProblem(text)]
    limits = limits or LabelLimits()
    return [*_whole(label), *_instances(label, wafer, limits), *_coverage(label, wafer, limits), *_overlaps(label)]


def _whole(label: Label) -> Iterator[LabelProblem]:
    if label.no_defect and label.kept:
        yield LabelProblem(
            f"The label says no defect and holds {counted(len(label.kept), 'defect')}. Reject what is marked, or take "
            "“no defect” back."
        )
    if not label.no_defect and not label.kept:
        yield LabelProblem("The label is empty. Mark a defect, or say that there is none.")
    if waiting := len(label.undecided):
        said = "1 proposal is" if waiting == 1 else f"{waiting} proposals are"
        yield LabelProblem(f"{said} neither accepted nor rejected. Decide, or accept all that are left.")


def _instances(label: Label, wafer: WaferMap, limits: LabelLimits) -> Iterator[LabelProblem]:
    die_px = REFERENCE_PX**2 / wafer.dies.size
    for i in label.kept:
        passing = int((~wafer.failing[i.dies[:, 0], i.dies[:, 1]]).sum())
        if passing:
            yield LabelProblem(
                f"{i.name} holds {counted(passing, 'die that does', 'dies that do')} not fail. Only failing dies are "
                "defects.",
                i.number,
            )
        if len(i.dies) * die_px <= limits.min_area_px:
            needed = int(limits.min_area_px / die_px) + 1
            yield LabelProblem(
                f"{i.name} has {counted(len(i.dies), 'die')}, fewer than {needed}. Enlarge or delete it.", i.number
            )
        share = len(i.dies) / wafer.tested_count
        if share >= limits.max_instance_share and i.class_key not in limits.unlimited:
            yield LabelProblem(
                f"{i.name} covers {share:.0%} of the wafer, {limits.max_instance_share:.0%} is too much for its class. "
                "Make it smaller or change its class.",
                i.number,
            )


def _coverage(label: Label, wafer: WaferMap, limits: LabelLimits) -> Iterator[LabelProblem]:
    covered = float(label.masks().any(axis=0).sum()) / wafer.tested_count
    bounded = [i for i in label.kept if i.class_key not in limits.unlimited]
    if bounded and covered >= limits.max_coverage:
        yield LabelProblem(
            f"The label covers {covered:.0%} of the wafer, {limits.max_coverage:.0%} is too much. Make it smaller."
        )
    if label.kept and covered <= limits.min_coverage:
        yield LabelProblem(f"The label covers only {covered:.2%} of the wafer. Is that all?", blocks=False)


def _overlaps(label: Label) -> Iterator[LabelProblem]:
    for a, b in combinations(label.kept, 2):
        if a.class_key == b.class_key and (shared := _shared(a.dies, b.dies, label.shape)):
            if shared == len(a.dies) == len(b.dies):
                yield LabelProblem(f"{a.name} and {b.name} are the same dies twice. Delete one.", b.number)
                continue
            text = f"{a.name} and {b.name} share {counted(shared, 'die')}. Merge them if they are one defect."
            yield LabelProblem(text, b.number, blocks=False)


def _shared(a: NDArray[np.intp], b: NDArray[np.intp], shape: tuple[int, int]) -> int:
    if (a.min(axis=0) > b.max(axis=0)).any() or (b.min(axis=0) > a.max(axis=0)).any():
        return 0
    return len(np.intersect1d(a @ (shape[1], 1), b @ (shape[1], 1), assume_unique=True))
