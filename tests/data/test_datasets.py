import numpy as np
import pytest

from data.classes import CLASS_COUNT, CLASS_INDEX
from data.datasets import NATURAL_MAPPING, LabelledMaps, load_labelled, together
from data.errors import FormatError

ONE_LABEL = ("None", "Center", "Donut", "Edge-Loc", "Edge-Ring", "Loc", "Near-full", "Random", "Scratch")


def write_one_label(path, given, names=ONE_LABEL, **changes):
    maps = [np.full((2 + i, 3), 1 + i % 2, dtype=np.uint8) for i in range(len(given))]
    arrays = {
        "flat": np.concatenate([m.ravel() for m in maps]),
        "offsets": np.cumsum([0, *(m.size for m in maps)]),
        "shapes": np.array([m.shape for m in maps]),
        "labels": np.array(given),
        "class_names": np.array(names),
    }
    np.savez(path, **(arrays | changes))
    return maps


def test_one_label_a_wafer_becomes_presence_by_the_natural_mapping(tmp_path):
    path = tmp_path / "fab.npz"
    maps = write_one_label(path, range(len(ONE_LABEL)))
    read = load_labelled(path)
    assert len(read) == len(ONE_LABEL)
    assert [m.tolist() for m in read.maps] == [m.tolist() for m in maps]
    for name, row, near_full in zip(ONE_LABEL, read.presence, read.near_full, strict=True):
        expected = np.zeros(CLASS_COUNT)
        if name in NATURAL_MAPPING:
            expected[CLASS_INDEX[NATURAL_MAPPING[name]]] = 1
        if name == "Near-full":
            expected[:] = np.nan
        assert np.array_equal(row, expected, equal_nan=True), name
        assert near_full == (name == "Near-full")
    assert read.presence.dtype == np.float32


def test_several_labels_a_wafer_become_several_classes(tmp_path):
    path = tmp_path / "mixed.npz"
    names = ["Center", "Donut", "Edge-Loc", "Edge-Ring", "Loc", "Near-full", "Scratch", "Random"]
    bits = np.array([[1, 0, 1, 1, 0, 0, 1, 0], [0] * 8, [0, 0, 0, 0, 0, 1, 0, 0]])
    np.savez(path, maps=np.ones((3, 4, 5), np.uint8), labels=bits, label_names=np.array(names))
    read = load_labelled(path)
    present = {key for key, k in CLASS_INDEX.items() if read.presence[0, k] == 1}
    assert present == {"center", "edge", "scratch"}
    assert read.presence[1].tolist() == [0] * CLASS_COUNT
    assert read.near_full.tolist() == [False, False, True]
    assert read.without_pattern.tolist() == [False, True, False]
    assert read.maps[0].shape == (4, 5)


def test_names_are_unique_and_tell_file_and_place(tmp_path):
    write_one_label(tmp_path / "fab.npz", [0, 1, 1])
    assert load_labelled(tmp_path / "fab.npz").names == ["fab:000000", "fab:000001", "fab:000002"]


def test_taking_keeps_every_wafer_with_its_own_label_and_name(tmp_path):
    write_one_label(tmp_path / "fab.npz", [0, 1, 6, 8])
    read = load_labelled(tmp_path / "fab.npz")
    some = read.take(np.array([3, 0, 2]))
    assert some.names == ["fab:000003", "fab:000000", "fab:000002"]
    assert [m.shape for m in some.maps] == [(5, 3), (2, 3), (4, 3)]
    assert some.presence[0, CLASS_INDEX["scratch"]] == 1
    assert some.near_full.tolist() == [False, False, True]
    assert some.without_pattern.tolist() == [False, True, False]
    assert len(read.take(np.array([], dtype=np.intp))) == 0


def test_unknown_layouts_are_refused_with_what_was_found(tmp_path):
    np.savez(tmp_path / "odd.npz", pictures=np.ones(3))
    with pytest.raises(
        FormatError, match=r"odd.npz: expected wafer-level labels, found the arrays \['pictures'\]\. Give"
    ):
        load_labelled(tmp_path / "odd.npz")


def test_labels_without_a_meaning_are_refused(tmp_path):
    write_one_label(tmp_path / "fab.npz", [0], names=("Donut", "Swirl"))
    with pytest.raises(FormatError, match="the label 'Swirl' is not in the natural mapping"):
        load_labelled(tmp_path / "fab.npz")


@pytest.mark.parametrize(
    "changes",
    [
        {"labels": np.array([0, 99])},
        {"offsets": np.array([0, 6])},
        {"offsets": np.array([0, 5, 18])},
        {"labels": np.array([0])},
        {"flat": np.array([None] * 18, dtype=object)},
    ],
)
def test_arrays_that_contradict_each_other_are_refused(tmp_path, changes):
    write_one_label(tmp_path / "fab.npz", [0, 1], **changes)
    with pytest.raises(FormatError, match=r"fab.npz: the arrays contradict each other .* Write the file again"):
        load_labelled(tmp_path / "fab.npz")


@pytest.mark.parametrize("content", [None, b"", b"no zip file"])
def test_files_that_cannot_be_read_are_refused(tmp_path, content):
    path = tmp_path / "lost.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(FormatError, match=r"lost.npz: the file is missing, damaged or no .npz file"):
        load_labelled(path)


def test_the_public_data_reads_whole(real_data):
    read = load_labelled(real_data / "wm811k_val.npz")
    assert len(read) == len(read.maps) == len(read.presence) == len(set(read.names)) == 12_424
    assert all(m.ndim == 2 and m.max() == 2 for m in read.maps[:200])
    labelled = (read.presence == 1).sum(axis=1) + read.without_pattern + read.near_full
    assert (labelled == 1).all()


def test_wafers_of_several_sources_stand_in_one_row():
    def some(name: str, count: int) -> LabelledMaps:
        names = [f"{name}:{i}" for i in range(count)]
        maps = [np.ones((3, 3), np.uint8)] * count
        return LabelledMaps(maps, np.full((count, CLASS_COUNT), count, np.float32), names, np.zeros(count, bool))

    every = together([some("a", 2), None, some("b", 0), some("c", 1)])
    assert every.names == ["a:0", "a:1", "c:0"]
    assert every.presence[:, 0].tolist() == [2, 2, 1]
    assert together([None, some("b", 0)]) is None
