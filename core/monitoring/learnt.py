"""What the model in use learnt from: the labels that its card names."""

from core.database import AppDatabase
from core.datasets.frozen_sets import frozen_set, frozen_sets
from core.datasets.label_set import Split
from core.datasets.reading import NOW
from core.labels.annotations import labelled_keys
from core.registry.store import Registry
from core.segmentation.serving import served
from core.settings import Settings


def labels_learnt(at: Settings) -> str:
    """Name the labels that the model in use learnt from: a dataset, "now" for those that counted then, "" for none.

    Raises:
        ModelError: the registry cannot be reached, or the card is damaged.
    """
    champion = served(at).champion
    if at.model or champion is None:  # a file has no card, and the shipped model learnt from no site's labels
        return ""
    return str(Registry(at).version(champion.number).card.config.get("labels", ""))


def wafers_taught(database: AppDatabase, labels: str) -> list[str]:
    """List the wafers by which labels teach: the training part of a dataset, or all whose labels count now.

    Args:
        database: where labels are.
        labels: as `labels_learnt` names them; a dataset that is not there, or "", gives none.

    Raises:
        AppDatabaseError: the database cannot be used, or the dataset is damaged.
    """
    with database.reading() as session:
        if labels == NOW:
            return labelled_keys(session)
        if labels not in {one.name for one in frozen_sets(session)}:
            return []
        return [member.wafer_key for member in frozen_set(session, labels).of(Split.TRAIN)]
