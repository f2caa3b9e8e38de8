import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.lake import Lake
from core.projection.naming import Seen, cluster_names, name_of, numbered
from tests.core.lake_examples import drawn, found_on


def seen(key, share=1.0, dies=100, x=0.0, y=0.0, **zones):
    return Seen(key, share, dies, x, y, zones)


@pytest.mark.parametrize(
    ("x", "y", "said"),
    [
        (0.6, 0, "right"),
        (0.4, 0.4, "upper right"),
        (0, 0.5, "top"),
        (-0.5, 0, "left"),
        (-0.4, -0.3, "lower left"),
        (0, -0.9, "bottom"),
        (0.5, -0.5, "lower right"),
    ],
)
def test_a_class_off_the_centre_is_named_with_its_direction(x, y, said):
    assert name_of([seen("edge", x=x, y=y, edge=1.0)], 1.0) == f"edge, {said}"


def test_a_local_class_all_around_is_named_with_its_zone_and_a_broad_one_without():
    assert name_of([seen("scratch", middle=0.8, edge=0.2)], 1.0) == "scratch, middle"
    assert name_of([seen("scratch", middle=0.6, edge=0.4)], 1.0) == "scratch"
    assert name_of([seen("edge", edge=1.0)], 1.0) == "edge"
    assert name_of([seen("lithography", middle=1.0)], 1.0) == "lithography"


def test_classes_that_most_wafers_show_are_named_by_their_dies():
    classes = [seen("particle", 0.6, 40), seen("scratch", 0.7, 90), seen("ring", 0.4, 500)]
    assert name_of(classes, 1.0) == "scratch + particle"


@given(st.lists(st.sampled_from(["ring", "edge", "center"]), max_size=8))
def test_numbered_names_are_unique(names):
    found = numbered(names)
    assert len(set(found)) == len(names)
    assert [name.split(" (")[0] for name in found] == names


def test_clusters_are_named_by_what_the_lake_says_of_their_wafers():
    lake = Lake(f"memory://{uuid.uuid4().hex}")
    wafers = [drawn(n, size=24) for n in range(20)]
    lake.append_wafers(wafers)
    found = [("edge",)] * 5 + [()] * 5 + [("ring", "scratch")] * 4 + [()]
    lake.append_results(
        found_on(w, *classes, seed=n) for n, (w, classes) in enumerate(zip(wafers, found, strict=False))
    )
    keys = [w.key for w in wafers]
    names = cluster_names(lake, [keys[:5], keys[5:10], keys[10:15], keys[15:], [*keys[:3], *keys[5:9]]])
    # `found_on` puts the edge's dies in the uppermost rows
    assert names[:2] == ["edge, top", "no pattern (1)"]
    assert set(names[2].split(" + ")) == {"ring", "scratch"}
    assert names[3:] == ["not segmented", "no pattern (2)"]
