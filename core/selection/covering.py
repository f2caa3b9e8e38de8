"""Wafers that cover the space of what wafers look like: k-centre greedy, and the most typical of groups."""

import numpy as np
from numpy.typing import NDArray

NEIGHBOURS = 20
MOST_GROUPS = 500
BLOCK_ROWS = 4096


def nearest_distance(
    vectors: NDArray[np.float32], others: NDArray[np.float32] | None, *, block_rows: int = BLOCK_ROWS
) -> NDArray[np.float32]:
    """Return the distance of each vector to the nearest of others, blockwise; infinite where there are none.

    Args:
        vectors: float32 (N, D).
        others: float32 (M, D).
        block_rows: vectors at a time; it bounds the memory alone.
    """
    if others is None or not len(others):
        return np.full(len(vectors), np.inf, dtype=np.float32)
    found = np.empty(len(vectors), dtype=np.float32)
    lengths = np.einsum("ij,ij->i", others, others)
    for start in range(0, len(vectors), block_rows):
        block = vectors[start : start + block_rows]
        squares = np.einsum("ij,ij->i", block, block)[:, None] + lengths - 2 * block @ others.T
        found[start : start + block_rows] = np.sqrt(np.maximum(squares.min(axis=1), 0))
    return found


def farthest_first(
    vectors: NDArray[np.float32],
    labelled: NDArray[np.float32] | None,
    count: int,
    uncertainty: NDArray[np.floating] | None = None,
    weight: float = 0.0,
) -> tuple[list[int], list[float], list[float]]:
    """Choose one after another the vector farthest from all labelled and chosen ones (k-centre greedy), none twice.

    With an uncertainty, `weight * uncertainty + (1 - weight) * distance` is greatest, both brought to 0-1: the first
    by rank, distance by the farthest at the start, so that neither outweighs the other by its unit.

    Args:
        vectors: float32 (N, D).
        labelled: float32 (M, D), covered already; without any the first is the one nearest the middle.
        count: how many, at most N.
        uncertainty: (N,), higher is more in uncertainty.
        weight: of uncertainty, 0 to 1.

    Returns:
        Positions in the order they were chosen, the distance of each when it was chosen, its score then. A first one
        of all has no distance: infinite, and counts as farthest.

    Source: Sener and Savarese, "Active Learning for CNNs: A Core-Set Approach", ICLR 2018.
    """
    squares = np.einsum("ij,ij->i", vectors, vectors)
    distance = nearest_distance(vectors, labelled)
    unsure = np.zeros(len(vectors)) if uncertainty is None else ranks(uncertainty)
    farthest = float(distance.max(initial=0))
    near = _nearness_to_middle(vectors, squares) if np.isinf(farthest) else distance / (farthest or 1.0)
    chosen, distances, scores = list[int](), list[float](), list[float]()
    taken = np.zeros(len(vectors), dtype=bool)
    for _ in range(min(count, len(vectors))):
        score = np.where(taken, -np.inf, weight * unsure + (1 - weight) * near)
        best = int(np.argmax(score))
        taken[best] = True
        chosen.append(best)
        distances.append(float(distance[best]))
        scores.append(float(score[best]))
        apart = squares + squares[best] - 2 * (vectors @ vectors[best])
        np.minimum(distance, np.sqrt(np.maximum(apart, 0)), out=distance)
        if np.isinf(farthest):
            farthest = float(distance.max())
        near = distance / (farthest or 1.0)
    return chosen, distances, scores


def typical_first(
    vectors: NDArray[np.float32], labelled: NDArray[np.float32] | None, count: int, seed: int
) -> list[tuple[int, float, int]]:
    """Choose the most typical vector of each of the largest groups that hold no labelled one.

    As many groups are made as there are labelled and wanted ones together; typical is what lies nearest its 20
    neighbours. Few labels teach most where they stand for many wafers.

    Args:
        vectors: float32 (N, D).
        labelled: float32 (M, D).
        count: how many, at most N.
        seed: of the groups.

    Returns:
        Position, mean distance to its neighbours, and size of its group, of each chosen one, none twice.

    Source: Hacohen, Dekel and Weinshall, "Active Learning on a Budget", ICML 2022 (TypiClust).
    """
    from sklearn.cluster import MiniBatchKMeans

    known = np.zeros((0, vectors.shape[1]), dtype=np.float32) if labelled is None else labelled
    every = np.concatenate([vectors, known])
    wanted = min(count, len(vectors))
    groups = min(len(known) + wanted, MOST_GROUPS, len(every))
    if not wanted:
        return []
    group = MiniBatchKMeans(groups, random_state=seed, n_init=1, batch_size=2048).fit_predict(every)
    own = group[: len(vectors)]
    labels = np.bincount(group[len(vectors) :], minlength=groups)
    sizes = np.bincount(group, minlength=groups)
    ranked = {g: _most_typical_first(vectors, np.flatnonzero(own == g)) for g in range(groups)}
    chosen: list[tuple[int, float, int]] = []
    while len(chosen) < wanted:
        # Groups without a label first, of those the largest; then round again.
        g = min((g for g in ranked if ranked[g]), key=lambda g: (labels[g], -sizes[g], g))
        position, spread = ranked[g].pop(0)
        chosen.append((position, spread, int(sizes[g])))
        labels[g] += 1
    return chosen


def ranks(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """Bring values to 0-1 by their rank, equal ones to the same: an outlier does not flatten the others.

    Example:
        >>> ranks(np.array([5.0, 900.0, 5.0, 7.0])).round(2).tolist()
        [0.17, 1.0, 0.17, 0.67]
    """
    from scipy.stats import rankdata

    if len(values) < 2:
        return np.ones(len(values))
    return np.asarray((rankdata(values) - 1) / (len(values) - 1))


def _nearness_to_middle(vectors: NDArray[np.float32], squares: NDArray[np.float32]) -> NDArray[np.float32]:
    middle = vectors.mean(axis=0)
    apart = np.sqrt(np.maximum(squares - 2 * vectors @ middle + middle @ middle, 0))
    return np.asarray(1 - apart / (apart.max() or 1.0), dtype=np.float32)


def _most_typical_first(vectors: NDArray[np.float32], members: NDArray[np.intp]) -> list[tuple[int, float]]:
    """Members of a group with their mean distance to their neighbours in it, the nearest first."""
    if len(members) < 2:
        return [(int(m), 0.0) for m in members]
    rows = vectors[members]
    near = min(NEIGHBOURS, len(members) - 1)
    squares = np.einsum("ij,ij->i", rows, rows)
    spread = np.empty(len(members))
    for start in range(0, len(rows), BLOCK_ROWS):
        block = slice(start, start + BLOCK_ROWS)
        apart = np.maximum(squares[block, None] + squares - 2 * rows[block] @ rows.T, 0)
        spread[block] = np.sqrt(np.partition(apart, near, axis=1)[:, : near + 1]).sum(axis=1) / near
    order = np.argsort(spread, kind="stable")
    return [(int(members[i]), float(spread[i])) for i in order]
