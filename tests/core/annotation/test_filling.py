import numpy as np
import pytest

from core.annotation.filling import candidates_by_filter, named_wafers
from core.lake import Lake, WaferFilter
from data.wafer import WaferMap

NAMES = (("LOT 7", "W 01"), ("L1", "W1"), ("L,2", 'W"3'), ("L2", "W2"), ("12", "34"))


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    lake = Lake(tmp_path_factory.mktemp("lake"))
    lake.append_wafers(
        WaferMap(dies=np.array([[1, 2]], dtype=np.uint8), lot_id=lot, wafer_id=wafer) for lot, wafer in NAMES
    )
    return lake


@pytest.mark.parametrize(
    ("text", "known", "unknown"),
    [
        ("LOT 7:W 01\nL1:W1", ["LOT 7:W 01", "L1:W1"], []),
        ("L1:W1, L2:W2 L9:W9", ["L1:W1", "L2:W2"], ["L9:W9"]),
        ("LOT 8:W 01", [], ["LOT 8:W 01"]),
        ('L,2:W"3', ['L,2:W"3'], []),
        ('"L,2:W""3",x\r\n', ['L,2:W"3'], []),
        ("key,tested_at\nLOT 7:W 01,2026-05-01T14:30:00+00:00", ["LOT 7:W 01"], []),
        ("\ufeffkey\tn\nL1:W1\t3\n12:34\t4", ["L1:W1", "12:34"], []),
    ],
)
def test_names_with_blanks_commas_and_quotes_are_names(lake, text, known, unknown):
    found = named_wafers(lake, text)
    assert (list(found.known), list(found.unknown)) == (known, unknown)


def test_labelled_wafers_are_passed_over_and_others_come_in_their_place(lake):
    def keys(**more):
        return [c.wafer_key for c in candidates_by_filter(lake, WaferFilter(), "key", 2, **more)]

    everything = [c.wafer_key for c in candidates_by_filter(lake, WaferFilter(), "key", 10)]
    assert keys() == everything[:2]
    assert keys(without=everything[:1]) == everything[1:3]
    assert keys(without=everything) == []
