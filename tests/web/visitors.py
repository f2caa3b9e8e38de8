"""Sessions that stand until a test ends them, without a database."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from core.identity import Person
from core.people.sessions import Visit

TOKEN, OTHER = "t" * 43, "o" * 43
NOW = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)


def visit(number: int = 7, name: str = "ana") -> Visit:
    """Return a session."""
    person = Person(name, "account", id=number * 10)
    ends_at = NOW + timedelta(days=7)
    return Visit(number, person, started_at=NOW, seen_at=NOW, ends_at=ends_at, address="", browser="")


KEY = "ws_0123abcd_" + "0" * 32
MACHINE = Person("tester", "account", 9, "engineer", None, ("wafer_map.write",))


class Standing:
    """Sessions by token; counts how often it is asked."""

    def __init__(self, **more: Visit) -> None:
        self.visits = {TOKEN: visit(), **more}
        self.asked = 0

    def __call__(self, tokens: Collection[str]) -> dict[str, Visit]:
        self.asked += 1
        return {token: self.visits[token] for token in tokens if token in self.visits}


def keys(asked: Collection[str]) -> dict[str, Person]:
    """Return whose the one key is that there is."""
    return {one: MACHINE for one in asked if one.split(" ")[0] == KEY}
