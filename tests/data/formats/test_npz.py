import io
import zipfile

import numpy as np
import pytest

from data.formats import ReadFailure, ReadOptions, read_bytes

GRID = np.array([[0, 1, 0], [1, 2, 1], [0, 1, 0], [0, 2, 0]], dtype=np.uint8)


def npz(**arrays) -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()


def read(options=None, **arrays):
    return list(read_bytes("lot.npz", npz(**arrays), options=options))


def test_packed_maps_of_different_sizes_keep_their_shapes_and_labels():
    other = np.array([[1, 2]], dtype=np.uint8)
    arrays = {
        "flat": np.concatenate([GRID.ravel(), other.ravel()]),
        "offsets": [0, 12, 14],
        "shapes": np.array([[4, 3], [1, 2]], dtype=np.int16),
        "labels": np.array([1, 0], dtype=np.int8),
        "class_names": np.array(["None", "Loc"]),
    }
    first, second = read(**arrays)
    assert (first.dies.tolist(), second.dies.tolist()) == (GRID.tolist(), other.tolist())
    assert [wafer.key for wafer in (first, second)] == ["lot:W01", "lot:W02"]
    assert [wafer.attributes["label"] for wafer in (first, second)] == ["Loc", "None"]


@pytest.mark.parametrize("dtype", [np.uint8, np.int64, np.float32, ">u2", bool])
@pytest.mark.parametrize("order", ["C", "F"])
def test_one_plain_array_of_any_type_is_one_wafer(dtype, order):
    grid = GRID if dtype is not bool else GRID > 0
    [wafer] = list(read_bytes("LOT9_W07.npz", npz(anything=np.asarray(grid, dtype=dtype, order=order))))
    assert wafer.dies.tolist() == grid.astype(int).tolist()
    assert wafer.key == "LOT9:W07"


def test_several_plain_arrays_are_wafers_by_their_names():
    assert [wafer.key for wafer in read(W05=GRID, W06=GRID)] == ["lot:W05", "lot:W06"]


def test_scratch_codes_three_fail_and_inked_dies_pass():
    codes = np.array(["0 none", "1 good", "2 bad", "3 scratch(bad)", "4 ink(good die in scratch)"])
    [wafer] = read(flat=np.arange(5, dtype=np.uint8), offsets=[0, 5], shapes=[[1, 5]], codes=codes)
    assert wafer.dies.tolist() == [[0, 1, 2, 2, 1]]
    assert wafer.bins.tolist() == [[0, 1, 2, 3, 4]]


def test_published_mixedwm38_counts_its_stray_threes_as_failing():
    maps = np.ones((2, 52, 52), dtype=np.int32)
    maps[0, 3, 4] = 3
    bits = np.zeros((2, 8), dtype=np.int32)
    bits[0, [0, 6]] = 1
    first, second = read(arr_0=maps, arr_1=bits)
    assert first.dies[3, 4] == 2
    assert [wafer.attributes["label"] for wafer in (first, second)] == ["Center+Scratch", "None"]


def test_the_caller_says_which_bins_fail():
    [wafer] = read(grid=np.array([[0, 1, 7, 9]]), options=ReadOptions(pass_values=(1, 7)))
    assert wafer.dies.tolist() == [[0, 1, 1, 2]]
    assert wafer.bins.tolist() == [[0, 1, 7, 9]]


def test_a_map_without_dies_fails_alone_and_is_numbered():
    results = read(maps=np.stack([GRID, np.zeros_like(GRID)]))
    assert results[0].dies.tolist() == GRID.tolist()
    assert results[1].reason.startswith("lot.npz wafer 2 of 2: no die")


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"flat": GRID.ravel(), "offsets": [0, 12]}, "'shapes' is missing"),
        ({"flat": GRID.ravel(), "offsets": [0, 11], "shapes": [[4, 3]]}, "do not agree"),
        ({"flat": GRID.ravel(), "offsets": [0, 99], "shapes": [[9, 11]]}, "do not agree"),
        ({"flat": GRID.ravel(), "offsets": [[0, 12]], "shapes": [[4, 3]]}, "expected flat (M,)"),
        ({"a": np.zeros((2, 8, 3, 3)), "b": np.zeros(3)}, "found a (2, 8, 3, 3), b (3,)"),
        ({"maps": np.array([[0.5, 1.0]])}, "bins are whole numbers"),
        ({"maps": np.array([[-1, 1]])}, "bins are whole numbers"),
        ({"maps": np.array([[np.nan, 1]])}, "bins are whole numbers"),
        ({"maps": np.zeros((0, 3, 3)), "metadata": np.zeros(3)}, "metadata are 0 texts"),
        ({}, "found nothing"),
    ],
)
def test_arrays_that_make_no_wafers_are_told_apart(arrays, said):
    [failure] = read(**arrays)
    assert isinstance(failure, ReadFailure)
    assert said in failure.reason


def test_an_array_of_python_objects_is_refused_unread():
    stream = io.BytesIO()
    np.savez(stream, maps=np.array([{"a": 1}], dtype=object))
    [failure] = read_bytes("objects.npz", stream.getvalue())
    assert "without Python objects" in failure.reason


def test_a_header_that_promises_more_than_follows_is_refused_before_memory_is_taken():
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "|u1", "fortran_order": False, "shape": (10**6, 10**6)})
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("maps.npy", header.getvalue() + b"\1" * 50)
    [failure] = read_bytes("bomb.npz", stream.getvalue())
    assert "its header says (1000000, 1000000) of uint8, but 50 bytes follow" in failure.reason
