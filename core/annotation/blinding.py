"""Which wafers of the queue are labelled blind: decided when a wafer is given out, and alike for whoever asks again."""

from core.annotation.items import LabelItem
from core.identity import Person
from core.settings import settings
from data.splits import held_out

SEED = 31


def comes_blind(item: LabelItem, person: Person) -> bool:
    """Return whether a person labels an item without the model's proposals.

    Hidden wafers of known label always are; of the others a share of WAFERSCOPE_BLIND_SHARE, drawn by round, person and
    wafer. What was decided when the item was given out stays.

    Args:
        item: of the queue.
        person: who labels it, or would.
    """
    if item.blind is not None:
        return item.blind
    name = f"{item.iteration} {person.name} {item.wafer_key}"
    return item.gold or bool(held_out([name], settings().blind_share, SEED)[0])
