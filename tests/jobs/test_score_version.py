import shutil

import pytest

from core.identity import Person
from core.registry.card import card_of
from core.registry.gate import gate
from core.registry.store import Registry, Roles
from core.settings import Settings
from jobs.score_version import main
from tests.core.registry.models import DATA, make_home, write_model


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Three versions, of which 1 is the champion, and version 4, which was registered without a report."""
    home = make_home(tmp_path_factory.mktemp("registry"))
    registry = Registry(Settings(home=home))
    registry.keep_roles(Roles(champion=1))
    registry.register(model := write_model(home, "four"), card_of(model, []), Person("ana"))
    return home


def test_a_version_without_reports_gets_those_of_the_champion_and_the_gate_compares_them(home, capsys):
    registry = Registry(Settings(home=home))
    before = {check.name: check for check in gate(registry.version(4).card, registry.version(1).card)}
    assert not before["Mean IoU"].measured
    assert main(["--version", "4", "--home", str(home)]) == 0
    assert "version 4 has 1 reports." in capsys.readouterr().out
    card = registry.version(4).card
    assert {name: report["n"] for name, report in card.reports.items()} == {DATA: 9}
    after = {check.name: check for check in gate(card, registry.version(1).card)}
    assert after["Mean IoU"].measured
    assert main(["--version", "4", "--home", str(home)]) == 1
    assert "version 4 has all reports of the champion" in capsys.readouterr().err


def test_any_data_can_be_named(home, capsys):
    assert main(["--version", "2", "--data", "synthetic:2:5", "--home", str(home)]) == 0
    assert set(Registry(Settings(home=home)).version(2).card.reports) == {DATA, "synthetic:2:5"}
    assert main(["--version", "2", "--data", "nowhere.npz", "--home", str(home)]) == 1
    assert "nowhere.npz" in capsys.readouterr().err


@pytest.mark.parametrize(("number", "words"), [("9", "no such version"), ("0", "has all reports of the champion")])
def test_what_cannot_be_scored_says_so(tmp_path, capsys, number, words):
    assert main(["--version", number, "--home", str(tmp_path)]) == 1
    assert words in capsys.readouterr().err
    shutil.rmtree(tmp_path)
