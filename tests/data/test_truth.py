import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.classes import CLASS_INDEX
from data.errors import FormatError, WaferValueError
from data.truth import MarkedWafer, array_names, is_marked, load_marked, presence, save_marked
from data.wafer import WaferMap


def marked(seed: int, shape: tuple[int, int]) -> MarkedWafer:
    rng = np.random.default_rng(seed)
    dies = rng.integers(0, 3, shape, dtype=np.uint8)
    dies[0, 0] = 1
    masks = (rng.random((8, *shape)) < 0.3) & (dies == 2)
    return MarkedWafer(WaferMap(dies=dies, lot_id="L", wafer_id=f"{seed}"), masks)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 99), st.tuples(st.integers(1, 9), st.integers(1, 9))), max_size=4))
def test_what_is_saved_is_loaded(tmp_path_factory, drawn):
    path = tmp_path_factory.mktemp("truth") / "lot.npz"
    wafers = [marked(seed, shape) for seed, shape in drawn]
    save_marked(path, wafers)
    loaded = load_marked(path)
    assert len(loaded) == len(wafers)
    for one, other in zip(wafers, loaded, strict=True):
        assert np.array_equal(one.wafer.dies, other.wafer.dies)
        assert np.array_equal(one.masks, other.masks)


def codes_file(path, codes, **changes):
    arrays = {"flat": codes.ravel(), "offsets": [0, codes.size], "shapes": [codes.shape], "codes": ["0 none", "..."]}
    np.savez(path, **{**arrays, **changes})
    return path


def test_codes_per_die_become_a_wafer_and_its_scratch(tmp_path):
    (one,) = load_marked(codes_file(tmp_path / "s.npz", np.array([[0, 1, 2], [3, 4, 1]], dtype=np.uint8)))
    assert one.wafer.dies.tolist() == [[0, 1, 2], [2, 1, 1]]
    assert one.masks[CLASS_INDEX["scratch"]].tolist() == [[False, False, False], [True, False, False]]
    assert one.known == ("scratch",)
    there = presence(one)
    assert there[CLASS_INDEX["scratch"]] == 1
    assert np.isnan(there).sum() == 7


def test_the_real_scratches_are_read(real_data):
    wafers = load_marked(real_data / "ni_scratch.npz")
    assert len(wafers) == 32
    assert sum(int(one.masks.sum()) for one in wafers) == 580
    assert sum(one.wafer.fail_count for one in wafers) == 5485 + 580


def test_presence_says_which_classes_hold_a_die():
    one = marked(1, (5, 5))
    assert presence(one).tolist() == one.masks.any(axis=(1, 2)).astype(float).tolist()


def test_files_that_are_no_npz_are_refused(tmp_path):
    (tmp_path / "text.npz").write_text("x")
    for name in ("text.npz", "missing.npz"):
        with pytest.raises(FormatError, match=rf"{name}: the file is missing, damaged or no \.npz file"):
            array_names(tmp_path / name)


def test_other_arrays_are_refused(tmp_path):
    np.savez(tmp_path / "a.npz", maps=np.zeros(3))
    assert not is_marked(array_names(tmp_path / "a.npz"))
    with pytest.raises(FormatError, match=r"found the arrays \['maps'\]"):
        load_marked(tmp_path / "a.npz")


@pytest.mark.parametrize("changes", [{"offsets": [0, 5]}, {"shapes": [[4, 4]]}, {"shapes": [[2, 3], [2, 3]]}])
def test_arrays_that_contradict_each_other_are_refused(tmp_path, changes):
    with pytest.raises(FormatError, match="the arrays contradict each other"):
        load_marked(codes_file(tmp_path / "s.npz", np.ones((2, 3), dtype=np.uint8), **changes))


def test_an_unknown_code_is_refused(tmp_path):
    with pytest.raises(FormatError, match="a code is above 4"):
        load_marked(codes_file(tmp_path / "s.npz", np.array([[1, 5]], dtype=np.uint8)))


def test_a_mask_on_a_passing_die_is_refused(tmp_path):
    one = marked(2, (4, 4))
    save_marked(tmp_path / "m.npz", [MarkedWafer(one.wafer, np.ones((8, 4, 4), dtype=bool))])
    with pytest.raises(FormatError, match="dies that do not fail belong to a class"):
        load_marked(tmp_path / "m.npz")


def test_a_map_without_dies_is_refused(tmp_path):
    with pytest.raises(WaferValueError, match="no die of the grid was tested"):
        load_marked(codes_file(tmp_path / "s.npz", np.zeros((2, 2), dtype=np.uint8)))
