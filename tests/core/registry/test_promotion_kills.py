"""kill -9 at any step of a decision about models: once repaired, database, registry and what is served say the same."""

import shutil
import signal
from pathlib import Path

import pytest

from core.database import AppDatabase
from core.database.audit import entries
from core.registry.promotion import SUBJECT, carry_out, sync
from core.registry.store import Registry, Roles
from core.segmentation.serving import served
from core.settings import Settings
from tests.core.registry.promotion_worker import decide_until_step, processes

pytestmark = pytest.mark.slow

BEFORE = Roles(champion=1, before=(0,))
AFTER = {"promote": (2, None), "rollback": (0, None), "challenge": (1, 3)}
MOST_STEPS, SHARES = 100, 3


@pytest.fixture(scope="module")
def serving_one(made_home, tmp_path_factory) -> Path:
    """A home where version 1 is served."""
    home = tmp_path_factory.mktemp("serving") / "home"
    shutil.copytree(made_home, home)
    registry, at = Registry(Settings(home=home)), Settings(home=home)
    registry.keep_roles(BEFORE)
    sync(registry, at)
    AppDatabase(at.database_place).close()
    return home


def decided(home: Path, action: str, step: int, told: Path) -> int | None:
    """Decide in a process that dies before a step; return its exit code."""
    worker = processes.Process(target=decide_until_step, args=(home, action, step, told))
    worker.start()
    worker.join()
    return worker.exitcode


def truths(home: Path) -> tuple[tuple[int, int | None], tuple[int, int | None], list[str]]:
    """Champion and challenger by the registry and as served here, and what the trail says."""
    at = Settings(home=home)
    roles, serving = Registry(at).roles(), served(at)
    champion = serving.champion.number if serving.champion else 0
    challenger = serving.challenger.number if serving.challenger else None
    database = AppDatabase(at.database_place)
    with database.reading() as session:
        trail = [entry.action for entry in entries(session, SUBJECT)]
    database.close()
    return (roles.champion, roles.challenger), (champion, challenger), trail


@pytest.mark.parametrize("share", range(SHARES))
@pytest.mark.parametrize("action", AFTER)
def test_a_decision_killed_at_any_step_is_there_everywhere_or_nowhere(serving_one, tmp_path, action, share):
    told = tmp_path / "told"
    for step in range(share, MOST_STEPS, SHARES):
        home = shutil.copytree(serving_one, tmp_path / f"home-{step}")  # MLflow stays connected to a place
        code = decided(home, action, step, told)
        at = Settings(home=home)
        database = AppDatabase(at.database_place)
        carry_out(Registry(at), database, at)
        assert not carry_out(Registry(at), database, at)
        database.close()
        registry, local, trail = truths(home)
        assert registry == local == (AFTER[action] if trail else (1, None)), step
        assert trail in ([], [f"model.{action}"])
        shutil.rmtree(home)
        if code == 0:
            break
        assert code == -signal.SIGKILL
    assert int(told.read_text()) <= step
    assert trail == [f"model.{action}"]
