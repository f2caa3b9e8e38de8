"""How well the model agrees with people: over time, by class, at every threshold, by version."""

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from core.database import AppDatabase
from core.drawing.palette import GREYS, class_colors
from core.lake import Lake
from core.monitoring.changes import NAMES, changes_by_labels, drops, words
from core.monitoring.judging import COLUMNS, OVERALL, Judged, Scope
from core.monitoring.quality import (
    LEAST_LABELLED,
    CalendarPeriod,
    ab_comparison,
    average_precision,
    by_model,
    confusion_table,
    curve,
    scores,
    trend,
)
from core.registry.traffic import takes_part
from core.segmentation.serving import served
from core.settings import settings
from data.classes import CLASS_KEYS
from pages.parts.blocks.charts import accent, name_dates, quiet_figure, show_figure
from pages.parts.blocks.table_download import csv_button
from pages.parts.cache.judgements import judged as judged_now
from pages.parts.cache.models import segmenter
from pages.parts.links import link
from pages.parts.literal import literal
from pages.parts.measures import BLIND_HELP
from pages.parts.state.choices import chosen_palette, current_theme

IOU_HELP = (
    "Intersection over union, 0 to 1: failing dies that label and result share, over those that either has, all "
    "wafers of the period pooled. All classes: their dies pooled. Bands and brackets: 95 %, wafers drawn anew 1,000 "
    "times; none below five wafers. The truth is the label that counts (gold, then reviewed, then submitted). "
    "People choose what they label, often what is hard, so this is not the mean over all wafers; and a wafer whose "
    "label the model was trained on flatters it."
)
CURVE_HELP = (
    "Precision (share of the reported dies that are right) against recall (share of the true dies that are found), "
    "over failing dies, at every threshold in steps of 1/255. Dots: where the model stands now. AP: area under the "
    "curve."
)
CONFUSION_HELP = (
    "Dies by true class (down) and predicted class (across). A die right in one class counts on the diagonal; none: "
    "in no class."
)
MODEL_HELP = (
    "Each version on the labelled wafers that it segmented, which are others for every version. F1: mean over the "
    f"classes of 2 hit / (2 hit + wrong + missed) over dies. Of fewer than {LEAST_LABELLED} wafers nothing is said."
)


def quality_block(lake: Lake, database: AppDatabase, scope: Scope, period: CalendarPeriod) -> None:
    """Show agreement with people's labels, or how many labels are missing.

    Raises:
        LakeError: the lake cannot be read.
        AppDatabaseError: the database cannot be used.
    """
    with st.spinner("Holding results against labels"):
        found = judged_now(lake, database, scope)
    labelled = len((judged := found.used).wafers)
    if labelled < LEAST_LABELLED:
        with st.container(border=True):
            st.markdown(f"**{labelled} labelled wafers; {LEAST_LABELLED} needed.**")
            st.markdown(
                "Agreement is measured on segmented wafers that people labelled, within the filters above. Label some "
                "on the Annotate page, or widen the filters. How the model works and drift need no labels."
            )
            link("annotate", "Label wafers")
        return
    for row in drops(changes_by_labels(found)).head(3).to_dict("records"):
        st.warning(f"{literal(words(row))}.")
    table = scores(judged.counts)
    _headline(table, labelled)
    st.caption(found.basis, help=BLIND_HELP)
    _course(judged, period)
    left, right = st.columns([1.15, 1], gap="large")
    with left:
        _classes(judged, table)
    with right:
        _curves(judged, table)
    left, right = st.columns([1.15, 1], gap="large")
    with left:
        _confusion(judged)
    with right:
        _models(judged)


def _headline(table: pd.DataFrame, labelled: int) -> None:
    overall = table.set_index("class").loc[OVERALL]
    shown = st.columns(4)
    shown[0].metric("Labelled wafers", f"{labelled:,}", help="Segmented wafers with a label of their grid.")
    shown[1].metric("IoU, all classes", f"{overall['iou']:.3f}", help=IOU_HELP)
    shown[2].metric("Precision", f"{overall['precision']:.1%}", help="Of the dies given to a class, the share right.")
    shown[3].metric("Recall", f"{overall['recall']:.1%}", help="Of the dies of a class, the share that is found.")


def _course(judged: Judged, period: CalendarPeriod) -> None:
    points = trend(judged, period)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.multiselect(
            "IoU of",
            COLUMNS,
            default=[OVERALL],
            format_func=NAMES.__getitem__,
            key="of",
            bind="query-params",
            help=IOU_HELP,
        )
        csv_button(points, f"agreement_by_{period}")
    if points.empty:
        st.info("None of the labelled wafers says when it was tested, so there is nothing over time.")
        return
    traces = [trace for key in chosen for trace in _line(points[points["class"] == key], key, period)]
    figure = quiet_figure(traces, 280, left=44, bottom=30)
    figure.update_layout(showlegend=len(chosen) > 1, legend={"orientation": "h", "y": 1.12, "x": 0}, margin_t=28)
    name_dates(figure, points["period"], 10)
    figure.update_yaxes(range=[0, 1.02], title="IoU", nticks=6, zeroline=False)
    count = points["period"].nunique()
    show_figure(figure, "agreement-course", f"IoU of {', '.join(NAMES[k] for k in chosen)} over {count} points")


def _line(points: pd.DataFrame, key: str, period: CalendarPeriod) -> list[go.Scatter]:
    color = accent() if key == OVERALL else class_colors(chosen_palette())[key]
    known = points[points["iou"].notna()]
    whiskers = {
        "type": "data",
        "symmetric": False,
        "array": known["high"] - known["iou"],
        "thickness": 1.1,
        "width": 3,
        "arrayminus": known["iou"] - known["low"],
        "color": color,
    }
    return [
        go.Scatter(
            x=known["period"],
            y=known["iou"],
            name=NAMES[key],
            mode="lines+markers",
            error_y=whiskers,
            line={"width": 1.6, "color": color},
            marker={"size": 6},
            customdata=np.stack([known["wafers"], [_named(p, period) for p in known["period"]]], axis=1),
            hovertemplate=f"{NAMES[key]}, %{{customdata[1]}}: %{{y:.3f}} on %{{customdata[0]}} wafers<extra></extra>",
        )
    ]


def _named(start: pd.Timestamp, period: CalendarPeriod) -> str:
    return {CalendarPeriod.DAY: f"{start:%d %b %Y}", CalendarPeriod.WEEK: f"week of {start:%d %b %Y}"}.get(
        period, f"{start:%B %Y}"
    )


def _classes(judged: Judged, table: pd.DataFrame) -> None:
    shown = table.assign(**{"class": table["class"].map(NAMES)})
    shown["AP"] = [average_precision(curve(judged, key)) if key in CLASS_KEYS else np.nan for key in table["class"]]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**By class**", help=IOU_HELP, width="stretch")
        csv_button(shown, "agreement_by_class")
    number = st.column_config.NumberColumn
    st.dataframe(
        shown.rename(columns={"true_dies": "true dies"}),
        hide_index=True,
        key="agreement-classes",
        placeholder="–",
        column_config={
            "wafers": number(help="Wafers that show the class in label or result; all classes: all labelled."),
            "iou": number("IoU", format="%.3f", help=IOU_HELP),
            "low": number(format="%.3f", help="Lower end of the 95 % interval of IoU."),
            "high": number(format="%.3f", help="Upper end of the 95 % interval of IoU."),
            "precision": number(format="%.3f", help="Share of the reported dies that are right."),
            "recall": number(format="%.3f", help="Share of the true dies that are found."),
            "AP": number(format="%.3f", help=CURVE_HELP),
        },
    )


def _curves(judged: Judged, table: pd.DataFrame) -> None:
    colors, now = class_colors(chosen_palette()), table.set_index("class")
    curves = {key: curve(judged, key) for key in CLASS_KEYS}
    long = pd.concat([points.assign(**{"class": key}) for key, points in curves.items()], ignore_index=True)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**Precision and recall**", help=CURVE_HELP, width="stretch")
        csv_button(long, "precision_recall")
    traces = []
    for key, points in curves.items():
        if points.empty:
            continue
        traces += [
            go.Scatter(
                x=points["recall"],
                y=points["precision"],
                mode="lines",
                name=NAMES[key],
                customdata=points["threshold"],
                line={"width": 1.5, "color": colors[key]},
                hovertemplate=f"{NAMES[key]} from %{{customdata:.2f}} on: recall %{{x:.2f}}, precision %{{y:.2f}}"
                "<extra></extra>",
            ),
            go.Scatter(
                x=[now.loc[key, "recall"]],
                y=[now.loc[key, "precision"]],
                mode="markers",
                showlegend=False,
                marker={"size": 8, "color": colors[key]},
                hovertemplate=f"{NAMES[key]} now: recall %{{x:.2f}}, precision %{{y:.2f}}<extra></extra>",
            ),
        ]
    figure = quiet_figure(traces, 320, left=44, bottom=40)
    figure.update_layout(showlegend=True, legend={"font": {"size": 11}})
    figure.update_xaxes(range=[0, 1.02], title="recall", nticks=6)
    figure.update_yaxes(range=[0, 1.02], title="precision", nticks=6)
    show_figure(figure, "precision-recall", "Precision against recall of each class")


def _confusion(judged: Judged) -> None:
    table = confusion_table(judged)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**Confusion, in dies**", help=CONFUSION_HELP, width="stretch")
        csv_button(table, "monitoring_confusion")
    counts = judged.confusion
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    names = [*(NAMES[key] for key in CLASS_KEYS), "None"]
    greys = GREYS[current_theme()]
    tiles = go.Heatmap(
        z=shares,
        x=names,
        y=names,
        text=[[f"{n:,}" if n else "" for n in row] for row in counts],
        customdata=counts,
        texttemplate="%{text}",
        colorscale=[[0, greys.disc], [1, greys.outline]],
        zmin=0,
        zmax=1,
        showscale=False,
        xgap=1,
        ygap=1,
        hovertemplate="true %{y}, predicted %{x}: %{customdata:,} dies, %{z:.1%} of the row<extra></extra>",
    )
    figure = quiet_figure([tiles], 340, left=80, bottom=60)
    figure.update_xaxes(title="predicted")
    figure.update_yaxes(title="true", autorange="reversed")
    wrong = counts.copy()
    np.fill_diagonal(wrong, 0)
    true, said = np.unravel_index(int(wrong.argmax()), wrong.shape)
    show_figure(figure, "monitoring-confusion", "Dies by true and predicted class")
    if wrong.any():
        st.caption(f"Most often wrong: {names[true]} taken for {names[said]}, {wrong[true, said]:,} dies.")


def _models(judged: Judged) -> None:
    table = by_model(judged)
    in_use, serving = segmenter().name, served(settings())
    rival = serving.challenger
    roles = {in_use: "champion"} | ({rival.name: "challenger"} if rival else {})
    table.insert(1, "role", [roles.get(model, "") for model in table["model"]])
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**Versions of the model**", help=MODEL_HELP, width="stretch")
        csv_button(table, "agreement_by_model")
    number = st.column_config.NumberColumn
    st.dataframe(
        table,
        hide_index=True,
        key="agreement-models",
        placeholder="–",
        column_config={
            "labelled": number(help="Labelled wafers whose newest result is of this version."),
            "iou": number("IoU", format="%.3f", help=IOU_HELP),
            "low": number(format="%.3f"),
            "high": number(format="%.3f"),
            "mean_f1": number("mean F1", format="%.3f", help=MODEL_HELP),
        },
    )
    ranked = table.sort_values("labelled", ascending=False)["model"].tolist()
    champion = in_use if in_use in ranked else next((m for m in ranked if m not in roles), "")
    challenger = rival.name if rival else next((m for m in ranked if m != champion), "")
    if not champion or not challenger:
        st.caption("One version made all of these results. A trial on the Models page gives a challenger its share.")
        return
    between = ab_comparison(
        judged, champion, challenger, takes_part(judged.wafers, serving, champion) if rival else None
    )
    since = f" since the trial began on {serving.since[:10]}" if rival else ""
    if between is None:
        st.caption(f"Champion against challenger needs {LEAST_LABELLED} labelled wafers of each{since}.")
        return
    change, (low, high) = between.change[-1] * 100, between.interval[-1] * 100
    st.caption(
        f"{literal(challenger)} against {literal(champion)}{since}: IoU {change:+.1f} points "
        f"({low:+.1f} to {high:+.1f}, 95 %), {'more than chance' if low > 0 or high < 0 else 'may be chance'}."
    )
