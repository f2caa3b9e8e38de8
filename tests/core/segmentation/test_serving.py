from dataclasses import replace
from pathlib import Path

import pytest

from core.segmentation.network import SHIPPED_WEIGHTS
from core.segmentation.serving import ServedModel, Serving, challenger_takes, keep_served, model_in_use, served
from core.settings import Settings
from data.errors import ModelError
from tests.core.storage.writers import WRITERS, at_once


def test_without_a_registry_the_shipped_model_is_served(tmp_path):
    assert model_in_use(Settings(home=tmp_path)) == SHIPPED_WEIGHTS
    assert served(Settings(home=tmp_path)) == Serving()


def test_the_champion_is_served_and_a_setting_goes_before_it(tmp_path):
    at = Settings(home=tmp_path)
    kept = Serving(ServedModel(3, "m@1", "/models/m.onnx"), ServedModel(4, "n@2", "/models/n.onnx"), 0.2, "2026-11-23")
    keep_served(at, kept)
    assert served(at) == kept
    assert model_in_use(at) == Path("/models/m.onnx")
    assert model_in_use(replace(at, model="/other.onnx")) == Path("/other.onnx")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"champion": {"number": 1}}', '{"champion": null}'])
def test_a_damaged_file_is_said_and_not_guessed_around(tmp_path, text):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "serving.json").write_text(text)
    with pytest.raises(ModelError, match=r"does not say which model is served .*promote_model sync"):
        model_in_use(Settings(home=tmp_path))


def test_a_share_of_the_wafers_is_the_challengers_and_stays_so_when_it_grows():
    keys = [f"LOT{n // 25}:W{n % 25:02d}" for n in range(5000)]
    few, more = ({key for key in keys if challenger_takes(key, share)} for share in (0.1, 0.3))
    assert few < more
    assert len(few) == pytest.approx(500, abs=85)  # four standard deviations of a binomial
    assert len(more) == pytest.approx(1500, abs=130)


def test_what_is_served_is_readable_while_several_processes_change_it(tmp_path):
    at = Settings(home=tmp_path)

    def change(number: int) -> None:
        model = ServedModel(number + 1, f"model-{number}", "x" * 500 * number)
        for _ in range(20):
            keep_served(at, Serving(champion=model))
            assert served(at).champion is not None

    assert at_once(change) == [0] * WRITERS
    assert [path.name for path in (tmp_path / "models").iterdir()] == ["serving.json"]
