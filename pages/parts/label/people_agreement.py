"""How far people agree with each other: over all pairs of labels, by class and by month."""

import pandas as pd
import streamlit as st

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


def people_agreement(database: AppDatabase) -> None:
    """Show mean IoU and Dice over all pairs, of each class and of each month.

    Raises:
        AppDatabaseError: the database cannot be used.
    """
    with database.reading() as session:
        pairs = agreement_pairs(session)
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
    left, right = st.columns(2, gap="large")
    with left:
        _table(agreement_by(pairs, "class"), "By class")
    with right:
        _table(agreement_by(pairs[pairs["class"] == OVERALL], "month"), "By month")
    csv_button(pairs, "people_agreement", label="CSV of all pairs")


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
