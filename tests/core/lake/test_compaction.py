import uuid
from dataclasses import replace

import pyarrow.parquet as pq
import pytest

from core.lake import Lake, compaction
from core.lake.compaction import LOCK, compact
from core.lake.parts import MERGED, Parts
from core.storage.folder import Folder
from tests.core.lake_examples import drawn, found_on, same_wafer


@pytest.fixture(params=["path", "memory"])
def root(request, tmp_path) -> str:
    return {"path": str(tmp_path / "lake"), "memory": f"memory://{uuid.uuid4().hex}"}[request.param]


def parts_of(lake: Lake) -> dict[str, int]:
    return {name: len(names) for name, names in lake._parts.listing().items()}


@pytest.mark.slow
def test_merging_leaves_one_part_a_table_and_every_answer_as_it_was(root):
    lake = Lake(root)
    for number in range(5):
        lake.append_wafers([drawn(number)])
        lake.append_results([found_on(drawn(number), "edge", model="old")])
    lake.append_wafers([replace(drawn(2), product="NEW")])
    lake.append_results([found_on(drawn(3), "center", "random", model="new")])
    other = Lake(root)
    questions = [f"SELECT * FROM {view} ORDER BY ALL" for view in ("wafers", "dies", "segmentations", "instances")]
    before = [other.query(question) for question in questions]
    assert lake.compact(settled_seconds=0) == 6 * 4
    assert parts_of(lake) == dict.fromkeys(("wafers", "dies", "segmentations", "instances"), 1) | {
        "embeddings": 0,
        "evaluations": 0,
    }
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


def test_what_a_writer_did_not_finish_is_ignored(tmp_path):
    lake = Lake(tmp_path)
    lake.append_wafers([drawn(0)])
    (tmp_path / "wafers" / "123.parquet.abc.tmp").write_bytes(b"half a part")
    (tmp_path / "wafers" / "notes.txt").write_text("not a part")
    assert Lake(tmp_path).count() == 1
    lake.compact()
    assert Lake(tmp_path).count() == 1


def test_one_merge_runs_at_a_time(tmp_path):
    lake = Lake(tmp_path)
    for number in range(3):
        lake.append_wafers([drawn(number)])
    with lake._parts.folder.claimed(LOCK) as mine:
        assert mine
        assert Lake(tmp_path).compact() == 0
    assert Lake(tmp_path).compact() == 6


def with_parts(root, count: int) -> Lake:
    lake = Lake(root)
    for number in range(count):
        lake.append_wafers([drawn(number)])
    return lake


def test_inputs_that_a_dead_merge_left_behind_are_left_out_and_removed_by_the_next(tmp_path, monkeypatch):
    lake = with_parts(tmp_path, 3)
    remove = Folder.remove
    monkeypatch.setattr(Folder, "remove", lambda *_: None)  # it dies once the merged part stands
    compact(Parts(tmp_path), settled_seconds=0)
    assert len(list((tmp_path / "wafers").glob("*.parquet"))) == 4
    assert {reader.count() for reader in (lake, Lake(tmp_path))} == {3}
    monkeypatch.setattr(Folder, "remove", remove)
    compact(Parts(tmp_path), settled_seconds=0)
    assert [path.name.endswith(MERGED) for path in (tmp_path / "wafers").glob("*.parquet")] == [True]
    assert Lake(tmp_path).count() == 3


def test_a_merge_that_raises_leaves_every_part_and_nothing_half_written(tmp_path, monkeypatch):
    with_parts(tmp_path, 3)
    before = sorted(path.name for path in tmp_path.rglob("*.parquet"))

    def full(*_args, **_named):
        raise OSError("no space left on device")

    monkeypatch.setattr(pq.ParquetWriter, "write_batch", full)
    with pytest.raises(OSError, match="no space left"):
        compact(Parts(tmp_path), settled_seconds=0)
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file() and path.name != LOCK) == before
    assert Lake(tmp_path).count() == 3


def test_small_parts_are_cut_oldest_first_into_groups_of_the_target_size_and_large_ones_left_alone(
    tmp_path, monkeypatch
):
    with_parts(tmp_path, 5)
    files = sorted((tmp_path / "wafers").glob("*.parquet"))
    sizes = [path.stat().st_size for path in files]
    monkeypatch.setattr(compaction, "TARGET_BYTES", 2 * max(sizes))
    compact(Parts(tmp_path), settled_seconds=0)
    merged = sorted((tmp_path / "wafers").glob("*.parquet"))
    assert len(merged) == 3  # two, two, and one by itself
    assert merged[0] == files[4]
    held = [set(pq.read_table(path, columns=["key"])["key"].to_pylist()) for path in merged]
    assert held == [{drawn(n).key for n in some} for some in ((4,), (0, 1), (2, 3))]
    monkeypatch.setattr(compaction, "TARGET_BYTES", min(sizes))  # now none is small
    compact(Parts(tmp_path), least=1, settled_seconds=0)
    assert sorted((tmp_path / "wafers").glob("*.parquet")) == merged


def test_a_merged_part_is_sorted_and_holds_a_repeated_row_once(tmp_path):
    for number in (3, 1, 2):
        Lake(tmp_path).append_wafers([drawn(number)])
    part = sorted((tmp_path / "wafers").glob("*.parquet"))[0]
    part.with_name("0" + part.name).write_bytes(part.read_bytes())  # as two merges at once on an object store leave it
    compact(Parts(tmp_path), settled_seconds=0)
    (merged,) = (tmp_path / "wafers").glob("*.parquet")
    assert pq.read_table(merged)["key"].to_pylist() == [drawn(n).key for n in (1, 2, 3)]
