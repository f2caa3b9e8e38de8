"""The model on trial, loaded once."""

from core.registry.traffic import Challenger, load_challenger
from core.segmentation.serving import served
from core.settings import settings
from pages.parts.cache import kept


def challenger() -> Challenger | None:
    """Return the model that takes its share of what is segmented into the lake; None where no trial runs.

    Raises:
        ModelError: its file is missing or damaged.
    """
    at = settings()
    return kept(f"challenger {served(at)} {at.model} {at.threads}", lambda: load_challenger(at))
