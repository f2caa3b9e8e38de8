import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest

from core.identity import Person
from core.registry.card import card_of
from core.registry.store import Registry
from core.segmentation.network import SHIPPED_WEIGHTS
from core.settings import Settings
from data.errors import ModelError
from tests.core.registry.models import report, write_model
from tests.core.storage.writers import WRITERS, at_once

ANA = Person("ana")


def test_versions_are_listed_newest_first_and_the_shipped_one_last(registry):
    assert [(v.number, v.note, v.registered_by) for v in registry.versions()] == [
        (3, "model three", "ana"),
        (2, "model two", "ana"),
        (1, "model one", "ana"),
        (0, "Comes with the app.", ""),
    ]
    assert registry.version(2).card.commit == "abc1234"
    assert registry.version(0).card.reports


def test_a_versions_file_is_the_one_that_was_registered(registry, made_home):
    assert registry.file(2).read_bytes() == (made_home / "two.onnx").read_bytes()
    assert registry.file(0) == SHIPPED_WEIGHTS
    with pytest.raises(ModelError, match=r"no such version"):
        registry.version(9)
    with pytest.raises(ModelError, match=r"no such version"):
        registry.file(9)


def test_the_same_bytes_are_not_registered_twice(registry, made_home):
    model = made_home / "one.onnx"
    with pytest.raises(ModelError, match=r"version 1 is this very file"):
        registry.register(model, card_of(model, []), ANA)


def test_reports_are_added_to_a_card_and_those_on_the_same_data_replaced(registry, at):
    model = write_model(at.home, "five")
    number = registry.register(model, card_of(model, [report(at.home, model, {}, "a")]), ANA).number
    reports = [report(at.home, model, {"ring": 0.1}, "a", n=5), report(at.home, model, {}, "b", n=6)]
    assert {k: v["n"] for k, v in registry.add_reports(number, reports).card.reports.items()} == {"a": 5, "b": 6}
    assert {k: v["n"] for k, v in registry.version(number).card.reports.items()} == {"a": 5, "b": 6}
    assert [path.name for path in registry.file(number).parent.iterdir()] == ["card.json", "model.onnx"]
    with pytest.raises(ModelError, match=r"expected a report on one@.*, found one on five@"):
        registry.add_reports(1, reports)


def test_a_registry_that_cannot_be_reached_says_so(tmp_path):
    with pytest.raises(ModelError, match=r"nonsense://here: it cannot be used .* WAFERSCOPE_MLFLOW"):
        Registry(Settings(home=tmp_path, mlflow="nonsense://here")).versions()


def test_without_a_registry_mlflow_is_not_loaded(tmp_path):
    asked = (
        "import sys; from pathlib import Path; from core.settings import Settings; from core.registry.store import "
        "Registry; from core.segmentation.segmenter import Segmenter; Segmenter.load(); "
        "r = Registry(Settings(home=Path(sys.argv[1]))); r.versions(); r.roles(); print('mlflow' in sys.modules)"
    )
    told = subprocess.run(
        [sys.executable, "-c", asked, str(tmp_path)], cwd=Path(__file__).parents[3], capture_output=True, text=True
    )
    assert told.stdout.strip() == "False", told.stderr


def test_reports_that_are_added_at_once_all_come_onto_the_card(registry, at):
    model = at.home / "one.onnx"
    data = [f"{name}.npz" for name in "abcd"]
    for name in data:
        (at.home / name).mkdir()
    reports = [report(at.home / name, model, {}, name) for name in data]
    with ThreadPoolExecutor(len(data)) as pool:
        list(pool.map(lambda path: Registry(at).add_reports(1, [path]), reports))
    assert set(data) <= set(registry.version(1).card.reports)


def test_processes_that_want_a_version_of_a_server_fetch_it_once_and_whole(tmp_path, monkeypatch):
    class Server:
        def download_artifacts(self, _run: str, _path: str, folder: str) -> None:
            for name in ("card.json", "model.onnx"):
                (Path(folder) / name).write_text(name)
                time.sleep(0.1)
            (tmp_path / f"fetched-by-{os.getpid()}").touch()

    row = SimpleNamespace(version="4", tags={"sha256": "ab" * 32}, run_id="run", source="mlflow-artifacts:/4")
    monkeypatch.setattr(Registry, "_ask", lambda _, question: question(Server()))
    monkeypatch.setattr(Registry, "_row", lambda *_: row)
    at = Settings(home=tmp_path / "home", mlflow="http://localhost:1")

    def want(_number: int) -> None:
        model = Registry(at).file(4)
        assert sorted(path.read_text() for path in model.parent.iterdir()) == ["card.json", "model.onnx"]

    assert at_once(want) == [0] * WRITERS
    assert len(list(tmp_path.glob("fetched-by-*"))) == 1
    assert [path.name for path in (at.home / "models").iterdir() if path.is_dir()] == ["version-4-abababababab"]
