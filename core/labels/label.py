"""Labels: which failing dies a person says belong to which defect, as a value that checks itself."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from core.instances import Instance
from core.instances.clusters import measured
from data.classes import CLASS_COUNT, CLASS_INDEX, CLASSES
from data.errors import LabelError
from data.wafer import MAX_GRID, WaferMap

VERSION = 1
NAMES = {c.key: c.name for c in CLASSES}


class Origin(StrEnum):
    """Who drew an instance first."""

    PROPOSAL = "proposal"
    PERSON = "person"


class Verdict(StrEnum):
    """What the person says of an instance; what a person draws is born accepted."""

    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    REJECTED = "rejected"


@dataclass(frozen=True, eq=False)
class LabelInstance:
    """One cluster of a label.

    Args:
        number: from 1, unique within the label and kept for the cluster's life.
        class_key: class of the pattern.
        dies: int (n, 2) of (row, column), by rows, at least one.
        origin: who drew it first.
        state: what the person says of it.
    """

    number: int
    class_key: str
    dies: NDArray[np.intp]
    origin: Origin = Origin.PERSON
    state: Verdict = Verdict.ACCEPTED

    @property
    def name(self) -> str:
        """How people call it: class and number."""
        return f"{NAMES[self.class_key]} {self.number}"


@dataclass(frozen=True, eq=False)
class Label:
    """What a person says about one wafer, checked at birth; `validate` says whether it is fit to be submitted.

    Args:
        key: the wafer's key.
        shape: rows and columns of the wafer's grid.
        instances: its clusters, the rejected ones among them.
        no_defect: the person says that there is no pattern on the wafer.

    Raises:
        LabelError: two instances have one number, a class does not exist, or dies are missing, double, out of order or
            off the grid.

    Example:
        >>> spot = LabelInstance(1, "particle", np.array([[0, 1], [1, 1]]))
        >>> label = Label("L:W", (2, 3), (spot,))
        >>> label.masks()[CLASS_INDEX["particle"]].astype(int).tolist()
        [[0, 1, 0], [0, 1, 0]]
    """

    key: str
    shape: tuple[int, int]
    instances: tuple[LabelInstance, ...] = ()
    no_defect: bool = False

    def __post_init__(self) -> None:
        """Refuse what no label can mean."""
        if not all(1 <= side <= MAX_GRID for side in self.shape):
            raise LabelError(self.key, f"a grid has 1 to {MAX_GRID} rows and columns, found {self.shape}", AGAIN)
        numbers = [i.number for i in self.instances]
        if len({*numbers}) < len(numbers) or min(numbers, default=1) < 1:
            raise LabelError(self.key, f"instances need numbers of their own from 1, found {numbers}", AGAIN)
        for instance in self.instances:
            _check_instance(self.key, instance, self.shape)

    @property
    def kept(self) -> tuple[LabelInstance, ...]:
        """The instances that are not rejected."""
        return tuple(i for i in self.instances if i.state is not Verdict.REJECTED)

    @property
    def undecided(self) -> tuple[LabelInstance, ...]:
        """The proposals that are neither accepted nor rejected."""
        return tuple(i for i in self.instances if i.state is Verdict.PROPOSED)

    def masks(self) -> NDArray[np.bool_]:
        """Bool (8, H, W): the dies of each class's kept instances."""
        out = np.zeros((CLASS_COUNT, *self.shape), dtype=bool)
        for i in self.kept:
            out[CLASS_INDEX[i.class_key], i.dies[:, 0], i.dies[:, 1]] = True
        return out

    def measured(self, wafer: WaferMap) -> list[Instance]:
        """Measure the kept instances, in the order of the class table; a person's word has confidence 1."""
        ranked = sorted(self.kept, key=lambda i: (CLASS_INDEX[i.class_key], i.number))
        return measured(((i.class_key, i.dies, 1.0) for i in ranked), wafer)


AGAIN = "Label the wafer anew."


@dataclass(frozen=True, eq=False)
class Labelled:
    """A label on its way out.

    Args:
        wafer: what was labelled.
        label: its label.
        annotator: who labelled.
        seconds: of work.
    """

    wafer: WaferMap
    label: Label
    annotator: str = ""
    seconds: float = 0.0


def from_proposal(wafer: WaferMap, instances: Sequence[Instance]) -> Label:
    """Start a label from what the model found; every instance waits for a verdict.

    A die that the wafer does not show as failing is left out, and an instance without any is too.
    """
    found = ((i, i.dies[wafer.failing[i.dies[:, 0], i.dies[:, 1]]]) for i in instances)
    return Label(
        wafer.key,
        wafer.dies.shape,
        tuple(
            LabelInstance(i.number, i.class_key, dies, Origin.PROPOSAL, Verdict.PROPOSED)
            for i, dies in found
            if len(dies)
        ),
    )


def from_masks(wafer: WaferMap, masks: NDArray[np.bool_]) -> Label:
    """Make a label of one accepted instance a class; `masks` is bool (8, H, W), of which failing dies count."""
    present = [(c.key, np.argwhere(mask & wafer.failing)) for c, mask in zip(CLASSES, masks, strict=True)]
    drawn = [(key, dies) for key, dies in present if len(dies)]
    return Label(
        wafer.key,
        wafer.dies.shape,
        tuple(LabelInstance(n, key, dies) for n, (key, dies) in enumerate(drawn, start=1)),
        no_defect=not drawn,
    )


def encode(label: Label) -> str:
    """Write a label as JSON text; equal labels give equal text.

    Dies are run lengths over the grid by rows: dies to skip, dies to take, and so on.

    Example:
        >>> encode(Label("L:W", (2, 3), no_defect=True))
        '{"version":1,"key":"L:W","shape":[2,3],"no_defect":true,"instances":[]}'
    """
    return json.dumps(
        {
            "version": VERSION,
            "key": label.key,
            "shape": list(label.shape),
            "no_defect": label.no_defect,
            "instances": [
                {
                    "number": i.number,
                    "class": i.class_key,
                    "origin": i.origin,
                    "state": i.state,
                    "dies": runs(i.dies, label.shape),
                }
                for i in label.instances
            ],
        },
        separators=(",", ":"),
    )


def decode(text: str) -> Label:
    """Read a label that `encode` or the editor wrote.

    Raises:
        LabelError: it is no JSON, of another version, lacks something, or contradicts itself.
    """
    try:
        return from_json(json.loads(text))
    except json.JSONDecodeError as error:
        raise LabelError("label", f"it is not JSON ({error})", AGAIN) from error


def from_json(found: object) -> Label:
    """Read a label from parsed JSON.

    Raises:
        LabelError: of another version, lacks something, or contradicts itself.
    """
    if not isinstance(found, Mapping) or found.get("version") != VERSION:
        raise LabelError(
            "label", f"expected an object of version {VERSION}", "Update the app, or label the wafer anew."
        )
    try:
        rows, columns = (int(side) for side in found["shape"])
        shape = rows, columns
        return Label(
            str(found["key"]),
            shape,
            tuple(_read_instance(one, shape) for one in found["instances"]),
            no_defect=bool(found["no_defect"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise LabelError("label", f"something is missing or malformed ({error!r})", AGAIN) from error


def runs(dies: NDArray[np.intp], shape: tuple[int, int]) -> list[int]:
    """Run lengths of dies (n, 2), sorted by rows: how many to skip, how many to take, and so on.

    Example:
        >>> runs(np.array([[0, 1], [0, 2], [1, 2]]), (2, 3))
        [1, 2, 2, 1]
    """
    flat = dies[:, 0] * shape[1] + dies[:, 1]
    bounds = np.setxor1d(flat, flat + 1, assume_unique=True)  # a run's inner dies are in both, its two ends in one
    return [int(step) for step in np.diff(bounds, prepend=0)]


def from_runs(lengths: Iterable[int], shape: tuple[int, int]) -> NDArray[np.intp]:
    """Dies (n, 2) of run lengths that `runs` wrote.

    Raises:
        ValueError: a length is no whole number, is not positive (the first may be 0), or they leave the grid.
    """
    steps = list(lengths)
    if not all(type(step) is int and step >= (n > 0) for n, step in enumerate(steps)) or len(steps) % 2:
        raise ValueError("run lengths are positive whole numbers in pairs")
    bounds = np.cumsum(np.array([0, *steps], dtype=np.int64))[1:]
    if len(bounds) and bounds[-1] > shape[0] * shape[1]:
        raise ValueError("run lengths leave the grid")
    flat = [np.arange(start, end) for start, end in zip(bounds[::2], bounds[1::2], strict=True)]
    return np.column_stack(np.divmod(np.concatenate([np.zeros(0, dtype=np.intp), *flat]), shape[1])).astype(np.intp)


def _read_instance(one: Mapping[str, object], shape: tuple[int, int]) -> LabelInstance:
    number, lengths = one["number"], one["dies"]
    if type(number) is not int or not isinstance(lengths, list):
        raise TypeError("an instance has a whole number and a list of run lengths")
    dies = from_runs(lengths, shape)
    return LabelInstance(number, str(one["class"]), dies, Origin(str(one["origin"])), Verdict(str(one["state"])))


def _check_instance(key: str, instance: LabelInstance, shape: tuple[int, int]) -> None:
    where = f"{key} instance {instance.number}"
    if instance.class_key not in CLASS_INDEX:
        raise LabelError(
            where, f"the class '{instance.class_key}' does not exist", f"Use one of {', '.join(CLASS_INDEX)}."
        )
    dies = np.asarray(instance.dies)
    if dies.ndim != 2 or dies.shape[1] != 2 or not len(dies) or dies.dtype.kind not in "iu":
        raise LabelError(where, f"expected whole dies (n, 2), at least one, found {dies.dtype} {dies.shape}", AGAIN)
    if dies.min() < 0 or (dies >= shape).any():
        raise LabelError(where, f"a die lies off the grid of {shape[0]} x {shape[1]}", AGAIN)
    if (np.diff(dies[:, 0] * shape[1] + dies[:, 1]) <= 0).any():
        raise LabelError(where, "dies are not by rows, or one is there twice", AGAIN)
