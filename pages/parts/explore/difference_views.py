"""What a comparison shows: the map of differences, and the measures side by side."""

import pandas as pd
import streamlit as st

from core.comparison.comparison import FALSE_DISCOVERIES, DieDifference
from core.drawing.value_maps import difference_scale
from core.lots.stacking import Stack
from core.reports.table import UNDEFINED, CellKind, Column, Table, shown
from data.classes import CLASSES
from pages.parts.state.choices import current_theme
from pages.parts.wafers.pattern_choice import pattern_words
from pages.parts.wafers.value_map import value_map

NAMES = {c.key: f"with {c.name.lower()}" for c in CLASSES} | {
    "yield": "yield",
    "severity": "severity",
    "clusters": "clusters a wafer",
    "affected dies": "affected dies a wafer",
    "any pattern": "with any pattern",
}
MAP_HELP = (
    "Share of A's wafers on which the die fails (or is of the class) minus B's, in percent points. A dot marks dies "
    "that differ by more than chance: Fisher's exact test of the two shares, or the chi-square test where it expects "
    f"at least 5 wafers in each cell; corrected for the number of dies (Benjamini-Hochberg), so that at most "
    f"{FALSE_DISCOVERIES:.0%} of the dots are expected to be chance. Wafers are taken as independent of each other; of "
    "few lots, they are not."
)
MEASURES_HELP = (
    "Means over wafers with the difference A minus B, its 95 % interval and p by Welch's t-test; shares over segmented "
    "wafers with Newcombe's interval and p by Fisher's exact test. All wafers of the groups count, none is sampled. p "
    "is corrected for the number of measures (Benjamini-Hochberg)."
)


def difference_map(a: Stack, b: Stack, found: DieDifference, class_key: str | None) -> None:
    """Show where two stacks differ."""
    what = pattern_words(class_key)
    (count_a, total_a), (count_b, total_b) = a.counts(class_key), b.counts(class_key)
    value_map(
        a.outline,
        found.difference,
        difference_scale(found.difference, current_theme()),
        key="difference",
        unit=f"Share of wafers {what}, A minus B",
        said=[
            (f"A: {what}", count_a),
            ("of", total_a),
            (f"B: {what}", count_b),
            ("of", total_b),
            ("p corrected", found.p_corrected.round(4)),
        ],
        alt=f"Difference of the share of wafers {what}, A minus B; {int(found.significant.sum())} dies differ",
        marked=found.significant,
        height=560,
    )


def measures_table(measures: pd.DataFrame) -> None:
    """Show the measures of both groups beside each other."""
    kinds: list[CellKind] = ["percent" if unit == "share" else "real" for unit in measures["unit"]]

    def column(name: str) -> list[str]:
        return [shown(value, kind) for value, kind in zip(measures[name], kinds, strict=True)]

    st.table(
        pd.DataFrame(
            {
                "": [NAMES[name] for name in measures["measure"]],
                "A": column("a"),
                "B": column("b"),
                "A minus B": column("difference"),
                "95 % interval": [
                    UNDEFINED if low == UNDEFINED else f"{low} to {high}"
                    for low, high in zip(column("low"), column("high"), strict=True)
                ],
                "p corrected": [shown(p, "real") for p in measures["p_corrected"]],
                "Differs": ["**yes**" if p < FALSE_DISCOVERIES else "" for p in measures["p_corrected"]],
            }
        ).set_index(""),
        border="horizontal",
        alt="Measures of A and B",
    )


def measures_as_table(measures: pd.DataFrame) -> Table:
    """Return the measures as a table to download."""
    texts = ("measure", "unit")
    columns = [Column(name, "text" if name in texts else "real") for name in measures.columns]
    return Table("Measures", columns, measures.to_numpy().tolist())


def dies_as_table(a: Stack, b: Stack, found: DieDifference, class_key: str | None) -> Table:
    """Return the difference of every die as a table to download."""
    (count_a, total_a), (count_b, total_b) = a.counts(class_key), b.counts(class_key)
    names = ("row", "column", "wafers_a", "tested_a", "wafers_b", "tested_b", "difference", "p", "p_corrected")
    rows = [
        [
            row,
            column,
            *(
                array[row, column].item()
                for array in (count_a, total_a, count_b, total_b, found.difference, found.p, found.p_corrected)
            ),
        ]
        for row, column in zip(*(axis.tolist() for axis in a.outline.on_wafer.nonzero()), strict=True)
    ]
    return Table("Dies", [Column(name, "real") for name in names], rows)
