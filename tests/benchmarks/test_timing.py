import math
import subprocess
import sys
import time

from benchmarks.timing import at_least, at_most, in_turns, left_out, markdown, memory_peak


def test_a_ratio_of_one_or_more_means_reached():
    assert at_most("a", 60, 120, "ms").ratio == 2
    assert at_most("a", 240, 120, "ms").ratio == 0.5
    assert at_least("a", 100, 50, "wafers/s").ratio == 2
    assert math.isnan(left_out("a", "no model", "120 ms or less").ratio)


def test_calls_are_timed_in_turns_and_the_warm_up_is_not_counted():
    order = []
    spent = in_turns({"a": lambda: order.append("a"), "b": lambda: (order.append("b"), time.sleep(0.002))}, 3)
    assert order == ["a", "b"] * 5
    assert {name: len(times) for name, times in spent.items()} == {"a": 3, "b": 3}
    assert min(spent["b"]) >= 2


def test_the_table_is_markdown():
    lines = markdown([at_most("one", 60, 120, "ms"), left_out("two", "no model", "35 MB or less")]).splitlines()
    assert lines[1] == "|---|---|---|---|"
    assert lines[2] == "| one | 60 ms | 120 ms or less | 2.00 |"
    assert lines[3] == "| two | not measured: no model | 35 MB or less | - |"


def test_the_memory_of_a_process_is_its_own_and_not_that_of_who_started_it():
    mine = bytearray(200_000_000)
    with subprocess.Popen([sys.executable, "-c", "print(flush=True); input()"], stdin=-1, stdout=-1) as small:
        small.stdout.readline()
        assert memory_peak(small.pid) < 100 < len(mine) / 2**20 < memory_peak()
        small.communicate(b"\n")
    assert math.isnan(memory_peak(small.pid))
