"""How pages take wafers in: by `core.pipeline.take_in`, with what is loaded once for all of them."""

from core.alarms.sending import sending_job
from core.pipeline import Pipeline
from core.segmentation import Segmenter
from core.settings import settings
from pages.parts.cache.models import challenger
from pages.parts.cache.stores import database, whole_lake
from pages.parts.person import person_here


def pipeline(segmenter: Segmenter | None = None, *, tta: bool = False) -> Pipeline:
    """Return what wafers go through where a page takes them in.

    Args:
        segmenter: the model in use; None where all wafers have results.
        tta: whether these were averaged over eight turns and flips.

    Raises:
        ModelError: the challenger's file is missing or damaged.
        LakeError: the lake cannot be used.
    """
    person = person_here()
    return Pipeline(
        whole_lake(),
        segmenter,
        challenger=challenger(),
        tta=tta,
        database=database,
        send=sending_job(settings(), person),
        tidy=False,
        person=person,
    )
