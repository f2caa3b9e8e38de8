import pytest

from core.lake import Lake
from core.projection import upkeep
from core.projection.keeping import read_about
from core.segmentation import Segmenter
from jobs.map_wafers import main
from tests.core.lake_examples import drawn
from tests.core.projection.map_examples import plain_layout


@pytest.fixture
def home(tmp_path, monkeypatch, tiny_model_path):
    monkeypatch.setenv("WAFERSCOPE_HOME", str(tmp_path))
    monkeypatch.setenv("WAFERSCOPE_MODEL", str(tiny_model_path))
    monkeypatch.setattr(upkeep, "lay_out", plain_layout)
    Lake(tmp_path / "lake").append_wafers(drawn(n) for n in range(30))
    return tmp_path


@pytest.mark.slow
def test_the_map_is_built_and_then_brought_up_to_date(home, tiny_model_path, capsys):
    model = Segmenter.load(str(tiny_model_path)).name
    assert main(["--clusters", "3", "--seed", "2"]) == 0
    said = capsys.readouterr().err
    assert "embedded 30 of 30 wafers" in said
    assert "laid out 30 of 30 wafers" in said
    assert "placed 30 of 30 wafers" in said
    about = read_about(home, model)
    assert (len(about.names), about.seed, about.wafers) == (3, 2, 30)
    Lake(home / "lake").append_wafers(drawn(n) for n in range(30, 34))
    assert main(["--clusters", "3"]) == 0
    assert "placed 4 of 4 wafers" in capsys.readouterr().err
    assert read_about(home, model).wafers == 34
    assert main(["--clusters", "3"]) == 0
    assert "nothing that is not embedded yet" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "said"),
    [(["--clusters", "1"], "found 1. Give 2 to 60."), (["--model", "nowhere.onnx"], "cannot be read")],
)
def test_what_cannot_be_done_is_status_1_and_a_sentence(home, flags, said, capsys):
    assert main(flags) == 1
    assert said in capsys.readouterr().err
