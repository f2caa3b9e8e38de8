"""A lake narrowed to some products: no answer holds anything of another's wafers, whatever is asked."""

from dataclasses import replace

import numpy as np
import pytest

from core.lake import Lake, WaferFilter
from core.lake.embedding_rows import Embedded
from core.lake.narrowing import of_products
from core.lake.rows import dies_hash
from core.lake.wafer_tests import list_tests
from data.errors import LakeError
from tests.core.lake_examples import drawn, found_on

UNIT = np.full(512, 512**-0.5, np.float32)
OWN, OTHER = "TC38", "SECRET-9"
VIEWS = (
    "wafers", "dies", "segmentations", "instances", "embeddings", "evaluations",
    "test_rows", "test_dies", "earlier_segmentations", "earlier_instances",
)  # fmt: skip


def wafers(step=""):
    """Four wafers of the one product and four of the other."""
    for number in range(8):
        product = OWN if number % 2 else OTHER
        yield replace(drawn(number), product=product, lot_id=f"{product}-L1", wafer_id=f"W{number}", step=step)


@pytest.fixture(params=["one step", "two steps"])
def lake(tmp_path, request):
    """A lake of both products, with results, earlier answers and embeddings."""
    lake = Lake(tmp_path)
    for step, model in (("", "model@1"), ("ST2", "model@2"))[: 2 if request.param == "two steps" else 1]:
        lake.append_wafers(wafers(step))
        lake.append_results(found_on(wafer, "edge", model=model) for wafer in wafers(step))
        lake.append_results(found_on(wafer, "ring", model=f"{model}b") for wafer in wafers(step))
    lake.append_embeddings(Embedded(w.key, dies_hash(w), "model@1", UNIT) for w in wafers())
    return lake


@pytest.mark.parametrize("step", ["", "ST2"])
@pytest.mark.parametrize("view", VIEWS)
def test_no_view_holds_a_key_of_another_product(lake, view, step):
    seen = lake.seen_by(WaferFilter(attribute=f"step={step}") if step else WaferFilter())
    keys = set(seen.query(f"SELECT DISTINCT key FROM {view}")["key"])
    narrowed = set(seen.narrowed_to([OWN]).query(f"SELECT DISTINCT key FROM {view}")["key"])
    assert narrowed == {key for key in keys if key.startswith(OWN)}
    assert seen.narrowed_to([]).query(f"SELECT * FROM {view}").empty


def test_lists_counts_values_and_single_wafers_are_narrowed(lake):
    seen = lake.narrowed_to([OWN])
    assert seen.count() == 4
    assert set(seen.wafers_page()["product"]) == {OWN}
    assert seen.distinct("product") == [OWN]
    assert seen.distinct("lot_id") == [f"{OWN}-L1"]
    other = f"{OTHER}-L1:W0"
    assert seen.wafers_by_keys([other]) == {} == seen.results_by_keys([other])
    with pytest.raises(LakeError, match="there is no wafer"):
        seen.wafer(other)
    assert list(list_tests(seen, other)) == []
    assert lake.wafer(other).product == OTHER


def test_a_filter_for_another_product_finds_nothing(lake):
    assert lake.narrowed_to([OWN]).count(WaferFilter(product=(OTHER,))) == 0


def test_the_same_question_of_two_people_is_answered_apart(lake):
    asked = "SELECT count(*) AS n FROM wafers"
    seen = [lake, lake.narrowed_to([OWN]), lake, lake.narrowed_to([]), lake.narrowed_to([OTHER, OWN])]
    assert [int(one.query(asked)["n"][0]) for one in seen] == [8, 4, 8, 0, 8]


def test_narrowing_twice_and_choosing_a_step_keep_each_other(lake):
    step = WaferFilter(attribute="step=ST2")
    assert lake.narrowed_to([OWN]).seen_by(step).products == (OWN,)
    assert lake.seen_by(step).narrowed_to([OWN]).count(step) == lake.narrowed_to([OWN]).count(step)
    assert lake.narrowed_to(None) is lake


def test_what_somebody_appends_reaches_everybody(lake):
    new = replace(drawn(20), product=OTHER, lot_id="L9", wafer_id="W1")
    lake.narrowed_to([OWN]).append_wafers([new])
    assert lake.wafer("L9:W1").product == OTHER
    assert lake.narrowed_to([OWN]).count() == 4


@pytest.mark.parametrize("name", ["it's", "a') OR true --", "", "ö\\"])
def test_a_name_is_a_name_whatever_is_in_it(tmp_path, name):
    lake = Lake(tmp_path)
    lake.append_wafers([replace(drawn(n), product=product, lot_id=f"L{n}") for n, product in enumerate([name, "P2"])])
    assert set(lake.narrowed_to([name]).wafers_page()["product"]) == {name}
    assert of_products([name]).startswith("product IN ('")
