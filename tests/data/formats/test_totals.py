import numpy as np
import pytest

from data.errors import FormatError
from data.formats.totals import DeclaredTotals, declared_totals

DIES = np.array([[0, 1, 1, 2], [1, 1, 1, 2]], dtype=np.uint8)  # 5 pass, 2 fail


def test_counts_that_agree_or_are_not_declared_give_no_remark():
    assert DeclaredTotals(7, 5, 2).remarks(DIES, "a.map") == ()
    assert DeclaredTotals().remarks(DIES, "a.map") == ()


def test_each_count_that_differs_is_named():
    assert DeclaredTotals(tested=8, failing=3).remarks(DIES, "a.map") == (
        "The file declares 8 tested dies, 7 were read.",
        "The file declares 3 failing dies, 2 were read.",
    )


def test_a_count_that_is_far_off_refuses_the_file():
    with pytest.raises(FormatError, match=r"a\.map: the file declares 0 failing dies, 2 were read\. Say which codes"):
        DeclaredTotals(failing=0).remarks(DIES, "a.map")


def test_a_yield_that_differs_is_said_within_its_rounding():
    assert declared_totals({"Yield": "71 %"}).remarks(DIES, "a.map") == ()
    assert declared_totals({"Yield": "0.714"}).remarks(DIES, "a.map") == ()
    assert declared_totals({"Yield": "90 %"}).remarks(DIES, "a.map") == (
        "The file declares a yield of 90.0%, the dies read have 71.4%.",
    )


def test_gross_dies_count_as_tested_only_where_the_others_add_up_to_them():
    assert declared_totals({"Gross Die": "61", "Good Die": "57", "Bad Die": "4"}).tested == 61
    assert declared_totals({"Gross Die": "89", "Good Die": "57", "Bad Die": "4"}).tested is None


def test_a_number_of_a_pass_is_no_count():
    assert declared_totals({"Pass": "2", "Lot": "7"}) == DeclaredTotals()
