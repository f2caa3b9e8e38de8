"""How well a space of embeddings ranks wafers whose labels are known: what comes back first, and is it of one kind?"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.evaluation.metrics import mean

NEIGHBOURS = 10
BLOCK = 256


@dataclass(frozen=True)
class RankingQuality:
    """What was measured. Means over classes leave out classes without a query; NaN where nothing can be said.

    Args:
        precision_at_10: share of the ten nearest with the query's label, mean over queries.
        precision_by_label: the same by label of the query.
        average_precision: mean average precision over the whole gallery, by label of the query.
        knn_f1: F1 of the majority label of the ten nearest (ties to the nearer), by label.
    """

    precision_at_10: float
    precision_by_label: dict[str, float]
    average_precision: dict[str, float]
    knn_f1: dict[str, float]

    @property
    def macro_precision(self) -> float:
        """Mean of `precision_by_label`."""
        return mean(np.array(list(self.precision_by_label.values())))

    @property
    def mean_average_precision(self) -> float:
        """Mean of `average_precision` over labels."""
        return mean(np.array(list(self.average_precision.values())))

    @property
    def knn_macro_f1(self) -> float:
        """Mean of `knn_f1` over labels."""
        return mean(np.array(list(self.knn_f1.values())))


def measure_ranking(
    queries: NDArray[np.float32], labels: Sequence[str], gallery: NDArray[np.float32], gallery_labels: Sequence[str]
) -> RankingQuality:
    """Rank the gallery by cosine for each query, and count how often labels agree.

    Args:
        queries: float32 (N, D), each row of unit length.
        labels: of the queries.
        gallery: float32 (M, D), each row of unit length.
        gallery_labels: of the gallery.

    Source: Manning, Raghavan and Schuetze, "Introduction to Information Retrieval", 2008, section 8.4.
    """
    names, flat = np.unique([*labels, *gallery_labels], return_inverse=True)
    asked, held = flat[: len(labels)], flat[len(labels) :]
    hits, precisions, votes = [], [], []
    for start in range(0, len(queries), BLOCK):
        order = np.argsort(-(queries[start : start + BLOCK] @ gallery.T), axis=1, kind="stable")
        same = held[order] == asked[start : start + BLOCK, None]
        hits.append(same[:, :NEIGHBOURS].mean(axis=1))
        precisions.append(_average_precision(same))
        votes.append(_votes(held[order[:, :NEIGHBOURS]], len(names)))
    agreed, precise, said = (np.concatenate(parts) for parts in (hits, precisions, votes))
    present = [k for k in range(len(names)) if (asked == k).any()]
    return RankingQuality(
        precision_at_10=float(agreed.mean()),
        precision_by_label={str(names[k]): float(agreed[asked == k].mean()) for k in present},
        average_precision={str(names[k]): mean(precise[asked == k]) for k in present},
        knn_f1={str(names[k]): _f1(asked == k, said == k) for k in present},
    )


def _average_precision(same: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Mean precision at each place of the ranking that holds a wafer of the label; NaN where none does."""
    ranks = np.arange(1, same.shape[1] + 1)
    total = same.sum(axis=1)
    summed = (np.cumsum(same, axis=1) / ranks * same).sum(axis=1)
    return np.where(total > 0, summed / np.maximum(total, 1), np.nan)


def _votes(nearest: NDArray[np.intp], count: int) -> NDArray[np.intp]:
    """Return the label that most of the neighbours have, of equals the one whose first is nearer."""
    found = nearest[:, :, None] == np.arange(count)
    # What a label gains by being nearer stays below one vote.
    nearer = found.any(axis=1) / (2.0 + found.argmax(axis=1))
    return np.asarray(np.argmax(found.sum(axis=1) + nearer, axis=1), dtype=np.intp)


def _f1(truth: NDArray[np.bool_], said: NDArray[np.bool_]) -> float:
    shared, either = np.count_nonzero(truth & said), np.count_nonzero(truth) + np.count_nonzero(said)
    return 2 * shared / either if either else np.nan
