"""A lot on its page: its wafers stacked, where on the wafer dies fail, in which slots; and all of it to take away."""

from collections.abc import Callable
from functools import partial

import pandas as pd
import streamlit as st

from core.drawing.value_maps import share_scale
from core.exports.names import safe_part
from core.lake import Lake
from core.lake.scoring import main_reasons
from core.lots.lot import Lot, slots_compared
from core.lots.profiles import angular_profile, radial_profile
from core.lots.slot_order import ENDS
from core.lots.stacking import Stack
from core.reports.lot_tables import angular_table, radial_table, results_of, slot_table, stacked_table, wafers_table
from core.reports.table import Table, shown, table_csv
from pages.parts.blocks.exports import archive_menu, lot_files
from pages.parts.blocks.taking import take_button, told
from pages.parts.links import open_page
from pages.parts.literal import in_chart
from pages.parts.monitor.share_bars import share_bars
from pages.parts.state.choices import chosen_palette, current_theme
from pages.parts.state.widgets import clicked_points
from pages.parts.wafers.pattern_choice import pattern_color, pattern_words
from pages.parts.wafers.value_map import value_map

SLOTS = "lot-slots"
HELP = {
    "stack": (
        "Each die's share of wafers on which it fails (or is of the class), in percent of the wafers on which it was "
        "tested. Wafers of another product, die grid or notch are not mixed in."
    ),
    "radial": (
        "Failing dies over tested dies of all stacked wafers, in ten rings of equal width around the wafer's centre. "
        "Whiskers: 95 % Wilson interval, dies taken as independent; clusters make it too narrow."
    ),
    "angular": (
        "Failing dies over tested dies of all stacked wafers, in twelve sectors each centred on its clock hour; 12 is "
        "on top of the map as drawn. Whiskers as for the distance."
    ),
    "slots": (
        "Each wafer's share of failing dies by its place in the cassette: the attribute 'slot', or the number in the "
        f"wafer's name. Below: odd against even slots, and the first and last {ENDS} against the rest; two-sided "
        "Mann-Whitney test of their shares, or of a class Fisher's exact test of the wafers that have it; p corrected "
        "for the number of comparisons (Benjamini-Hochberg)."
    ),
}


def stacked_map(stack: Stack, class_key: str | None, *, key: str, height: int = 500) -> None:
    """Show a stack as a map."""
    shares = stack.share(class_key)
    count, total = stack.counts(class_key)
    what = pattern_words(class_key)
    value_map(
        stack.outline,
        shares,
        share_scale(shares, class_key, chosen_palette(), current_theme()),
        key=key,
        unit=f"Share of wafers {what}",
        said=[(f"wafers {what}", count), ("of tested", total)],
        alt=f"Stacked map of {stack.wafers} wafers: share of wafers {what}, die by die",
        height=height,
    )


def profiles(stack: Stack, class_key: str | None) -> None:
    """Show the share by distance from the centre and by clock hour."""
    what, color = pattern_words(class_key), pattern_color(class_key)
    radial = radial_profile(stack, class_key)
    in_mm = bool(radial["to_mm"].notna().all())
    first, last = ("from_mm", "to_mm") if in_mm else ("from_radius", "to_radius")
    form = ".0f" if in_mm else ".1f"
    bounds = zip(radial[first], radial[last], strict=True)
    angular = angular_profile(stack, class_key)
    for name, profile, labels, across in (
        (
            "radial",
            radial,
            [f"{low:{form}}–{high:{form}}" for low, high in bounds],
            f"Distance from the centre, {'mm' if in_mm else 'share of the radius'}",
        ),
        ("angular", angular, [str(hour) for hour in angular["hour"]], "Clock hour, as drawn"),
    ):
        st.markdown("**By distance from the centre**" if name == "radial" else "**By clock hour**", help=HELP[name])
        share_bars(
            labels,
            profile["share"].tolist(),
            low=profile["low"].tolist(),
            high=profile["high"].tolist(),
            said=[f"{fails:,} of {dies:,}" for fails, dies in zip(profile["failing"], profile["tested"], strict=True)],
            key=f"lot-{name}",
            across=across,
            up=f"Dies {what}",
            hover="%{x}: %{y:.2%}, %{customdata} dies",
            alt=f"Share of dies {what}, {across}",
            color=color,
        )


def slot_order(lot: Lot, class_key: str | None) -> None:
    """Show every wafer's share by slot; a click opens the wafer."""
    known = lot.wafers[lot.wafers["slot"].notna()]
    st.markdown("**Slot order**", help=HELP["slots"])
    if known.empty:
        st.caption("No wafer of this lot says its slot, neither as an attribute nor by a number in its name.")
        return
    what, shares = pattern_words(class_key), lot.share_failing(class_key)
    keys = known["key"].tolist()
    share_bars(
        [in_chart(slot) for slot in known["slot"]],
        shares[known.index].tolist(),
        said=known["wafer_id"].map(in_chart).tolist(),
        key=SLOTS,
        across="Slot",
        up=f"Dies {what}",
        hover="Slot %{x}, wafer %{customdata}: %{y:.2%}<br>click to open",
        alt=f"Share of dies {what} of each wafer by slot",
        color=pattern_color(class_key),
        on_select=lambda: _open(keys),
    )
    effects = slots_compared(lot, class_key)
    if effects.empty:
        st.caption("Too few wafers to compare slots.")
        return
    st.table(
        pd.DataFrame(
            {
                "": effects["compared"],
                "Wafers": [f"{a} and {b}" for a, b in zip(effects["wafers"], effects["others"], strict=True)],
                "Dies failing" if class_key is None else "Wafers with it": [
                    f"{shown(a, 'percent')} and {shown(b, 'percent')}"
                    for a, b in zip(effects["mean"], effects["mean_of_others"], strict=True)
                ],
                "Test": effects["test"],
                "p": [shown(p, "real") for p in effects["p"]],
                "p corrected": [shown(p, "real") for p in effects["p_corrected"]],
                "Differs": ["yes" if p < 0.05 else "no" for p in effects["p_corrected"]],
            }
        ).set_index(""),
        border="horizontal",
        alt="Comparisons of slots",
    )


def _open(keys: list[str]) -> None:
    points = clicked_points(SLOTS)
    if points:
        open_page("wafer", wafer=keys[points[0]])


def lot_downloads(lake: Lake, lot: Lot, class_key: str | None) -> None:
    """Offer a lot's files; each is made when it is asked for.

    Args:
        lake: where the lot is.
        lot: the lot.
        class_key: class that profiles and slots are shown for, None for all failing dies.
    """
    name = safe_part(lot.lot_id)
    tables = {
        "Wafers CSV": ("wafers", lambda: wafers_table(lot, main_reasons(lake, lot.wafers["key"]))),
        "Stacked dies CSV": ("stacked", lambda: stacked_table(lot.stack)),
        "Radial profile CSV": ("radial", lambda: radial_table(lot.stack, class_key)),
        "Angular profile CSV": ("angular", lambda: angular_table(lot.stack, class_key)),
        "Slot order CSV": ("slots", lambda: slot_table(lot, class_key)),
    }
    with st.popover("Download"):
        lot_files(lake, lot.lot_id)
        for label, (kind, make) in tables.items():
            take_button(
                label,
                data=told(partial(_csv, make), f"{name}_{kind}.csv"),
                file_name=f"{name}_{kind}.csv",
                mime="text/csv",
                on_click="ignore",
                width="stretch",
            )
    keys = list(lot.wafers["key"])
    archive_menu(lambda: results_of(lake, keys), len(keys), name, key="lot-export")


def _csv(make: Callable[[], Table]) -> str:
    return table_csv(make())
