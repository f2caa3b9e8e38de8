"""A small lake and an empty one, and the app as a person opens it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.database import AppDatabase
from core.identity import Person
from core.lake import Lake
from core.people.invitations import accept, invite
from core.people.roles import Role
from core.people.sessions import open_session, session_of
from core.segmentation import Segmenter
from tests.core.lake_examples import drawn, found_on
from tests.core.projection.map_examples import build

SHELL = Path(__file__).resolve().parents[2] / "pages" / "parts" / "shell.py"
CLASSES = (("edge",), ("ring", "scratch"), (), ("center",))
WAFERS, SEGMENTED = 60, 58
PASSWORD = "seven grey owls at noon"
"""Of whoever signs in."""

Open = Callable[..., AppTest]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that open a page as slow: each runs the app, which takes a second or two."""
    for item in items:
        if "open_page" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def lake_home(tmp_path_factory) -> Path:
    """Workspace of 60 wafers in 3 lots; the last two are not segmented."""
    home = tmp_path_factory.mktemp("home")
    _fill(Lake(home / "lake"))
    return home


@pytest.fixture
def open_page(lake_home, monkeypatch) -> Open:
    """Open a page of the app: `open_page("wafers", text="LOT001")`; `home` is another workspace."""

    def opened(name: str, home: Path = lake_home, **query: str | list[str]) -> AppTest:
        monkeypatch.setenv("WAFERSCOPE_HOME", str(home))
        app = AppTest.from_file(str(SHELL), default_timeout=300)
        if name != "overview":  # which is where the app starts
            app.run().switch_page(f"../{name}.py")
        for key, value in query.items():
            app.query_params[key] = value
        return app.run()

    return opened


@pytest.fixture
def own_home(lake_home, tmp_path) -> Path:
    """The same lake with an app database of its own."""
    (tmp_path / "lake").symlink_to(lake_home / "lake")
    return tmp_path


@pytest.fixture
def database(own_home) -> Iterator[AppDatabase]:
    """The database of `own_home`."""
    opened = AppDatabase(own_home / "decisions.db")
    yield opened
    opened.close()


@pytest.fixture
def sign_in(own_home, database, monkeypatch) -> Callable[..., Person]:
    """Have somebody sign in who opens pages of `own_home` from then on: `sign_in(Role.ADMIN)`."""
    monkeypatch.setenv("WAFERSCOPE_HOME", str(own_home))
    monkeypatch.setenv("WAFERSCOPE_ACCOUNTS", "on")
    monkeypatch.setenv("WAFERSCOPE_URL", "https://fab.example")

    def enter(role: Role = Role.VIEWER, name: str = "Ana Novak", products: list[str] | None = None) -> Person:
        with database.writing() as session:
            token = invite(session, Person("root"), f"{name.split()[0].lower()}@fab.example", name, role, products)
            account = accept(session, token, PASSWORD)
            key = open_session(session, account.id, address="10.0.0.7", browser="Firefox/140 on Linux")
            session.flush()
            visit = session_of(session, key)
        monkeypatch.setattr(st, "user", {"person": str(account.id), "session": str(visit.id)})
        monkeypatch.setattr(type(st.context), "ip_address", "10.0.0.7")
        monkeypatch.setattr(type(st.context), "headers", {})
        return visit.person

    return enter


@pytest.fixture
def work(open_page, own_home) -> Open:
    """Open a page as somebody who says a name: `work("annotate", "ana")`."""

    def opened(page: str, name: str = "ana", **query: str | list[str]) -> AppTest:
        app = open_page(page, home=own_home, **query)
        app.text_input[0].set_value(name)
        return next(b for b in app.button if b.label == "Go on").click().run()

    return opened


@pytest.fixture(scope="session")
def built_home(tmp_path_factory, tiny_model_path) -> Path:
    """Workspace of the same wafers with a map in four clusters."""
    home = tmp_path_factory.mktemp("map-home")
    lake = Lake(home / "lake")
    _fill(lake)
    with pytest.MonkeyPatch.context() as patch:
        build(patch, lake, Segmenter.load(str(tiny_model_path), threads=1), home, clusters=4)
    return home


def _fill(lake: Lake) -> None:
    results = [found_on(drawn(n), *CLASSES[n % 4], seed=n) for n in range(WAFERS)]
    lake.append_wafers(result.wafer for result in results)
    lake.append_results(results[:SEGMENTED])
