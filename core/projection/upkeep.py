"""Keeping the map up with the lake: fitted where there is none, new wafers placed on it, clusters parted anew."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from core.lake import Lake
from core.projection.clusters import find_clusters
from core.projection.keeping import (
    FOLDER,
    LOCK,
    About,
    now,
    read_about,
    read_layout,
    read_table,
    rows_of,
    save,
    save_layout,
)
from core.projection.layout import Layout, Placer, lay_out
from core.projection.naming import cluster_names
from core.segmentation import Segmenter
from core.similarity.embeddings import embed_backlog, stored
from core.similarity.upkeep import Step
from core.storage.folder import Folder
from data.errors import MapError

FITTED_WAFERS = 50_000
TYPICAL_WAFERS = 200
OUTGROWN = 2.0  # a map whose lake is so many times what it was fitted on is fitted anew

_SAMPLE = "SELECT key FROM embeddings WHERE model = ? ORDER BY hash(key || ?), key LIMIT ?"
_COUNT = "SELECT count(*) AS n FROM embeddings WHERE model = ?"
_NEWER = "SELECT count(*) AS n FROM embeddings WHERE model = ? AND sequence > ?"


def bring_up_to_date(
    lake: Lake,
    segmenter: Segmenter,
    home: Path,
    *,
    clusters: int | None = None,
    anew: bool = False,
    seed: int = 0,
    most_fitted: int = FITTED_WAFERS,
) -> Iterator[Step]:
    """Embed what was not embedded yet, then fit the map, or place on it what is new.

    It is fitted where there is none that can be used, where the lake has outgrown it, and when asked to. Another number
    of clusters parts the wafers anew and moves none. The work can be stopped at any time; the map before stays until
    the new one is whole.

    Args:
        lake: read from and appended to.
        segmenter: the model in use.
        home: workspace whose folder `map` holds the map.
        clusters: how many, None to choose them by silhouette.
        anew: fit it in any case.
        seed: of a new fit.
        most_fitted: how many wafers a fit lays out at most; the others are placed on it.

    Raises:
        LakeError: the lake cannot be read.
        ModelError: the model gives no embeddings, or fails.
        MapError: there are too few wafers, fewer than clusters asked for, or another process is at the map.
        OSError: the map cannot be saved.
    """
    for done, total in embed_backlog(lake, segmenter):
        yield Step("embedded", done, total)
    folder = home / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with Folder(folder).claimed(LOCK) as mine:
        if not mine:
            raise MapError(str(folder), "another process is building the map", "Wait until it is done.")
        about = None if anew else _usable(lake, home, segmenter.name, most_fitted)
        if about is None:
            yield from _fit(lake, segmenter.name, home, clusters, seed, most_fitted)
        elif about.asked != clusters:
            layout, _ = read_layout(home, about)
            yield from _show_all(lake, home, about.model, layout, clusters, about.fitted_at, about.silhouettes)
        else:
            yield from _extend(lake, home, about)


def _usable(lake: Lake, home: Path, model: str, most_fitted: int) -> About | None:
    """The map as far as it can go on, None where it has to be fitted."""
    try:
        about = read_about(home, model)
        read_layout(home, about)
    except MapError:
        return None
    outgrown = about.fitted < most_fitted and _one(lake, _COUNT, model) > OUTGROWN * about.fitted
    return None if outgrown else about


def _fit(lake: Lake, model: str, home: Path, clusters: int | None, seed: int, most_fitted: int) -> Iterator[Step]:
    sample = lake.arrow(_SAMPLE, [model, str(seed), most_fitted])["key"].combine_chunks()
    yield Step("laid out", 0, len(sample))
    keys, parts = [], []
    for part in stored(lake, model, clusters=False):
        chosen = pc.is_in(part.keys, value_set=sample)
        keys.append(part.keys.filter(chosen))
        parts.append(part.matrix[chosen.to_numpy(zero_copy_only=False)])
    matrix = np.concatenate(parts) if parts else np.zeros((0, 0), dtype=np.float32)
    layout = lay_out(pa.concat_arrays([pa.array([], pa.string()), *keys]), matrix, seed)
    yield Step("laid out", len(sample), len(sample))
    yield from _show_all(lake, home, model, layout, clusters, now(), {})


def _show_all(
    lake: Lake,
    home: Path,
    model: str,
    layout: Layout,
    clusters: int | None,
    fitted_at: str,
    tried: Mapping[int, float],
) -> Iterator[Step]:
    """Part the wafers of a layout into clusters, place every other, and show the map with all silhouettes known."""
    found = find_clusters(layout.reduced, clusters, layout.seed)
    names = cluster_names(lake, typical_keys(layout, found.middles, found.members))
    placer = Placer(layout, found.middles)
    total = _one(lake, _COUNT, model)
    yield Step("placed", 0, total)
    tables, sequence = [], 0
    for part in stored(lake, model, clusters=False):
        tables.append(rows_of(part.keys, placer.place(part.keys, part.matrix), layout))
        sequence = max(sequence, part.sequence)
        yield Step("placed", sum(map(len, tables)), total)
    silhouettes = dict(sorted({**tried, **found.silhouettes}.items()))
    kept = save_layout(home, layout, found.middles)
    about = About(model, sequence, len(layout.keys), layout.seed, clusters, silhouettes, tuple(names), fitted_at, kept)
    save(home, tables, about)


def _extend(lake: Lake, home: Path, about: About) -> Iterator[Step]:
    """Place what the lake keeps since; a wafer tested again leaves its old place."""
    total = _one(lake, _NEWER, about.model, about.sequence)
    yield Step("placed", 0, total)
    if not total:
        return
    layout, middles = read_layout(home, about)
    placer = Placer(layout, middles)
    table, sequence = read_table(home, about), about.sequence
    tables: list[pa.Table] = []
    for part in stored(lake, about.model, clusters=False, after=about.sequence):
        table = table.filter(pc.invert(pc.is_in(table["key"], value_set=part.keys)))
        tables.append(rows_of(part.keys, placer.place(part.keys, part.matrix), layout))
        sequence = max(sequence, part.sequence)
        yield Step("placed", sum(map(len, tables)), total)
    save(home, [table, *tables], replace(about, sequence=sequence))


def typical_keys(
    layout: Layout, middles: NDArray[np.float32], members: NDArray[np.int32], most: int = TYPICAL_WAFERS
) -> list[list[str]]:
    """Return the keys of the wafers nearest to the middle of each cluster, nearest first.

    Args:
        layout: of the wafers.
        middles: float32 (C, D) of the clusters.
        members: (N,) cluster of each wafer of the layout.
        most: how many of a cluster.
    """
    farness = ((layout.reduced - middles[members]) ** 2).sum(axis=1)
    order = np.argsort(farness, kind="stable")
    nearest = (order[members[order] == cluster][:most] for cluster in range(len(middles)))
    return [layout.keys.take(pa.array(rows)).to_pylist() for rows in nearest]


def _one(lake: Lake, sql: str, *parameters: object) -> int:
    return int(lake.query(sql, list(parameters))["n"].iloc[0])
