from dataclasses import replace

import numpy as np

from core.evaluation.metrics import iou_over_dies
from core.identity import Person
from core.labels.annotations import LabelSource
from core.labels.blind import LEAST_BLIND
from core.lake import WaferFilter
from core.monitoring.judging import COLUMNS, Scope, judge, judgement, state
from data.classes import CLASS_INDEX
from tests.core.monitoring.examples import SIDE, all_failing, case, keep, label, rows

EDGE, RING = CLASS_INDEX["edge"], CLASS_INDEX["ring"]


def test_dies_are_counted_as_by_hand(lake, database):
    keep(lake, database, case(all_failing(0), rows(edge=(0, 4), ring=(6, 8)), rows(edge=(1, 6))))
    found = judge(lake, database, Scope())
    assert found.wafers["key"].tolist() == ["L000:W01"]
    # Edge: rows 1 to 3 shared, 4 and 5 wrong, 0 missed; ring: both rows missed. Twelve dies a row.
    assert (found.counts.hit[0, EDGE], found.counts.wrong[0, EDGE], found.counts.missed[0, EDGE]) == (36, 24, 12)
    assert (found.counts.hit[0, RING], found.counts.missed[0, RING]) == (0, 24)
    assert COLUMNS[-1] == "overall"
    assert [int(x[0, -1]) for x in (found.counts.hit, found.counts.wrong, found.counts.missed)] == [36, 24, 36]
    assert iou_over_dies(found.counts)[-1] == 36 / 96


def test_confusion_and_probabilities_are_counted_over_failing_dies(lake, database):
    keep(lake, database, case(all_failing(0), rows(edge=(0, 3)), rows(edge=(0, 1), ring=(1, 2))))
    found = judge(lake, database, Scope())
    assert found.confusion[EDGE, EDGE] == SIDE
    assert found.confusion[EDGE, RING] == SIDE
    assert found.confusion[EDGE, -1] == SIDE
    assert found.confusion.sum() == 3 * SIDE
    # 0.8 and 0.2 are the steps 204 and 51 of 255.
    assert {int(n): int(found.levels[0, EDGE, n]) for n in np.flatnonzero(found.levels[0, EDGE])} == {51: 24, 204: 12}
    assert {int(n): int(found.levels[1, EDGE, n]) for n in np.flatnonzero(found.levels[1, EDGE])} == {51: 108}
    assert (found.levels.sum(axis=(0, 2)) == SIDE * SIDE).all()


def test_a_review_counts_before_what_was_submitted(lake, database):
    wafer = all_failing(0)
    keep(lake, database, case(wafer, rows(edge=(0, 2)), rows(edge=(0, 2))))
    label(database, (wafer, rows(ring=(0, 2))), person=Person("eva"), source=LabelSource.REVIEWED)
    label(database, (wafer, rows(edge=(0, 2))), person=Person("ben"))
    assert judge(lake, database, Scope()).counts.missed[0, RING] == 24


def test_labels_of_another_grid_and_wafers_without_result_or_label_are_left_out(lake, database):
    masks, unsegmented = rows(edge=(0, 2)), all_failing(3)
    keep(lake, database, *(case(all_failing(n), None if n == 1 else masks, masks) for n in range(3)))
    dies = all_failing(2).dies.copy()
    dies[5, 5] = 1
    keep(lake, database, case(replace(all_failing(2), dies=dies), None, masks))
    lake.append_wafers([unsegmented])
    label(database, (unsegmented, masks))
    assert judge(lake, database, Scope()).wafers["key"].tolist() == ["L000:W01"]


def test_a_scope_narrows_by_product_history_time_and_model(lake, database):
    masks = rows(edge=(0, 2))
    made = [("A", "T1", "net@1"), ("A", "T2", "net@2"), ("B", "T1", "net@2")]
    keep(
        lake,
        database,
        *(
            case(all_failing(n, product=product, attributes={"tester": tester}), masks, masks, model=model)
            for n, (product, tester, model) in enumerate(made)
        ),
    )

    def keys(scope):
        return [key[:4] for key in judge(lake, database, scope).wafers["key"]]

    assert keys(Scope(WaferFilter(product="A"))) == ["L000", "L001"]
    assert keys(Scope(WaferFilter(attribute="tester=T1"))) == ["L000", "L002"]
    assert keys(Scope(WaferFilter(since=all_failing(1).tested_at))) == ["L001", "L002"]
    assert keys(Scope(models=["net@2"])) == ["L001", "L002"]


def test_without_labels_everything_is_empty(lake, database):
    found = judge(lake, database, Scope())
    assert found.counts.hit.shape == (0, 9)
    assert found.wafers.empty
    assert not found.confusion.any()


def test_the_state_changes_with_results_labels_and_withdrawals(lake, database):
    seen = [state(lake, database)]
    wafer = all_failing(0)
    keep(lake, database, case(wafer, None, rows(edge=(0, 2))))
    seen.append(state(lake, database))
    label(database, (wafer, rows(edge=(0, 2))))
    seen.append(state(lake, database))
    assert len(set(seen)) == 3
    assert state(lake, database) == seen[-1]


def test_labels_that_took_over_what_the_model_found_do_not_measure_it_where_enough_are_blind(lake, database):
    found, truth = rows(edge=(0, 2)), rows(edge=(0, 4))
    wafers = [all_failing(n) for n in range(LEAST_BLIND + 5)]
    keep(lake, database, *(case(wafer, found, found) for wafer in wafers))  # accepted as proposed
    label(database, *((wafer, truth) for wafer in wafers[: LEAST_BLIND - 1]), person=Person("ben"), blind=True)
    label(database, *((wafer, found) for wafer in wafers), person=Person("eva"), source=LabelSource.REVIEWED)
    few = judgement(lake, database, Scope())
    assert (few.is_blind, iou_over_dies(few.used.counts)[EDGE]) == (False, 1.0)
    assert few.basis.startswith("Measured by all labels: 29 of 35 wafers are labelled blind, 30 are needed.")
    label(database, (wafers[LEAST_BLIND], truth), person=Person("ben"), blind=True)
    enough = judgement(lake, database, Scope())
    assert (enough.is_blind, iou_over_dies(enough.used.counts)[EDGE]) == (True, 0.5)  # two rows of four, by hand
    assert enough.basis == "Measured by the 30 blind labels of 35 labelled wafers, made without proposals."
    assert len(enough.every.wafers) == 35


def test_a_blind_label_that_was_taken_over_by_a_later_one_of_its_annotator_measures_nothing(lake, database):
    wafer, found = all_failing(0), rows(edge=(0, 2))
    keep(lake, database, case(wafer, None, found))
    label(database, (wafer, rows(edge=(0, 4))), blind=True)
    label(database, (wafer, found), blind=False)
    assert judge(lake, database, Scope(blind=True)).wafers.empty
