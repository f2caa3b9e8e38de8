import numpy as np
import pytest

from core.explain.occlusion import Occlusions
from core.instances import find_instances
from core.segmentation import Segmenter
from tests.core.wafers import disc, radius, wafer

SIZE = 40


@pytest.fixture(scope="module")
def segmenter(tiny_model_path) -> Segmenter:
    return Segmenter.load(str(tiny_model_path), threads=1)


@pytest.fixture(scope="module")
def shown():
    """An arc at the right rim, a blob in the middle, and single failures between them."""
    rng = np.random.default_rng(5)
    r, on = radius(SIZE), disc(SIZE) > 0
    right = np.indices((SIZE, SIZE))[1] > SIZE * 0.6
    failing = on & (((r > 0.85) & right) | (r < 0.25) | ((r > 0.4) & (r < 0.6) & (rng.random(r.shape) < 0.06)))
    return wafer(failing, dies=disc(SIZE))


@pytest.fixture(scope="module")
def occlusions(shown, segmenter) -> Occlusions:
    return Occlusions(shown, segmenter)


@pytest.mark.parametrize(("class_key", "inside"), [("edge", lambda r: r > 0.8), ("center", lambda r: r < 0.35)])
def test_a_class_rests_on_its_own_failures(occlusions, shown, class_key, inside):
    found = occlusions.of_class(class_key)
    place = inside(radius(SIZE))
    assert np.nansum(found.evidence) == pytest.approx(1)
    assert np.nansum(found.evidence[place]) > 0.95
    assert place[found.driving].all()
    assert np.isnan(found.evidence).tolist() == (~shown.failing).tolist()


def test_a_cluster_rests_on_failures_in_and_around_it(occlusions, shown, segmenter):
    clusters = find_instances(segmenter.segment([shown])[0], shown)
    center = next(c for c in clusters if c.class_key == "center")
    found = occlusions.of_dies("center", center.dies)
    near = radius(SIZE) < 0.5
    assert np.nansum(found.evidence[near]) > 0.95


def test_where_nothing_weakens_the_answer_nothing_drives_it(shown, segmenter):
    alone = wafer(np.zeros((SIZE, SIZE), dtype=bool), dies=disc(SIZE))
    found = Occlusions(alone, segmenter).of_class("edge")
    assert found.windows == 0
    assert not found.driving.any()
