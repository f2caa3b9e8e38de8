import hashlib
import os
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.lake import Lake
from core.lake.part_faults import PartFaults, checksum_in, fault_of
from core.lake.schema import TABLES
from core.storage.folder import Folder
from tests.core.lake.damages import DAMAGES
from tests.core.lake_examples import drawn, found_on

REASONS = {
    "bad-footer": "it is cut off or is no Parquet file",
    "bad-rows": "its rows cannot be read",
    "cut": "it is cut off or is no Parquet file",
    "empty": "it is empty",
    "missing": "",
    "noise": "it is cut off or is no Parquet file",
}
KEYS = [drawn(n).key for n in range(12)]


def fill(root: Path, *numbers: int) -> None:
    lake = Lake(root)
    results = [found_on(drawn(n), "edge", seed=n) for n in numbers]
    lake.append_wafers(result.wafer for result in results)
    lake.append_results(results)


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Path:
    """A lake with two parts of each table: wafers 0 to 5, and 6 to 11."""
    root = tmp_path_factory.mktemp("whole") / "lake"
    fill(root, *range(6))
    fill(root, *range(6, 12))
    return root


@pytest.fixture
def root(whole, tmp_path) -> Path:
    return shutil.copytree(whole, tmp_path / "lake")


def first_part(root: Path, table: str) -> Path:
    return min((root / table).iterdir())


def test_a_part_s_name_holds_the_checksum_of_its_content(root):
    parts = list(root.rglob("*.parquet"))
    assert len(parts) == 8
    assert all(checksum_in(part.name) == hashlib.sha256(part.read_bytes()).hexdigest() for part in parts)
    assert Lake(root).compact(settled_seconds=0) == 8
    parts = list(root.rglob("*.parquet"))
    assert all(checksum_in(part.name) == hashlib.sha256(part.read_bytes()).hexdigest() for part in parts)
    assert Lake(root).count() == 12


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_wrong_with_a_part_is_said(root, damage):
    part = first_part(root, "dies")
    folder = Folder(root)
    assert fault_of(folder, "dies", part.name, rows=True, checksum=True) == ""
    DAMAGES[damage](part)
    assert fault_of(folder, "dies", part.name, rows=True) == REASONS[damage]
    quickly = fault_of(folder, "dies", part.name)
    assert quickly == ("" if damage == "bad-rows" else REASONS[damage])


def test_one_turned_bit_is_found_by_the_checksum_alone(root):
    part = first_part(root, "dies")
    content = bytearray(part.read_bytes())
    content[len(content) // 3] ^= 1
    part.write_bytes(content)
    assert fault_of(Folder(root), "dies", part.name, checksum=True) == "its content is not what was written"


def test_a_link_to_nowhere_a_folder_and_another_table_are_no_parts(root):
    folder, table = Folder(root), root / "dies"
    (table / "1.parquet").symlink_to(root / "gone")
    (table / "2.parquet").mkdir()
    pq.write_table(pa.table({"a": [1]}), table / "3.parquet")
    assert fault_of(folder, "dies", "1.parquet") == "it is listed, but is not there"
    assert "directory" in fault_of(folder, "dies", "2.parquet").lower() or fault_of(folder, "dies", "2.parquet")
    assert fault_of(folder, "dies", "3.parquet") == "it has no column 'key'"
    assert Lake(root).count() == 12
    assert len(Lake(root).wafers_by_keys(KEYS)) == 12


@pytest.mark.slow
@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("table", ["wafers", "dies", "segmentations", "instances"])
def test_the_rest_of_a_lake_is_read_whatever_happened_to_a_part(root, table, damage):
    DAMAGES[damage](first_part(root, table))
    lake = Lake(root)
    assert list(lake.wafers_by_keys(KEYS)) == (KEYS[6:] if table in ("wafers", "dies") else KEYS)
    assert list(lake.results_by_keys(KEYS)) == KEYS[6:]
    assert lake.count() == (6 if table in ("wafers", "dies") else 12)
    assert len(lake.query("SELECT * FROM instances")["key"].unique()) == 6
    silent = damage == "missing" and table in ("wafers", "segmentations")
    assert ("All the rest is shown" in lake.damage.sentence) == (not silent)
    lake.append_wafers([drawn(n) for n in range(14)])
    assert lake.count() == 14
    lake.compact(settled_seconds=0)
    assert Lake(root).count() == 14
    if damage != "missing":
        assert first_part(root, table).exists()  # nothing that is damaged is deleted


@pytest.mark.parametrize("table", sorted(TABLES))
def test_a_damaged_part_of_any_table_keeps_nobody_from_the_rest(root, table):
    (root / table).mkdir(exist_ok=True)
    (root / table / f"{0:020}-0123456789ab-merged.parquet").write_bytes(b"PAR1")
    lake = Lake(root)
    assert len(lake.results_by_keys(KEYS)) == 12
    assert lake.query("SELECT count(*) AS n FROM earlier_instances")["n"].tolist() == [0]
    assert [damage.table for damage in lake.damage.parts] == [table]


def test_a_lake_that_is_open_goes_on_when_a_part_is_damaged(root):
    lake = Lake(root)
    assert len(lake.results_by_keys(KEYS)) == 12
    for table in ("dies", "instances"):
        DAMAGES["cut"](first_part(root, table))
    assert list(lake.results_by_keys(KEYS[::-1])) == KEYS[6:][::-1]
    assert len(lake.damage.parts) == 2


def test_a_damaged_merged_part_gives_way_to_its_inputs(root, tmp_path):
    before = shutil.copytree(root, tmp_path / "before")
    Lake(root).compact(settled_seconds=0)
    for table in ("wafers", "dies", "segmentations", "instances"):
        DAMAGES["cut"](first_part(root, table))
        for part in (before / table).iterdir():
            shutil.copy(part, root / table)  # as when the merge died before it removed them
    lake = Lake(root)
    assert len(lake.results_by_keys(KEYS)) == 12
    assert len(lake.damage.parts) == 4
    lake.compact(settled_seconds=0)
    assert len(Lake(root).results_by_keys(KEYS)) == 12


def test_a_part_that_is_restored_counts_again(root):
    part = first_part(root, "wafers")
    content, lake = part.read_bytes(), Lake(root)
    part.write_bytes(b"")
    assert lake.count() == 6
    part.write_bytes(content)
    assert lake.count() == 12
    assert lake.damage.sentence == ""


def test_lakes_from_before_checksums_open_as_they_are(root):
    for part in list(root.rglob("*.parquet")):
        part.rename(part.with_name(part.name.replace(f"-{checksum_in(part.name)}", "")))
    lake = Lake(root)
    assert len(lake.results_by_keys(KEYS)) == 12
    assert fault_of(Folder(root), "dies", first_part(root, "dies").name, rows=True, checksum=True) == ""


def test_whole_parts_are_not_looked_at(root, monkeypatch):
    looks = []
    monkeypatch.setattr(PartFaults, "look", lambda *args, **named: looks.append(args) or ())
    lake = Lake(root)
    lake.results_by_keys(KEYS)
    lake.compact(settled_seconds=0)
    assert len(Lake(root).results_by_keys(KEYS)) == 12
    assert looks == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_part_that_may_not_be_read_is_left_out(root):
    first_part(root, "wafers").chmod(0)
    assert Lake(root).count() == 6
