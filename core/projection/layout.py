"""Lays wafers out on a map: UMAP for those it is fitted on, the places of their similar wafers for all others."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from core.projection.axes import PrincipalAxes, principal_axes
from core.projection.clusters import nearest_cluster
from core.projection.novelty import Novelty
from data.errors import MapError

LEAST_WAFERS = 20
NEIGHBOURS = 15
SIDE = 100.0  # of the map either way, which has no unit
SAME = 1e-4  # features that differ by less are of the same vector


@dataclass(frozen=True, eq=False)
class Layout:
    """The wafers that a map is fitted on; all else on it follows from them.

    Args:
        keys: of the N wafers.
        axes: directions in which they differ.
        features: float32 (N, A + 1), as `PrincipalAxes.features` gives them.
        places: float32 (N, 2) on the map, 0 to 100.
        seed: that all of it is made with.
    """

    keys: pa.StringArray
    axes: PrincipalAxes
    features: NDArray[np.float32]
    places: NDArray[np.float32]
    seed: int

    @property
    def reduced(self) -> NDArray[np.float32]:
        """Where the wafers lie on the axes; (N, A)."""
        return np.ascontiguousarray(self.features[:, :-1])


@dataclass(frozen=True, eq=False)
class Placed:
    """Wafers on the map.

    Args:
        places: float32 (N, 2), 0 to 100.
        clusters: int32 (N,).
        isolation: float32 (N,), 0 to 1, as `Novelty.score` gives it.
        novelty: float32 (N,), 0 to 100.
    """

    places: NDArray[np.float32]
    clusters: NDArray[np.int32]
    isolation: NDArray[np.float32]
    novelty: NDArray[np.float32]


def lay_out(keys: pa.StringArray, matrix: NDArray[np.float32], seed: int) -> Layout:
    """Lay out wafers by UMAP (McInnes, Healy, Melville 2018) on their principal axes; the same seed, the same map.

    The first call in a process compiles for half a minute.

    Args:
        keys: of the wafers.
        matrix: float32 (N, 512), each row of unit length.
        seed: of the layout.

    Raises:
        MapError: there are fewer than 20 wafers.
    """
    if len(keys) < LEAST_WAFERS:
        raise MapError(
            "map",
            f"{len(keys)} wafers have embeddings, a map needs {LEAST_WAFERS} or more",
            "Take in and segment more wafers, then build the map.",
        )
    from umap import UMAP

    axes = principal_axes(matrix)
    features = axes.features(matrix)
    neighbours = min(NEIGHBOURS, len(keys) - 1)
    places = UMAP(n_neighbors=neighbours, random_state=seed, n_jobs=1).fit_transform(features[:, :-1])
    scale = SIDE / np.maximum(np.ptp(places, axis=0), 1e-9)
    return Layout(keys, axes, features, ((places - places.min(axis=0)) * scale).astype(np.float32), seed)


class Placer:
    """Puts wafers on a map: those it was fitted on where they are, any other among its similar wafers.

    Args:
        layout: of the map.
        middles: float32 (K, A) of the clusters.
    """

    def __init__(self, layout: Layout, middles: NDArray[np.float32]) -> None:
        import faiss

        self._layout, self._middles = layout, middles
        self._near = faiss.IndexFlatL2(layout.reduced.shape[1])
        self._near.add(layout.reduced)
        self._novelty = Novelty(layout.features, layout.seed)

    def place(self, keys: pa.StringArray, matrix: NDArray[np.float32]) -> Placed:
        """Place wafers.

        One that the map was not fitted on comes to the mean place of the 15 fitted wafers that look most like it, each
        weighted by exp(-(its distance - the least) / (the mean distance - the least)): where UMAP's own transform
        begins. Nothing else on the map moves.

        Args:
            keys: of the wafers. One that the map was fitted on stays in its place as long as it looks the same.
            matrix: float32 (N, 512), each row of unit length.
        """
        features = self._layout.axes.features(matrix)
        reduced = np.ascontiguousarray(features[:, :-1])
        places = self._among_similar_wafers(reduced)
        rows = pc.fill_null(pc.index_in(keys, value_set=self._layout.keys), -1).to_numpy()
        same = (rows >= 0) & (np.abs(features - self._layout.features[rows]).max(axis=1) < SAME)
        places[same] = self._layout.places[rows[same]]
        isolation, novelty = self._novelty.score(features)
        return Placed(places, nearest_cluster(reduced, self._middles), isolation, novelty)

    def _among_similar_wafers(self, reduced: NDArray[np.float32]) -> NDArray[np.float32]:
        squared, rows = self._near.search(reduced, min(NEIGHBOURS, len(self._layout.keys)))
        distances = np.sqrt(np.maximum(squared, 0))
        beyond = distances - distances[:, :1]
        weights = np.exp(-beyond / np.maximum(beyond.mean(axis=1, keepdims=True), 1e-9))
        near = self._layout.places[rows]
        return np.asarray((near * weights[..., None]).sum(axis=1) / weights.sum(axis=1)[:, None], dtype=np.float32)
