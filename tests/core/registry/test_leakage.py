from dataclasses import replace

import pytest

from core.annotation.submissions import submit
from core.database import AppDatabase
from core.datasets.frozen_sets import freeze
from core.datasets.label_marks import labels_mark
from core.datasets.label_set import Split
from core.datasets.wafers import labelled_wafers
from core.identity import Person
from core.labels.label import Label
from core.lake import Lake
from core.registry.card import Card
from core.registry.leakage import why_not_judged
from core.registry.store import Version
from core.settings import Settings
from tests.core.label_examples import labelled_home
from tests.core.lake_examples import drawn

CARD = Card("new@1", "1" * 64, "dies", "int8", 1.0, config={"steps": "6"})


class Known:
    """A registry of some cards."""

    def __init__(self, *cards: Card) -> None:
        self.cards = cards

    def versions(self) -> list[Version]:
        return [Version(number, card) for number, card in enumerate(self.cards)]


@pytest.fixture
def home(tmp_path):
    """Four labelled wafers of four lots, frozen as v1."""
    labelled_home(tmp_path, lots=6)
    database = AppDatabase(tmp_path / "decisions.db")
    with database.writing() as session:
        freeze(session, "v1", list(Lake(tmp_path / "lake").wafers_by_keys(keys()).values()), Person("ana"))
    database.close()
    return Settings(home=tmp_path)


def keys() -> list[str]:
    return [f"LOT{n:03d}:{drawn(n).wafer_id}" for n in range(4)]


def now(at) -> str:
    database = AppDatabase(at.database_place)
    mark = labels_mark("now", labelled_wafers(database, Lake(at.lake_url), "now"))
    database.close()
    return mark


def label_another(at) -> None:
    database, wafer = AppDatabase(at.database_place), drawn(4, lot_id="LOT004")
    with database.writing() as session:
        submit(session, wafer, Label(wafer.key, wafer.dies.shape, no_defect=True), Person("ana"), 9.0)
    database.close()


def told(*cards, name="v1", at) -> str:
    return why_not_judged(cards[0], name, Known(*cards), at)


def test_who_learnt_from_no_label_of_people_is_judged_by_any(home):
    assert told(CARD, at=home) == told(CARD, name="now", at=home) == ""


def test_who_learnt_from_the_training_part_is_judged_by_the_test_part(home):
    assert told(replace(CARD, config={"labels": "v1"}), at=home) == ""
    assert told(replace(CARD, config={"labels": "now"}, labels=now(home)), name="now", at=home) == ""


def test_labels_that_changed_since_training_judge_nothing(home):
    card = replace(CARD, config={"labels": "now"}, labels=now(home))
    label_another(home)
    assert told(card, name="now", at=home).startswith("the labels that new@1 learnt from have changed since")


@pytest.mark.parametrize("taught", ["labels", "old_labels"])
def test_a_tested_lot_that_was_trained_on_judges_nothing(home, monkeypatch, taught):
    sides = labelled_wafers(AppDatabase(home.database_place), Lake(home.lake_url), "v1")
    swapped = {**sides, Split.TRAIN: sides[Split.TEST], Split.TEST: sides[Split.TRAIN]}
    monkeypatch.setattr("core.registry.leakage.labelled_wafers", lambda *_: swapped)
    assert told(replace(CARD, config={taught: "v1"}), at=home) == "new@1 learnt from wafers of the same lots"


def test_what_the_starting_weights_learnt_counts_too(home):
    first = replace(CARD, name="old@0", sha256="0" * 64, config={"labels": "now"}, labels="now: 3 wafers, of before")
    second = replace(CARD, config={"from_": "served"}, start=first.sha256)
    assert "old@0 learnt from have changed since" in told(second, first, at=home)
    assert told(second, replace(first, labels=now(home)), at=home) == ""
    assert "nobody noted what the weights that new@1 started from" in told(second, at=home)


def test_what_nobody_knows_judges_nothing(home, tmp_path):
    assert told(replace(CARD, config={}), at=home) == "nobody noted how new@1 was trained"
    assert "there is no such dataset" in told(CARD, name="v9", at=home)
    labelled_home(tmp_path / "one")
    assert "none of its wafers is in the test part" in told(CARD, name="now", at=Settings(home=tmp_path / "one"))
