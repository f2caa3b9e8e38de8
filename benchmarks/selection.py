"""What choosing wafers to label costs: passes of dropout against one pass, and CoreSet over many vectors."""

import numpy as np

from benchmarks.timing import Row, at_most, in_turns
from core.segmentation import Segmenter
from core.segmentation.dropout import PASSES, DropoutSegmenter
from core.selection.covering import farthest_first
from data.served import DIMENSION
from data.synthesis import WaferRecipe, draw_wafer

RATIO, CORESET_S = 8.0, 10.0
CHOSEN, VECTORS = 100, 100_000
DIES_ACROSS = 27


def dropout_passes(model: str, rounds: int) -> list[Row]:
    """Compare 20 passes of dropout on one wafer of WM-811K size with segmenting it once."""
    plain, dropping = Segmenter.load(model), DropoutSegmenter.load(model)
    recipe = WaferRecipe(shortest=DIES_ACROSS, longest=DIES_ACROSS)
    wafers = [draw_wafer(np.random.default_rng(1), recipe).wafer]
    spent = in_turns(
        {"once": lambda: plain.answers(wafers), "passes": lambda: dropping.sample(wafers, passes=PASSES)}, rounds
    )
    once, passes = (float(np.median(spent[name])) for name in ("once", "passes"))
    work = f"MC dropout, {PASSES} passes on one wafer {DIES_ACROSS} dies across ({passes:.3g} against {once:.3g} ms)"
    return [at_most(work, passes / once, RATIO, "x one pass")]


def coreset(count: int = VECTORS) -> list[Row]:
    """Time k-centre greedy over as many embeddings."""
    vectors = np.random.default_rng(1).standard_normal((count, DIMENSION), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    spent = in_turns({"coreset": lambda: farthest_first(vectors, vectors[:CHOSEN], CHOSEN)}, 1)["coreset"]
    return [at_most(f"CoreSet, {CHOSEN} of {count:,} x {DIMENSION}", spent[0] / 1000, CORESET_S, "s")]
