"""Wafers that look like another, like one of its clusters or like a drawing: near by embedding, ranked with overlap."""

import math
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.analysis.result import WaferResult
from core.instances import Instance
from core.lake import Lake, WaferFilter
from core.lake.schema import POSITIONS
from core.segmentation import Segmenter
from core.similarity.embeddings import alone, embed, embed_turned
from core.similarity.index import IndexKind, SimilarityIndex
from data.errors import ModelError, WaferValueError
from data.geometry import extent
from data.raster import nearest_index
from data.turning import symmetry
from data.wafer import WaferMap

RANKED = 200
OVERLAP_SHARE = 0.3
LARGEST_GRID = 256
_EVERYTHING = WaferFilter()

_HISTORY = """
    WITH steps AS (SELECT key, unnest(map_entries(attributes)) AS step FROM wafers),
    counted AS (
        SELECT step.key AS attribute, step.value AS value, count(*) AS wafers,
               count(*) FILTER (key IN (SELECT unnest(?))) AS matches
        FROM steps WHERE step.value != '' AND NOT list_contains(?::VARCHAR[], step.key) GROUP BY ALL
    ),
    compared AS (
        SELECT attribute, value, matches, sum(matches) OVER whole AS of_matches,
               matches / sum(matches) OVER whole AS found, wafers / sum(wafers) OVER whole AS share
        FROM counted WINDOW whole AS (PARTITION BY attribute)
    )
    SELECT attribute, value, matches, of_matches, share, found / share AS times FROM compared
    WHERE matches >= 2 AND found > share ORDER BY found - share DESC, attribute, value
"""


@dataclass(frozen=True, eq=False)
class Query:
    """What similar wafers are wanted of.

    Args:
        wafer: as it is to look.
        mask: bool (H, W), the dies of its pattern.
        kind: whether whole wafers or single clusters are looked for.
        looks: float32 (1, 512), or (8, 512) of its turns and flips where these match too.
        model: that embedded it.
    """

    wafer: WaferMap
    mask: NDArray[np.bool_]
    kind: IndexKind
    looks: NDArray[np.float32]
    model: str


@dataclass(frozen=True, eq=False)
class Match:
    """One similar wafer.

    Args:
        result: the wafer and what was found on it.
        cluster: number of the cluster that looks alike, 0 for the whole wafer.
        mask: bool (H, W), the dies of its pattern.
        cosine: of the embeddings, 0 to 1.
        overlap: IoU of the patterns over dies, 0 to 1; NaN where neither has a pattern.
        score: what they are ranked by, 0 to 1.
        turn: which turn of the query it looks like, 0 for none.
    """

    result: WaferResult
    cluster: int
    mask: NDArray[np.bool_]
    cosine: float
    overlap: float
    score: float
    turn: int


def query_wafer(result: WaferResult, segmenter: Segmenter, *, turned: bool = False) -> Query:
    """Ask for wafers that look like a whole wafer; `turned` for those too that do so turned or flipped."""
    return _query(result.wafer, _pattern(result), IndexKind.WAFERS, segmenter, turned)


def query_cluster(wafer: WaferMap, instance: Instance, segmenter: Segmenter, *, turned: bool = False) -> Query:
    """Ask for clusters that look like one cluster of a wafer, whatever else is on theirs."""
    only = alone(wafer, instance)
    return _query(only, only.failing, IndexKind.CLUSTERS, segmenter, turned)


def query_drawing(wafer: WaferMap, segmenter: Segmenter, *, turned: bool = False) -> Query:
    """Ask for clusters that look like the failing dies of a drawn wafer.

    Raises:
        WaferValueError: nothing is drawn.
    """
    if not wafer.fail_count:
        raise WaferValueError(wafer.key, "no die is drawn", "Draw a pattern on the wafer.")
    return _query(wafer, wafer.failing, IndexKind.CLUSTERS, segmenter, turned)


def find(
    query: Query,
    index: SimilarityIndex,
    lake: Lake,
    where: WaferFilter = _EVERYTHING,
    *,
    count: int = 10,
    without: Collection[str] = (),
) -> list[Match]:
    """Find the similar wafers: the 200 nearest by cosine, ranked by cosine and overlap together.

    Args:
        query: what to look for.
        index: of the query's kind and model.
        lake: that the index is of.
        where: look among these wafers only.
        count: how many at most.
        without: keys of wafers to leave out, such as the one asked for.

    Raises:
        ModelError: the index is of another model, or of another kind.
        LakeError: the lake cannot be read.
    """
    if (query.model, query.kind) != (index.model, index.kind):
        raise ModelError(
            query.model,
            f"an index of {index.kind} by {index.model} cannot find {query.kind} by {query.model}",
            "Build the index of the model in use.",
        )
    among = None
    condition, parameters = where.where()
    if parameters or lake.products is not None:
        among = lake.arrow(f"SELECT key FROM wafers WHERE {condition}", parameters)["key"].combine_chunks()
    near = index.search(query.looks, RANKED + len(without), among)
    results = lake.results_by_keys(sorted(set(near.keys) - set(without)))
    matches = [
        _match(query, results[key], number, float(cosine), int(look))
        for key, number, cosine, look in zip(near.keys, near.numbers, near.cosines, near.looks, strict=True)
        if key in results and (number == 0 or any(i.number == number for i in results[key].instances))
    ]
    best: dict[str, Match] = {}
    for match in sorted(matches, key=lambda m: (-m.score, m.result.wafer.key, m.cluster)):
        best.setdefault(match.result.wafer.key, match)
    return list(best.values())[:count]


def shared_history(lake: Lake, keys: Collection[str]) -> pd.DataFrame:
    """Return which steps of their process history some wafers share more often than all wafers do.

    Returns:
        attribute, value, `matches` with that value of `of_matches` that have the attribute, its `share` among all
        wafers of the lake, and how many `times` as frequent it is among these; what stands out most first.
    """
    return lake.query(_HISTORY, [list(keys), list(POSITIONS)])


def overlap(
    mask: NDArray[np.bool_], dies: NDArray[np.uint8], other_mask: NDArray[np.bool_], other_dies: NDArray[np.uint8]
) -> float:
    """IoU of two patterns over dies, laid on each other by the tested extents of their wafers.

    Where grids differ both are drawn on one that is as fine as the finer along each axis, up to 256 cells.

    Returns:
        0 to 1, NaN where neither holds a die.
    """
    ours, theirs = on_common_grid(mask, dies, other_mask, other_dies)
    either = np.count_nonzero(ours | theirs)
    return np.count_nonzero(ours & theirs) / either if either else math.nan


def on_common_grid(
    mask: NDArray[np.bool_], dies: NDArray[np.uint8], other_mask: NDArray[np.bool_], other_dies: NDArray[np.uint8]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Draw two patterns on one grid, as `overlap` says."""
    cut = [_tested(m, d) for m, d in ((mask, dies), (other_mask, other_dies))]
    shape = [min(LARGEST_GRID, max(sides)) for sides in zip(cut[0].shape, cut[1].shape, strict=True)]
    ours, theirs = (_drawn(one, shape) for one in cut)
    return ours, theirs


def _query(wafer: WaferMap, mask: NDArray[np.bool_], kind: IndexKind, segmenter: Segmenter, turned: bool) -> Query:
    looks = embed_turned(wafer, segmenter) if turned else embed([wafer], segmenter)
    return Query(wafer, mask, kind, looks, segmenter.name)


def _match(query: Query, result: WaferResult, number: int, cosine: float, turn: int) -> Match:
    if number:
        instance = next(i for i in result.instances if i.number == number)
        mask = np.zeros(result.wafer.dies.shape, dtype=np.bool_)
        mask[instance.dies[:, 0], instance.dies[:, 1]] = True
    else:
        mask = _pattern(result)
    share = overlap(symmetry(query.mask, turn), symmetry(query.wafer.dies, turn), mask, result.wafer.dies)
    cosine = min(1.0, max(0.0, cosine))
    score = cosine if math.isnan(share) else (1 - OVERLAP_SHARE) * cosine + OVERLAP_SHARE * share
    return Match(result, number, mask, cosine, share, score, turn)


def _pattern(result: WaferResult) -> NDArray[np.bool_]:
    return np.asarray(result.segmentation.masks.any(axis=0))


def _tested(mask: NDArray[np.bool_], dies: NDArray[np.uint8]) -> NDArray[np.bool_]:
    top, bottom, left, right = extent(dies)
    return mask[top : bottom + 1, left : right + 1]


def _drawn(mask: NDArray[np.bool_], shape: list[int]) -> NDArray[np.bool_]:
    rows, columns = nearest_index(mask.shape[0], shape[0]), nearest_index(mask.shape[1], shape[1])
    return mask[rows[:, None], columns]
