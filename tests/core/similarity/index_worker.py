"""What processes of their own do to an index in tests: save it again and again, and load it meanwhile."""

import multiprocessing
from pathlib import Path

from core.similarity import SimilarityIndex
from core.similarity.index import IndexKind
from tests.core.embedding_examples import in_clusters, of_wafers

MODEL = "model@1"

processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload(["tests.core.similarity.index_worker"])


def save(home: Path, vectors: int, times: int, start) -> None:
    """Save an index of so many vectors again and again, as soon as all are ready."""
    index = SimilarityIndex(MODEL, IndexKind.WAFERS)
    index.add(of_wafers(in_clusters(vectors)))
    start.wait()
    for _ in range(times):
        index.save(home)


def load(home: Path, times: int, start) -> None:
    """Load the index again and again; it has to be whole each time."""
    start.wait()
    for _ in range(times):
        index = SimilarityIndex.load(home, MODEL, IndexKind.WAFERS)
        assert len(index.search(in_clusters(1), 5).keys) == 5
