import numpy as np
import pytest

from core.labels.checks import LabelLimits, validate
from core.labels.label import Label, LabelInstance, Origin, Verdict
from tests.core.wafers import wafer

SIDE = 30
ALL_FAIL = wafer(np.ones((SIDE, SIDE), dtype=bool))


def drawn(rows: int, columns: int, class_key: str = "edge", number: int = 1, at: int = 0, **fields) -> LabelInstance:
    block = np.zeros((SIDE, SIDE), dtype=bool)
    block[at : at + rows, at : at + columns] = True
    return LabelInstance(number, class_key, np.argwhere(block), **fields)


def label(*instances: LabelInstance, **fields) -> Label:
    return Label("LOT1:W01", (SIDE, SIDE), instances, **fields)


def said(shown: Label, on=ALL_FAIL, limits: LabelLimits | None = None) -> list[tuple[str, int | None, bool]]:
    return [(p.text, p.instance, p.blocks) for p in validate(shown, on, limits)]


def test_a_good_label_has_no_problem():
    assert said(label(drawn(6, 6))) == []


def test_an_empty_label_must_say_that_there_is_no_defect():
    assert [text for text, *_ in said(label())] == ["The label is empty. Mark a defect, or say that there is none."]
    assert said(label(no_defect=True)) == []
    rejected = drawn(6, 6, origin=Origin.PROPOSAL, state=Verdict.REJECTED)
    assert said(label(rejected, no_defect=True)) == []
    assert said(label(rejected))[0][0].startswith("The label is empty.")


def test_no_defect_and_a_defect_contradict_each_other():
    ((text, _, blocks),) = said(label(drawn(6, 6), no_defect=True))
    assert text.startswith("The label says no defect and holds 1 defect.")
    assert blocks


def test_every_proposal_needs_a_verdict():
    waiting = [drawn(6, 6, number=n, at=8 * n, origin=Origin.PROPOSAL, state=Verdict.PROPOSED) for n in (1, 2)]
    assert said(label(waiting[0]))[0][0].startswith("1 proposal is neither accepted nor rejected.")
    assert said(label(*waiting))[0][0].startswith("2 proposals are neither accepted nor rejected.")


def test_dies_that_pass_are_no_defect():
    failing = np.ones((SIDE, SIDE), dtype=bool)
    failing[0, :2] = False
    assert said(label(drawn(6, 6)), wafer(failing))[0][:2] == (
        "Edge 1 holds 2 dies that do not fail. Only failing dies are defects.",
        1,
    )


@pytest.mark.parametrize(("dies", "problems"), [(10, 1), (11, 0)])
def test_an_instance_is_larger_than_ten_reference_pixels(dies, problems):
    """On a grid of 300 x 300 a die is one pixel."""
    failing = np.zeros((300, 300), dtype=bool)
    failing[0, :dies] = True
    shown = Label("LOT1:W01", (300, 300), (LabelInstance(4, "scratch", np.argwhere(failing)),))
    blocking = [p for p in validate(shown, wafer(failing)) if p.blocks]
    assert len(blocking) == problems
    assert all(p.text == "Scratch 4 has 10 dies, fewer than 11. Enlarge or delete it." for p in blocking)


def test_no_class_but_random_covers_the_whole_wafer():
    whole = said(label(drawn(SIDE, SIDE)))
    assert [text.split(",")[0] for text, *_ in whole] == [
        "Edge 1 covers 100% of the wafer",
        "The label covers 100% of the wafer",
    ]
    assert all(blocks for *_, blocks in whole)
    assert said(label(drawn(SIDE, SIDE, "random"))) == []
    assert said(label(drawn(26, SIDE))) == []


def test_a_label_of_little_is_remarked_upon_and_goes_through():
    assert said(label(drawn(3, 3, "scratch"))) == [
        ("The label covers only 1.00% of the wafer. Is that all?", None, False)
    ]
    assert said(label(drawn(2, 5, "scratch"))) == []


def test_two_instances_of_a_class_that_share_dies_are_remarked_upon():
    one, two = drawn(6, 6), drawn(6, 6, number=2, at=4)
    assert said(label(one, two)) == [("Edge 1 and Edge 2 share 4 dies. Merge them if they are one defect.", 2, False)]
    assert said(label(one, drawn(6, 6, "ring", number=2, at=4))) == []


def test_the_same_dies_twice_in_one_class_are_refused():
    twice = label(drawn(6, 6), drawn(6, 6, number=2))
    assert said(twice) == [("Edge 1 and Edge 2 are the same dies twice. Delete one.", 2, True)]
    assert said(label(drawn(6, 6), drawn(6, 6, "ring", number=2))) == []


def test_a_label_of_another_wafer_is_refused():
    ((text, _, blocks),) = said(Label("OTHER:W01", (SIDE, SIDE), (drawn(6, 6),)))
    assert "OTHER:W01" in text
    assert "LOT1:W01" in text
    assert blocks


def test_one_die_is_a_die():
    found = label(drawn(1, 1, "ring", 1, 3), drawn(1, 2, "ring", 2, 3))
    texts = " ".join(text for text, *_ in said(found, limits=LabelLimits(min_area_px=100)))
    assert "Ring 1 has 1 die, fewer than 2." in texts
    assert "share 1 die." in texts
