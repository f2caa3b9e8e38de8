"""What wafers and single clusters look like, as vectors of unit length: made by the model, kept in the lake."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from core.analysis.result import WaferResult, bounded_batches
from core.instances import Instance
from core.lake import Lake
from core.lake.batches import batches
from core.lake.embedding_rows import Embedded
from core.lake.rows import dies_hash
from core.segmentation import Segmenter
from core.segmentation.network import EXPORT_AGAIN
from data.errors import LakeError, ModelError
from data.served import DIMENSION
from data.turning import SYMMETRIES, symmetry
from data.wafer import FAIL, PASS, WaferMap

WAFERS_PER_PART = 256
READ_ROWS = 20_000

_LACKING = """
    SELECT w.key FROM wafers AS w LEFT JOIN (SELECT * EXCLUDE (vector, cluster_vectors) FROM embeddings WHERE model = ?)
        AS e ON e.key = w.key AND e.dies_hash = w.dies_hash
    WHERE e.key IS NULL OR (w.model = ? AND e.segmented IS DISTINCT FROM w.segmentation_sequence) ORDER BY w.key
"""
_SEGMENTED = "SELECT key, segmentation_sequence FROM wafers WHERE model = ? AND key IN (SELECT unnest(?))"
_NEWER = "SELECT key, sequence FROM embeddings WHERE model = ? AND sequence > ? ORDER BY key"
_BETWEEN = """
    SELECT {columns} FROM embeddings WHERE key BETWEEN ? AND ? AND model = ? AND sequence > ? ORDER BY key
"""


@dataclass(frozen=True, eq=False)
class Vectors:
    """Vectors with the names of what they are of.

    Args:
        keys: of the wafers.
        numbers: int32 (N,), of the clusters; 0 for whole wafers.
        matrix: float32 (N, 512), each row of unit length.
        wafers: keys of the wafers read, those without a cluster too.
        sequence: highest sequence number among the rows they were read from.
        model: whose vectors they are.
    """

    keys: pa.StringArray
    numbers: NDArray[np.int32]
    matrix: NDArray[np.float32]
    wafers: pa.StringArray
    sequence: int
    model: str


def embed(wafers: Sequence[WaferMap], segmenter: Segmenter) -> NDArray[np.float32]:
    """Return a vector for each wafer; vectors of wafers that look alike point the same way.

    Returns:
        float32 (len(wafers), 512), each row of unit length.

    Raises:
        ModelError: the model gives no embeddings, or fails.
    """
    if not segmenter.embeds:
        raise ModelError(
            segmenter.name, "the model gives no embeddings, so nothing can be compared by it", EXPORT_AGAIN
        )
    rows = [answer.embedding for some in bounded_batches(wafers) for answer in segmenter.answers(some)]
    return np.array(rows, dtype=np.float32).reshape(-1, DIMENSION)


def embed_turned(wafer: WaferMap, segmenter: Segmenter) -> NDArray[np.float32]:
    """Return the vectors of a wafer's eight turns and flips, in the order of `data.turning.symmetry`; (8, 512)."""
    turned = [
        WaferMap(np.ascontiguousarray(symmetry(wafer.dies, k)), wafer.lot_id, wafer.wafer_id) for k in range(SYMMETRIES)
    ]
    return embed(turned, segmenter)


def alone(wafer: WaferMap, instance: Instance) -> WaferMap:
    """Return the wafer on which only a cluster's dies fail."""
    dies = np.where(wafer.failing, PASS, wafer.dies).astype(np.uint8)
    dies[instance.dies[:, 0], instance.dies[:, 1]] = FAIL
    return WaferMap(dies, wafer.lot_id, wafer.wafer_id, die_pitch_mm=wafer.die_pitch_mm, diameter_mm=wafer.diameter_mm)


def embed_backlog(lake: Lake, segmenter: Segmenter) -> Iterator[tuple[int, int]]:
    """Embed every wafer of the lake, and every cluster that the model found, as far as it was not done yet.

    Vectors are kept every 256 wafers, so the work can be stopped at any time and taken up again.

    Args:
        lake: read from and appended to.
        segmenter: the model in use.

    Yields:
        Wafers done and wafers in all, first (0, all).

    Raises:
        LakeError: the lake cannot be read.
        ModelError: the model gives no embeddings, or fails.
    """
    embed([], segmenter)
    keys = lacking(lake, segmenter.name)
    done = 0
    yield done, len(keys)
    for some in batches(keys, WAFERS_PER_PART):
        wafers = lake.wafers_by_keys(some)
        rows = lake.arrow(_SEGMENTED, [segmenter.name, some]).to_pylist()
        segmented = {str(row["key"]): int(row["segmentation_sequence"]) for row in rows}
        results = lake.results_by_keys(list(segmented))
        lake.append_embeddings(_embedded(wafers, results, segmented, segmenter))
        lake.tidy()
        done += len(some)
        yield done, len(keys)


def lacking(lake: Lake, model: str) -> list[str]:
    """List the wafers whose grid, or whose clusters by this model, have no vectors by it yet; sorted."""
    return [str(key) for key in lake.query(_LACKING, [model, model])["key"]]


def stored(lake: Lake, model: str, *, clusters: bool, after: int = 0, rows: int = READ_ROWS) -> Iterator[Vectors]:
    """Read the vectors that the lake keeps of a model, a bounded number of wafers at a time, by key.

    Args:
        lake: to read.
        model: whose vectors, `Segmenter.name`.
        clusters: those of clusters instead of those of whole wafers.
        after: only of rows appended after this sequence number.
        rows: wafers at a time.
    """
    newer = lake.arrow(_NEWER, [model, after])
    columns = "key, sequence, " + ("cluster_numbers, cluster_vectors" if clusters else "vector")
    for start in range(0, len(newer), rows):
        part = newer["key"].slice(start, rows)
        bounds = [part[0].as_py(), part[-1].as_py(), model, after]
        yield _vectors(lake.arrow(_BETWEEN.format(columns=columns), bounds), clusters, model)


def _vectors(table: pa.Table, clusters: bool, model: str) -> Vectors:
    wafers = _column(table, "key")
    sequence = pc.max(table["sequence"]).as_py()
    if not clusters:
        matrix = _column(table, "vector").flatten().to_numpy().reshape(-1, DIMENSION)
        return Vectors(wafers, np.zeros(len(wafers), dtype=np.int32), matrix, wafers, sequence, model)
    numbers = _column(table, "cluster_numbers")
    matrix = _column(table, "cluster_vectors").flatten().to_numpy().reshape(-1, DIMENSION)
    keys = wafers.take(numbers.value_parent_indices())
    return Vectors(keys, numbers.flatten().to_numpy(), matrix, wafers, sequence, model)


def _column(table: pa.Table, name: str) -> pa.Array:
    return table[name].combine_chunks()


def _embedded(
    wafers: dict[str, WaferMap], results: dict[str, WaferResult], segmented: dict[str, int], segmenter: Segmenter
) -> list[Embedded]:
    """Embed wafers and the clusters of those that have results, in one run."""
    shown = list(wafers.values())
    counts = []
    for key, wafer in wafers.items():
        instances = results[key].instances if key in results else []
        counts.append(len(instances))
        shown += [alone(wafer, instance) for instance in instances]
    vectors = embed(shown, segmenter)
    plain, clusters = vectors[: len(wafers)], np.split(vectors[len(wafers) :], np.cumsum(counts)[:-1])
    return [
        Embedded(
            key,
            dies_hash(wafer),
            segmenter.name,
            vector,
            segmented.get(key),
            tuple(i.number for i in results[key].instances) if key in results else (),
            own,
        )
        for (key, wafer), vector, own in zip(wafers.items(), plain, clusters, strict=True)
    ]


def vectors_of(lake: Lake, model: str, keys: Sequence[str]) -> tuple[list[str], NDArray[np.float32]]:
    """Return those of the wafers that the model has embedded, and their vectors (N, 512), in the order asked.

    Raises:
        LakeError: none of the lake's wafers is embedded by this model.
    """
    wanted = {key: i for i, key in enumerate(keys)}
    found: dict[int, NDArray[np.float32]] = {}
    embedded = 0
    for part in stored(lake, model, clusters=False):
        embedded += len(part.keys)
        for key, vector in zip(part.keys.to_pylist(), part.matrix, strict=True):
            if key in wanted:
                found[wanted[key]] = vector
    if not embedded:
        raise LakeError(lake.root, f"no wafer is embedded by {model} yet", "Run python -m jobs.embed_wafers first.")
    order = sorted(found)
    matrix = np.array([found[i] for i in order], dtype=np.float32).reshape(len(order), DIMENSION)
    return [keys[i] for i in order], matrix
