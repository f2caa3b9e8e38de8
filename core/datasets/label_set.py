"""A frozen dataset: which wafers, which version of each label, which side of the split; followed, never changed."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from data.errors import LabelError

VERSION = 1
SEED = 10


class Split(StrEnum):
    """What a wafer is for."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


SHARES = {Split.TRAIN: 0.8, Split.VALIDATION: 0.1, Split.TEST: 0.1}


@dataclass(frozen=True)
class Member:
    """One label of a dataset.

    Args:
        wafer_key: the wafer.
        lot_id: its lot: all of a lot are on one side of the split.
        grid: its die grid, as `core.labels.annotations.grid_of` names it.
        annotation_id: version of the label.
        label_sha256: of the label's text.
        classes: keys of the classes on it, in the order of the class table.
        split: what the wafer is for.
    """

    wafer_key: str
    lot_id: str
    grid: str
    annotation_id: int
    label_sha256: str
    classes: tuple[str, ...]
    split: Split


@dataclass(frozen=True)
class LabelSet:
    """A dataset. Equal members make equal hashes, whatever the name.

    Args:
        name: as people and training call it, "v1.0".
        members: by wafer key, each wafer once.

    Raises:
        LabelError: a wafer is there twice, or the members are out of order.

    Example:
        >>> LabelSet("empty", ()).sha256[:8]
        '72322bd8'
    """

    name: str
    members: tuple[Member, ...]

    def __post_init__(self) -> None:
        """Refuse what cannot be read back."""
        keys = [m.wafer_key for m in self.members]
        if keys != sorted(set(keys)):
            raise LabelError(self.name, "wafers are there twice or out of order", "Freeze the dataset anew.")

    @property
    def text(self) -> str:
        """The members as JSON, a line each."""
        lines = [json.dumps(asdict(m), sort_keys=True, ensure_ascii=False) for m in self.members]
        return f'{{"version": {VERSION}, "members": [\n' + ",\n".join(lines) + "\n]}\n"

    @property
    def sha256(self) -> str:
        """Digest of the members."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def of(self, split: Split) -> tuple[Member, ...]:
        """The members on one side of the split."""
        return tuple(m for m in self.members if m.split is split)


def read_label_set(name: str, text: str) -> LabelSet:
    """Read what `LabelSet.text` wrote.

    Raises:
        LabelError: it is something else, or of another version.
    """
    try:
        found = json.loads(text)
        if found["version"] != VERSION:
            raise LabelError(name, f"expected version {VERSION}, found {found['version']!r}", "Update the app.")
        members = [
            Member(**{**m, "classes": tuple(m["classes"]), "split": Split(m["split"])}) for m in found["members"]
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise LabelError(name, f"the dataset cannot be read ({error!r})", "Freeze the dataset anew.") from error
    return LabelSet(name, tuple(members))


def label_sha256(text: str) -> str:
    """Digest of a label's text."""
    return hashlib.sha256(text.encode()).hexdigest()


def split_by_lot(
    lots: Sequence[str], present: NDArray[np.bool_], known: Mapping[str, Split] | None = None, seed: int = SEED
) -> list[Split]:
    """Part wafers 80/10/10, whole lots to a side, the classes spread alike over the sides.

    Lots are assigned one by one, the largest first, each to the side on which it brings the counts (wafers, wafers of
    each class, wafers without any) nearest to their shares: the chi-square of counts against shares rises least. The
    last lots go to sides that are still empty. This is iterative stratification (Sechidis et al., On the stratification
    of multi-label data, ECML 2011) with lots in the place of examples.

    Args:
        lots: lot of each wafer.
        present: bool (N, 8), classes on each wafer.
        known: lots whose side is settled, by an earlier version: they stay.
        seed: orders lots of equal size.

    Returns:
        Side of each wafer.

    Example:
        >>> lots = [f"L{n // 5}" for n in range(50)]
        >>> sides = split_by_lot(lots, np.zeros((50, 8), dtype=bool))
        >>> [sides.count(side) for side in Split]
        [40, 5, 5]
    """
    names = sorted(set(lots))
    where = np.array([names.index(lot) for lot in lots], dtype=np.intp)
    kinds = np.column_stack([np.ones(len(lots)), present, ~present.any(axis=1)]).astype(np.float64)
    counts = np.zeros((len(names), kinds.shape[1]))
    np.add.at(counts, where, kinds)
    sides = {lot: side for lot, side in (known or {}).items() if lot in names}
    shares = np.array([SHARES[side] for side in Split])
    target = shares[:, None] * counts.sum(axis=0)
    held = np.zeros_like(target)
    for lot, side in sides.items():
        held[list(Split).index(side)] += counts[names.index(lot)]
    order = sorted(set(names) - set(sides), key=lambda lot: (-counts[names.index(lot), 0], _shuffled(lot, seed)))
    for position, lot in enumerate(order):
        empty = np.flatnonzero(held[:, 0] == 0)
        allowed = empty if len(order) - position <= len(empty) else np.arange(len(shares))
        added = counts[names.index(lot)]
        rise = ((2 * (held - target) + added) * added / np.maximum(target, 1e-9)).sum(axis=1)
        best = int(allowed[np.argmin(rise[allowed])])
        held[best] += added
        sides[lot] = list(Split)[best]
    return [sides[lot] for lot in lots]


def _shuffled(lot: str, seed: int) -> str:
    return hashlib.sha256(f"{seed}:{lot}".encode()).hexdigest()


@dataclass(frozen=True)
class Changes:
    """What a dataset changed against an earlier one; wafers by key.

    Args:
        added: that only the later one has.
        removed: that only the earlier one has.
        relabelled: whose label or grid is another.
        moved: that are on another side of the split.
    """

    added: tuple[str, ...]
    removed: tuple[str, ...]
    relabelled: tuple[str, ...]
    moved: tuple[str, ...]

    @property
    def text(self) -> str:
        """The changelog as lines: counts, then each wafer."""
        parts = {"added": self.added, "removed": self.removed, "relabelled": self.relabelled, "moved": self.moved}
        head = ", ".join(f"{len(keys)} {word}" for word, keys in parts.items())
        return "\n".join([head, *(f"{word} {key}" for word, keys in parts.items() for key in keys)])


def changes(earlier: LabelSet, later: LabelSet) -> Changes:
    """Return what a dataset changed against an earlier one."""
    old, new = ({m.wafer_key: m for m in one.members} for one in (earlier, later))
    both = sorted(old.keys() & new.keys())
    return Changes(
        added=tuple(sorted(new.keys() - old.keys())),
        removed=tuple(sorted(old.keys() - new.keys())),
        relabelled=tuple(k for k in both if (old[k].label_sha256, old[k].grid) != (new[k].label_sha256, new[k].grid)),
        moved=tuple(k for k in both if old[k].split != new[k].split),
    )
