import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely import Polygon, contains_xy

from core.lake import Lake, WaferFilter
from core.projection.views import LakeMap, area_of, area_text, inside
from core.segmentation import Segmenter
from data.errors import MapError
from tests.core.lake_examples import drawn, found_on
from tests.core.projection.map_examples import build

EVERYTHING = WaferFilter()
CLASSES = (("edge",), ("ring", "scratch"), ())


@pytest.fixture(scope="module")
def shown(tmp_path_factory, tiny_model_path):
    """A map of 60 wafers in a workspace of its own, and its workspace."""
    home = tmp_path_factory.mktemp("mapped")
    lake = Lake(home / "lake")
    wafers = [drawn(n) for n in range(60)]
    lake.append_wafers(wafers)
    lake.append_results(found_on(w, *CLASSES[n % 3], seed=n) for n, w in enumerate(wafers[:58]))
    segmenter = Segmenter.load(str(tiny_model_path), threads=1)
    with pytest.MonkeyPatch.context() as patch:
        build(patch, lake, segmenter, home, clusters=4)
    return LakeMap.open(lake, home, segmenter.name), home


def points_of(found, where=EVERYTHING, **most):
    return found.points(where, int(found.clusters(where)["wafers"].sum()), **most)


def test_every_wafer_of_the_filter_is_a_point(shown):
    found, _ = shown
    assert (len(points_of(found)), found.missing) == (60, 0)
    points = points_of(found, WaferFilter(product="TC38", defect_class="edge"))
    assert (len(points), set(points["product"])) == (20, {"TC38"})


def test_many_points_are_thinned_evenly_and_always_alike(shown):
    found, _ = shown
    points = points_of(found, most=30)
    assert len(points) == 30
    assert points_of(found, most=30).equals(points)
    assert set(points_of(found, most=20)["key"]) < set(points["key"])


def test_members_are_those_of_the_cluster_and_the_area_most_severe_first(shown):
    found, _ = shown
    points = points_of(found).set_index("key")
    area = [(0.0, 0.0), (60.0, 0.0), (60.0, 101.0), (0.0, 101.0)]
    for cluster in (None, 0, 2):
        keys = found.members(EVERYTHING, cluster=cluster, area=area)
        expected = points[points["x"].between(0, 60) & (points["cluster"].eq(cluster) if cluster is not None else True)]
        assert set(keys) == set(expected.index)
        severity = points.loc[keys, "severity"].fillna(-1).to_list()
        assert severity == sorted(severity, reverse=True)
    assert found.members(EVERYTHING, area=[(200.0, 200.0), (201.0, 200.0), (201.0, 201.0)]) == []
    assert len(found.members(WaferFilter(product="TC38"))) == 20


def test_the_least_like_all_others_come_first(shown):
    found, _ = shown
    novel = found.novel(EVERYTHING, 10)
    scores = points_of(found)["novelty"].sort_values(ascending=False)
    assert novel["novelty"].tolist() == scores.head(10).tolist()
    assert set(found.novel(WaferFilter(product="TC38"), 5)["product"]) == {"TC38"}


def test_rows_carry_the_names_of_their_clusters(shown):
    found, _ = shown
    keys = found.members(EVERYTHING, cluster=1)
    assert set(found.rows(keys)["cluster"]) == {found.about.names[1]}
    table = found.clusters(EVERYTHING)
    assert table["cluster"].tolist() == list(found.about.names)
    assert table["wafers"].sum() == 60


def test_a_map_that_lacks_some_wafers_says_how_many_and_one_that_lacks_most_is_refused(shown):
    found, home = shown
    lake = Lake(home / "lake")
    lake.append_wafers(drawn(n) for n in range(60, 70))
    assert LakeMap.open(lake, home, found.about.model).missing == 10
    lake.append_wafers(drawn(n) for n in range(70, 121))
    with pytest.raises(MapError, match=r"holds 60 wafers, the lake 61 more. Bring it up to date on the Map page"):
        LakeMap.open(lake, home, found.about.model)


corners = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=3, max_size=7)


@given(corners)
def test_inside_agrees_with_a_geometry_library_on_simple_polygons(corners):
    polygon = Polygon(corners)
    if not polygon.is_valid or not polygon.area:
        return
    grid = np.stack(np.meshgrid(np.arange(21) + 0.37, np.arange(21) + 0.41), axis=-1).reshape(-1, 2)
    off = np.array([polygon.exterior.distance(p) for p in map(_point, grid)]) > 1e-9
    expected = contains_xy(polygon, grid[:, 0], grid[:, 1])
    assert (inside(np.array(corners, dtype=float), grid) == expected)[off].all()


def _point(place):
    from shapely import Point

    return Point(place)


@given(corners)
def test_an_area_survives_the_link(corners):
    assert area_of(area_text(corners)) == [(float(x), float(y)) for x, y in corners]


@pytest.mark.parametrize(
    "text", ["", ",", "1 2", "1 2,3 4", "1 2,3 4,x y", "1 2,3 4,5", "1 2 3,4 5,6 7", "inf 1,2 3,4 5"]
)
def test_what_is_no_area_is_none(text):
    assert area_of(text) == []
