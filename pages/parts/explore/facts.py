"""What is known about a wafer beside its defects: lot, test, size, and its way through the fab."""

import streamlit as st

from core.analysis.result import WaferResult
from core.analysis.summaries import yield_words
from data.geometry import geometry
from data.retests import first_pass_yield
from data.wafer import WaferMap
from pages.parts.literal import literal


def facts(wafer: WaferMap) -> None:
    """Show in one line what wafer this is."""
    frame = geometry(wafer)
    rows, columns = wafer.dies.shape
    said = [
        literal(wafer.product),
        literal(wafer.step),
        f"tested {wafer.tested_at:%Y-%m-%d %H:%M} UTC" if wafer.tested_at else "",
        literal(wafer.test_program),
        _passing(wafer),
        f"{rows} × {columns} dies",
        ""
        if frame.assumed
        else f"{frame.diameter_mm:.0f} mm, dies {frame.die_pitch_mm[1]:.2f} × {frame.die_pitch_mm[0]:.2f} mm",
    ]
    st.caption(" · ".join(part for part in said if part))


def _passing(wafer: WaferMap) -> str:
    """How many dies fail, with the yield where it is known, and that of the first pass where dies were tested again."""
    if not wafer.passing_known:
        return f"passing dies unknown ({wafer.fail_count:,} dies fail)"
    first = first_pass_yield(wafer)
    before = f", first pass {first:.1%}" if first != wafer.yield_fraction else ""
    return f"yield **{yield_words(wafer)}**{before} ({wafer.fail_count:,} of {wafer.tested_count:,} dies fail)"


def history(wafer: WaferMap, result: WaferResult | None) -> None:
    """List the process attributes, the file and the model, folded away until wanted."""
    told = dict(sorted(wafer.attributes.items()))
    if wafer.source_name:
        told["File"] = wafer.source_name
    if result is not None:
        told["Model"] = result.segmentation.model
    if told:
        st.markdown("**Process history**", help="What the wafer's file says about its way through the fab.")
        st.table(
            {literal(name): literal(value) for name, value in told.items()},
            border="horizontal",
            width="content",
            alt="Process history",
        )
