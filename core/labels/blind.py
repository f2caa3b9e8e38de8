"""Blind labels: made without the model's proposals, so that they can measure how right the model is."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from core.labels.label import Label, LabelInstance, Origin, Verdict

LEAST_BLIND = 30
"""Wafers with a blind label from which on these alone measure a model; below, all labels do, and that is said."""


@dataclass(frozen=True)
class LabelMaking:
    """How a label was made.

    Args:
        blind: the annotator was shown no proposal of a model; None where nobody knows.
        proposals: by class how many proposals were shown, and how many of them were accepted as they were; empty where
            none was shown.
        note: what the annotator says beside the label.
    """

    blind: bool | None = None
    proposals: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    note: str = ""


def made(label: Label, shown: Label | None, *, blind: bool | None, note: str = "") -> LabelMaking:
    """Return how a label was made.

    Args:
        label: as it is submitted.
        shown: proposals that it started from, None for none.
        blind: the annotator was to see no proposals; None where nobody knows. A label that holds some is not blind.
        note: what the annotator says beside it.
    """
    seen = shown is not None or any(one.origin is Origin.PROPOSAL for one in label.instances)
    return LabelMaking(False if seen else blind, {} if shown is None else accepted_unchanged(shown, label), note)


def accepted_unchanged(shown: Label, label: Label) -> dict[str, tuple[int, int]]:
    """Count proposals, and those among them that a label keeps die by die, by class.

    Args:
        shown: the proposals.
        label: what was made of them.

    Example:
        >>> spot = LabelInstance(1, "ring", np.array([[0, 1]]), Origin.PROPOSAL)
        >>> accepted_unchanged(Label("L:W", (2, 3), (spot,)), Label("L:W", (2, 3)))
        {'ring': (1, 0)}
    """
    kept = {one.number: one for one in label.instances if one.state is Verdict.ACCEPTED}
    found: dict[str, tuple[int, int]] = {}
    for one in shown.instances:
        count, same = found.get(one.class_key, (0, 0))
        found[one.class_key] = count + 1, same + _is_kept(one, kept.get(one.number))
    return found


def _is_kept(proposal: LabelInstance, other: LabelInstance | None) -> bool:
    return (
        other is not None
        and (other.class_key, other.origin) == (proposal.class_key, Origin.PROPOSAL)
        and np.array_equal(other.dies, proposal.dies)
    )
