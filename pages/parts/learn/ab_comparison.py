"""Two models side by side: the wafers of the lake on which they differ, worst first."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.lake import Lake, WaferFilter
from core.registry.side_by_side import Pair, side_by_side
from core.registry.store import Registry, Version
from core.segmentation import Segmenter
from data.classes import CLASSES
from pages.parts.blocks.filters import class_filter, product_filter
from pages.parts.blocks.table_download import csv_button
from pages.parts.cache.stores import lake as open_lake
from pages.parts.empty import stop_if_empty
from pages.parts.links import link
from pages.parts.literal import literal
from pages.parts.state.choices import chosen_palette
from pages.parts.state.models import keep_ab_comparison, kept_ab_comparison
from pages.parts.wafers.canvas import wafer_canvas

NAMES = {c.key: c.name for c in CLASSES}
MOST = 400
DIFFERENCE_HELP = "Share of the dies that either model gives to a class on which the two do not agree."


def ab_comparison(registry: Registry, version: Version, others: Sequence[Version]) -> None:
    """Run two versions over wafers of the lake, newest first, and show where they differ."""
    if not others:
        st.info("There is only one version. Register another, and both can be run over the same wafers here.")
        return
    lake = open_lake()
    stop_if_empty(lake)
    by_number = {other.number: other for other in others}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        number = st.selectbox(
            "Against",
            list(by_number),
            format_func=lambda n: f"{n or 'shipped'} · {by_number[n].card.name}",
            key="against",
            width=300,
        )
        products, classes = product_filter(lake), class_filter()
        most = st.number_input("Newest wafers", 1, MOST, 50, key="ab-wafers", width=140)
        run = st.button("Run both", type="primary")
    name = f"{version.card.sha256} {by_number[number].card.sha256} {products} {classes} {most}"
    if run:
        keys = _newest(lake, WaferFilter(product=products, defect_class=classes), most)
        keep_ab_comparison(name, _run(lake, keys, registry, (version.number, number)))
    pairs = kept_ab_comparison(name)
    if pairs is None:
        st.caption("Both models segment the same wafers; nothing is written to the lake.")
        return
    _results(pairs, version.card.name, by_number[number].card.name)


def _newest(lake: Lake, where: WaferFilter, most: int) -> list[str]:
    condition, parameters = where.where()
    found = lake.query(
        f"SELECT key FROM wafers WHERE {condition} ORDER BY tested_at DESC NULLS LAST, key LIMIT {int(most)}",
        parameters,
    )
    return list(found["key"])


def _run(lake: Lake, keys: Sequence[str], registry: Registry, numbers: tuple[int, int]) -> list[Pair]:
    bar = st.progress(0.0, "Loading both models")
    first, second = (Segmenter.load(str(registry.file(number))) for number in numbers)
    wafers = list(lake.wafers_by_keys(keys).values())
    pairs = []
    for pair in side_by_side(wafers, first, second):
        pairs.append(pair)
        bar.progress(len(pairs) / len(wafers), f"{len(pairs):,} of {len(wafers):,} wafers")
    bar.empty()
    return pairs


def _results(pairs: Sequence[Pair], first: str, second: str) -> None:
    if not pairs:
        st.info("No wafer passes these filters. Widen them.")
        return
    other_classes = sum(not pair.same_classes for pair in pairs)
    differing = sorted((pair for pair in pairs if pair.differing), key=lambda pair: -pair.difference)
    st.markdown(
        f"Of **{len(pairs):,}** wafers the models find other classes on **{other_classes:,}**, and other dies on "
        f"**{len(differing):,}**."
    )
    if not differing:
        return
    rows = pd.DataFrame(
        {
            "Wafer": [pair.first.wafer.key for pair in differing],
            first: [_found(pair.first.segmentation.classes_present) for pair in differing],
            second: [_found(pair.second.segmentation.classes_present) for pair in differing],
            "Dies that differ": [pair.differing for pair in differing],
            "Difference, %": [100 * pair.difference for pair in differing],
        }
    )
    st.dataframe(
        rows,
        hide_index=True,
        height=220,
        key="ab-rows",
        column_config={"Difference, %": st.column_config.NumberColumn(format="%.1f", help=DIFFERENCE_HELP)},
    )
    csv_button(rows, "differing_wafers")
    keys = list(rows["Wafer"])
    chosen = differing[keys.index(st.selectbox("Wafer", keys, key=f"ab-wafer-{first}-{second}", width=300))]
    sides = zip(st.columns(2, gap="medium"), (chosen.first, chosen.second), (first, second), strict=True)
    for column, result, name in sides:
        found = result.segmentation
        with column:
            st.markdown(f"**{literal(name)}**: {_found(found.classes_present)}, severity {result.severity.score:.0f}")
            wafer_canvas(result.wafer, found, result.instances, key=f"ab-{name}", palette=chosen_palette(), height=420)
    link("wafer", "Open the wafer", wafer=chosen.first.wafer.key)


def _found(classes: Sequence[str]) -> str:
    return ", ".join(NAMES[key] for key in classes) or "nothing"
