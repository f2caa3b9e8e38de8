"""The curves of a training and how it stands against the best run before."""

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.drawing.palette import GREYS, class_colors
from core.training.records import RATE, SCORE, RunRecord
from data.classes import CLASSES
from pages.parts.blocks.charts import accent, quiet_figure, show_figure
from pages.parts.blocks.table_download import csv_button
from pages.parts.literal import in_chart, literal
from pages.parts.state.choices import chosen_palette, current_theme

HEIGHT = 240
SMOOTH = 0.9
MEASURES = {
    SCORE: "Score: mean of the measures below that exist",
    "iou/mean": "Mean IoU over failing dies, synthetic wafers",
    "people/mean": "Mean IoU over failing dies, wafers that people labelled",
    "f1/macro": "Mean F1 of classes on held-out real wafers",
    "false_alarms": "Share of pattern-free real wafers with a class (less is better)",
}
HELP = {
    "loss": "What training minimises, each 25 steps, and its running mean; no unit. The terms are in the CSV.",
    "iou": "Intersection over union of the averaged network's masks with the truth, over failing dies of wafers that "
    "are never trained on; 1 is perfect. Thin lines are classes, the thick one their mean, dashed the best run before.",
    "rate": "Size of the optimiser's steps, no unit; it warms up, stays, and falls to zero. An encoder rate "
    "of its own is a line of its own.",
}


def draw_curves(record: RunRecord, best: RunRecord | None) -> None:
    """Draw loss, IoU and learning rate over steps."""
    loss, iou, rate = st.columns(3, gap="medium")
    with loss:
        st.markdown("**Loss**", help=HELP["loss"])
        single = _line(record.curve("train/loss"), "loss", width=0.8, color=GREYS[current_theme()].outline)
        _chart([single, _running(record)], "training-loss", "loss")
    with iou:
        st.markdown("**IoU**", help=HELP["iou"])
        _chart(_iou_lines(record, best), "training-iou", "IoU", top=1.0)
    with rate:
        st.markdown("**Learning rate**", help=HELP["rate"])
        keys = record.keys(RATE)
        _chart([_line(record.curve(k), k.removeprefix(RATE), color=accent()) for k in keys], "training-rate", "rate")
    wide = record.values.pivot_table(index="step", columns="key", values="value").reset_index()
    csv_button(wide, f"training-{record.name}", label="CSV of all curves")


def compare_with_best(record: RunRecord, best: RunRecord | None) -> None:
    """Show what was measured at the best step beside the best run before."""
    own, other = record.at_best(), best.at_best() if best else {}
    names = {c.key: c.name for c in CLASSES}
    measures = MEASURES | {
        f"{kind}/{key}": f"{'F1' if kind == 'f1' else 'IoU'} of {names[key].lower()}{of}"
        for kind, of in (("iou", ""), ("people", ", people's labels"), ("f1", ", real wafers"))
        for key in names
    }
    shown = [key for key in measures if key in own]
    table = pd.DataFrame({"measure": [measures[key] for key in shown], "this run": [own[key] for key in shown]})
    if best:
        table["best before"] = [other.get(key) for key in shown]
        table["difference"] = table["this run"] - table["best before"]
    with st.container(horizontal=True, vertical_alignment="center"):
        against = f"against **{literal(best.name)}**, the best run before" if best else "the first run that is measured"
        st.markdown(f"At its best step, {against}", width="stretch")
        csv_button(table, f"training-{record.name}-best")
    st.dataframe(
        table,
        hide_index=True,
        alt="Measures of this run and of the best before",
        column_config={
            name: st.column_config.NumberColumn(name, format="%+.3f" if name == "difference" else "%.3f")
            for name in table.columns[1:]
        },
    )


def _iou_lines(record: RunRecord, best: RunRecord | None) -> list[go.Scatter]:
    colors = class_colors(chosen_palette())
    lines = [_line(record.curve(f"iou/{c.key}"), c.name, width=1.0, color=colors[c.key]) for c in CLASSES]
    lines.append(_line(record.curve("iou/mean"), "mean", width=3.0, color=accent()))
    if best is not None:
        before = _line(
            best.curve("iou/mean"), f"{in_chart(best.name)}, before", width=1.5, color=GREYS[current_theme()].outline
        )
        lines.append(before.update(line_dash="dash", mode="lines"))
    return lines


def _running(record: RunRecord) -> go.Scatter:
    curve = record.curve("train/loss")
    curve["value"] = curve["value"].ewm(alpha=1 - SMOOTH).mean()
    return _line(curve, "running mean", width=2.0, color=accent())


def _line(curve: pd.DataFrame, name: str, *, color: str, width: float = 1.5) -> go.Scatter:
    return go.Scatter(
        x=curve["step"],
        y=curve["value"],
        name=name,
        mode="lines+markers" if len(curve) < 3 else "lines",
        line={"width": width, "color": color},
        hovertemplate="%{y:.4g}",
    )


def _chart(lines: list[go.Scatter], key: str, title: str, *, top: float | None = None) -> None:
    figure = quiet_figure(lines, HEIGHT, left=44, bottom=34)
    figure.update_layout(hovermode="x unified")
    figure.update_xaxes(title="step", showgrid=False, rangemode="tozero")
    figure.update_yaxes(
        title=title,
        nticks=5,
        zeroline=False,
        exponentformat="power",
        rangemode="tozero",
        range=[0, top] if top else None,
    )
    last = {line.name: float(line.y[-1]) for line in lines if line.y is not None and len(line.y)}
    show_figure(figure, key, f"{title} by step; last: " + ", ".join(f"{n} {v:.3g}" for n, v in last.items()))
