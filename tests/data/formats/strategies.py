"""Wafers of every kind for property tests, and the oracle that says whether two are the same."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from data.geometry import extent, holds_dies
from data.wafer import WaferMap

# a busy machine is no fault of the code
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])

# any text but line breaks and what no encoding holds: names stand in header lines
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Zl", "Zp")), max_size=12)
NAME = TEXT.filter(lambda text: text.strip())
DIAMETER = st.floats(25, 450)
SPAN = st.floats(0.6, 1)  # share of the diameter that the dies cover: other lengths are remarked upon
CENTER = st.floats(0, 11)
TIME = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))


@st.composite
def wafers(draw, *, bins: bool = True) -> WaferMap:
    shape = draw(st.tuples(st.integers(1, 12), st.integers(1, 12)))
    dies = draw(hnp.arrays(np.uint8, shape, elements=st.integers(0, 2)))
    if not dies.any():
        dies[draw(st.integers(0, shape[0] - 1)), draw(st.integers(0, shape[1] - 1))] = 1
    diameter = draw(st.none() | DIAMETER)
    top, bottom, left, right = extent(dies)
    spans = bottom - top + 1, right - left + 1
    pitch = tuple((diameter or 300.0) * draw(SPAN) / span for span in spans)
    wafer = WaferMap(
        dies=dies,
        lot_id=draw(NAME),
        wafer_id=draw(NAME),
        product=draw(TEXT.map(str.strip)),
        test_program=draw(TEXT.map(str.strip)),
        tested_at=draw(st.none() | TIME),
        die_pitch_mm=draw(st.none() | st.just(pitch)),
        diameter_mm=diameter,
        notch=draw(st.sampled_from(["down", "left", "up", "right"])),
        bins=draw(st.none() | hnp.arrays(np.uint16, shape)) if bins else None,
        center=draw(st.none() | st.tuples(CENTER, CENTER)),
        attributes=draw(st.dictionaries(NAME, NAME, max_size=3)),
        step=draw(TEXT.map(str.strip)),
        started_at=draw(st.none() | TIME),
        passing_known=draw(st.booleans()),
        remarks=tuple(draw(st.lists(NAME, max_size=2, unique=True))),
    )
    return wafer if holds_dies(wafer) else replace(wafer, center=None)


def distinct_wafers(**kinds):
    """Several wafers of one file: a table tells them apart by lot and wafer."""
    return st.lists(wafers(**kinds), min_size=1, max_size=4, unique_by=lambda wafer: (wafer.lot_id, wafer.wafer_id))


def upright(wafer: WaferMap) -> WaferMap:
    """What reading makes of a wafer: turned until its notch points down."""
    turns = {"down": 0, "left": 1, "up": 2, "right": 3}[wafer.notch]
    pitch = wafer.die_pitch_mm
    return replace(
        wafer,
        dies=np.rot90(wafer.dies, turns),
        bins=None if wafer.bins is None else np.rot90(wafer.bins, turns),
        die_pitch_mm=pitch[::-1] if pitch and turns % 2 else pitch,
        notch="down",
        center=wafer.center and turned_point(wafer.center, wafer.dies.shape, turns),
    )


def turned_point(point, shape, turns):
    """A point of the grid after so many quarter turns counter-clockwise, as np.rot90 turns the grid."""
    for _ in range(turns):
        point, shape = (shape[1] - 1 - point[1], point[0]), shape[::-1]
    return point


def contents(wafer: WaferMap) -> dict[str, object]:
    """All that a file should keep, in a form that compares."""
    return {
        "dies": wafer.dies.tolist(),
        "bins": None if wafer.bins is None else wafer.bins.tolist(),
        "attributes": dict(wafer.attributes),
        **{
            name: getattr(wafer, name)
            for name in (
                "lot_id",
                "wafer_id",
                "product",
                "test_program",
                "tested_at",
                "die_pitch_mm",
                "diameter_mm",
                "notch",
                "center",
                "step",
                "started_at",
                "passing_known",
                "remarks",
            )
        },
    }
