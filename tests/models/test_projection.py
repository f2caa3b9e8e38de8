import numpy as np
import pytest

from data.served import DIMENSION
from models.projection import fit_projection

RNG = np.random.default_rng(8)
WAFERS, FEATURES = 600, 12
SIGNAL, NUISANCE = 3, 7  # a feature that tells wafers apart, and one that changes with every view


@pytest.fixture(scope="module")
def described():
    rows = 0.3 * RNG.standard_normal((WAFERS, FEATURES)).astype(np.float32)
    rows[:, SIGNAL] = 2 * RNG.standard_normal(WAFERS)
    rows[:, NUISANCE] = 2 * RNG.standard_normal(WAFERS)
    return rows


@pytest.fixture(scope="module")
def views(described):
    seen = described[:200] + 0.03 * RNG.standard_normal((200, FEATURES)).astype(np.float32)
    seen[:, NUISANCE] = 2 * RNG.standard_normal(200)
    return seen


def embedded(projection, rows):
    out = (rows - projection.center) @ projection.matrix
    return out / np.linalg.norm(out, axis=1, keepdims=True)


def test_a_direction_in_which_views_of_one_wafer_differ_loses_its_say(described, views):
    projection = fit_projection(described, views, np.arange(200))
    assert projection.matrix.shape == (FEATURES, DIMENSION)
    strength = np.linalg.norm(projection.matrix, axis=1) * described.std(axis=0)
    assert strength[NUISANCE] < 0.2 * strength[SIGNAL]


def test_views_of_one_wafer_lie_nearer_than_before(described, views):
    projection = fit_projection(described, views, np.arange(200))

    def rank_of_own(wafers, seen):
        return float(((seen @ wafers.T) > (seen * wafers[:200]).sum(axis=1)[:, None]).mean())

    def unit(rows):
        centred = rows - described.mean(axis=0)
        return centred / np.linalg.norm(centred, axis=1, keepdims=True)

    ours = rank_of_own(embedded(projection, described), embedded(projection, views))
    assert ours < 0.3 * rank_of_own(unit(described), unit(views))


def test_classes_draw_wafers_of_one_set_together(described, views):
    classes = np.where(described[:, 0] > 0, "ring", "none").tolist()
    apart = []
    for given in (None, classes):
        rows = embedded(fit_projection(described, views, np.arange(200), given), described)
        cosines = rows @ rows.T
        same = np.equal.outer(classes, classes)
        apart.append(cosines[same].mean() - cosines[~same].mean())
    assert apart[1] > 1.5 * apart[0]


def test_a_feature_that_never_varies_does_no_harm(described, views):
    rows, seen = described.copy(), views.copy()
    rows[:, 5], seen[:, 5] = 4, 4
    projection = fit_projection(rows, seen, np.arange(200))
    assert np.isfinite(projection.matrix).all()
    assert np.isfinite(embedded(projection, rows)).all()


def test_fitting_is_deterministic(described, views):
    first, second = (fit_projection(described, views, np.arange(200)) for _ in range(2))
    assert np.array_equal(first.matrix, second.matrix)
