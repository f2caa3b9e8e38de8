"""A home folder of its own, accounts that can sign in, and a clock that can be put forward."""

import sys
from datetime import timedelta

import pytest

from core.database import schema
from core.identity import Person
from core.people import passwords
from core.people.accounts import acting, find_account
from core.people.invitations import accept, invite
from core.people.roles import Role

PASSWORD = "seven grey owls at noon"
SYSTEM = Person("root")
"""Whoever runs a command at the machine."""


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """Where the key of secrets lies; hashing costs little here."""
    monkeypatch.setenv("WAFERSCOPE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(passwords, "_HASHER", passwords.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    passwords._of_nobody.cache_clear()
    yield tmp_path / "home"
    passwords._of_nobody.cache_clear()


@pytest.fixture
def later(monkeypatch):
    """Put the clock of core.people forward by hours, from the time that it shows now."""
    shift = timedelta()

    def moved():
        return schema.now() + shift

    for name, module in list(sys.modules.items()):
        if name.startswith("core.people.") and hasattr(module, "now"):
            monkeypatch.setattr(module, "now", moved)

    def forward(hours: float) -> None:
        nonlocal shift
        shift += timedelta(hours=hours)

    return forward


@pytest.fixture
def member(database):
    """Add an account that can sign in by PASSWORD, and return its acting person."""

    def add(name: str = "Ana Novak", role: Role = Role.ENGINEER, products=None) -> Person:
        with database.writing() as session:
            email = f"{name.split()[0].lower()}@fab.example"
            account = accept(session, invite(session, SYSTEM, email, name, role, products), PASSWORD)
            return acting(find_account(session, account.id))

    return add
