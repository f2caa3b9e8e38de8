"""One review: the labels and the model side by side and as difference, and what can be decided."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from core.analysis.result import WaferResult
from core.annotation.review_decisions import accept, dismiss, merge, redo, send_back
from core.annotation.reviews import Review, ReviewKind
from core.identity import Person
from core.labels.agreement import LEAST_AGREEMENT, agreement
from core.labels.annotations import LabelSource, annotation_by_id
from core.labels.checks import validate
from core.labels.draft import LabelDraft
from core.labels.draft_store import draft_of, drop_draft, save_draft
from core.labels.label import Label, from_masks
from core.labels.result import labelled_result
from core.lake import Lake
from core.settings import settings
from data.classes import CLASSES
from data.errors import WaferError
from data.wafer import WaferMap
from pages.parts.cache.stores import database as open_database
from pages.parts.label.review_comments import review_comments
from pages.parts.links import link
from pages.parts.literal import literal
from pages.parts.state.choices import chosen_palette
from pages.parts.wafer_editor.editor import wafer_editor
from pages.parts.wafers.canvas import wafer_canvas
from pages.parts.wafers.label_versions import HOW

KIND_WORDS = {
    ReviewKind.DISAGREEMENT: "Two people disagree",
    ReviewKind.SAMPLE: "Experts' sample",
    ReviewKind.GOLD: "Known label missed",
    ReviewKind.FLAG: "Flagged prediction",
}
MAP_SIZES = {"Small": 250, "Medium": 420, "Large": 680}
ACCEPT_KEYS = "123"
DIFFERENCE_HELP = "Only the dies on which the first two differ, in the colour of the class that one of them gives."


MODEL = "Model"


@dataclass(frozen=True, eq=False)
class Side:
    """One answer of a review.

    Args:
        result: what it says.
        how: how the label was made, "" where nobody knows.
        note: what its annotator said beside it.
        annotation_id: of the label, None for the model's answer.
    """

    result: WaferResult
    how: str = ""
    note: str = ""
    annotation_id: int | None = None

    @property
    def masks(self) -> NDArray[np.bool_]:
        """Bool (8, H, W)."""
        return self.result.segmentation.masks


def review_desk(review: Review, person: Person, lake: Lake) -> None:
    """Show one review and take the decision.

    Args:
        review: open.
        person: who decides.
        lake: where wafers and the model's results are.
    """
    wafer = lake.wafer(review.wafer_key)
    said = _said(review, wafer, lake)
    if review.comment:
        by = "Somebody" if settings().hide_annotators else literal(review.opened_by)
        about = f"{review.class_key}: " if review.class_key else ""
        st.markdown(f"**{by}** says of {literal(review.model) or 'this wafer'}:")
        st.text(f"{about}{review.comment}")
    if not said:
        st.info("There is neither a label of this grid nor a segmentation to look at.")
    names = list(said)
    width = _map_width()
    with st.container(horizontal=True):  # one row, or two where the screen is narrow
        for name in names:
            with st.container(width=width):
                st.markdown(f"**{literal(name)}**", help=said[name].how or None)
                if said[name].note:
                    st.text(said[name].note)
                _canvas(said[name].result, f"review-{review.id}-{name}", width)
        if len(said) > 1:
            with st.container(width=width):
                st.markdown("**Difference**", help=DIFFERENCE_HELP)
                one, other = (said[n].masks for n in names[:2])
                _canvas(
                    labelled_result(wafer, from_masks(wafer, one ^ other), "difference"), f"review-{review.id}-x", width
                )
    if len(said) > 1:
        _figures(said[names[0]].masks, said[names[1]].masks)
    link("wafer", "Wafer page", wafer=wafer.key)
    review_comments(review.id, person)
    _decide(review, wafer, said, person)


def _map_width() -> int:
    """Choose how large the maps are, in pixels; each can be zoomed by itself besides."""
    size = st.segmented_control(
        "Maps",
        list(MAP_SIZES),
        default="Small",
        required=True,
        key="size",
        bind="query-params",
        label_visibility="collapsed",
        help="How large the maps are. A map by itself is zoomed by its buttons, by + and -, or by the wheel.",
    )
    return MAP_SIZES[size or "Small"]


def _said(review: Review, wafer: WaferMap, lake: Lake) -> dict[str, Side]:
    """What there is to compare, by who said it: the labels in question and the model.

    Who labelled is left out where the settings say so: one label is A, the other B.
    """
    found: dict[str, Side] = {}
    with open_database().reading() as session:
        for number in (review.first_id, review.second_id):
            if number is not None:
                one = annotation_by_id(session, number)
                label = one.read()
                if label.shape == wafer.dies.shape:
                    hidden = f"Label {'AB'[len(found)]}" if settings().hide_annotators else ""
                    result = labelled_result(wafer, label, hidden or one.annotator)
                    found[hidden or f"{one.annotator} ({one.source})"] = Side(
                        result, HOW[one.blind], one.note or "", one.id
                    )
    of_model = lake.results_by_keys([wafer.key]).get(wafer.key)
    return found if of_model is None else {**found, MODEL: Side(of_model)}


def _canvas(result: WaferResult, key: str, width: int) -> None:
    wafer_canvas(
        result.wafer, result.segmentation, result.instances, key=key, palette=chosen_palette(), height=width + 90
    )


def _figures(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> None:
    """Show how far the first two agree, overall and by class."""
    found = agreement(one, other)
    words = [f"IoU **{found.overall_iou:.2f}**, Dice **{found.overall_dice:.2f}** overall"]
    words += [
        f"{c.name} {iou:.2f} / {dice:.2f}"
        for c, iou, dice in zip(CLASSES, found.iou, found.dice, strict=True)
        if iou == iou
    ]
    st.markdown(
        " · ".join(words),
        help="Dies that both hold over dies that either holds (IoU), and twice those over the sum of both (Dice), all "
        f"classes pooled, then class by class. Below {LEAST_AGREEMENT} IoU two labels come to review.",
    )


def _decide(review: Review, wafer: WaferMap, said: dict[str, Side], person: Person) -> None:
    note = st.text_input("Note", key=f"review-note-{review.id}", placeholder="why, for those who labelled it")
    gold = st.checkbox(
        "Known to be right",
        key=f"gold-{review.id}",
        help="The label that you accept or keep measures annotators: the wafer can be hidden in their queues.",
    )
    source = LabelSource.GOLD if gold else LabelSource.REVIEWED
    with st.container(horizontal=True):
        merging = st.toggle(
            "Merge by hand",
            key=f"merge-{review.id}",
            disabled=not said,
            help="Starts from all that anybody marked; correct it and keep it. The row's keys are the editor's then.",
        )
        for (name, side), key in zip(said.items(), ACCEPT_KEYS, strict=False):
            shortcut = None if merging else key
            if st.button(f"Accept {literal(name)}", key=f"accept-{review.id}-{name}", shortcut=shortcut):
                label = from_masks(wafer, side.masks)
                _settle(
                    partial(accept, number=review.id, wafer=wafer, label=label, person=person, note=note, source=source)
                )
        _send_back(review, said, person, note)
        if st.button(
            "Label again",
            key=f"redo-{review.id}",
            help="Takes the labels back and queues the wafer first.",
            shortcut=None if merging else "A",
        ):
            _settle(lambda session: redo(session, review.id, person, note))
        if st.button("Nothing to change", key=f"dismiss-{review.id}", shortcut=None if merging else "N"):
            _settle(lambda session: dismiss(session, review.id, person, note))
    if merging and said:
        _merge(review, wafer, said, person, note, source)


def _send_back(review: Review, said: dict[str, Side], person: Person, note: str) -> None:
    """Offer to give each label back to who made it, with the note."""
    if review.kind is ReviewKind.GOLD:  # its annotator would learn that the label is known
        return
    for name, side in said.items():
        if side.annotation_id is None:
            continue
        number = side.annotation_id
        if st.button(
            f"Send back {literal(name)}",
            key=f"back-{review.id}-{name}",
            disabled=not note.strip(),
            help="Its annotator labels the wafer again, first of all, from this label and with your note."
            if note.strip()
            else "Write in the note what is to be looked at again.",
        ):
            _settle(partial(send_back, number=review.id, annotation_id=number, person=person, note=note))


def _merge(
    review: Review, wafer: WaferMap, said: dict[str, Side], person: Person, note: str, source: LabelSource
) -> None:
    """Let the reviewer make a label of all there is; it is a draft of the reviewer's until it is kept."""
    labelled = [side.masks for name, side in said.items() if name != MODEL]
    union = np.logical_or.reduce(labelled or [side.masks for side in said.values()])
    start: Label = from_masks(wafer, union)
    with open_database().reading() as session:
        draft = draft_of(session, wafer, person)

    def keep(changed: LabelDraft) -> None:
        """Store the reviewer's draft."""
        with open_database().writing() as session:
            save_draft(session, wafer, changed, person)

    state = wafer_editor(
        wafer,
        start,
        draft.text if draft else None,
        key=f"review-editor-{review.id}",
        owner=person.name,
        save=keep,
        palette=chosen_palette(),
    )
    stuck = [p.text for p in validate(state.label, wafer) if p.blocks]
    for text in stuck:
        st.warning(literal(text))
    if st.button(
        "Keep this label", type="primary", disabled=bool(stuck) or not state.submittable, key=f"keep-{review.id}"
    ):

        def decide(session: Session) -> None:
            """Decide and drop the draft in one transaction."""
            merge(session, review.id, wafer, state.label, person, note, source)
            drop_draft(session, wafer, person)

        _settle(decide)


def _settle(decide: Callable[[Session], object]) -> None:
    """Decide in one transaction and go on to the next review."""
    try:
        with open_database().writing() as session:
            decide(session)
    except WaferError as error:
        st.error(literal(error))
    else:
        st.query_params.pop("review", None)
        st.toast("Decided.")
        st.rerun()
