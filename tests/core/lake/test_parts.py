import re
import time
import uuid

import duckdb
import pyarrow.parquet as pq
import pytest

from core.lake.parts import ATTEMPTS, MERGED, SUFFIX, Parts, new_name, parquet_writer
from core.lake.rows import utc_now
from core.lake.schema import TABLES
from data.errors import LakeError

TABLE = TABLES["evaluations"]


@pytest.fixture(params=["path", "memory"])
def parts(request, tmp_path) -> Parts:
    return Parts({"path": str(tmp_path / "lake"), "memory": f"memory://{uuid.uuid4().hex}"}[request.param])


def row(number: int) -> dict[str, object]:
    return {"key": f"E{number}", "sequence": number, "evaluated_at": utc_now(), "report": "{}"}


def written(parts: Parts, *numbers: int) -> str:
    """Write rows as one part; return the name of the newest part."""
    parts.write(TABLE, [row(number) for number in numbers])
    return max(parts.listing()[TABLE.name])


def merged_part(parts: Parts, *inputs: str) -> str:
    name = new_name(MERGED)
    with parts.folder.new_file(f"{TABLE.name}/{name}") as path, parquet_writer(path, TABLE.schema, inputs):
        pass
    return name


def keys(parts: Parts) -> list[str]:
    with parts.database() as database:
        files = parts.addresses(TABLE.name, parts.listing()[TABLE.name])
        return [key for (key,) in database.sql("SELECT key FROM read_parquet(?)", params=[files]).fetchall()]


def test_an_empty_place_has_every_table_and_no_part(parts):
    assert parts.listing() == dict.fromkeys(TABLES, frozenset())


def test_what_was_written_is_listed_and_read_with_the_types_of_its_table(parts):
    written(parts, 1, 2)
    written(parts, 3)
    assert sorted(keys(parts)) == ["E1", "E2", "E3"]
    assert [len(names) for names in parts.listing().values()] == [2 if name == TABLE.name else 0 for name in TABLES]
    for address in parts.addresses(TABLE.name, parts.listing()[TABLE.name]):
        with parts.folder.filesystem.open(address, "rb") as file:
            assert pq.read_schema(file).remove_metadata() == TABLE.schema


def test_names_rise_with_time_and_differ_in_the_same_instant(monkeypatch):
    monkeypatch.setattr(time, "time_ns", lambda: 999)
    early = {new_name() for _ in range(50)}
    monkeypatch.setattr(time, "time_ns", lambda: 1000)
    late = new_name(MERGED)
    assert len(early) == 50
    assert max(early) < late  # as text, too
    assert re.fullmatch(r"0{16}1000-[0-9a-f]{12}-merged\.parquet", late)


def test_addresses_stand_oldest_first_whatever_order_they_are_asked_in(parts):
    names = [new_name() for _ in range(9)]
    expected = [parts.folder.address(f"{TABLE.name}/{name}") for name in sorted(names)]
    assert parts.addresses(TABLE.name, sorted(names, reverse=True)) == expected


def test_only_finished_parts_are_listed(tmp_path):
    parts = Parts(tmp_path)
    name = written(parts, 1)
    for other in (f"{name}.abc.tmp", "notes.txt", ".hidden", f"x{SUFFIX}.swp"):
        (tmp_path / TABLE.name / other).write_bytes(b"half")
    assert parts.listing()[TABLE.name] == {name}


def test_a_row_that_the_table_cannot_hold_leaves_nothing(tmp_path):
    parts = Parts(tmp_path)
    with pytest.raises((ValueError, TypeError)):
        parts.write(TABLE, [row(1), {**row(2), "sequence": "soon"}])
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_part_that_breaks_off_half_way_leaves_nothing(parts, monkeypatch):
    def full(*_args, **_named):
        raise OSError("no space left on device")

    monkeypatch.setattr(pq.ParquetWriter, "write_table", full)
    with pytest.raises(OSError, match="no space left"):
        parts.write(TABLE, [row(1)])
    assert parts.folder.names(TABLE.name) == frozenset()
    if parts.folder.local:
        assert [path for path in parts.folder.local.rglob("*") if path.is_file()] == []


def test_a_merged_part_stands_for_its_inputs_which_are_left_out_and_removed_on_demand(parts):
    inputs = [written(parts, number) for number in range(2)]
    merged, later = merged_part(parts, *inputs, "long-gone.parquet"), written(parts, 9)
    assert parts.folder.names(TABLE.name) == {*inputs, merged, later}
    for reader in (parts, Parts(parts.folder.address(""))):
        assert reader.listing()[TABLE.name] == {merged, later}
    parts.remove_replaced(TABLE.name)
    assert parts.folder.names(TABLE.name) == {merged, later}


def test_a_part_that_stands_for_nothing_replaces_nothing_though_its_name_says_merged(parts):
    name = written(parts, 1)
    merged = merged_part(parts)
    assert parts.listing()[TABLE.name] == {name, merged}


def test_a_listing_during_a_merge_is_not_trusted_until_nothing_vanishes(parts, monkeypatch):
    inputs = [written(parts, number) for number in range(2)]
    scan = parts._scan
    torn = {**scan(), TABLE.name: frozenset()}  # the merged part was not there yet, its inputs no longer
    merged = merged_part(parts, *inputs)
    parts.remove_replaced(TABLE.name)
    scans = iter([torn])
    monkeypatch.setattr(parts, "_scan", lambda: next(scans, None) or scan())
    assert parts.listing()[TABLE.name] == {merged}


@pytest.mark.parametrize("error", [FileNotFoundError("gone"), duckdb.IOException("gone")])
def test_work_whose_part_vanished_is_done_again_with_a_new_look(parts, error):
    looks = []

    def work(anew: bool) -> str:
        looks.append(anew)
        if len(looks) < 3:
            raise error
        return "done"

    assert parts.read(work, pause_s=0) == "done"
    assert looks == [False, True, True]


def test_what_cannot_be_read_again_and_again_is_said(parts):
    looks = []

    def work(anew: bool) -> None:
        looks.append(anew)
        raise FileNotFoundError("the disk is away")

    with pytest.raises(LakeError, match=r"it cannot be read \(the disk is away\)\. Check the storage"):
        parts.read(work, pause_s=0)
    assert len(looks) == ATTEMPTS


def test_a_wrong_query_is_said_at_once(parts):
    looks = []

    def work(anew: bool) -> None:
        looks.append(anew)
        with parts.database() as database:
            database.sql("SELECT nonsense")

    with pytest.raises(LakeError, match=r"the query failed .*nonsense"):
        parts.read(work)
    assert looks == [False]


def test_a_place_that_nothing_can_read_is_refused():
    with pytest.raises(LakeError, match="the place cannot be used"):
        Parts("nonsense://lake")
