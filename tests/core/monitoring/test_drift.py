from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from core.lake import WaferFilter
from core.lake.embedding_rows import Embedded
from core.lake.rows import dies_hash
from core.monitoring.drift import drift, untold
from core.monitoring.sides import DRAWN_LOT, Drawn, of_keys, recent_and_before, sampled
from data.wafer import WaferMap
from tests.core.lake_examples import START

DAYS, SIDE = 28, 10


def fab(lake, *, late=0.1, embedded=False):
    """Four wafers a day, a lot a day; in the last week a share of dies fails that may differ."""
    rng = np.random.default_rng(3)
    wafers = []
    for n in range(4 * DAYS):
        share = 0.1 if n // 4 < DAYS - 7 else late
        dies = (1 + (rng.random((SIDE, SIDE)) < share)).astype(np.uint8)
        day = START + timedelta(days=n // 4)
        wafers.append(WaferMap(dies=dies, lot_id=f"L{n // 4:02d}", wafer_id=str(n), product="TC38", tested_at=day))
    lake.append_wafers(wafers)
    if embedded:
        vectors = rng.normal(size=(len(wafers), 512)).astype(np.float32)
        vectors[-28:, 0] += 40 if late > 0.1 else 0
        lake.append_embeddings(
            Embedded(w.key, dies_hash(w), "net@1", v / np.linalg.norm(v)) for w, v in zip(wafers, vectors, strict=True)
        )
    return [wafer.key for wafer in wafers]


def last_week(where=WaferFilter(), before=3):  # noqa: B008
    return recent_and_before(where, (START + timedelta(days=DAYS - 1)).date(), 1, before)


def test_a_fab_that_stays_as_it_is_does_not_drift(lake, database):
    fab(lake, embedded=True)
    found = drift(lake, *last_week())
    assert (found.recent, found.reference, found.embedded) == (28, 84, (84, 28))
    assert found.shifted == []
    assert not found.look.sure


def test_more_failures_are_said_where_they_are(lake):
    fab(lake, late=0.5, embedded=True)
    found = drift(lake, *last_week())
    assert set(found.shifted) == {
        "yield",
        "failing dies, center",
        "failing dies, middle",
        "failing dies, edge",
        "what wafers look like",
    }
    row = found.inputs.set_index("measure").loc["yield"]
    assert float(row["reference"]) == pytest.approx(0.9, abs=0.02)
    assert float(row["recent"]) == pytest.approx(0.5, abs=0.05)
    assert row["p"] == pytest.approx(1 / 500)


def test_a_reference_may_be_a_list_of_wafers(lake):
    keys = fab(lake, late=0.5)
    found = drift(lake, last_week()[0], of_keys(keys[:40]))
    assert (found.recent, found.reference, found.look) == (28, 40, None)
    assert "yield" in found.shifted


def test_drawn_wafers_are_compared_by_what_they_have_and_by_the_model_that_saw_them_but_not_judged(lake):
    keys = fab(lake, embedded=True)
    table = sampled(lake, of_keys(keys[:60])).drop(columns=["grid", "product"])
    table = table.assign(key=[f"synthetic:{n}" for n in range(60)], lot_id=DRAWN_LOT, **{"yield": 0.2})
    near = lake.query("SELECT vector FROM embeddings WHERE key IN (SELECT unnest(?))", [keys[:60]])
    drawn = Drawn(table, pd.DataFrame({"key": table["key"], "vector": near["vector"]}), "net@1")
    found = drift(lake, last_week()[0], drawn)
    assert (found.recent, found.reference, found.embedded) == (28, 60, (60, 28))
    assert not {"grid", "product"} & set(found.inputs["measure"])
    assert found.inputs.set_index("measure")["shift"]["yield"] > 1
    assert (found.shifted, set(found.inputs["verdict"])) == ([], {"cannot be told yet"})
    assert found.look.size < 0.1
    assert np.isnan(found.look.p)
    found = drift(lake, last_week()[0], replace(drawn, model="another@1"))
    assert (found.look, found.embedded) == (None, (60, 0))


def test_too_few_wafers_are_not_compared(lake):
    fab(lake)
    assert drift(lake, *last_week(WaferFilter(product="none"))) is None


def test_what_too_few_lots_cannot_tell_is_said_with_what_is_missing(lake):
    keys = fab(lake, late=0.5)
    two_lots = of_keys(keys[:8])
    found = drift(lake, last_week()[0], of_keys(keys[:24]))
    assert found is not None
    assert found.lots == (6, 7)
    assert untold(found) == [
        "What wafers look like: 0 recent wafers and 0 of the reference are embedded by one model, 20 are needed on "
        "each side."
    ]
    assert untold(drift(lake, last_week()[0], two_lots)) == ["Whether the wafers changed: 20 are needed on each side."]
    few = replace(found, lots=(6, 1))
    assert untold(few) == [
        "Whether the wafers changed: they are of 1 lot, the reference of 6; 3 are needed on each side, 7 together."
    ]
    assert untold(None) == ["Whether the wafers changed: 20 are needed on each side."]


def test_a_measure_that_few_wafers_hold_is_named_as_not_told(lake):
    fab(lake, embedded=True)
    found = drift(lake, *last_week())
    assert found is not None
    assert untold(found) == []
    inputs = found.inputs.assign(
        verdict=found.inputs["verdict"].where(found.inputs["measure"] != "yield", "cannot be told yet")
    )
    assert untold(replace(found, inputs=inputs)) == ["Yield: known of too few wafers or lots of a side."]
