import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.errors import SettingError
from data.formats import read_wafers
from data.formats.write import write_npz, write_png, write_table, write_tiff
from data.wafer import WaferMap
from tests.data.formats.strategies import PATIENT, contents, distinct_wafers, upright, wafers

FEW = settings(PATIENT, max_examples=25)


@pytest.mark.slow
@pytest.mark.parametrize(("suffix", "write"), [("npz", write_npz), ("csv", write_table), ("parquet", write_table)])
@FEW
@given(written=distinct_wafers())
def test_arrays_and_tables_keep_every_wafer_whole(tmp_path, suffix, write, written):
    path = tmp_path / f"wafers.{suffix}"
    write(written, path)
    assert [contents(wafer) for wafer in read_wafers(path)] == [contents(upright(wafer)) for wafer in written]


@pytest.mark.parametrize(("suffix", "write"), [("png", write_png), ("tif", write_tiff)])
@FEW
@given(wafer=wafers(bins=False), extra=st.none() | st.tuples(st.integers(0, 40), st.integers(0, 40)))
def test_pictures_of_any_size_keep_dies_and_metadata(tmp_path, suffix, write, wafer, extra):
    path = tmp_path / f"wafer.{suffix}"
    size = None if extra is None else (wafer.dies.shape[0] + extra[0], wafer.dies.shape[1] + extra[1])
    write(wafer, path, size=size)
    [read] = read_wafers(path)
    assert contents(read) == contents(upright(wafer))


def test_every_wafer_of_a_file_carries_its_name_and_hash(tmp_path):
    import hashlib

    grid = np.ones((3, 4), dtype=np.uint8)
    write_npz([WaferMap(dies=grid, lot_id="L", wafer_id=f"W0{n}") for n in (1, 2)], tmp_path / "two.npz")
    expected = hashlib.sha256((tmp_path / "two.npz").read_bytes()).hexdigest()
    assert [(w.source_name, w.source_sha256) for w in read_wafers(tmp_path / "two.npz")] == [("two.npz", expected)] * 2


@pytest.mark.parametrize("write", [write_npz, write_table])
def test_writing_no_wafers_is_refused(tmp_path, write):
    with pytest.raises(SettingError, match="no wafer to write"):
        write([], tmp_path / "none.csv")


def test_a_picture_smaller_than_the_grid_is_refused(tmp_path):
    wafer = WaferMap(dies=np.ones((5, 5), dtype=np.uint8), lot_id="L", wafer_id="W")
    with pytest.raises(SettingError, match="cannot show"):
        write_png(wafer, tmp_path / "small.png", size=(4, 5))


def test_a_table_of_unknown_suffix_is_refused(tmp_path):
    wafer = WaferMap(dies=np.ones((5, 5), dtype=np.uint8), lot_id="L", wafer_id="W")
    with pytest.raises(SettingError, match=r"is .csv or .parquet, found ..xlsx"):
        write_table([wafer], tmp_path / "table.xlsx")
