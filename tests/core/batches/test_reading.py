import pytest

from core.batches.folder import Batch
from core.batches.notes import BatchRequest
from core.batches.reading import read_again, read_parts
from core.lake import Lake
from data.errors import BatchError
from data.formats import ReadOptions
from data.formats.write import write_png
from tests.core.batches.batch_examples import accepted, mixed_folder, read_batch, shown
from tests.core.lake_examples import drawn


def keys_of(batch):
    return [one.wafer_id for number in range(len(batch.read.counts)) for one in batch.wafers(number)]


def run(step, batch, home):
    return list(step(batch, Lake(home / "lake"), ReadOptions()))


def test_good_files_give_wafers_and_bad_ones_a_reason(tmp_path):
    batch = read_batch(tmp_path, mixed_folder(tmp_path / "in"), wafers_per_part=4)
    assert batch.read.counts == (4, 3)
    assert keys_of(batch) == ["W90", *(f"W{n:02d}" for n in range(6))]
    [failure] = batch.failures()
    assert failure.source_name == "in/broken.png"
    assert failure.reason.endswith(".")


def test_a_batch_without_any_file_is_refused(tmp_path):
    (tmp_path / "in").mkdir()
    with pytest.raises(BatchError, match="there is no wafer file in it"):
        read_batch(tmp_path, tmp_path / "in")


def test_reading_that_was_killed_begins_anew_and_gives_the_same(tmp_path):
    batch = accepted(tmp_path / "batches" / "one", mixed_folder(tmp_path / "in"), wafers_per_part=2)
    steps = read_parts(batch, Lake(tmp_path / "lake"), ReadOptions())
    next(steps)
    steps.close()  # type: ignore[attr-defined]
    assert batch.read is None
    assert run(read_parts, batch, tmp_path) == [2, 4, 6, 7]
    assert keys_of(batch) == ["W90", *(f"W{n:02d}" for n in range(6))]


def test_reading_again_takes_what_was_mended_and_leaves_the_rest(tmp_path):
    folder = mixed_folder(tmp_path / "in")
    batch = read_batch(tmp_path, folder)
    before = {path: path.stat().st_mtime_ns for path in batch.path.glob("wafers/*")}
    run(read_again, batch, tmp_path)
    assert batch.read.counts == (7,)
    assert len(batch.failures()) == 1
    write_png(shown(91), folder / "broken.png")
    run(read_again, batch, tmp_path)
    assert batch.read.counts == (7, 1)
    assert batch.failures() == []
    assert keys_of(batch)[-1] == "W91"
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_two_wafers_of_one_name_are_both_read_and_both_known_again(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_png(shown(1), tmp_path / name / "LOT1_W01.png")
    batch = read_batch(tmp_path, tmp_path / "a", tmp_path / "b", tmp_path / "a")
    assert batch.read.wafers == 3
    run(read_again, batch, tmp_path)
    assert batch.read.wafers == 3


def test_wafers_of_the_lake_are_read_by_key_and_missing_ones_told(tmp_path):
    wafers = [drawn(n) for n in range(5)]
    Lake(tmp_path / "lake").append_wafers(wafers)
    batch = Batch(tmp_path / "one")
    batch.accept(BatchRequest("one", "ana"), [wafers[3].key, "NO:SUCH", wafers[0].key])
    run(read_parts, batch, tmp_path)
    assert [one.key for one in batch.wafers(0)] == [wafers[3].key, wafers[0].key]
    assert [one.reason for one in batch.failures()] == [
        "NO:SUCH: the lake does not hold this wafer. Check lot and wafer, as LOT:W01."
    ]
