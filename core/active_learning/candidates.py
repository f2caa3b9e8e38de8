"""Wafers of the lake that may be labelled next, what strategies want to know of them, their way to the queue."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select as rows
from sqlalchemy.orm import Session

from core.analysis.result import bounded_batches
from core.annotation.items import OPEN, Candidate, LabelItem, Status
from core.annotation.queue import fill
from core.identity import Person
from core.labels.annotations import labelled_keys
from core.lake import Lake
from core.lake.batches import batches
from core.people.roles import Permission, permit
from core.segmentation.dropout import PASSES, DropoutSegmenter
from core.segmentation.uncertainty import Uncertainty, uncertainty
from core.selection import Pick, Strategy

SEGMENTED_AT_ONCE = 32
_KEYS = "SELECT key FROM wafers WHERE (? = '' OR product = ?) ORDER BY key"
_EXCESS = """
    SELECT key, fail_count / greatest(tested_count, 1)
        - median(fail_count / greatest(tested_count, 1)) OVER (PARTITION BY product) AS excess
    FROM wafers
"""


def without_label(lake: Lake, session: Session, product: str = "", given_back: Sequence[LabelItem] = ()) -> list[str]:
    """List the wafers that have no standing label and are in no open item of the queue, sorted.

    Args:
        lake: the lake.
        session: of a transaction.
        product: of this product only, "" for all.
        given_back: items that count as if they were not in the queue.
    """
    queued = rows(LabelItem.wafer_key).where(
        LabelItem.status.in_((*OPEN, Status.SPARE)), LabelItem.id.not_in([item.id for item in given_back])
    )
    taken = {*labelled_keys(session), *session.scalars(queued)}
    return [str(key) for key in lake.query(_KEYS, [product, product])["key"] if key not in taken]


def uncertainties(
    lake: Lake, keys: Sequence[str], segmenter: DropoutSegmenter, *, passes: int = PASSES, seed: int = 0
) -> Iterator[Uncertainty]:
    """Measure how unsure the model is of wafers of the lake, in their order.

    Raises:
        ModelError: the network fails.
    """
    for some in batches(keys, 32 * SEGMENTED_AT_ONCE):
        found = lake.wafers_by_keys(some)
        for near in bounded_batches(found[key] for key in some):
            for part in batches(near, SEGMENTED_AT_ONCE):
                samples = segmenter.sample(part, passes=passes, seed=seed)
                yield from (uncertainty(w.key, s, w.failing) for w, s in zip(part, samples, strict=True))


def excess_of(lake: Lake, keys: Sequence[str]) -> NDArray[np.float64]:
    """Return how much more of each wafer fails than is usual (the median) for its product; (N,)."""
    table = lake.query(_EXCESS)
    by_key = dict(zip(table["key"], table["excess"], strict=True))
    return np.array([by_key[key] for key in keys], dtype=np.float64)


def queue_picks(
    session: Session, picks: Sequence[Pick], strategy: Strategy, person: Person, iteration: int, count: int
) -> tuple[int, int]:
    """Put picks into the queue, first to label first.

    Args:
        session: of a writing transaction.
        picks: the best first.
        strategy: that chose them.
        person: who adds them.
        iteration: round of labelling, from 1.
        count: how many are to be labelled; the rest are spares, which wait to take the place of one.

    Raises:
        NotAllowedError: the acting person may not.

    Returns:
        How many wait to be labelled, and how many as spares; what the round holds already is left out.
    """
    permit(person, Permission.ACTIVE_LEARNING_WRITE)
    wanted = [
        Candidate(pick.key, 1 - n / len(picks), pick.reason, strategy, pick.score) for n, pick in enumerate(picks)
    ]
    return (
        fill(session, wanted[:count], person, iteration=iteration),
        fill(session, wanted[count:], person, iteration=iteration, status=Status.SPARE),
    )
