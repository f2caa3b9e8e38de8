import pytest

from core.lake import Lake
from core.lake.copies import multiply
from core.lake.parts import Parts
from tests.core.lake_examples import drawn, found_on, same_wafer

BASE = 12


@pytest.fixture
def root(tmp_path):
    lake = Lake(tmp_path)
    results = [found_on(drawn(n), *(("ring", "scratch"), ())[n % 2], seed=n) for n in range(BASE)]
    lake.append_wafers(result.wafer for result in results)
    lake.append_results(results)
    return tmp_path


@pytest.mark.parametrize("wafers", [BASE + 1, 2 * BASE, 5 * BASE - 3])
def test_the_lake_holds_as_many_wafers_as_asked_each_with_its_result(root, wafers):
    assert list(multiply(Parts(root), wafers))[-1] == wafers
    lake = Lake(root)
    assert lake.count() == wafers
    assert lake.query("SELECT count(DISTINCT key) AS n, count(severity) AS results FROM wafers").values.tolist() == [
        [wafers, wafers]
    ]


def test_a_copy_is_its_wafer_under_another_lot_s_name_earlier_that_day(root):
    list(multiply(Parts(root), 3 * BASE))
    lake = Lake(root)
    wafer = drawn(0)
    key = f"{wafer.lot_id}.0002:{wafer.wafer_id}"
    copy, original = lake.result(key), lake.result(wafer.key)
    assert copy.wafer.lot_id == f"{wafer.lot_id}.0002"
    assert copy.wafer.dies.tolist() == wafer.dies.tolist()
    assert copy.wafer.attributes == wafer.attributes
    assert copy.wafer.tested_at <= wafer.tested_at
    assert copy.segmentation.masks.tolist() == original.segmentation.masks.tolist()
    assert [i.die_count for i in copy.instances] == [i.die_count for i in original.instances]
    assert same_wafer(original.wafer, wafer)


def test_an_interrupted_run_goes_on_where_it_was(root):
    begun = multiply(Parts(root), 4 * BASE, rows_a_part=BASE)
    assert next(begun) == 2 * BASE
    begun.close()  # type: ignore[attr-defined]
    assert list(multiply(Parts(root), 4 * BASE, rows_a_part=BASE)) == [3 * BASE, 4 * BASE]
    assert Lake(root).count() == 4 * BASE
