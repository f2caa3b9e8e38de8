from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from core.analysis.result import analyse
from core.monitoring.sides import DRAWN_ACROSS, DRAWN_SEED, draw, of_keys, sampled
from core.segmentation import Segmenter
from data.synthesis import WaferRecipe, draw_wafer

COUNT = 12


@pytest.fixture(scope="module")
def segmenter(tiny_model_path):
    return Segmenter.load(str(tiny_model_path), threads=1)


def test_drawn_wafers_are_measured_as_the_lake_measures_its_own(lake, segmenter):
    """The same wafers, drawn here by hand and segmented into a lake, make the same table and the same vectors."""
    found = draw(segmenter, COUNT)
    rng = np.random.default_rng(DRAWN_SEED)
    wafers = [draw_wafer(rng, WaferRecipe(longest=DRAWN_ACROSS)).wafer for _ in range(COUNT)]
    wafers = [replace(one, lot_id="synthetic", wafer_id=str(n)) for n, one in enumerate(wafers)]
    lake.append_wafers(wafers)
    lake.append_results(analyse(wafers, segmenter))
    held = sampled(lake, of_keys([one.key for one in wafers])).set_index("key").loc[list(found.table["key"])]
    measures = [name for name in held.columns if name not in ("lot_id", "grid", "product")]
    assert set(found.table.columns) == {"key", "lot_id", *measures}
    pd.testing.assert_frame_equal(
        found.table[measures], held[measures].reset_index(drop=True), check_dtype=False, rtol=1e-6
    )
    vectors = lake.query("SELECT key, vector FROM embeddings").set_index("key")["vector"]
    for key, vector in found.vectors.itertuples(index=False):
        assert np.allclose(vector, vectors[key], atol=1e-6)
    assert len(found.vectors) == len(vectors)
    assert found.model == segmenter.name


def test_the_same_seed_draws_the_same_wafers(segmenter):
    one, two, other = draw(segmenter, 5), draw(segmenter, 5), draw(segmenter, 5, seed=1)
    pd.testing.assert_frame_equal(one.table, two.table)
    assert not one.table["yield"].equals(other.table["yield"])
