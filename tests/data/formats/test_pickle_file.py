import pickle

import numpy as np
import pandas as pd
import pytest

from data.formats import ReadFailure, read_bytes
from data.formats.pickle_records import Record, load_records
from data.wafer import WaferMap
from tests.data.formats.old_pandas import lswmd

RNG = np.random.default_rng(7)
MAPS = [RNG.integers(0, 3, (5 + i % 4, 6 + i % 3)).astype(np.uint8) for i in range(27)]
LABELS = [None if i % 3 == 0 else "Edge-Ring" if i % 3 == 1 else "none" for i in range(27)]


@pytest.mark.parametrize("objects_by_columns", [False, True])
def test_the_old_layout_gives_every_map_with_lot_wafer_and_label(objects_by_columns):
    content = lswmd(
        [np.asfortranarray(grid) if i % 2 else grid for i, grid in enumerate(MAPS)],
        LABELS,
        objects_by_columns=objects_by_columns,
    )
    wafers = list(read_bytes("LSWMD.pkl", content))
    assert [wafer.dies.tolist() for wafer in wafers] == [grid.tolist() for grid in MAPS]
    assert [wafer.key for wafer in wafers[:2]] == ["lot1:W01", "lot1:W02"]
    assert wafers[26].key == "lot2:W02"
    assert dict(wafers[1].attributes) == {
        "label": "Edge-Ring",
        "split": "Training",
        "die_count": str(np.count_nonzero(MAPS[1])),
    }
    assert "label" not in wafers[0].attributes


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("text", ["python", "pyarrow", "object"])
def test_todays_pandas_gives_the_same_wafers(protocol, text):
    frame = pd.DataFrame({"lotName": ["lotä", "lot2"], "waferIndex": [3.0, 12.0]})
    frame = frame.astype({"lotName": object if text == "object" else pd.StringDtype(text, na_value=np.nan)})
    frame.columns = frame.columns.astype(object if text == "object" else pd.StringDtype(text, na_value=np.nan))
    frame["waferMap"] = pd.Series([np.array(MAPS[0]), np.array(MAPS[1])], dtype=object)
    frame["failureType"] = [np.array([["Loc"]]), np.zeros((0, 0))]
    first, second = read_bytes("new.pkl", pickle.dumps(frame, protocol=protocol))
    assert (first.key, second.key) == ("lotä:W03", "lot2:W12")
    assert (first.dies.tolist(), second.dies.tolist()) == (MAPS[0].tolist(), MAPS[1].tolist())
    assert dict(first.attributes) == {"label": "Loc"}


def test_a_wafer_without_a_die_fails_alone():
    results = list(read_bytes("LSWMD.pkl", lswmd([MAPS[0], np.zeros((4, 4), np.uint8), MAPS[1]], [None] * 3)))
    assert [type(result) for result in results] == [WaferMap, ReadFailure, WaferMap]
    assert results[1].reason.startswith("LSWMD.pkl row 2: no die of the grid was tested")


class _Bomb:
    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return (open, (str(self.target), "w"))


def test_code_in_a_pickle_is_named_and_never_run(tmp_path):
    target = tmp_path / "written-by-pickle"
    for protocol in range(6):
        [failure] = read_bytes("evil.pkl", pickle.dumps(_Bomb(target), protocol=protocol))
        assert isinstance(failure, ReadFailure)
    frame = pd.DataFrame({"waferMap": pd.Series([_Bomb(target)], dtype=object)})
    [failure] = read_bytes("evil.pkl", pickle.dumps(frame, protocol=2))
    assert "nothing of it was run" in failure.reason
    assert not target.exists()


@pytest.mark.parametrize(
    "program",
    [
        b"cnumpy\ndtype\n(NU\x05stateNtb.",  # sets state on a stand-in class itself
        b"cnumpy\ndtype\nN}U\x08__init__cnumpy\nndarray\ns\x86b.",  # attributes of a stand-in class
        b"cnumpy\nload\n(U\x06secrettR.",  # a real function of NumPy
        b"cpandas.io.common\nget_handle\n(U\x01xtR.",
        b"cbuiltins\neval\n(U\x011tR.",
        b"cnumpy.core.multiarray\n_reconstruct\n.",  # the name alone, no table
        b"(lp0\nh\x07.",
    ],
)
def test_programs_that_reach_for_more_are_refused(program):
    [failure] = read_bytes("odd.pkl", b"\x80\x02" + program)
    assert isinstance(failure, ReadFailure)
    assert not [name for name in vars(Record) if name not in _RECORD_NAMES]


_RECORD_NAMES = frozenset(vars(Record))


def test_a_huge_memo_number_claims_no_memory(tmp_path):
    import io
    import resource

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert load_records(io.BytesIO(b"\x80\x02Nr\xff\xff\xff\x3f.")) is None
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000  # KiB; the C unpickler takes 16 GiB


def test_a_table_without_maps_says_which_columns_it_has():
    [failure] = read_bytes("other.pkl", pickle.dumps(pd.DataFrame({"a": [1], "b": [2]})))
    assert "expected a column 'waferMap', found a, b" in failure.reason


def test_an_array_whose_header_lies_is_refused():
    content = lswmd(MAPS[:1], [None]).replace(
        b"J" + bytes([5, 0, 0, 0]) + b"J" + bytes([6, 0, 0, 0]), b"J\xff\xff\xff\x7fJ\x06\0\0\0"
    )
    [failure] = read_bytes("lies.pkl", content)
    assert "bytes" in failure.reason
