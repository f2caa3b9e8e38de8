"""Who sees the wafers of one product opens every page and finds no trace of another product: no lot, wafer, alarm."""

from dataclasses import replace

import pytest
import streamlit as st

from core.alarms import check_and_send
from core.alarms.store import AlarmRule, RuleKind, save_rule
from core.annotation.items import Candidate
from core.annotation.queue import fill
from core.annotation.reviews import flag_prediction
from core.database import AppDatabase
from core.identity import Person
from core.lake import Lake
from core.people.accounts import account_of, add_account
from core.people.roles import Role
from pages.parts.links import NAMES
from tests.core.lake_examples import drawn, found_on

OWN, OTHER = "TC38", "HIDDEN9"
ROOT = Person("root")


def wafers():
    for number in range(60):
        product = OWN if number % 2 else OTHER
        yield replace(
            drawn(number),
            product=product,
            lot_id=f"{product}L{number // 20}",
            test_program=f"{product}prog",
            attributes={"litho_tool": f"{product}TOOL{number % 4}"},
            source_name=f"{product}_{number}.stdf",
        )


@pytest.fixture(scope="module")
def shared_home(tmp_path_factory):
    """A lake of two products, with alarms, a queue and reviews of both."""
    home = tmp_path_factory.mktemp("products")
    lake, database = Lake(home / "lake"), AppDatabase(home / "decisions.db")
    held = list(wafers())
    lake.append_wafers(held)
    lake.append_results(found_on(wafer, "edge", "ring", seed=n) for n, wafer in enumerate(held))
    with database.writing() as session:
        for product in (OWN, OTHER):
            rule = AlarmRule(name=f"{product} severe", kind=RuleKind.SEVERITY, product=product, threshold=1.0)
            save_rule(session, rule, ROOT)
        fill(session, [Candidate(wafer.key, 1.0, f"chosen for {wafer.product}") for wafer in held[:20]], ROOT)
        for wafer in held[:4]:
            flag_prediction(session, wafer.key, "model@1", "edge", f"wrong on {wafer.lot_id}", ROOT)
    assert check_and_send(lake, database, None).raised
    database.close()
    return home


@pytest.fixture
def narrow(shared_home, monkeypatch):
    """Sign somebody in who sees one product."""
    monkeypatch.setenv("WAFERSCOPE_HOME", str(shared_home))
    monkeypatch.setenv("WAFERSCOPE_ACCOUNTS", "on")
    database = AppDatabase(shared_home / "decisions.db")

    def sign_in(products, role=Role.ADMIN):
        name = f"Zoe {role.value} {len(products or ())}"
        email = f"{role.value}{len(products or ())}@fab.example"
        with database.writing() as session:
            account = account_of(session, email) or add_account(session, ROOT, email, name, role, products)
            monkeypatch.setattr(st, "user", {"person": str(account.id), "session": "1"})

    yield sign_in
    database.close()


@pytest.mark.parametrize("page", NAMES)
def test_no_page_shows_anything_of_another_product(open_page, shared_home, narrow, page):
    narrow([OWN])
    shown = str(open_page(page, home=shared_home)._tree)
    assert OTHER not in shown
    assert "Traceback" not in shown


HIDDEN_WAFER = f"{OTHER}L0:W01"
DEEP = (
    ("wafer", {"wafer": HIDDEN_WAFER}),
    ("annotate", {"wafer": HIDDEN_WAFER}),
    ("lot", {"lot": f"{OTHER}L0"}),
    ("wafers", {"product": OTHER}),
    ("trends", {"product": OTHER}),
    ("commonality", {"product": OTHER}),
    ("compare", {"group_a_product": OTHER}),
    ("similar", {"wafer": HIDDEN_WAFER}),
    ("alarms", {"show_alarms": "Rules"}),
    ("alarms", {"show_alarms": "History"}),
)


@pytest.mark.parametrize(("page", "query"), DEEP, ids=lambda part: part if isinstance(part, str) else "")
def test_no_link_leads_to_anything_of_another_product(open_page, shared_home, narrow, page, query):
    narrow([OWN])
    shown = str(open_page(page, home=shared_home, **query)._tree)
    assert not [trace for trace in (f"{OTHER}prog", f"{OTHER}TOOL", f"{OTHER}_", f"{OTHER} severe") if trace in shown]


SHOWING = ("overview", "trends", "lot", "alarms", "wafers", "commonality", "compare", "label_queue", "review")


@pytest.mark.parametrize("page", SHOWING)
def test_who_sees_all_products_is_shown_both(open_page, shared_home, narrow, page):
    narrow(None)
    assert OTHER in str(open_page(page, home=shared_home)._tree)


REFUSED = {"segment", "batch", "annotate", "review", "label_queue", "active_learning", "model_versions", "training"}


@pytest.mark.parametrize("page", [name for name in NAMES if name not in {*REFUSED, "people", "trail"}])
def test_a_viewer_looks_at_everything_and_is_refused_nothing_on_the_way(open_page, shared_home, narrow, page):
    narrow(None, Role.VIEWER)
    app = open_page(page, home=shared_home)
    assert not app.exception
    assert not [one.value for one in app.error if "may not" in one.value]


@pytest.mark.parametrize("page", sorted(REFUSED))
def test_a_viewer_is_told_who_may_do_the_rest(open_page, shared_home, narrow, page):
    narrow(None, Role.VIEWER)
    assert [one.value for one in open_page(page, home=shared_home).error if "may not" in one.value]
