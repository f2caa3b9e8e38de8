from itertools import groupby

import numpy as np
import pytest

from core.lake import Lake
from core.projection import upkeep
from core.projection.keeping import read_about, read_layout, read_table
from core.segmentation import Segmenter
from data.errors import MapError
from tests.core.lake_examples import drawn, found_on
from tests.core.projection.map_examples import build

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def segmenter(tiny_model_path):
    return Segmenter.load(str(tiny_model_path), threads=1)


@pytest.fixture
def lake(tmp_path):
    lake = Lake(tmp_path / "lake")
    add(lake, range(40))
    return lake


def add(lake, numbers, seed=0):
    wafers = [drawn(n, seed=seed) for n in numbers]
    lake.append_wafers(wafers)
    lake.append_results(found_on(wafer, "ring", seed=n) for n, wafer in zip(numbers, wafers, strict=True))


def kept(home, segmenter):
    about = read_about(home, segmenter.name)
    return about, read_table(home, about).to_pandas().set_index("key").sort_index()


def test_a_first_map_embeds_lays_out_and_places_every_wafer(monkeypatch, lake, segmenter, tmp_path):
    steps = build(monkeypatch, lake, segmenter, tmp_path, seed=5)
    verbs = [(verb, list(some)[-1]) for verb, some in groupby(steps, key=lambda step: step.what)]
    assert [(verb, last.done, last.total) for verb, last in verbs] == [
        ("embedded", 40, 40),
        ("laid out", 40, 40),
        ("placed", 40, 40),
    ]
    about, table = kept(tmp_path, segmenter)
    assert (about.wafers, about.fitted, about.seed, about.asked) == (40, 40, 5, None)
    assert len(about.names) == table["cluster"].nunique()
    assert about.names[0].startswith("ring")
    assert table["fitted"].all()
    assert sorted(table.index) == sorted(drawn(n).key for n in range(40))


def test_the_same_seed_makes_the_same_map(monkeypatch, lake, segmenter, tmp_path):
    build(monkeypatch, lake, segmenter, tmp_path)
    first = kept(tmp_path, segmenter)[1]
    build(monkeypatch, lake, segmenter, tmp_path, anew=True)
    assert kept(tmp_path, segmenter)[1].equals(first)


def test_new_wafers_are_placed_and_nothing_else_moves(monkeypatch, lake, segmenter, tmp_path):
    build(monkeypatch, lake, segmenter, tmp_path)
    before, first = kept(tmp_path, segmenter)
    add(lake, range(40, 46))
    steps = build(monkeypatch, lake, segmenter, tmp_path)
    assert [(s.what, s.done, s.total) for s in steps if s.what != "embedded"] == [("placed", 0, 6), ("placed", 6, 6)]
    after, table = kept(tmp_path, segmenter)
    assert (after.wafers, after.fitted, after.layout) == (46, 40, before.layout)
    assert table.loc[first.index].equals(first)
    assert not table["fitted"].loc[drawn(45).key]
    assert build(monkeypatch, lake, segmenter, tmp_path)[-1].total == 0
    assert read_about(tmp_path, segmenter.name) == after


def test_a_wafer_tested_again_moves_and_stays_one(monkeypatch, lake, segmenter, tmp_path):
    build(monkeypatch, lake, segmenter, tmp_path)
    first = kept(tmp_path, segmenter)[1]
    add(lake, [3], seed=99)
    build(monkeypatch, lake, segmenter, tmp_path)
    table = kept(tmp_path, segmenter)[1]
    moved = (table[["x", "y"]] != first[["x", "y"]]).any(axis=1)
    assert moved[moved].index.tolist() == [drawn(3).key]


def test_another_number_of_clusters_parts_anew_and_moves_no_wafer(monkeypatch, lake, segmenter, tmp_path):
    build(monkeypatch, lake, segmenter, tmp_path)
    before, first = kept(tmp_path, segmenter)
    build(monkeypatch, lake, segmenter, tmp_path, clusters=5)
    about, table = kept(tmp_path, segmenter)
    assert (len(about.names), about.asked, about.fitted_at) == (5, 5, before.fitted_at)
    assert table[["x", "y", "novelty"]].equals(first[["x", "y", "novelty"]])
    assert table["cluster"].nunique() == 5
    assert about.silhouettes.items() >= {**before.silhouettes, 5: about.silhouette}.items()


def test_above_the_limit_a_sample_is_laid_out_and_the_others_come_to_their_similar_wafers(
    monkeypatch, lake, segmenter, tmp_path
):
    build(monkeypatch, lake, segmenter, tmp_path, most_fitted=25)
    about, table = kept(tmp_path, segmenter)
    assert (about.wafers, about.fitted, int(table["fitted"].sum())) == (40, 25, 25)
    layout, _ = read_layout(tmp_path, about)
    low, high = layout.places.min(axis=0), layout.places.max(axis=0)
    others = table.loc[~table["fitted"], ["x", "y"]].to_numpy()
    assert ((others >= low) & (others <= high)).all()
    build(monkeypatch, lake, segmenter, tmp_path, anew=True, seed=1, most_fitted=25)
    assert set(kept(tmp_path, segmenter)[1].query("fitted").index) != set(table.query("fitted").index)


def test_a_map_that_its_lake_has_outgrown_is_fitted_anew(monkeypatch, lake, segmenter, tmp_path):
    build(monkeypatch, lake, segmenter, tmp_path)
    add(lake, range(40, 81))
    build(monkeypatch, lake, segmenter, tmp_path)
    assert kept(tmp_path, segmenter)[0].fitted == 81


def test_too_few_wafers_make_no_map_and_leave_nothing(monkeypatch, segmenter, tmp_path):
    from core.projection.layout import lay_out

    lake = Lake(tmp_path / "lake")
    add(lake, range(3))
    monkeypatch.setattr(upkeep, "lay_out", lay_out)
    with pytest.raises(MapError, match="3 wafers have embeddings, a map needs 20 or more"):
        list(upkeep.bring_up_to_date(lake, segmenter, tmp_path))
    with pytest.raises(MapError, match="there is no map yet"):
        read_about(tmp_path, segmenter.name)


def test_two_do_not_build_at_once(monkeypatch, lake, segmenter, tmp_path):
    build(monkeypatch, lake, segmenter, tmp_path)
    first = upkeep.bring_up_to_date(lake, segmenter, tmp_path, anew=True)
    while next(first).what != "laid out":
        pass
    with pytest.raises(MapError, match="another process is building the map"):
        build(monkeypatch, lake, segmenter, tmp_path)
    first.close()  # type: ignore[attr-defined]
    build(monkeypatch, lake, segmenter, tmp_path)


def test_typical_wafers_are_those_nearest_to_the_middle(monkeypatch, lake, segmenter, tmp_path):
    build(monkeypatch, lake, segmenter, tmp_path, clusters=2)
    about, table = kept(tmp_path, segmenter)
    layout, middles = read_layout(tmp_path, about)
    members = table.loc[layout.keys.to_pylist(), "cluster"].to_numpy()
    typical = upkeep.typical_keys(layout, middles, members, most=3)
    assert len(typical) == 2
    for cluster, keys in enumerate(typical):
        rows = np.flatnonzero(members == cluster)
        far = np.linalg.norm(layout.reduced[rows] - middles[cluster], axis=1)
        assert keys == layout.keys.take(rows[np.argsort(far)[:3]]).to_pylist()
