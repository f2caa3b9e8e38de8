"""Keeping the indexes of similar wafers up with the lake: what is new is embedded and added, or all is built anew."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core.lake import Lake
from core.segmentation import Segmenter
from core.similarity.embeddings import embed_backlog
from core.similarity.index import Kind, SimilarityIndex
from data.errors import IndexMissingError

EMBEDDING = "embedded wafers"


@dataclass(frozen=True)
class Step:
    """How far the work is.

    Args:
        what: is being done.
        done: of it.
        total: of it.
    """

    what: str
    done: int
    total: int


def bring_up_to_date(lake: Lake, segmenter: Segmenter, home: Path, *, anew: bool = False) -> Iterator[Step]:
    """Embed what was not embedded yet, and bring the indexes of wafers and of clusters up to date.

    The work can be stopped at any time; the indexes before stay until the new ones are whole.

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
    for number, kind in enumerate(Kind):
        yield Step(f"indexed {kind}", number, len(Kind))
        index = None if anew else _kept(home, segmenter.name, kind)
        if index is None:
            index, added = SimilarityIndex.build(lake, segmenter.name, kind), 1
        else:
            added = index.catch_up(lake)
        if added:
            index.save(home)
    yield Step("indexed", len(Kind), len(Kind))


def _kept(home: Path, model: str, kind: Kind) -> SimilarityIndex | None:
    try:
        return SimilarityIndex.load(home, model, kind)
    except IndexMissingError:
        return None
