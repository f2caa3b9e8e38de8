from core.lake.completeness import Losses
from core.lake.damage import LakeDamage
from core.lake.part_faults import Damage


def test_nothing_is_said_of_a_whole_lake():
    assert LakeDamage().sentence == ""


def test_few_parts_are_named_and_the_rest_is_counted():
    parts = tuple(Damage("dies", f"{n}.parquet", "it is empty") for n in range(5))
    said = LakeDamage(parts, Losses(frozenset({"A"}), frozenset({"B", "C"}))).sentence
    assert said.startswith("5 parts of the lake are damaged and left out: dies/0.parquet (it is empty), dies/1.parquet")
    assert "and 2 more. 1 wafer is left out, since the dies are lost. 2 wafers are shown as not segmented" in said
    assert "python -m jobs.doctor" in said
