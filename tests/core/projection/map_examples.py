"""Maps for tests: laid out by a plain projection, since UMAP compiles for half a minute."""

import uuid

import numpy as np

from core.lake import Lake
from core.lake.embedding_rows import Embedded
from core.projection import upkeep
from core.projection.axes import principal_axes
from core.projection.layout import Layout
from core.projection.upkeep import bring_up_to_date
from core.segmentation import Segmenter
from core.similarity.upkeep import Step
from tests.core.embedding_examples import unit


def blobs(count: int = 120, clusters: int = 6, spread: float = 0.25, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Unit vectors around as many typical ones, cluster n % clusters; and the clusters."""
    rng = np.random.default_rng(seed)
    typical = unit(rng.standard_normal((clusters, 512)))
    members = np.arange(count) % clusters
    return unit(typical[members] + spread * unit(rng.standard_normal((count, 512)))), members


def plain_layout(keys, matrix, seed):
    """A layout without UMAP: the first two axes."""
    axes = principal_axes(matrix)
    features = axes.features(matrix)
    places = features[:, :2] - features[:, :2].min(axis=0)
    return Layout(keys, axes, features, (100 * places / places.max()).astype(np.float32), seed)


def lake_of(matrix: np.ndarray, model: str = "model@1") -> Lake:
    """A lake that holds nothing but vectors, of wafers L:0, L:1, ..."""
    lake = Lake(f"memory://{uuid.uuid4().hex}")
    lake.append_embeddings(Embedded(f"L:{n}", n, model, vector) for n, vector in enumerate(matrix))
    return lake


def build(monkeypatch, lake: Lake, segmenter: Segmenter, home, **options) -> list[Step]:
    """Bring a map up to date without UMAP, and give its steps."""
    monkeypatch.setattr(upkeep, "lay_out", plain_layout)
    return list(bring_up_to_date(lake, segmenter, home, **options))
