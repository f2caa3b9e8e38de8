"""How far people agree with each other: over all pairs of labels, by class and by month."""

import pandas as pd
import streamlit as st

from core.annotation.accepting import ALL, accepted_shares
from core.annotation.agreement_pairs import OVERALL, agreement_by, agreement_pairs
from core.database import AppDatabase
from data.classes import CLASSES
from pages.parts.blocks.table_download import csv_button

NAMES = {c.key: c.name for c in CLASSES} | {OVERALL: "All classes"}
LEAST_PAIRS = 10
AGREE_HELP = (
    "Mean over pairs of labels of one wafer by two people, each the last that the person said. IoU: dies that both "
    "have over dies that either has. Dice: twice the shared dies over the dies of both. All classes: their dies "
    "pooled; two labels without a defect agree wholly. A single class: of pairs in which either has it. Hidden gold, "
    "labels from files and labels that were taken back are left out."
)
BLIND_HELP = (
    "Two labels that began with the same proposals of the model agree through them. Blind labels began with none: "
    "WAFERSCOPE_BLIND_SHARE says which share of the queue is labelled so."
)
ACCEPTED_HELP = (
    "Of the clusters that the model proposed, those that were accepted with their class and every die as proposed. A "
    "high share says that the model is right, or that nobody looked: compare it with how the model does by blind "
    "labels, on the Monitoring page."
)


def people_agreement(database: AppDatabase) -> None:
    """Show mean IoU and Dice over all pairs, of each class and of each month.

    Raises:
        AppDatabaseError: the database cannot be used.
    """
    with database.reading() as session:
        pairs = agreement_pairs(session)
    pairs, basis = _basis(pairs)
    count = int((pairs["class"] == OVERALL).sum())
    if not count:
        st.info("No wafer was labelled by two people yet. Fill the queue with two labels a wafer.")
        return
    overall = agreement_by(pairs).set_index("class").loc[OVERALL]
    enough = count >= LEAST_PAIRS
    shown = st.columns(3)
    shown[0].metric("Pairs of labels", f"{count:,}" if enough else f"{count} of the {LEAST_PAIRS} needed")
    shown[1].metric("Mean IoU", f"{overall['iou']:.3f}" if enough else "–", help=AGREE_HELP)
    shown[2].metric("Mean Dice", f"{overall['dice']:.3f}" if enough else "–", help=AGREE_HELP)
    st.caption(basis, help=BLIND_HELP)
    left, right = st.columns(2, gap="large")
    with left:
        _table(agreement_by(pairs, "class"), "By class")
    with right:
        _table(agreement_by(pairs[pairs["class"] == OVERALL], "month"), "By month")
    csv_button(pairs, "people_agreement", label="CSV of all pairs")


def _basis(pairs: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Return the pairs to look at and which they are: those of two blind labels, where they are enough."""
    overall = pairs[pairs["class"] == OVERALL]
    blind = int(overall["blind"].sum())
    if blind >= LEAST_PAIRS:
        return pairs[pairs["blind"]], f"By the {blind:,} pairs of two blind labels, of {len(overall):,} pairs."
    return pairs, f"By all pairs: of {blind} both labels are blind, {LEAST_PAIRS} are needed to look at these alone."


def accepted_unchanged(database: AppDatabase) -> None:
    """Show which share of the model's proposals each person accepts as they are, all together and by class.

    Raises:
        AppDatabaseError: the database cannot be used.
    """
    with database.reading() as session:
        found = accepted_shares(session)
    st.markdown("**Proposals accepted unchanged**", help=ACCEPTED_HELP)
    if found.empty:
        st.caption("No label that began with proposals was submitted yet.")
        return
    number = st.column_config.NumberColumn
    shown = found.assign(**{"class": found["class"].map(NAMES | {ALL: "All classes"})})
    shown[["share", "low", "high"]] *= 100
    st.dataframe(
        shown,
        hide_index=True,
        alt="Proposals accepted unchanged, by person and class",
        column_config={
            "annotator": "Annotator",
            "class": "Class",
            "proposals": number("Proposals", help="Shown with the labels that this person submitted."),
            "unchanged": number("Unchanged", help=ACCEPTED_HELP),
            "share": number("Share", format="%.0f %%", help=ACCEPTED_HELP),
            "low": number("from", format="%.0f %%", help="95 % interval, Wilson."),
            "high": number("to", format="%.0f %%", help="95 % interval, Wilson."),
        },
    )
    csv_button(found, "accepted_unchanged", label="CSV of accepted proposals")


def _table(found: pd.DataFrame, title: str) -> None:
    st.markdown(f"**{title}**", help=AGREE_HELP)
    number = st.column_config.NumberColumn
    st.dataframe(
        found.assign(**{"class": found["class"].map(NAMES)}),
        hide_index=True,
        alt=f"Agreement between people, {title.lower()}",
        column_config={
            "pairs": number("pairs", help="Pairs of labels that the mean is of."),
            "iou": number("mean IoU", format="%.3f", help=AGREE_HELP),
            "dice": number("mean Dice", format="%.3f", help=AGREE_HELP),
        },
    )
