"""Clusters of wafers that look alike, by k-means; how many there are says the silhouette, or a person."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.errors import MapError

FEWEST, MOST = 4, 24  # clusters that are tried when nobody says how many
FEWEST_ASKED, MOST_ASKED = 2, 60
LEAST_MEMBERS = 5  # wafers a cluster when the number of clusters is chosen
SILHOUETTE_WAFERS = 3000
STARTS = 4


@dataclass(frozen=True, eq=False)
class Clusters:
    """Clusters by their middles, the largest first.

    Args:
        middles: float32 (K, A), mean of each cluster's wafers.
        members: int32 (N,), cluster of each wafer they were found among.
        silhouettes: mean silhouette by number of clusters, of those that were tried.
    """

    middles: NDArray[np.float32]
    members: NDArray[np.int32]
    silhouettes: dict[int, float]


def find_clusters(reduced: NDArray[np.float32], count: int | None, seed: int) -> Clusters:
    """Part wafers into clusters.

    k-means (Lloyd 1982, with k-means++ starts). Without a count, 4 to 24 are tried and the one with the greatest mean
    silhouette is kept (Rousseeuw 1987), both on a sample of 3,000; the clusters are then found among all.

    Args:
        reduced: float32 (N, A).
        count: of clusters, None to choose it.
        seed: of the sample and the starts.

    Raises:
        MapError: more clusters are asked for than there are wafers.
    """
    if (count or 0) > len(reduced):
        raise MapError("map", f"{count} clusters are asked for among {len(reduced)} wafers", "Ask for fewer.")
    from sklearn.cluster import KMeans

    rng = np.random.default_rng(seed)
    sample = reduced[np.sort(rng.permutation(len(reduced))[:SILHOUETTE_WAFERS])]
    most = max(FEWEST, min(MOST, len(sample) // LEAST_MEMBERS))
    silhouettes = {k: _silhouette(sample, k, seed) for k in (range(FEWEST, most + 1) if count is None else [count])}
    best = max(silhouettes, key=lambda k: (silhouettes[k], -k))
    found = KMeans(n_clusters=best, n_init=STARTS, random_state=seed).fit(reduced)
    order = np.argsort(-np.bincount(found.labels_, minlength=best), kind="stable")
    place = np.argsort(order).astype(np.int32)
    return Clusters(found.cluster_centers_[order].astype(np.float32), place[found.labels_], silhouettes)


def nearest_cluster(reduced: NDArray[np.float32], middles: NDArray[np.float32]) -> NDArray[np.int32]:
    """Return each wafer the cluster whose middle is nearest; (N,)."""
    farness = (middles**2).sum(axis=1) - 2 * reduced @ middles.T
    return np.asarray(farness.argmin(axis=1), dtype=np.int32)


def _silhouette(sample: NDArray[np.float32], count: int, seed: int) -> float:
    from sklearn.cluster import KMeans
    from sklearn.metrics import silhouette_score

    labels = KMeans(n_clusters=count, n_init=STARTS, random_state=seed).fit_predict(sample)
    known = len(np.unique(labels))
    return float(silhouette_score(sample, labels)) if 2 <= known < len(sample) else float("nan")
