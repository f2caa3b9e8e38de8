"""Keeping the indexes of similar wafers up with the lake: what is new is embedded and added, or all is built anew."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.lake import Lake
from core.segmentation import Segmenter
from core.similarity.embeddings import embed_backlog, lacking
from core.similarity.index import IndexKind, SimilarityIndex
from data.errors import IndexDamagedError, IndexMissingError

EMBEDDING = "embedded wafers"


@dataclass(frozen=True)
class Step:
    """How far the work is.

    Args:
        what: the work, by what it makes of wafers or indexes, such as "embedded wafers" or "placed".
        done: wafers, or indexes, that are through.
        total: of how many.
    """

    what: str
    done: int
    total: int


def bring_up_to_date(lake: Lake, segmenter: Segmenter, home: Path, *, anew: bool = False) -> Iterator[Step]:
    """Embed what was not embedded yet, and bring the indexes of wafers and of clusters up to date.

    The work can be stopped at any time; the indexes before stay until the new ones are whole. One that is damaged is
    built anew, and a step says so.

    Args:
        lake: read from and appended to.
        segmenter: the model in use.
        home: workspace whose folder `index` holds the indexes.
        anew: build them anew even where adding would do: an index to which much was added searches less well.

    Raises:
        LakeError: the lake cannot be read.
        ModelError: the model gives no embeddings, or fails.
        OSError: an index cannot be saved.
    """
    for done, total in embed_backlog(lake, segmenter):
        yield Step(EMBEDDING, done, total)
    for number, kind in enumerate(IndexKind):
        yield Step(f"indexed {kind}", number, len(IndexKind))
        index, damage = (None, "") if anew else _kept(home, segmenter.name, kind)
        if damage:
            yield Step(f"building {kind} anew, {damage}", number, len(IndexKind))
        if index is None:
            index, added = SimilarityIndex.build(lake, segmenter.name, kind), 1
        else:
            added = index.catch_up(lake)
        if added:
            index.save(home)
    yield Step("indexed", len(IndexKind), len(IndexKind))


def embed_new(lake: Lake, segmenter: Segmenter, most: int) -> int:
    """Embed what is not embedded yet, clusters too, where that is soon done; indexes that are open take it in.

    Args:
        lake: read from and appended to.
        segmenter: the model in use.
        most: wafers; where more lack vectors, nothing is done.

    Returns:
        How many wafers were embedded: none where the model gives no embeddings.

    Raises:
        LakeError: the lake cannot be read.
        ModelError: the model fails.
    """
    if not segmenter.embeds or len(lacking(lake, segmenter.name)) > most:
        return 0
    return max(done for done, _ in embed_backlog(lake, segmenter))


def _kept(home: Path, model: str, kind: IndexKind) -> tuple[SimilarityIndex | None, str]:
    """Return the index that is there, or None; where it is damaged, also what is wrong with it."""
    try:
        return SimilarityIndex.load(home, model, kind), ""
    except IndexDamagedError as error:
        return None, f"for {error.problem.partition(': ')[2]}"
    except IndexMissingError:
        return None, ""
