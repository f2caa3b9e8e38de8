import math
import time

import pytest

from benchmarks.__main__ import main
from benchmarks.timing import at_least, at_most, in_turns, left_out, markdown
from tests.tiny_model import METADATA, write_tiny_model

TINY = ["--rounds", "2", "--wafers", "2", "--imported", "60", "--lake", "200"]


def rows_of(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()[2:]]


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


def test_every_work_gives_its_rows(tiny_model_path, capsys):
    model = str(tiny_model_path)
    assert main(["--model", model, "--float32", model, *TINY, "--only", "lot", "int8", "import", "queries"]) == 0
    rows = rows_of(capsys.readouterr().out)
    assert len(rows) == 1 + 3 + 1 + 7
    assert not [row for row in rows if "not measured" in row[1]]


def test_what_has_nothing_to_compare_with_is_said(tiny_model_path, capsys):
    assert main(["--model", str(tiny_model_path), *TINY, "--only", "int8"]) == 0
    assert [row[1] for row in rows_of(capsys.readouterr().out)][1:] == [
        "not measured: name its file with --float32"
    ] * 2


def test_the_network_is_compared_with_torch_of_its_shape(tmp_path, capsys):
    shape = {"encoder": "resnet18", "depth": 4, "decoder_channels": [32, 16, 8, 8]}
    model = write_tiny_model(tmp_path / "r18.onnx", metadata={**METADATA, **shape})
    assert main(["--model", str(model), *TINY, "--only", "runtimes"]) == 0
    assert "x as fast" in rows_of(capsys.readouterr().out)[0][1]


@pytest.mark.parametrize("words", [["--model", "none.onnx", "--only", "lot"]])
def test_a_missing_model_is_said(words, capsys):
    assert main(words) == 1
    assert "none.onnx: the model file cannot be read" in capsys.readouterr().err
