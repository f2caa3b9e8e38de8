"""What each kind of label gave a small network, and what careful mode gives the model in use, as tables and words."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from core.learning.ablation import ARMS, MEASURES, Ablation, verdicts
from pages.parts.table_download import csv_button

HELP = {
    "synthetic_iou": "Dies that truth and answer share, over dies that either has, all wafers pooled; mean of the "
    "eight classes. On synthetic wafers.",
    "macro_f1": "Whether the model says that a class is on a wafer: F1, mean of the six classes that people labelled. "
    "On real wafers.",
    "false_alarms": "Share of real wafers without a pattern on which a class is reported.",
}
WAYS = {"plain": "as it is", "careful": "averaged over eight turns (careful)"}


def ablation_view(found: Ablation | None) -> None:
    """Show the table of arms, what it says in words, and the model in use plain and careful."""
    if found is None:
        st.info("Nobody measured what helps yet: run `python -m jobs.ablate`.")
        return
    about = found.about
    st.markdown("**What each kind of label gives**")
    st.caption(
        f"A small experiment: a ResNet-18 U-Net, untrained at first, {about['steps']} steps of at most "
        f"{about['pixels']:,} pixels (eight wafers of 25 dies across), {about['seeds']} seeds; presence labels of "
        f"{about['labelled']:,} real wafers, a fifth of them kept for thresholds. Each row has what the row above has, "
        "and as many steps; real wafers take the place of half of the synthetic ones. Judged on "
        f"{about['drawn']} synthetic wafers of up to 50 dies across and {about['judged']} other real ones. It says "
        "what helps within so few steps, not how good a model becomes: the shipped one took many times these, of three "
        "times as many wafers. Play it again with `python -m jobs.ablate`."
    )
    frame = pd.DataFrame([_row(f"{'' if not n else '+ '}{ARMS[arm]}", found, arm) for n, arm in enumerate(found.arms)])
    _table(frame, "What each kind of label gives")
    csv_button(frame, "ablation")
    st.markdown("\n".join(f"- {line}" for line in verdicts(found)))
    st.caption("Helped and hurt: all seeds agree. Points: 100 are 1, mean over seeds, against the row above.")
    if found.in_use:
        st.markdown("**Careful mode on a trained model**")
        st.caption(
            f"{found.model}, each wafer as it lies or averaged over its eight turns and flips, which takes eight times "
            f"as long. On {' and '.join(found.on)}; nothing was fitted to these numbers."
        )
        rows = [{"What": WAYS[way], **_named(scores)} for way, scores in found.in_use.items()]
        _table(pd.DataFrame(rows), "Careful mode on a trained model")


def _row(name: str, found: Ablation, arm: str) -> dict[str, object]:
    row: dict[str, object] = {"What": name}
    for measure in MEASURES:
        scores = found.scores(arm, measure.key)
        row[measure.name] = scores.mean()
        row[f"{measure.name}, seeds"] = f"{scores.min():.3f} to {scores.max():.3f}"
    return row


def _named(scores: Mapping[str, float]) -> dict[str, float]:
    return {measure.name: scores[measure.key] for measure in MEASURES}


def _table(frame: pd.DataFrame, alt: str) -> None:
    columns = {
        m.name: st.column_config.NumberColumn(f"{m.name}, {m.of}", format="%.3f", help=HELP[m.key]) for m in MEASURES
    }
    spread = {
        f"{m.name}, seeds": st.column_config.TextColumn("lowest to highest", help="Over the seeds.") for m in MEASURES
    }
    st.dataframe(frame, hide_index=True, alt=alt, column_config={**columns, **spread})
