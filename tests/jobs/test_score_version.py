import shutil

import pytest

from core.identity import Person
from core.registry.card import card_of
from core.registry.gate import gate, still_to_score
from core.registry.store import Registry, Roles
from core.settings import Settings
from jobs.score_version import main
from tests.core.label_examples import labelled_home
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


@pytest.fixture
def labelled(home, tmp_path):
    """Those versions beside wafers that people labelled, one of them in the test part."""
    shutil.copytree(home, tmp_path, dirs_exist_ok=True)
    return labelled_home(tmp_path, lots=6)


def trained(home, name, **config) -> int:
    """Register a model that was trained so."""
    model = write_model(home, name)
    about = {"config": {"labels": "", **config}}
    return Registry(Settings(home=home)).register(model, card_of(model, [], **about), Person("ana")).number


def test_labels_score_the_champion_as_well_so_that_the_gate_compares_them(labelled, capsys):
    registry = Registry(Settings(home=labelled))
    registry.keep_roles(Roles(champion=0))
    number = trained(labelled, "five")
    assert main(["--version", str(number), "--data", "labels:now", "--home", str(labelled)]) == 0
    assert capsys.readouterr().out.count("on labels:now\n") == 2
    cards = [registry.version(one).card for one in (number, 0)]
    first, second = (card.reports["labels:now"] for card in cards)
    assert (first["n"], first["wafers"]) == (second["n"], second["wafers"])
    assert "labels:now" in {check.name: check for check in gate(*cards)}["Every class"].found
    assert "labels:now" not in still_to_score(cards[0].reports, cards[1])


def test_a_champion_that_learnt_from_them_is_not_judged_by_labels(labelled, capsys):
    registry = Registry(Settings(home=labelled))
    registry.keep_roles(Roles(champion=trained(labelled, "six", labels="now")))
    number = trained(labelled, "seven")
    assert main(["--version", str(number), "--data", "labels:now", "--home", str(labelled)]) == 0
    assert "is not scored on labels:now: the labels that six@" in capsys.readouterr().out
    assert "labels:now" in registry.version(number).card.reports
    assert "labels:now" not in registry.version(registry.roles().champion).card.reports


def test_a_version_that_may_have_learnt_from_the_champion_s_labels_is_not_scored_on_them(labelled, capsys):
    registry = Registry(Settings(home=labelled))
    registry.keep_roles(Roles(champion=trained(labelled, "eight")))
    champion = registry.roles().champion
    assert main(["--version", str(champion), "--data", "labels:now", "--home", str(labelled)]) == 0
    number = trained(labelled, "nine", from_="somewhere.ckpt")
    assert main(["--version", str(number), "--home", str(labelled)]) == 1
    assert "nobody noted what the weights that nine@" in capsys.readouterr().out


@pytest.mark.parametrize(("number", "words"), [("9", "no such version"), ("0", "has all reports of the champion")])
def test_what_cannot_be_scored_says_so(tmp_path, capsys, number, words):
    assert main(["--version", number, "--home", str(tmp_path)]) == 1
    assert words in capsys.readouterr().err
    shutil.rmtree(tmp_path)
