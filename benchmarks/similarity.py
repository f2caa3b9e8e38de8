"""The ten nearest of a million vectors: how fast, and how many of the true ten."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from benchmarks.timing import Row, at_least, at_most, in_turns, memory_peak, p95
from core.similarity import SimilarityIndex
from core.similarity.embeddings import Vectors
from core.similarity.index import EXACT_BELOW, IndexKind, trained
from data.served import DIMENSION

WITHIN_MS, RECALL, MEGABYTES = 15.0, 0.97, 2000.0
FAMILIES, LATENT, SPREAD, NOISE = 4000, 48, 0.35, 0.15
CHUNK, QUERIES, NEAREST = 20_000, 100, 10
MODEL = "bench@1"


def nearest(count: int, rounds: int) -> list[Row]:
    """Search an index of made-up vectors.

    They are drawn as wafers of a fab are alike: in 4,000 families around typical vectors in a space of 48 dimensions,
    turned into 512 by a fixed map, with a little of their own in each dimension.
    """
    parts = (part for _, part in _parts(count))
    index = SimilarityIndex(MODEL, IndexKind.WAFERS, trained(parts, count) if count >= EXACT_BELOW else None)
    queries = _made(np.random.default_rng(99), QUERIES)
    best = np.full((QUERIES, NEAREST), -2, dtype=np.float32)
    names = np.zeros((QUERIES, NEAREST), dtype=np.int64)
    for start, part in _parts(count):
        index.add(_vectors(part, start))
        cosines = np.concatenate([best, queries @ part.T], axis=1)
        places = np.concatenate([names, np.broadcast_to(np.arange(start, start + len(part)), (QUERIES, len(part)))], 1)
        order = np.argsort(-cosines, axis=1)[:, :NEAREST]
        best, names = np.take_along_axis(cosines, order, 1), np.take_along_axis(places, order, 1)
    found = [index.search(query[None], NEAREST).keys for query in queries]
    shared = [len({f"W{n}" for n in true} & set(keys)) for true, keys in zip(names.tolist(), found, strict=True)]
    turns = iter(np.resize(np.arange(QUERIES), rounds + 2))
    spent = in_turns({"search": lambda: index.search(queries[[next(turns)]], NEAREST)}, rounds)["search"]
    work = f"top {NEAREST} of {count:,} x {DIMENSION}"
    return [
        at_most(f"{work}, p95 of {rounds}", p95(spent), WITHIN_MS, "ms"),
        at_least(f"{work}, share of the true {NEAREST}", float(np.mean(shared)) / NEAREST, RECALL, ""),
        at_most(f"{work}, most memory of the process while building and searching", memory_peak(), MEGABYTES, "MB"),
    ]


def _parts(count: int) -> Iterator[tuple[int, NDArray[np.float32]]]:
    for start in range(0, count, CHUNK):
        yield start, _made(np.random.default_rng(start), min(CHUNK, count - start))


def _made(rng: np.random.Generator, count: int) -> NDArray[np.float32]:
    fixed = np.random.default_rng(5)
    typical = fixed.standard_normal((FAMILIES, LATENT), dtype=np.float32)
    turn = fixed.standard_normal((LATENT, DIMENSION), dtype=np.float32) / np.float32(np.sqrt(LATENT))
    own = np.float32(SPREAD) * rng.standard_normal((count, LATENT), dtype=np.float32)
    rows = (typical[rng.integers(FAMILIES, size=count)] + own) @ turn
    rows += np.float32(NOISE) * rng.standard_normal((count, DIMENSION), dtype=np.float32)
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def _vectors(part: NDArray[np.float32], start: int) -> Vectors:
    keys = pa.array([f"W{n}" for n in range(start, start + len(part))], pa.string())
    return Vectors(keys, np.zeros(len(part), dtype=np.int32), part, keys, start + 1, MODEL)
