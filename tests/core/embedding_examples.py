"""Vectors for tests of similar wafers: seeded, in families, of wafers named by their number."""

import numpy as np
import pyarrow as pa

from core.similarity.embeddings import Vectors
from data.served import DIMENSION


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=-1, keepdims=True)).astype(np.float32)


def in_clusters(count: int, families: int = 40, spread: float = 0.6, seed: int = 0) -> np.ndarray:
    """Vectors around as many typical ones, as patterns make them."""
    rng = np.random.default_rng(seed)
    typical = unit(rng.standard_normal((families, DIMENSION)))
    return unit(typical[rng.integers(families, size=count)] + spread * unit(rng.standard_normal((count, DIMENSION))))


def of_wafers(matrix: np.ndarray, first: int = 0, sequence: int = 1, model: str = "model@1") -> Vectors:
    """The vectors of wafers L:first, L:first+1, ..."""
    keys = pa.array([f"L:{i}" for i in range(first, first + len(matrix))], pa.string())
    return Vectors(keys, np.zeros(len(matrix), dtype=np.int32), matrix, keys, sequence, model)
