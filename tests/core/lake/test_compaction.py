import uuid

import pyarrow.parquet as pq
import pytest

from core.lake import Lake
from core.lake.compaction import LOCK, compact
from core.lake.parts import MERGED, Parts
from core.storage.folder import Folder
from tests.core.lake_examples import drawn


@pytest.fixture(params=["path", "memory"])
def root(request, tmp_path) -> str:
    return {"path": str(tmp_path / "lake"), "memory": f"memory://{uuid.uuid4().hex}"}[request.param]


def parts_of(lake: Lake) -> dict[str, int]:
    return {name: len(names) for name, names in lake._parts.listing().items()}


def rows_in_parts(lake: Lake, table: str) -> int:
    parts = lake._parts
    files = parts.addresses(table, parts.listing()[table])
    with parts.database() as database:
        return database.sql("SELECT count(*) FROM read_parquet(?)", params=[files]).fetchall()[0][0]


def with_parts(root, count: int) -> Lake:
    lake = Lake(root)
    for number in range(count):
        lake.append_wafers([drawn(number)])
    return lake


@pytest.mark.slow
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


@pytest.mark.slow
def test_small_parts_are_cut_oldest_first_into_groups_of_the_target_size_and_large_ones_left_alone(tmp_path):
    with_parts(tmp_path, 5)
    files = sorted((tmp_path / "wafers").glob("*.parquet"))
    sizes = [path.stat().st_size for path in files]
    compact(Parts(tmp_path), settled_seconds=0, target_bytes=2 * max(sizes))
    merged = sorted((tmp_path / "wafers").glob("*.parquet"))
    assert len(merged) == 3  # two, two, and one by itself
    assert merged[0] == files[4]
    held = [set(pq.read_table(path, columns=["key"])["key"].to_pylist()) for path in merged]
    assert held == [{drawn(n).key for n in some} for some in ((4,), (0, 1), (2, 3))]
    compact(Parts(tmp_path), least=1, settled_seconds=0, target_bytes=min(sizes))  # now none is small
    assert sorted((tmp_path / "wafers").glob("*.parquet")) == merged


def test_a_merged_part_is_sorted_and_holds_a_repeated_row_once(tmp_path):
    for number in (3, 1, 2):
        Lake(tmp_path).append_wafers([drawn(number)])
    part = sorted((tmp_path / "wafers").glob("*.parquet"))[0]
    part.with_name("0" + part.name).write_bytes(part.read_bytes())  # as two merges at once on an object store leave it
    compact(Parts(tmp_path), settled_seconds=0)
    (merged,) = (tmp_path / "wafers").glob("*.parquet")
    assert pq.read_table(merged)["key"].to_pylist() == [drawn(n).key for n in (1, 2, 3)]
