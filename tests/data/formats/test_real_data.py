"""The public data sets as they lie on a developer's machine; nothing of them is copied here."""

import io
import os
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from data.formats import read_bytes, read_wafers
from data.formats.write import write_table
from data.wafer import WaferMap

FOLDER = Path(os.environ.get("WAFERSCOPE_REAL_DATA", "../shared/data"))
pytestmark = pytest.mark.skipif(
    not (FOLDER / "wm811k_train.npz").is_file(),
    reason="The public wafer maps are not on this machine; set WAFERSCOPE_REAL_DATA to their folder.",
)
GREYS = np.array([0, 127, 255], dtype=np.uint8)


@pytest.mark.slow
def test_all_of_wm811k_train_is_read_with_its_maps_and_labels():
    with np.load(FOLDER / "wm811k_train.npz") as arrays:
        flat, offsets, shapes = arrays["flat"], arrays["offsets"], arrays["shapes"]
        labels = arrays["class_names"][arrays["labels"]]
    count = 0
    for i, wafer in enumerate(read_wafers(FOLDER / "wm811k_train.npz")):
        assert np.array_equal(wafer.dies, flat[offsets[i] : offsets[i + 1]].reshape(shapes[i]))
        assert wafer.attributes["label"] == labels[i]
        count += 1
    assert count == len(shapes) == 17_989


def test_mixedwm38_labels_are_joined():
    with np.load(FOLDER / "mixedwm38_val.npz") as arrays:
        first, bits, names = arrays["maps"][0], arrays["labels"][0], arrays["label_names"]
    wafer = next(read_wafers(FOLDER / "mixedwm38_val.npz"))
    assert np.array_equal(wafer.dies, first)
    assert wafer.attributes["label"] == "+".join(names[bits.astype(bool)])


def test_ni_scratch_counts_scratched_dies_as_failing_and_inked_ones_as_good():
    with np.load(FOLDER / "ni_scratch.npz") as arrays:
        codes = arrays["flat"]
    wafers = list(read_wafers(FOLDER / "ni_scratch.npz"))
    assert len(wafers) == 32
    assert sum(wafer.fail_count for wafer in wafers) == np.isin(codes, (2, 3)).sum()  # type: ignore[misc]
    assert sum(wafer.tested_count for wafer in wafers) == (codes != 0).sum()  # type: ignore[misc]


@pytest.fixture(scope="module")
def some() -> list[WaferMap]:
    return list(read_wafers(FOLDER / "wm811k_val.npz"))[::120]


@pytest.mark.slow
def test_real_maps_drawn_in_300_pixels_come_back_die_for_die(some):
    for wafer in some:
        stream = io.BytesIO()
        Image.fromarray(GREYS[wafer.dies]).resize((300, 300), Image.Resampling.NEAREST).save(stream, "PNG")
        [read_back] = read_bytes("map.png", stream.getvalue())
        assert np.array_equal(read_back.dies, wafer.dies), wafer.key


def test_real_maps_survive_a_table_of_dies(some, tmp_path):
    write_table(some, tmp_path / "some.parquet")
    read_back = list(read_wafers(tmp_path / "some.parquet"))
    assert [wafer.dies.tolist() for wafer in read_back] == [wafer.dies.tolist() for wafer in some]


def test_real_maps_survive_a_pickled_table(some):
    frame = pd.DataFrame({"waferMap": pd.Series([np.array(wafer.dies) for wafer in some], dtype=object)})
    read_back = read_bytes("LSWMD.pkl", pickle.dumps(frame, protocol=2))
    assert [wafer.dies.tolist() for wafer in read_back] == [wafer.dies.tolist() for wafer in some]
