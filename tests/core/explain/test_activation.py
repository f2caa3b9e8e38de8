from dataclasses import replace

import numpy as np
import pytest

from core.explain.activation import Activations
from core.segmentation import Segmenter
from core.segmentation.network import SHIPPED_WEIGHTS
from data.classes import CLASS_INDEX, CLASS_KEYS
from data.errors import ModelError
from data.pictures import PADDED, RESAMPLED
from tests.core.wafers import disc, radius, wafer

SIZE = 40


@pytest.fixture(scope="module")
def shipped() -> Activations:
    return Activations.load(SHIPPED_WEIGHTS, Segmenter.load(str(SHIPPED_WEIGHTS), threads=1).metadata)


class Failures:
    """Stands for a network: what fails in the picture is what raised a class, and the cluster what raised a cluster."""

    def __init__(self) -> None:
        self.pictures, self.weights = [], []

    def of_class(self, picture, class_index):
        self.pictures.append(picture)
        return picture[0]

    def of_pixels(self, picture, class_index, weights):
        self.weights.append(weights)
        return self.of_class(picture, class_index) * (weights > 0)


def asked(raster, fine_share=1.0, class_key="edge"):
    """Explanations by failures, of a model that believes the fine look at large grids so much."""
    shares = np.full(len(CLASS_KEYS), 1 - fine_share, dtype=np.float32)
    shares[CLASS_INDEX[class_key]] = fine_share
    metadata = Segmenter.load(str(SHIPPED_WEIGHTS), threads=1).metadata
    maps = Failures()
    return Activations(maps, replace(metadata, raster=raster, fine_share=shares)), maps


def spotted(size):
    """A wafer with two spots of failures."""
    failing = np.zeros((size, size), dtype=bool)
    failing[size // 2 : size // 2 + 4, size // 2 : size // 2 + 4] = True
    failing[size // 4, size // 4 : size // 4 + 3] = True
    return wafer(failing, dies=disc(size))


@pytest.mark.parametrize("raster", [PADDED, RESAMPLED], ids=lambda raster: raster.name)
def test_a_map_lands_on_the_dies_that_its_picture_shows(raster):
    explained, _ = asked(raster)
    shown = spotted(SIZE)
    found = explained.of_class(shown, "edge")
    assert found.map.dtype == np.float32
    assert np.array_equal(found.map, shown.failing)
    assert np.array_equal(np.isnan(found.evidence), ~shown.failing)
    assert np.nanmax(found.evidence) == pytest.approx(1 / shown.failing.sum())


@pytest.mark.parametrize("raster", [PADDED, RESAMPLED], ids=lambda raster: raster.name)
def test_a_cluster_is_asked_for_by_the_pixels_of_its_dies(raster):
    explained, maps = asked(raster)
    shown = spotted(SIZE)
    dies = np.argwhere(shown.failing)[:3]
    found = explained.of_dies(shown, "edge", dies)
    assert sorted(map(tuple, np.argwhere(found.map))) == sorted(map(tuple, dies))
    on_cells = raster.per_cell(maps.weights[0][None], shown.dies.shape)[0]
    assert sorted(map(tuple, np.argwhere(on_cells))) == sorted(map(tuple, dies))


def test_a_large_grid_is_seen_in_the_look_that_is_believed():
    shown = spotted(100)
    fine, seen_fine = asked(PADDED, fine_share=0.7)
    coarse, seen_coarse = asked(PADDED, fine_share=0.3)
    assert np.array_equal(fine.of_class(shown, "edge").map > 0, shown.failing)
    map_ = coarse.of_class(shown, "edge").map
    assert seen_fine.pictures[0].shape[1] > seen_coarse.pictures[0].shape[1]
    assert (map_[0::2, 0::2] == map_[1::2, 1::2]).all()  # cells of two by two dies
    assert map_[50, 50] == 1
    dies = np.argwhere(shown.failing)
    coarse.of_dies(shown, "edge", dies)
    assert seen_coarse.weights[0].sum() == len(dies)


def test_nothing_lies_off_the_wafer():
    explained, maps = asked(PADDED)
    maps.of_class = lambda picture, _: np.ones_like(picture[0])
    shown = spotted(SIZE)
    assert np.array_equal(explained.of_class(shown, "edge").map, shown.on_wafer)


def test_where_nothing_raised_the_answer_nothing_drives_it():
    explained, _ = asked(PADDED)
    found = explained.of_class(wafer(np.zeros((SIZE, SIZE), dtype=bool), dies=disc(SIZE)), "edge")
    assert not found.map.any()
    assert not found.driving.any()


def test_a_class_of_the_shipped_model_rests_on_its_own_failures(shipped):
    r = radius(SIZE)
    failing = (r > 0.85) | (r < 0.25) | (np.random.default_rng(5).random(r.shape) < 0.06)
    shown = wafer(failing, dies=disc(SIZE))
    found = shipped.of_class(shown, "center")
    assert found.map.max() == 1
    assert (r[found.driving] < 0.4).mean() > 0.8
    assert (r[shown.failing] < 0.4).mean() < 0.3


def test_each_cluster_of_the_shipped_model_has_a_map_of_its_own(shipped):
    row, column = np.indices((SIZE, SIZE))
    blobs = [np.hypot(row - at, column - at - 1) < reach for at, reach in ((12, 5), (28, 3.5))]
    shown = wafer(blobs[0] | blobs[1] | (np.random.default_rng(5).random((SIZE, SIZE)) < 0.04), dies=disc(SIZE))
    for own, other in (blobs, blobs[::-1]):
        evidence = shipped.of_dies(shown, "particle", np.argwhere(own)).evidence
        assert evidence[own].sum() > 0.9 > 0.1 > evidence[other].sum()


def test_what_is_no_network_of_ours_is_refused(tiny_model_path):
    with pytest.raises(ModelError, match="no network can be made of it"):
        Activations.load(tiny_model_path, Segmenter.load(str(tiny_model_path), threads=1).metadata)
