"""Many at once: processes save and load one index, and nobody finds it missing or half."""

import pytest

from core.similarity import SimilarityIndex
from core.similarity.index import IndexKind
from tests.core.embedding_examples import in_clusters, of_wafers
from tests.core.similarity.index_worker import MODEL, load, processes, save

SAVES, LOADS, SECONDS = 25, 40, 120
SIZES = (20, 30, 40)  # vectors of each saver's index


@pytest.fixture
def index():
    made = SimilarityIndex(MODEL, IndexKind.WAFERS)
    made.add(of_wafers(in_clusters(10)))
    return made


def test_processes_save_and_load_one_index_at_once(index, tmp_path):
    index.save(tmp_path)
    start = processes.Barrier(len(SIZES) + 2)
    everyone = [
        *(processes.Process(target=save, args=(tmp_path, size, SAVES, start)) for size in SIZES),
        *(processes.Process(target=load, args=(tmp_path, LOADS, start)) for _ in range(2)),
    ]
    for process in everyone:
        process.start()
    for process in everyone:
        process.join(SECONDS)
        process.kill()
    assert [process.exitcode for process in everyone] == [0] * len(everyone)
    assert len(SimilarityIndex.load(tmp_path, MODEL, IndexKind.WAFERS)) in SIZES
