"""An index of what wafers or clusters look like: the nearest to a vector, at once, among a million.

Up to 50,000 vectors every one is compared. Above, they are sorted into cells around typical vectors and kept as one
byte a dimension (an inverted file, IVF with a scalar quantiser), and only the nearest cells are looked into.
"""

import math
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from core.lake import Lake
from core.similarity.embeddings import Vectors, stored
from core.similarity.versions import Versions
from data.errors import IndexDamagedError, IndexMissingError, ModelError
from data.served import DIMENSION

if TYPE_CHECKING:
    import faiss

EXACT_BELOW = 50_000
CELLS_PER_ROOT = 4  # cells of the inverted file: so many times the square root of the number of vectors
TRAINED_PER_CELL = 40  # vectors that find the cells
PROBED_CELLS = 24
ROUNDS = 10  # of k-means
VECTORS, NAMES = ".faiss", ".parquet"  # the files of a version

_DAMAGE = (ValueError, KeyError, TypeError, RuntimeError, MemoryError, OSError, pa.ArrowException)
"""What reading a damaged index raises."""


class IndexKind(StrEnum):
    """What the vectors of an index are of."""

    WAFERS = "wafers"
    CLUSTERS = "clusters"


_COUNT = {
    IndexKind.WAFERS: "SELECT count(*) AS n FROM embeddings WHERE model = ?",
    IndexKind.CLUSTERS: "SELECT coalesce(sum(len(cluster_numbers)), 0) AS n FROM embeddings WHERE model = ?",
}


@dataclass(frozen=True, eq=False)
class Near:
    """What a search found, nearest first.

    Args:
        keys: of the wafers.
        numbers: of the clusters, 0 for whole wafers.
        cosines: float32 (n,), 1 for the very same direction.
        looks: (n,) which of the vectors asked for was the nearest.
    """

    keys: list[str]
    numbers: list[int]
    cosines: NDArray[np.float32]
    looks: NDArray[np.intp]


class SimilarityIndex:
    """Vectors of one model, searched by direction; any number of threads may share one.

    Args:
        model: `Segmenter.name` of the model whose vectors these are; those of another are refused.
        kind: of wafers or of clusters.
        index: faiss's, empty but trained; None for one that compares all.
    """

    exact_below = EXACT_BELOW
    """Number of candidates below which all are compared."""

    def __init__(self, model: str, kind: IndexKind, index: "faiss.Index | None" = None) -> None:
        faiss = _faiss()
        self.model, self.kind, self.sequence = model, kind, 0
        self._index: Any = index or faiss.IndexFlatIP(DIMENSION)
        self._keys: pa.ChunkedArray = pa.chunked_array([], pa.string())
        self._numbers = np.zeros(0, dtype=np.int32)
        self._alive = np.zeros(0, dtype=np.bool_)
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """Count the vectors that a search can find."""
        return int(self._alive.sum())

    @classmethod
    def build(
        cls, lake: Lake, model: str, kind: IndexKind, progress: Callable[[int, int], object] = lambda done, total: None
    ) -> "SimilarityIndex":
        """Make an index of all vectors that the lake keeps of a model.

        Args:
            lake: to read.
            model: whose vectors.
            kind: of wafers or of clusters.
            progress: is told how many vectors are in, of how many.

        Raises:
            LakeError: the lake cannot be read.
        """
        total = int(lake.query(_COUNT[kind], [model])["n"].iloc[0])
        parts = (part.matrix for part in stored(lake, model, clusters=kind is IndexKind.CLUSTERS))
        index = cls(model, kind, trained(parts, total) if total >= cls.exact_below else None)
        for part in stored(lake, model, clusters=kind is IndexKind.CLUSTERS):
            index._append(part)
            progress(len(index), total)
        return index

    def catch_up(self, lake: Lake) -> int:
        """Add what the lake keeps of the model since; give the number of vectors added."""
        newer = stored(lake, self.model, clusters=self.kind is IndexKind.CLUSTERS, after=self.sequence)
        return sum(self.add(part) for part in newer)

    def add(self, vectors: Vectors) -> int:
        """Add vectors, in place of all that the index holds of the same wafers; give how many.

        Raises:
            ModelError: they are another model's.
        """
        if vectors.model != self.model:
            raise ModelError(
                vectors.model, f"its vectors cannot be compared with those of {self.model}", "Build an index of them."
            )
        with self._lock:
            self._alive &= ~_among(self._keys, vectors.wafers)
            self._append(vectors)
        return len(vectors.numbers)

    def search(self, looks: NDArray[np.float32], count: int, among: pa.StringArray | None = None) -> Near:
        """Find the nearest.

        Args:
            looks: float32 (n, 512) of unit length; what is near to any of them is near.
            count: how many at most.
            among: keys of the wafers to look among, None for all. None of them is overlooked: the smaller the part, the
                more cells are looked into, and below 50,000 vectors all of them.
        """
        faiss = _faiss()
        with self._lock:
            allowed = self._alive if among is None else self._alive & _among(self._keys, among)
            candidates = int(allowed.sum())
            if not candidates:
                return Near([], [], np.zeros(0, dtype=np.float32), np.zeros(0, dtype=np.intp))
            bits = np.packbits(allowed, bitorder="little")
            chosen: dict[str, Any] = {"sel": faiss.IDSelectorBitmap(bits)} if candidates < len(allowed) else {}
            cells = getattr(self._index, "nlist", 0)
            if cells:
                parameters = faiss.SearchParametersIVF(nprobe=self._probes(cells, candidates), **chosen)
            else:
                parameters = faiss.SearchParameters(**chosen)
            cosines, rows = self._index.search(looks, min(count, candidates), params=parameters)
        return self._near(cosines, rows, count)

    def save(self, home: Path) -> None:
        """Keep the index below `home`/index; whoever reads or saves meanwhile finds a whole one.

        Raises:
            OSError: the folder cannot be written to, and the index before stays.
        """
        faiss = _faiss()
        with self._lock:
            named = pa.table({"key": self._keys, "number": self._numbers, "alive": self._alive})
            _versions(home, self.kind).add(
                {"model": self.model, "sequence": self.sequence},
                {
                    VECTORS: lambda path: faiss.write_index(self._index, str(path)),
                    NAMES: lambda path: pq.write_table(named, path),
                },
            )

    @classmethod
    def load(cls, home: Path, model: str, kind: IndexKind) -> "SimilarityIndex":
        """Read the index below `home`/index.

        Raises:
            IndexMissingError: there is none, or it is of another model.
            IndexDamagedError: it cannot be read.
        """
        faiss = _faiss()

        def read(about: dict[str, Any], address: Callable[[str], str]) -> "SimilarityIndex":
            if about["model"] != model:
                problem = f"it is of the model {about['model']}, the one in use is {model}"
                raise IndexMissingError(*_missing(home, kind, problem))
            index = cls(model, kind, faiss.read_index(address(VECTORS)))
            named = pq.read_table(address(NAMES))
            index.sequence, index._keys = int(about["sequence"]), named["key"]
            index._numbers, index._alive = named["number"].to_numpy(), named["alive"].to_numpy()
            if (index._index.ntotal, index._index.d) != (len(named), DIMENSION):
                raise ValueError(f"{index._index.ntotal:,} vectors have {len(named):,} names")
            return index

        try:
            return _versions(home, kind).open(read)
        except FileNotFoundError as error:
            raise IndexMissingError(*_missing(home, kind, "it was not built yet")) from error
        except _DAMAGE as error:
            raise IndexDamagedError(*_missing(home, kind, f"it cannot be read ({error})")) from error

    def _append(self, vectors: Vectors) -> None:
        self._index.add(vectors.matrix)
        self._keys = pa.chunked_array([*self._keys.chunks, vectors.keys], pa.string())
        self._numbers = np.concatenate([self._numbers, vectors.numbers])
        self._alive = np.concatenate([self._alive, np.ones(len(vectors.numbers), dtype=np.bool_)])
        self.sequence = max(self.sequence, vectors.sequence)

    def _probes(self, cells: int, candidates: int) -> int:
        """Cells to look into: more of them, the fewer of their vectors are candidates."""
        if candidates < self.exact_below:
            return cells
        return min(cells, math.ceil(PROBED_CELLS * len(self._alive) / candidates))

    def _near(self, cosines: NDArray[np.float32], rows: NDArray[np.int64], count: int) -> Near:
        """Of what was found for each look, the best of every vector, nearest first, equals by row."""
        looks = np.repeat(np.arange(len(rows)), rows.shape[1])
        flat, found = cosines.reshape(-1), rows.reshape(-1)
        order = np.lexsort((found, -flat))
        order = order[found[order] >= 0]
        _, first = np.unique(found[order], return_index=True)
        best = order[np.sort(first)][:count]
        keys = self._keys.take(pa.array(found[best])).to_pylist()
        return Near(keys, self._numbers[found[best]].tolist(), flat[best], looks[best])


def trained(parts: Iterable[NDArray[np.float32]], total: int) -> "faiss.Index":
    """Make an empty inverted file whose cells suit the vectors that will come.

    Args:
        parts: the vectors, (n, 512) at a time; an even share of them finds the cells.
        total: how many they are.
    """
    library = _faiss()
    cells = int(CELLS_PER_ROOT * math.sqrt(total))
    step = max(1, total // (cells * TRAINED_PER_CELL))
    sample = np.empty((total // step + 1, DIMENSION), dtype=np.float32)
    filled = 0
    for part in parts:
        taken = part[::step][: len(sample) - filled]
        sample[filled : filled + len(taken)] = taken
        filled += len(taken)
    # What is kept to a byte is the way from the cell's middle: shorter than the vector, so the byte says it finer.
    index = library.IndexIVFScalarQuantizer(
        library.IndexFlatIP(DIMENSION),
        DIMENSION,
        cells,
        library.ScalarQuantizer.QT_8bit,
        library.METRIC_INNER_PRODUCT,
        True,
    )
    # The byte spans four deviations to either side: one far vector would coarsen it for all.
    index.sq.rangestat, index.sq.rangestat_arg = library.ScalarQuantizer.RS_meanstd, 4.0
    index.cp.niter, index.cp.max_points_per_centroid, index.cp.spherical = ROUNDS, TRAINED_PER_CELL, True
    index.train(sample[:filled])
    made: faiss.Index = index
    return made


def _faiss() -> ModuleType:
    """Return faiss, which takes seconds to import; its types know the names of C++, not those of its Python."""
    import faiss

    return faiss


def index_stamp(home: Path, kind: IndexKind) -> str:
    """Return a text that changes whenever an index was saved below `home`, "" where there is none."""
    return _versions(home, kind).stamp


def _among(keys: pa.ChunkedArray, wanted: pa.StringArray) -> NDArray[np.bool_]:
    return np.asarray(pc.is_in(keys, value_set=wanted).to_numpy(), dtype=np.bool_)


def _versions(home: Path, kind: IndexKind) -> Versions:
    return Versions(home / "index", kind)


def _missing(home: Path, kind: IndexKind, problem: str) -> tuple[str, str, str]:
    return (
        f"{home}/index/{kind}",
        f"there is no index to search: {problem}",
        "Build it on the Similar page, or with python -m jobs.build_index.",
    )
