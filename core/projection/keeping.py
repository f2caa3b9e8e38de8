"""The map as it is kept below the workspace: a table of wafers, what it was fitted on, and a note that says which."""

import json
import time
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from core.projection.axes import PrincipalAxes
from core.projection.layout import Layout, Placed
from core.storage.folder import Folder
from data.errors import MapError

FOLDER, NOTE, LOCK = "map", "map.json", "lock"
FORMAT = 2
COLUMNS = pa.schema(
    [
        ("key", pa.string()),
        ("x", pa.float32()),
        ("y", pa.float32()),
        ("cluster", pa.int32()),
        ("isolation", pa.float32()),
        ("novelty", pa.float32()),
        ("fitted", pa.bool_()),
    ]
)
BUILD = "Build it on the Map page, or with python -m jobs.map_wafers."


@dataclass(frozen=True)
class About:
    """What a map says of itself.

    Args:
        model: `Segmenter.name` of the model whose embeddings it shows, hash included.
        sequence: highest sequence number among the embeddings on it.
        fitted: wafers it was fitted on.
        seed: that it was made with.
        asked: number of clusters that a person asked for, None where the silhouette chose.
        silhouettes: mean silhouette by number of clusters, of those that were tried.
        names: of the clusters, the largest first.
        fitted_at: when it was fitted, ISO 8601 in UTC.
        layout: name of the file with what it was fitted on.
        wafers: on it.
        table: name of the file with its wafers.
    """

    model: str
    sequence: int
    fitted: int
    seed: int
    asked: int | None
    silhouettes: dict[int, float]
    names: tuple[str, ...]
    fitted_at: str
    layout: str
    wafers: int = 0
    table: str = ""

    @property
    def silhouette(self) -> float:
        """Mean silhouette of the clusters as they are, -1 to 1."""
        return self.silhouettes[len(self.names)]


def read_about(home: Path, model: str) -> About:
    """Read what the map below `home`/map says of itself.

    Raises:
        MapError: there is none, it is of another model or an earlier version, or it is damaged.
    """
    folder = Folder(home / FOLDER)
    try:
        said = json.loads(folder.read(NOTE))
        if said.pop("format") != FORMAT:
            raise _unusable(home, "it was made by another version of Waferscope", "Build it anew")
        said["silhouettes"] = {int(k): float(s) for k, s in said["silhouettes"].items()}
        about = About(**{**said, "names": tuple(said["names"])})
    except FileNotFoundError as error:
        raise MapError(str(home / FOLDER), "there is no map yet", BUILD) from error
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        raise _unusable(home, f"the map cannot be read ({error!r})", "Build it anew") from error
    if about.model != model:
        problem = f"the map shows wafers as the model {about.model} sees them, the one in use is {model}"
        raise _unusable(home, problem, "Build it anew")
    if not folder.exists(about.table):
        raise _unusable(home, f"the map's file {about.table} is gone", "Build it anew")
    return about


def read_layout(home: Path, about: About) -> tuple[Layout, NDArray[np.float32]]:
    """Read what a map was fitted on, and the middles of its clusters.

    Raises:
        MapError: the file is missing or damaged.
    """
    try:
        with np.load(Folder(home / FOLDER).address(about.layout), allow_pickle=False) as kept:
            keys = pa.array(kept["keys"].tolist(), pa.string())
            axes = PrincipalAxes(kept["mean"], kept["directions"])
            return Layout(keys, axes, kept["features"], kept["places"], about.seed), kept["middles"]
    except (ValueError, KeyError, OSError, EOFError) as error:
        raise _unusable(home, f"what the map was fitted on cannot be read ({error!r})", "Build it anew") from error


def read_table(home: Path, about: About) -> pa.Table:
    """Read the wafers of a map, with COLUMNS."""
    return pq.read_table(table_path(home, about))


def table_path(home: Path, about: About) -> str:
    """Path of the file with the wafers of a map."""
    return Folder(home / FOLDER).address(about.table)


def rows_of(keys: pa.StringArray, placed: Placed, layout: Layout) -> pa.Table:
    """Write placed wafers as rows of a map."""
    fitted = pc.is_in(keys, value_set=layout.keys)
    columns = [keys, *placed.places.T, placed.clusters, placed.isolation, placed.novelty, fitted]
    return pa.table([pa.array(column) for column in columns], schema=COLUMNS)


def save_layout(home: Path, layout: Layout, middles: NDArray[np.float32]) -> str:
    """Keep what a map was fitted on, as plain arrays; give the file's name. Nothing shows it before `save`."""
    name = f"layout-{_stamp()}.npz"
    with Folder(home / FOLDER).new_file(name) as path, path.open("wb") as file:
        np.savez(
            file,
            keys=np.array(layout.keys.to_pylist(), dtype=np.str_),
            mean=layout.axes.mean,
            directions=layout.axes.directions,
            features=layout.features,
            places=layout.places,
            middles=middles,
        )
    return name


def save(home: Path, tables: Sequence[pa.Table], about: About) -> About:
    """Show a map: its table and its note appear in one go, and what no map needs any more is removed.

    Whoever reads meanwhile gets the map before, whole; its files stay until the next time.

    Args:
        home: the workspace.
        tables: its wafers, each once.
        about: what it says of itself; `wafers` and `table` are filled in.

    Returns:
        What it says of itself, filled in.
    """
    folder, name = Folder(home / FOLDER), f"wafers-{_stamp()}.parquet"
    table = pa.concat_tables(tables)
    with folder.new_file(name) as path:
        pq.write_table(table, path)
    about = replace(about, wafers=len(table), table=name)
    before = _named_files(folder)
    folder.write_text(NOTE, json.dumps({"format": FORMAT, **asdict(about)}))
    for file in folder.names("") - before - {about.layout, about.table, NOTE, LOCK}:
        folder.remove(file)
    return about


def now() -> str:
    """Return the present time as a map keeps it."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _named_files(folder: Folder) -> set[str]:
    try:
        said = json.loads(folder.read(NOTE))
        return {str(said["layout"]), str(said["table"])}
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return set()


def _stamp() -> str:
    return f"{time.time_ns()}-{uuid.uuid4().hex[:8]}"


def _unusable(home: Path, problem: str, remedy: str) -> MapError:
    return MapError(str(home / FOLDER), problem, f"{remedy} on the Map page, or with python -m jobs.map_wafers --anew.")
