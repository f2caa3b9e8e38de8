"""What wafers and their clusters look like, as rows of the lake: one row a wafer and model, its clusters within."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Embedded:
    """The vectors of one wafer.

    Args:
        key: of the wafer.
        dies_hash: of the grid that was embedded.
        model: name and short hash of the model.
        vector: float32 (512,) of unit length, of the whole wafer.
        segmented: sequence number of the segmentation whose clusters these are, None as long as none are embedded.
        numbers: of the clusters.
        clusters: float32 (len(numbers), 512), each the wafer with that cluster's dies failing alone.
    """

    key: str
    dies_hash: int
    model: str
    vector: NDArray[np.float32]
    segmented: int | None = None
    numbers: tuple[int, ...] = ()
    clusters: NDArray[np.float32] | None = None


def embedding_row(embedded: Embedded, sequence: int) -> dict[str, Any]:
    """Write the vectors of a wafer as a row of `embeddings`."""
    return {
        "key": embedded.key,
        "sequence": sequence,
        "model": embedded.model,
        "dies_hash": embedded.dies_hash,
        "vector": embedded.vector,
        "segmented": embedded.segmented,
        "cluster_numbers": list(embedded.numbers),
        "cluster_vectors": [] if embedded.clusters is None else embedded.clusters.reshape(-1),
    }
