"""A wafer on the bench of whoever labels it: what the label starts from, the draft, who else is at it."""

from dataclasses import dataclass

from core.annotation.blinding import comes_blind
from core.annotation.items import LabelItem, item_to_label, items_in_hand
from core.database import AppDatabase
from core.identity import Person
from core.labels.annotations import own_annotation
from core.labels.draft_store import OtherDraft, draft_of, other_drafts
from core.labels.label import Label, from_proposal
from core.lake import Lake
from data.wafer import WaferMap


@dataclass(frozen=True, eq=False)
class Bench:
    """A wafer ready to be labelled.

    Args:
        wafer: as it is now.
        start: what the label starts from: what the person said before, else the model's proposal where it is to be
            shown, else nothing.
        draft: text of the person's draft, None for none.
        item: of the queue that the person has in hand, None where the wafer is labelled without one.
        others: who else has a draft of it.
        submitted: the person has submitted a label of it.
        hidden: the model's proposals are not shown, since the queue wants a blind label.
        shown: the proposals that the label starts from, None where it starts from something else or there are none.
        blind: the person is shown no proposals: they are hidden, or there are none.
        wanted: item that a label would end: in hand, else one that waits for the person; None for none.
        note: what the person said beside the label before, "" for nothing.
    """

    wafer: WaferMap
    start: Label
    draft: str | None
    item: LabelItem | None
    others: tuple[OtherDraft, ...]
    submitted: bool
    hidden: bool = False
    shown: Label | None = None
    blind: bool = False
    wanted: LabelItem | None = None
    note: str = ""


def bench(database: AppDatabase, lake: Lake, key: str, person: Person) -> Bench:
    """Lay out a wafer for a person.

    Raises:
        LakeError: the lake does not hold the wafer.
        AppDatabaseError: the database cannot be reached.
    """
    wafer = lake.wafer(key)
    with database.reading() as session:
        before = own_annotation(session, wafer, person)
        draft = draft_of(session, wafer, person)
        item = next((i for i in items_in_hand(session, person) if i.wafer_key == key), None)
        others = tuple(other_drafts(session, key, person))
        wanted = item_to_label(session, key, person)
        hidden = wanted is not None and comes_blind(wanted, person)
    proposed = None if hidden else proposal(lake, wafer)
    return Bench(
        wafer,
        before.read() if before else proposed or Label(wafer.key, wafer.dies.shape),
        draft.text if draft else None,
        item,
        others,
        submitted=before is not None,
        hidden=hidden,
        shown=None if before else proposed,
        blind=proposed is None,
        wanted=wanted,
        note=(before.note or "") if before else "",
    )


def proposal(lake: Lake, wafer: WaferMap) -> Label | None:
    """Return the model's proposal for a wafer, None where it is not segmented."""
    found = lake.results_by_keys([wafer.key]).get(wafer.key)
    return None if found is None else from_proposal(wafer, found.instances)
