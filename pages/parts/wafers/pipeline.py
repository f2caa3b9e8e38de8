"""How pages take wafers in: by `core.pipeline.take_in`, with what is loaded once for all of them."""

from core.alarms.sending import sending_job
from core.identity import local_person
from core.pipeline import Pipeline
from core.registry.traffic import Challenger, load_challenger
from core.segmentation import Segmenter
from core.segmentation.serving import served
from core.settings import settings
from pages.parts.cache import database, kept, lake


def pipeline(segmenter: Segmenter | None = None, *, tta: bool = False) -> Pipeline:
    """Return what wafers go through where a page takes them in.

    Args:
        segmenter: the model in use; None where all wafers have results.
        tta: whether these were averaged over eight turns and flips.

    Raises:
        ModelError: the challenger's file is missing or damaged.
        LakeError: the lake cannot be used.
    """
    return Pipeline(
        lake(),
        segmenter,
        challenger=challenger(),
        tta=tta,
        database=database,
        send=sending_job(settings(), local_person()),
        tidy=False,
    )


def challenger() -> Challenger | None:
    """Return the model that takes its share of what is segmented into the lake, loaded once; None without a trial.

    Raises:
        ModelError: its file is missing or damaged.
    """
    at = settings()
    return kept(f"challenger {served(at)} {at.model} {at.threads}", lambda: load_challenger(at))
