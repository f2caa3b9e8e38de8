"""Many at once: processes and threads append, read and merge one lake, and nobody loses or sees half a row."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from core.lake import Lake
from core.lake.compaction import LOCK
from tests.core.lake_examples import drawn, found_on, same_wafer
from tests.core.lake_worker import append, merge, processes

pytestmark = pytest.mark.slow

PER_WRITER = 16


@pytest.fixture(params=["path", "memory"])
def root(request, tmp_path) -> str:
    return {"path": str(tmp_path / "lake"), "memory": f"memory://{uuid.uuid4().hex}"}[request.param]


_CLUSTERS = """
    SELECT cluster_count, n FROM segmentations
    LEFT JOIN (SELECT key, count(*) AS n FROM instances GROUP BY key) USING (key)
"""


def parts_of(lake: Lake) -> dict[str, int]:
    return {name: len(names) for name, names in lake._parts.listing().items()}


def test_processes_append_and_merge_while_another_reads(tmp_path):
    root = str(tmp_path / "lake")
    writers = [
        processes.Process(target=append, args=(root, first, first + PER_WRITER, tmp_path / f"told{first}", True))
        for first in (0, PER_WRITER, PER_WRITER)  # the last two append the same wafers
    ]
    merger = processes.Process(target=merge, args=(root, 6))
    everyone = [*writers, merger]
    for process in everyone:
        process.start()
    reader, seen = Lake(root), 0
    while any(process.is_alive() for process in everyone):
        table = reader.query("SELECT count(*) AS n, count(DISTINCT key) AS keys FROM wafers")
        assert seen <= table["n"][0] == table["keys"][0]
        seen = table["n"][0]
        orphans = reader.query("SELECT count(*) AS n FROM wafers AS w ANTI JOIN dies AS d ON d.key = w.key")
        assert orphans["n"][0] == 0
        clusters = reader.query(_CLUSTERS)
        assert (clusters["n"] == clusters["cluster_count"]).all()
    for process in everyone:
        process.join()
        assert process.exitcode == 0
    wafers = [drawn(n) for n in range(2 * PER_WRITER)]
    for lake in (reader, Lake(root)):
        held, results = (find([wafer.key for wafer in wafers]) for find in (lake.wafers_by_keys, lake.results_by_keys))
        assert len(held) == len(results) == lake.count() == 2 * PER_WRITER
        assert all(same_wafer(held[wafer.key], wafer) for wafer in wafers)


def test_threads_share_one_lake(root):
    lake = Lake(root)

    def work(number: int) -> int:
        wafers = [drawn(n) for n in range(number * 5, number * 5 + 5)]
        lake.append_wafers(wafers)
        lake.append_results([found_on(wafer, "edge") for wafer in wafers])
        return len(lake.results_by_keys([wafer.key for wafer in wafers]))

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(work, range(6))) == [5] * 6
    assert lake.count() == Lake(root).count() == 30


def test_merging_leaves_one_part_a_table_and_every_answer_as_it_was(root):
    lake = Lake(root)
    for number in range(5):
        lake.append_wafers([drawn(number)])
        lake.append_results([found_on(drawn(number), "edge", model="old")])
    lake.append_wafers([replace(drawn(2), product="NEW")])
    lake.append_results([found_on(drawn(3), "center", "random", model="new")])
    other = Lake(root)
    views = "wafers", "dies", "segmentations", "instances", "earlier_segmentations", "earlier_instances"
    questions = [f"SELECT * FROM {view} ORDER BY ALL" for view in views]
    before = [other.query(question) for question in questions]
    assert lake.compact(settled_seconds=0) == 6 * 4
    filled = "wafers", "dies", "segmentations", "instances", "earlier_segmentations", "earlier_instances"
    assert parts_of(lake) == dict.fromkeys(filled, 1) | {"embeddings": 0, "evaluations": 0}
    for reader in (lake, other, Lake(root)):
        for question, answer in zip(questions, before, strict=True):
            assert reader.query(question).to_dict("list").__repr__() == answer.to_dict("list").__repr__()
    assert lake.compact(settled_seconds=0) == 0


def rows_in_parts(lake: Lake, table: str) -> int:
    parts = lake._parts
    files = parts.addresses(table, parts.listing()[table])
    with parts.database() as database:
        return database.sql("SELECT count(*) FROM read_parquet(?)", params=[files]).fetchall()[0][0]


def test_replaced_rows_go_only_when_they_were_replaced_long_enough_ago(tmp_path):
    lake = Lake(tmp_path)
    for product in ("A", "B", "C"):
        lake.append_wafers([replace(drawn(0), product=product)])
    lake.compact(settled_seconds=3600)
    assert rows_in_parts(lake, "wafers") == rows_in_parts(lake, "dies") == 3
    lake.append_wafers([drawn(1)])
    lake.compact(settled_seconds=0)
    assert rows_in_parts(lake, "wafers") == rows_in_parts(lake, "dies") == 2
    assert Lake(tmp_path).wafer(drawn(0).key).product == "C"


def test_grids_whose_wafer_row_is_not_there_yet_survive_a_merge(tmp_path):
    slow, quick = Lake(tmp_path), Lake(tmp_path)
    quick.append_wafers([drawn(n) for n in (1, 2)])
    write = slow._parts.write
    held_back = []
    slow._parts.write = lambda table, rows: (
        held_back.append((table, list(rows))) if table.name == "wafers" else write(table, rows)
    )
    slow.append_wafers([drawn(0)])
    quick.compact(settled_seconds=0)
    for table, rows in held_back:
        write(table, rows)
    assert same_wafer(quick.wafer(drawn(0).key), drawn(0))


def test_few_parts_are_left_alone(tmp_path):
    lake = Lake(tmp_path)
    for number in range(3):
        lake.append_wafers([drawn(number)])
    assert lake.compact(least=4) == 0
    assert parts_of(lake)["wafers"] == 3


def test_tidying_merges_a_table_once_it_has_many_parts(tmp_path):
    lake = Lake(tmp_path)
    for number, expected in enumerate((1, 2, 1, 2)):
        lake.append_wafers([drawn(number)])
        lake.tidy(many=3)
        assert parts_of(lake)["wafers"] == parts_of(lake)["dies"] == expected


def test_what_a_writer_did_not_finish_is_ignored(tmp_path):
    lake = Lake(tmp_path)
    lake.append_wafers([drawn(0)])
    (tmp_path / "wafers" / "123.parquet.abc.tmp").write_bytes(b"half a part")
    (tmp_path / "wafers" / "notes.txt").write_text("not a part")
    assert Lake(tmp_path).count() == 1
    lake.compact()
    assert Lake(tmp_path).count() == 1


def test_a_part_that_vanishes_between_listing_and_reading_is_no_error(tmp_path, monkeypatch):
    lake = Lake(tmp_path)
    lake.append_wafers([drawn(0)])
    lake.append_wafers([drawn(1)])
    stale = Lake(tmp_path)
    assert stale.count() == 2
    listing = stale._parts.listing()
    lake.compact(settled_seconds=0)
    answers = iter([listing])
    fresh = stale._parts.listing
    monkeypatch.setattr(stale._parts, "listing", lambda: next(answers, None) or fresh())
    assert set(stale.wafers_by_keys([drawn(n).key for n in range(2)])) == {drawn(n).key for n in range(2)}


def test_one_merge_runs_at_a_time(tmp_path):
    lake = Lake(tmp_path)
    for number in range(3):
        lake.append_wafers([drawn(number)])
    with lake._parts.folder.claimed(LOCK) as mine:
        assert mine
        assert Lake(tmp_path).compact() == 0
    assert Lake(tmp_path).compact() == 6
