import shutil

import pytest

from core.database import AppDatabase
from core.database.audit import entries
from core.registry.promotion import SUBJECT
from core.registry.store import Registry, Roles
from core.segmentation.serving import served
from core.settings import Settings
from jobs.promote_model import main
from tests.core.registry.models import make_home


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make_home(tmp_path_factory.mktemp("registry"))


@pytest.fixture
def home(made, tmp_path, monkeypatch):
    """A home whose version 1 is served; no claim here may hang on how busy the machine is."""
    monkeypatch.setenv("WAFERSCOPE_GATE_LATENCY_RATIO", "1e9")
    monkeypatch.setenv("WAFERSCOPE_GATE_LATENCY_MS", "1e9")
    shutil.copytree(made, tmp_path / "home")
    Registry(Settings(home=tmp_path / "home")).keep_roles(Roles(champion=1, before=(0,)))
    return tmp_path / "home"


@pytest.fixture
def job(home):
    return lambda *words: main([*words, "--home", str(home)])


def roles(home) -> Roles:
    return Registry(Settings(home=home)).roles()


def trail(home) -> list[tuple[str, str]]:
    database = AppDatabase(Settings(home=home).database_place)
    with database.reading() as session:
        found = [(entry.person, entry.action) for entry in entries(session, SUBJECT)]
    database.close()
    return found


@pytest.mark.slow
def test_a_promotion_names_what_passed_and_is_undone_by_a_rollback(job, home, capsys):
    assert job("promote", "--version", "2", "--person", "ana") == 0
    assert roles(home) == Roles(champion=2, before=(0, 1))
    assert served(Settings(home=home)).champion.number == 2
    said = capsys.readouterr().out
    assert "passed  Mean IoU: " in said
    assert "(needed " in said
    assert job("rollback", "--person", "ben") == 0
    assert roles(home).champion == 1
    assert trail(home) == [("ben", "model.rollback"), ("ana", "model.promote")]


@pytest.mark.slow
def test_a_failed_gate_is_named_and_changes_nothing(job, home, capsys):
    before = roles(home)
    assert job("promote", "--version", "3") == 1
    assert "does not pass the gate: Mean IoU" in capsys.readouterr().err
    assert roles(home) == before
    assert trail(home) == []


@pytest.mark.slow
def test_a_challenger_gets_its_share_and_a_challenge_without_version_ends_the_trial(job, home, capsys):
    assert job("challenge", "--version", "2", "--share", "0.25") == 0
    assert (roles(home).challenger, roles(home).share) == (2, 0.25)
    assert "challenger, 25%" in capsys.readouterr().out
    assert job("challenge") == 0
    assert roles(home).challenger is None
    assert "challenger" not in capsys.readouterr().out


def test_sync_writes_again_what_is_served_and_nothing_else(job, home):
    assert job("sync") == 0
    assert served(Settings(home=home)).champion.number == 1
    assert trail(home) == []


@pytest.mark.parametrize("words", [(), ("list",)])
def test_the_list_names_every_version_and_the_champion_alone(job, capsys, words):
    assert job(*words) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert sorted(int(line[0]) for line in lines) == [0, 1, 2, 3]
    assert [line[0] for line in lines if "champion" in line] == ["1"]
    assert [line[1].partition("@")[0] for line in lines if line[0] == "3"] == ["three"]
    assert next(line for line in lines if line[0] == "0")[2] == "shipped"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("demote",), "found 'demote'"),
        (("promote",), "expected the version to promote, found none"),
        (("promote", "--version", "9"), "no such version"),
        (("challenge", "--version", "2", "--share", "0.9"), "expected a share"),
    ],
)
def test_what_cannot_be_done_is_said_and_changes_nothing(job, home, capsys, words, expected):
    before = roles(home)
    assert job(*words) == 1
    assert expected in capsys.readouterr().err
    assert roles(home) == before
    assert trail(home) == []


def test_without_a_champion_before_there_is_no_way_back(job, home, capsys):
    Registry(Settings(home=home)).keep_roles(Roles())
    assert job("rollback") == 1
    assert "no champion was there before" in capsys.readouterr().err
