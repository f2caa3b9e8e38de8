import pytest

from core.registry.card import shipped_card
from core.registry.shipped_reports import keep_reports, with_kept_reports
from core.registry.store import Registry
from core.segmentation.network import SHIPPED_WEIGHTS
from core.settings import Settings
from data.errors import ModelError
from tests.core.registry.models import report
from tests.core.storage.writers import WRITERS, at_once


def test_reports_on_the_shipped_model_stand_on_its_card_in_this_home_alone(tmp_path):
    at, elsewhere = Settings(home=tmp_path / "a"), Settings(home=tmp_path / "b")
    path = report(tmp_path, SHIPPED_WEIGHTS, {}, "labels:now", n=5)
    assert Registry(at).add_reports(0, [path]).card.reports["labels:now"]["n"] == 5
    again = report(tmp_path, SHIPPED_WEIGHTS, {}, "labels:now", n=6)
    Registry(at).add_reports(0, [again])
    reports = Registry(at).version(0).card.reports
    assert reports["labels:now"]["n"] == 6
    assert set(reports) == {*shipped_card().reports, "labels:now"}
    assert Registry(elsewhere).version(0).card.reports == shipped_card().reports


def test_a_damaged_file_of_reports_is_named(tmp_path):
    at, card = Settings(home=tmp_path), shipped_card()
    keep_reports(at, card, {"a": {"n": 1}})
    (kept,) = (tmp_path / "models").glob("shipped-*.json")
    kept.write_text("{")
    with pytest.raises(ModelError, match=rf"{kept.name}: the reports cannot be read .* Delete it"):
        with_kept_reports(at, card)


def test_reports_that_several_processes_keep_at_once_are_all_kept(tmp_path):
    at, card = Settings(home=tmp_path), shipped_card()

    def keep(number: int) -> None:
        for turn in range(5):
            keep_reports(at, card, {f"{number}-{turn}": {"n": turn}})

    assert at_once(keep) == [0] * WRITERS
    kept = set(with_kept_reports(at, card).reports) - set(card.reports)
    assert kept == {f"{number}-{turn}" for number in range(WRITERS) for turn in range(5)}
