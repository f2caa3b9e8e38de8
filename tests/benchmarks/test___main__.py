import pytest

from benchmarks.__main__ import main
from tests.tiny_model import METADATA, write_tiny_model

TINY = ["--rounds", "2", "--wafers", "2", "--imported", "60", "--lake", "200", "--vectors", "3000"]


def rows_of(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()[2:]]


@pytest.mark.slow
def test_every_work_gives_its_rows(tiny_model_path, capsys):
    model, works = str(tiny_model_path), ["lot", "int8", "import", "similarity", "queries"]
    assert main(["--model", model, "--float32", model, *TINY, "--only", *works]) == 0
    rows = rows_of(capsys.readouterr().out)
    assert len(rows) == 3 + 3 + 1 + 3 + 15
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
