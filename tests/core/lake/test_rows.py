from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.analysis.result import WaferResult
from core.instances import find_instances
from core.lake.result_rows import failing_masks_of, instance_row, result_of, segmentation_row
from core.lake.rows import dies_hash, dies_row, fingerprint, utc_naive, utc_now, wafer_of, wafer_row
from core.lake.schema import TABLES
from core.segmentation import Segmentation
from core.severity import severity
from data.classes import CLASS_COUNT, CLASS_KEYS
from data.wafer import Notch, WaferMap
from tests.core.lake_examples import drawn, found_on, same_wafer

grids = (
    st.integers(1, 40)
    .flatmap(
        lambda rows: st.integers(1, 40).flatmap(
            lambda columns: st.binary(min_size=rows * columns, max_size=rows * columns).map(
                lambda content: (np.frombuffer(content, dtype=np.uint8) % 3).reshape(rows, columns)
            )
        )
    )
    .filter(lambda dies: bool(dies.any()))
)
names = (
    st.text(min_size=1, max_size=12)
    .filter(lambda text: bool(text.strip()) and "\x00" not in text)
    .filter(lambda text: text.encode("utf-8", "ignore").decode() == text)
)
FIVE_HOURS_EAST = timezone(timedelta(hours=5))
lengths = st.floats(1e-3, 500)


@st.composite
def wafers(draw) -> WaferMap:
    """Wafers of any grid that say much or little of themselves."""
    dies = draw(grids)
    seed = draw(st.integers(0, 2**32 - 1))
    return WaferMap(
        dies=dies,
        lot_id=draw(names),
        wafer_id=draw(names),
        product=draw(st.just("") | names),
        test_program=draw(st.just("") | names),
        tested_at=draw(
            st.none()
            | st.datetimes(
                datetime(1971, 1, 1), datetime(2200, 1, 1), timezones=st.sampled_from([UTC, FIVE_HOURS_EAST])
            )
        ),
        die_pitch_mm=draw(st.none() | st.tuples(lengths, lengths)),
        diameter_mm=draw(st.none() | lengths),
        notch=draw(st.sampled_from(list(Notch))),
        bins=draw(st.sampled_from([None, np.random.default_rng(seed).integers(0, 2**16, dies.shape, dtype=np.uint16)])),
        attributes=draw(st.dictionaries(names, st.just("") | names, max_size=3)),
        source_name=draw(st.just("") | names),
        source_sha256=draw(st.sampled_from(["", "ab" * 32])),
        center=draw(st.none() | st.tuples(st.floats(-9, 9), st.floats(-9, 9))),
    )


def kept(table: str, *rows) -> list[dict]:
    """Rows as the lake's Parquet gives them back: through the types of the table's columns."""
    return pa.Table.from_pylist(list(rows), schema=TABLES[table].schema).to_pylist()


def kept_wafer(wafer: WaferMap) -> dict:
    (metadata,), (grid,) = kept("wafers", wafer_row(wafer, 7)), kept("dies", dies_row(wafer, 7))
    return {**metadata, "grid": grid["grid"], "bins": grid["bins"]}


def kept_result(result: WaferResult) -> dict:
    (measures,) = kept("segmentations", segmentation_row(result, 8, 0.25))
    clusters = kept("instances", *(instance_row(result.wafer.key, one, 8) for one in result.instances))
    return {**measures, **kept_wafer(result.wafer), "instances": clusters}


def test_the_largest_grid_that_a_wafer_may_have_fits():
    wide, high = (WaferMap(dies=np.ones(shape, np.uint8), lot_id="L", wafer_id="W") for shape in ((1, 4096), (4096, 1)))
    assert all(same_wafer(wafer_of(kept_wafer(wafer)), wafer) for wafer in (wide, high))


def test_parts_older_than_the_centre_give_wafers_without_one():
    row = kept_wafer(drawn(0, center=(2.5, 3.5)))
    del row["center_row"], row["center_column"]
    assert wafer_of(row).center is None


@pytest.mark.slow
@settings(max_examples=30)
@given(wafer=wafers(), share=st.sampled_from([0.0, 0.3, 1.0]), seed=st.integers(0, 2**32 - 1))
def test_any_result_comes_back_with_every_measure_and_probabilities_to_a_255th(wafer, share, seed):
    rng = np.random.default_rng(seed)
    probabilities = rng.random((CLASS_COUNT, *wafer.dies.shape), dtype=np.float32)
    masks = (rng.random(probabilities.shape) < share) & wafer.failing
    found = Segmentation(wafer.key, probabilities, masks, rng.random(CLASS_COUNT, dtype=np.float32), "model@1")
    instances = find_instances(found, wafer)
    given_result = WaferResult(wafer, found, instances, severity(instances, wafer))
    row = kept_result(given_result)
    result = result_of(row)
    assert same_wafer(result.wafer, wafer)
    assert np.array_equal(result.segmentation.masks, masks)
    assert np.array_equal(result.segmentation.presence, found.presence)
    apart = np.abs(result.segmentation.probabilities - probabilities)[:, wafer.failing]
    assert apart.max(initial=0) <= 0.5 / 255 + 1e-6
    assert not result.segmentation.probabilities[:, ~wafer.failing].any()
    assert repr(result.severity) == repr(given_result.severity)  # as text, NaN is NaN
    assert [repr(vars(one)) for one in result.instances] == [repr(vars(one)) for one in instances]
    assert [row[f"affected_{key}"] for key in CLASS_KEYS] == masks.sum(axis=(1, 2)).tolist()
    zones = {name: count for name, count in row.items() if name.startswith("zone_")}
    assert sum(zones.values()) == sum(one.die_count for one in instances)
    most = masks.sum(axis=(1, 2))
    assert row["dominant_class"] == (CLASS_KEYS[int(most.argmax())] if most.any() else None)


def test_masks_of_failing_dies_can_be_read_without_the_grid():
    result = found_on(drawn(3), "edge", "random")
    (row,) = kept("segmentations", segmentation_row(result, 1, None))
    expected = result.segmentation.masks[:, result.wafer.failing]
    assert np.array_equal(failing_masks_of(row, result.wafer.fail_count), expected)


CHANGES = {
    "dies": np.ones((12, 13), dtype=np.uint8),
    "lot_id": "L",
    "wafer_id": "W",
    "product": "TC99",
    "test_program": "prog_9",
    "tested_at": None,
    "die_pitch_mm": (3.0, 4.0),
    "diameter_mm": 200.0,
    "notch": Notch.LEFT,
    "bins": np.zeros((12, 13), dtype=np.uint16),
    "attributes": {"cmp_tool": "CMP9"},
    "source_sha256": "f" * 64,
    "center": (0.0, 0.0),
}


@pytest.mark.parametrize("name", CHANGES)
def test_whatever_a_wafer_says_otherwise_makes_another_fingerprint_and_only_its_dies_another_hash(name):
    changed = replace(drawn(0), **{name: CHANGES[name]})
    assert fingerprint(changed) != fingerprint(drawn(0))
    assert (dies_hash(changed) != dies_hash(drawn(0))) == (name == "dies")


def test_what_says_the_same_in_another_way_has_the_same_fingerprint():
    given_wafer = drawn(0, attributes={"a": "1", "b": "2"})
    same = replace(
        given_wafer,
        attributes={"b": "2", "a": "1"},
        tested_at=given_wafer.tested_at.astimezone(FIVE_HOURS_EAST),
        source_name="renamed.png",
    )
    assert fingerprint(same) == fingerprint(given_wafer)


def test_lot_and_wafer_that_make_the_same_key_are_told_apart():
    one, other = (drawn(0, lot_id=lot, wafer_id=wafer) for lot, wafer in (("A:B", "C"), ("A", "B:C")))
    assert one.key == other.key
    assert fingerprint(one) != fingerprint(other)


def test_the_same_dies_in_another_shape_have_another_hash():
    wide = np.ones((3, 4), dtype=np.uint8)
    wide, high = (WaferMap(dies=dies, lot_id="L", wafer_id="W") for dies in (wide, wide.T))
    assert dies_hash(wide) != dies_hash(high)


def test_times_are_kept_as_utc_without_a_zone():
    noon = datetime(2026, 3, 1, 12)
    assert utc_naive(None) is None
    assert utc_naive(noon) == utc_naive(noon.replace(tzinfo=UTC)) == noon
    assert utc_naive(noon.replace(tzinfo=FIVE_HOURS_EAST)) == datetime(2026, 3, 1, 7)
    assert abs(utc_now() - datetime.now(UTC).replace(tzinfo=None)) < timedelta(minutes=1)
    assert utc_now().tzinfo is None
