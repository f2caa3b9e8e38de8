import json

import pytest

from core.registry.store import Registry
from core.settings import Settings
from jobs.register_model import main
from tests.core.registry.models import make_home, report, write_model


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return make_home(tmp_path_factory.mktemp("registry"))


def test_a_model_is_registered_with_its_card(home, capsys):
    model = write_model(home, "four")
    told = report(home, model, {})
    flags = ["--data", "v1.2", "--hours", "2.5", "--never-shown", "A 450 mm wafer.", "--person", "ana"]
    assert main([str(model), "--reports", str(told), "--home", str(home), *flags]) == 0
    assert "version 4: four@" in capsys.readouterr().out
    card = Registry(Settings(home=home)).version(4).card
    assert (card.data, card.hours, card.never_shown) == ("v1.2", 2.5, ("A 450 mm wafer.",))
    assert card.latency is not None
    assert list(card.reports) == [json.loads(told.read_text())["data"]]
    assert main([str(model), "--home", str(home)]) == 1
    assert "version 4 is this very file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "words"),
    [([], "expected one ONNX file"), (["nowhere.onnx"], "nowhere.onnx"), (["x.onnx", "--run", "none"], "run none")],
)
def test_nonsense_is_explained(tmp_path, capsys, flags, words):
    assert main([*flags, "--home", str(tmp_path)]) == 1
    assert words in capsys.readouterr().err
