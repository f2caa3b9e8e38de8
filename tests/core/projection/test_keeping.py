import json

import numpy as np
import pyarrow as pa
import pytest

from core.projection.keeping import About, read_about, read_layout, read_table, rows_of, save, save_layout
from core.projection.layout import Placer
from data.errors import MapError
from tests.core.embedding_examples import of_wafers
from tests.core.projection.map_examples import blobs, plain_layout

MIDDLES = np.zeros((1, 50), dtype=np.float32)


@pytest.fixture
def made(tmp_path):
    """A saved map of 60 wafers: its workspace, layout and rows."""
    matrix, _ = blobs(60)
    keys = of_wafers(matrix).keys
    layout = plain_layout(keys, matrix, 4)
    rows = rows_of(keys, Placer(layout, MIDDLES).place(keys, matrix), layout)
    return tmp_path, layout, rows, keep(tmp_path, layout, rows)


def keep(home, layout, rows, model="model@1"):
    kept = save_layout(home, layout, MIDDLES)
    return save(home, [rows], About(model, 7, 60, 4, None, {1: 0.5}, ("ring",), "2026-11-23T10:00:00+00:00", kept))


def test_a_saved_map_comes_back_whole(made):
    home, layout, rows, about = made
    assert read_about(home, "model@1") == about
    assert (about.wafers, about.silhouette) == (60, 0.5)
    assert read_table(home, about) == rows
    again, middles = read_layout(home, about)
    assert again.keys == layout.keys
    assert again.seed == 4
    for name in ("features", "places"):
        assert (getattr(again, name) == getattr(layout, name)).all()
    assert (again.axes.directions == layout.axes.directions).all()
    assert (middles == MIDDLES).all()


def test_the_map_before_stays_for_those_who_read_it_and_older_ones_go(made):
    home, layout, rows, first = made
    second = keep(home, layout, rows)
    assert read_table(home, first) == rows
    keep(home, layout, rows)
    with pytest.raises(FileNotFoundError):
        read_table(home, first)
    assert read_table(home, second) == rows


def test_a_map_that_is_half_written_is_not_there(made):
    home, layout, _, about = made
    save_layout(home, layout, MIDDLES)
    (home / "map" / "wafers-1.parquet").write_bytes(b"half")
    assert read_about(home, "model@1") == about


def test_a_map_that_is_not_there_or_of_another_model_is_refused_with_a_way_out(made, tmp_path):
    with pytest.raises(MapError, match=r"there is no map yet. Build it on the Map page, or with python -m jobs.map_wa"):
        read_about(tmp_path / "empty", "model@1")
    with pytest.raises(MapError, match=r"as the model model@1 sees them, the one in use is model@2. Build it anew"):
        read_about(made[0], "model@2")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": 0}, "another version of Waferscope"),
        ({"silhouettes": 3}, "cannot be read"),
        ({"table": "gone.parquet"}, "gone.parquet is gone"),
        ({"more": 1}, "cannot be read"),
    ],
)
def test_a_note_that_does_not_fit_is_refused(made, change, said):
    path = made[0] / "map" / "map.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | change), encoding="utf-8")
    with pytest.raises(MapError, match=said):
        read_about(made[0], "model@1")


@pytest.mark.parametrize("text", ["", "{", "[1]", "{}"])
def test_a_damaged_note_is_refused(made, text):
    (made[0] / "map" / "map.json").write_text(text, encoding="utf-8")
    with pytest.raises(MapError, match="the map cannot be read"):
        read_about(made[0], "model@1")


def test_a_damaged_layout_is_refused_and_never_unpickled(made):
    home, _, _, about = made
    path = home / "map" / about.layout
    path.write_bytes(b"noise")
    with pytest.raises(MapError, match="what the map was fitted on cannot be read"):
        read_layout(home, about)
    np.savez(path.with_suffix(".npz"), keys=np.array([object()]))
    with pytest.raises(MapError, match="what the map was fitted on cannot be read"):
        read_layout(home, about)


def test_rows_say_which_wafers_it_was_fitted_on(made):
    _, layout, _, _ = made
    matrix, _ = blobs(62)
    keys = of_wafers(matrix).keys
    rows = rows_of(keys, Placer(layout, MIDDLES).place(keys, matrix), layout)
    assert rows["fitted"].to_pylist() == [True] * 60 + [False] * 2
    assert rows["key"] == pa.chunked_array([keys])
