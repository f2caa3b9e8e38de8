import numpy as np
import pytest

from core.labels.label import Label
from core.labels.result import labelled_result
from core.severity import severity
from data.classes import CLASS_INDEX
from tests.core.label_examples import rows_of, shown


def test_a_label_is_a_result_of_which_people_are_certain():
    one = shown()
    label = rows_of(one, ("edge", 0, 2), ("ring", 1, 4))
    result = labelled_result(one, label, "ana")
    found = result.segmentation
    assert (found.key, found.model) == (one.key, "ana")
    assert np.array_equal(found.masks, label.masks())
    assert np.array_equal(found.probabilities, found.masks.astype(np.float32))
    expected = np.zeros(len(CLASS_INDEX))
    expected[[CLASS_INDEX["edge"], CLASS_INDEX["ring"]]] = 1
    assert found.presence == pytest.approx(expected, abs=0)
    assert found.classes_present == ("edge", "ring")
    columns = one.dies.shape[1]
    assert [(i.class_key, i.die_count) for i in result.instances] == [("edge", 2 * columns), ("ring", 3 * columns)]
    assert {i.mean_confidence for i in result.instances} == {1.0}
    assert result.severity == severity(result.instances, one)


def test_a_wafer_without_a_defect_has_a_result_without_clusters():
    one = shown()
    result = labelled_result(one, Label(one.key, one.dies.shape, no_defect=True), "ana")
    assert result.instances == []
    assert not result.segmentation.masks.any()
    assert result.severity.score == pytest.approx(result.severity.collapse_term, abs=1e-6)  # of failing dies alone
