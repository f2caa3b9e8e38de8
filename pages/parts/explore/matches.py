"""Similar wafers on screen: the list with scores, one beside what was asked for, and what their wafers share."""

import base64
import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from core.database import AppDatabase
from core.drawing.overlap import draw_overlay, overlay_colors
from core.drawing.value_maps import sharp_cell_px
from core.drawing.wafer import draw_wafer, png_bytes, thumbnail_png, to_scale
from core.lake import Lake
from core.reports.table import Column, Table
from core.root_causes import Finding
from core.similarity.similar_wafers import OVERLAP_SHARE, Match, Query
from data.classes import CLASSES
from data.turning import symmetry
from pages.parts.explore.findings import findings_block
from pages.parts.explore.query_choice import Asked
from pages.parts.explore.shared_steps import shared_steps
from pages.parts.links import link
from pages.parts.literal import literal, said_key
from pages.parts.state.choices import chosen_palette, current_theme
from pages.parts.state.widgets import chosen_rows
from pages.parts.wafers.cluster_table import class_column

NAMES = {c.key: c.name for c in CLASSES}
TABLE, ROW_PX, PICTURE_PX = "similar-matches", 64, 128
OVERLAY_HELP = "The two patterns laid on each other: dies of both, only of the one asked for, only of the one found."
HELP = {
    "likeness": (
        f"What the list is ranked by, 0 to 100 %: {1 - OVERLAP_SHARE:.0%} cosine and {OVERLAP_SHARE:.0%} overlap. "
        "Without a pattern on either: cosine alone."
    ),
    "cosine": "Cosine of the model's embeddings of both, 0 to 100 %: how alike they look to the model.",
    "overlap": (
        "Dies that both patterns have, over dies that either has (IoU), in percent: how well they lie on each other. "
        "Wafers of other grids are laid on each other by what was tested."
    ),
}
TURNS = (
    "",
    "turned 90° left",
    "turned 180°",
    "turned 90° right",
    "mirrored",
    "turned 90° left and mirrored",
    "turned 180° and mirrored",
    "turned 90° right and mirrored",
)
COLUMNS = (
    Column("rank", "count"),
    Column("lot"),
    Column("wafer"),
    Column("product"),
    Column("tested UTC", "time"),
    Column("classes"),
    Column("cluster", "count"),
    Column("severity", "real"),
    Column("likeness", "percent"),
    Column("cosine", "percent"),
    Column("overlap", "percent"),
    Column("turned"),
    Column("root cause"),
    Column("FA finding"),
)


def match_list(matches: Sequence[Match], query: Query, findings: Mapping[str, Finding]) -> Match:
    """Show the similar wafers as a table, and give the one that is chosen in it, at first the best."""
    st.dataframe(
        pd.DataFrame(
            {
                "map": [_picture(match) for match in matches],
                "differences": [_small_overlay(match, query) for match in matches],
                "likeness": [100 * match.score for match in matches],
                "cosine": [100 * match.cosine for match in matches],
                "overlap": [100 * match.overlap for match in matches],
                "wafer": [said_key(match.result.wafer.key) for match in matches],
                "product": [match.result.wafer.product for match in matches],
                "tested": [match.result.wafer.tested_at for match in matches],
                "classes": [_classes(match) for match in matches],
                "cause": [_finding(match, findings)[0] for match in matches],
                "finding": [_finding(match, findings)[1] for match in matches],
            }
        ),
        key=TABLE,
        on_select="rerun",
        selection_mode="single-row",
        hide_index=True,
        row_height=ROW_PX,
        height=len(matches) * ROW_PX + 38,
        alt="Similar wafers",
        placeholder="–",
        column_config={
            "map": st.column_config.ImageColumn("Map", width=68),
            "differences": st.column_config.ImageColumn("Differences", width=84, help=OVERLAY_HELP),
            "likeness": st.column_config.ProgressColumn(
                "Likeness", min_value=0, max_value=100, format="%.0f %%", help=HELP["likeness"], width=110
            ),
            "cosine": st.column_config.NumberColumn("Cosine", format="%.0f %%", help=HELP["cosine"], width=70),
            "overlap": st.column_config.NumberColumn("Overlap", format="%.0f %%", help=HELP["overlap"], width=74),
            "wafer": st.column_config.TextColumn("Wafer", width=130),
            "product": st.column_config.TextColumn("Product", width=80),
            "tested": st.column_config.DatetimeColumn("Tested", format="YYYY-MM-DD", width=90),
            "classes": class_column("Classes"),
            "cause": st.column_config.TextColumn("Root cause"),
            "finding": st.column_config.TextColumn("FA finding"),
        },
    )
    rows = [row for row in chosen_rows(TABLE) if row < len(matches)]
    return matches[rows[0] if rows else 0]


def matches_table(matches: Sequence[Match], findings: Mapping[str, Finding]) -> Table:
    """Put the similar wafers into a table for a file."""
    rows = [
        (
            rank,
            match.result.wafer.lot_id,
            match.result.wafer.wafer_id,
            match.result.wafer.product,
            match.result.wafer.tested_at,
            ", ".join(_classes(match)),
            match.cluster or None,
            match.result.severity.score,
            match.score,
            match.cosine,
            match.overlap,
            TURNS[match.turn],
            *_finding(match, findings),
        )
        for rank, match in enumerate(matches, 1)
    ]
    return Table("Similar wafers", COLUMNS, rows)


def comparison(asked: Asked, query: Query, match: Match, database: AppDatabase) -> None:
    """Show what was asked for, one similar wafer and their differences side by side, and what is known of it."""
    palette, theme = chosen_palette(), current_theme()
    wafer = match.result.wafer
    left, middle, right = st.columns(3, gap="medium")
    with left:
        st.markdown("**Asked for**")
        found = asked.result.segmentation if asked.result and query.wafer is asked.result.wafer else None
        picture = draw_wafer(query.wafer, found, None, palette, theme, sharp_cell_px(query.wafer))
        st.image(picture, alt=f"Asked for: {asked.name}")
        st.caption(literal(asked.name))
    with middle:
        st.markdown("**Found**")
        picture = draw_wafer(wafer, match.result.segmentation, None, palette, theme, sharp_cell_px(wafer))
        st.image(picture, alt=f"Found: wafer {wafer.key}")
        link("wafer", said_key(wafer.key), wafer=wafer.key)
    with right:
        st.markdown("**Differences**", help=OVERLAY_HELP)
        st.image(_overlay(match, query, None), alt="Differences of the two patterns")
        st.html(_legend())
    said = f"Likeness **{match.score:.0%}** · cosine **{match.cosine:.0%}** · overlap **{_percent(match.overlap)}**"
    st.markdown(f"{said} · looks like it {TURNS[match.turn]}" if match.turn else said)
    findings_block(wafer.key, database, key="similar-finding")


def shared_block(lake: Lake, matches: Sequence[Match]) -> None:
    """Show which tools and other steps the similar wafers share."""
    shared_steps(lake, [match.result.wafer.key for match in matches], who="Similar wafers")


def _classes(match: Match) -> list[str]:
    return [NAMES[key] for key in match.result.segmentation.classes_present]


def _finding(match: Match, findings: Mapping[str, Finding]) -> tuple[str, str]:
    known = findings.get(match.result.wafer.key)
    return (known.root_cause, known.fa_finding) if known else ("", "")


def _picture(match: Match) -> str:
    result = match.result
    return _uri(thumbnail_png(result.wafer, result.segmentation, chosen_palette(), current_theme(), PICTURE_PX))


def _small_overlay(match: Match, query: Query) -> str:
    wafer = match.result.wafer
    cell_px = max(1, -(-PICTURE_PX // max(wafer.dies.shape)))
    return _uri(png_bytes(to_scale(_overlay(match, query, cell_px), wafer, cell_px, PICTURE_PX)))


def _overlay(match: Match, query: Query, cell_px: int | None) -> NDArray[np.uint8]:
    asked, dies = symmetry(query.mask, match.turn), symmetry(query.wafer.dies, match.turn)
    return draw_overlay(asked, dies, match.mask, match.result.wafer, current_theme(), cell_px)


def _uri(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode()


def _percent(share: float) -> str:
    return "–" if math.isnan(share) else f"{share:.0%}"


def _legend() -> str:
    words = {"both": "both", "asked": "only asked for", "found": "only found"}
    colors = overlay_colors(current_theme())
    marks = "".join(
        f'<span style="margin-right:1rem"><span style="display:inline-block;width:.75em;height:.75em;'
        f'margin-right:.35em;background:{colors[name]}"></span>{said}</span>'
        for name, said in words.items()
    )
    return f'<div style="font-size:.875rem">{marks}</div>'
