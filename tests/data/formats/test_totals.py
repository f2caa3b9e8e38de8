import numpy as np
import pytest

from data.errors import FormatError
from data.formats.totals import DeclaredTotals

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
