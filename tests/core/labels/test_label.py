import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.instances import find_instances
from core.labels.label import (
    Label,
    LabelInstance,
    Origin,
    Verdict,
    decode,
    encode,
    from_masks,
    from_proposal,
    from_runs,
    runs,
)
from core.severity import SeverityRules, severity
from data.classes import CLASS_INDEX, CLASS_KEYS
from data.errors import LabelError
from tests.core.wafers import segmentation, wafer

RULES = SeverityRules(1.0, 0.3, 10.0)


@st.composite
def grids(draw, least=0):
    rows, columns = draw(st.integers(1, 12)), draw(st.integers(1, 12))
    bits = draw(
        st.lists(st.booleans(), min_size=rows * columns, max_size=rows * columns).filter(lambda b: sum(b) >= least)
    )
    return np.array(bits, dtype=bool).reshape(rows, columns)


@st.composite
def labels(draw):
    shape = draw(st.integers(1, 9)), draw(st.integers(1, 9))
    count = draw(st.integers(0, 5))
    numbers = draw(st.lists(st.integers(1, 99), min_size=count, max_size=count, unique=True))
    instances = []
    for number in numbers:
        flat = sorted(draw(st.sets(st.integers(0, shape[0] * shape[1] - 1), min_size=1)))
        instances.append(
            LabelInstance(
                number,
                draw(st.sampled_from(CLASS_KEYS)),
                np.column_stack(np.divmod(flat, shape[1])),
                draw(st.sampled_from(Origin)),
                draw(st.sampled_from(Verdict)),
            )
        )
    return Label(draw(st.text(min_size=1)), shape, tuple(instances), draw(st.booleans()))


@given(grids())
def test_run_lengths_come_back_as_the_same_dies(grid):
    dies = np.argwhere(grid)
    np.testing.assert_array_equal(from_runs(runs(dies, grid.shape), grid.shape), dies)


@given(grids(least=1))
def test_run_lengths_alternate_and_are_as_few_as_can_be(grid):
    lengths = runs(np.argwhere(grid), grid.shape)
    flat = grid.ravel().astype(int)
    assert len(lengths) == 2 * int((np.diff(flat, prepend=0) == 1).sum())
    assert sum(lengths[1::2]) == int(grid.sum())


@given(labels())
def test_a_label_survives_its_text(label):
    again = decode(encode(label))
    assert encode(again) == encode(label)
    assert (again.key, again.shape, again.no_defect) == (label.key, label.shape, label.no_defect)
    np.testing.assert_array_equal(again.masks(), label.masks())


@given(labels())
def test_masks_hold_the_dies_of_the_kept_instances_and_no_others(label):
    expected = np.zeros((len(CLASS_KEYS), *label.shape), dtype=bool)
    for instance in label.instances:
        for row, column in instance.dies.tolist():
            expected[CLASS_INDEX[instance.class_key], row, column] |= instance.state != "rejected"
    np.testing.assert_array_equal(label.masks(), expected)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda found: found | {"version": 2}, "version 1"),
        (lambda found: [found], "version 1"),
        (lambda found: {k: v for k, v in found.items() if k != "shape"}, "missing"),
        (lambda found: found | {"shape": [9999, 3]}, "rows and columns"),
        (lambda found: found | {"instances": [*found["instances"]] * 2}, "numbers of their own"),
        (lambda found: _with(found, number="1"), "whole number"),
        (lambda found: _with(found, **{"class": "smudge"}), "'smudge' does not exist"),
        (lambda found: _with(found, origin="nobody"), "nobody"),
        (lambda found: _with(found, state="undecided"), "undecided"),
        (lambda found: _with(found, dies=[]), "at least one"),
        (lambda found: _with(found, dies=[0]), "in pairs"),
        (lambda found: _with(found, dies=[0, 0]), "positive"),
        (lambda found: _with(found, dies=[-1, 2]), "positive"),
        (lambda found: _with(found, dies=[0, True]), "positive"),
        (lambda found: _with(found, dies=[5, 2]), "leave the grid"),
        (lambda found: _with(found, dies="AA=="), "list of run lengths"),
    ],
)
def test_text_that_is_no_label_is_refused_in_a_sentence(change, said):
    good = json.loads(encode(Label("L:W", (2, 3), (LabelInstance(1, "edge", np.array([[0, 1], [1, 2]])),))))
    with pytest.raises(LabelError, match=said):
        decode(json.dumps(change(good)))


def test_text_that_is_no_json_is_refused():
    with pytest.raises(LabelError, match="not JSON"):
        decode("{")


@pytest.mark.parametrize(
    ("dies", "said"),
    [
        ([[1, 0], [0, 0]], "not by rows"),
        ([[0, 0], [0, 0]], "there twice"),
        ([[0, 3]], "off the grid"),
        ([[-1, 0]], "off the grid"),
        ([[0.5, 1]], "whole dies"),
        ([0, 1], "whole dies"),
    ],
)
def test_dies_that_no_grid_holds_are_refused_at_birth(dies, said):
    with pytest.raises(LabelError, match=said):
        Label("L:W", (2, 3), (LabelInstance(1, "edge", np.array(dies)),))


def test_a_proposal_waits_for_verdicts_and_measures_like_the_model_does():
    mask = np.zeros((40, 40), dtype=bool)
    mask[5:9, 5:9] = mask[20:26, 20:26] = True
    shown = wafer(mask)
    found = find_instances(segmentation(shown, {"particle": mask}), shown)
    label = from_proposal(shown, found)
    assert [(i.number, i.origin, i.state) for i in label.instances] == [
        (1, "proposal", "proposed"),
        (2, "proposal", "proposed"),
    ]
    assert label.undecided == label.kept == label.instances
    np.testing.assert_array_equal(label.masks()[CLASS_INDEX["particle"]], mask)
    assert severity(label.measured(shown), shown, RULES).score == severity(found, shown, RULES).score


def test_a_proposal_keeps_failing_dies_alone():
    mask = np.zeros((40, 40), dtype=bool)
    mask[5:9, 5:9] = mask[20:26, 20:26] = True
    found = find_instances(segmentation(wafer(mask), {"particle": mask}), wafer(mask))
    mask[20:26, 20:26] = False
    mask[5, 5] = False
    np.testing.assert_array_equal(from_proposal(wafer(mask), found).masks()[CLASS_INDEX["particle"]], mask)
    assert len(from_proposal(wafer(mask), found).instances) == 1


def test_masks_become_one_instance_a_class():
    mask = np.zeros((8, 12, 12), dtype=bool)
    mask[CLASS_INDEX["ring"], 2:5, 2:5] = mask[CLASS_INDEX["edge"], 4:8, 4:8] = True
    shown = wafer(mask.any(axis=0))
    label = from_masks(shown, mask)
    assert [i.class_key for i in label.instances] == ["edge", "ring"]
    np.testing.assert_array_equal(label.masks(), mask)
    assert from_masks(shown, np.zeros_like(mask)).no_defect


def _with(found, **fields):
    return found | {"instances": [found["instances"][0] | fields]}
