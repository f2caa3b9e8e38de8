"""Who labels on pages under test, which wafers, and what the page says."""

from core.identity import Person
from core.labels.label import from_masks
from core.lake import Lake

ANA, BEN = Person("ana", "said"), Person("ben", "said")
KEYS = ("LOT001:W05", "LOT001:W06")


def texts(app):
    """All that a page says."""
    return " ".join(part.value for part in (*app.markdown, *app.caption, *app.warning, *app.info))


def sure_label(home, key):
    """The label of a wafer that takes over what the model found."""
    lake = Lake(home / "lake")
    return from_masks(lake.wafer(key), lake.result(key).segmentation.masks)
