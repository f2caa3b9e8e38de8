from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from core.database import AppDatabase
from core.database.audit import entries
from core.identity import Person
from core.ingestion.orientation_rules import FOLDER, OrientationRules, keep_rule, with_rules
from core.settings import Settings
from data.errors import SettingError
from data.formats import ReadOptions, read_bytes
from data.orientation import Corner, OrientationRule
from tests.data.formats.make_fixtures import GRID, sinf

ANN = Person("ann")
RULE = OrientationRule(origin=Corner.LOWER_LEFT, mirror=True, rotate=270)


def test_a_rule_survives_its_process_and_keeps_odd_product_names(tmp_path):
    products = ["CHIP-A", "", "../up", "µ/ü" * 200]
    for product in products:
        OrientationRules(str(tmp_path)).keep(product, RULE, ANN)
    anew = OrientationRules(str(tmp_path))
    assert anew.all() == tuple((product, RULE) for product in sorted(products))
    assert [anew.of(product) for product in products] == [RULE] * 4
    assert {path.parent for path in tmp_path.rglob("*.json")} == {tmp_path / FOLDER}


def test_the_last_word_counts_and_no_rule_takes_a_rule_away(tmp_path):
    rules = OrientationRules(str(tmp_path))
    rules.keep("P", RULE, ANN)
    rules.keep("P", OrientationRule(rotate=90), ANN)
    assert rules.of("P") == OrientationRule(rotate=90)
    rules.keep("P", OrientationRule(), ANN)
    assert rules.all() == ()


def test_a_rule_and_who_set_it_are_kept_together_or_not_at_all(tmp_path, monkeypatch):
    database, rules = AppDatabase(tmp_path / "decisions.db"), OrientationRules(str(tmp_path))
    keep_rule(database, rules, "P", RULE, ANN)
    assert rules.of("P") == RULE
    monkeypatch.setattr(rules, "keep", full)
    with pytest.raises(OSError, match="No space left"):
        keep_rule(database, rules, "P", OrientationRule(), ANN)
    with database.reading() as session:
        [entry] = entries(session)
    assert (entry.person, entry.action, entry.subject) == ("ann", "orientation.rule", "product P")
    assert entry.details == {"origin": "lower left", "mirror": True, "rotate": 270}
    database.close()


def full(*_: object) -> None:
    raise OSError(28, "No space left on device")


def keep_some(arguments: tuple[str, int]) -> None:
    home, number = arguments
    for product in ("shared", f"own-{number}"):
        OrientationRules(home).keep(product, OrientationRule(rotate=90), ANN)


def test_several_processes_may_set_rules_at_once(tmp_path):
    with ProcessPoolExecutor(2) as pool:
        list(pool.map(keep_some, [(str(tmp_path), number) for number in range(6)]))
    assert [product for product, _ in OrientationRules(str(tmp_path)).all()] == [f"own-{n}" for n in range(6)] + [
        "shared"
    ]


def test_a_damaged_rule_is_named(tmp_path):
    OrientationRules(str(tmp_path)).keep("P", RULE, ANN)
    [path] = Path(tmp_path / FOLDER).iterdir()
    path.write_text('{"product": "P", "rotate": 45, "mirror": false, "origin": "upper left"}')
    with pytest.raises(SettingError, match=f"{path.name}: the file holds no orientation rule .*45"):
        OrientationRules(str(tmp_path)).all()


def test_files_are_read_as_the_rules_of_the_site_say(tmp_path):
    OrientationRules(str(tmp_path)).keep("CHIP-A", OrientationRule(rotate=180), ANN)
    options = with_rules(ReadOptions(), Settings(home=tmp_path))
    [plain], [turned] = read_bytes("a.sinf", sinf(GRID)), read_bytes("a.sinf", sinf(GRID), options=options)
    assert turned.dies.tolist() == plain.dies[::-1, ::-1].tolist()
