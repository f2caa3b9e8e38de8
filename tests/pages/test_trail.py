import pytest

from core.database import audit
from core.identity import Person
from core.people.roles import Role
from pages.parts.people.trail_table import ROWS
from tests.pages.people_examples import words


@pytest.fixture
def trail(open_page, own_home, sign_in, database):
    """Open the page as an admin, after some things were done."""
    with database.writing() as session:
        for name, action, subject in (
            ("bo", "finding.write", "wafer LOT1:W01"),
            ("cy", "label.submit", "wafer LOT2:W01"),
            ("bo", "label.submit", "wafer =1+1"),
        ):
            audit.record(session, Person(name), action, subject, {"text": f"of {name}"})

    sign_in(Role.ADMIN)

    def opened(**query):
        app = open_page("trail", home=own_home, **query)
        assert not app.exception
        return app

    return opened


def test_without_accounts_the_page_says_that_nobody_signs_in(open_page):
    assert "Nobody signs in here" in words(open_page("trail"))


def test_nobody_but_an_admin_sees_the_page(open_page, own_home, sign_in):
    sign_in(Role.ML_ENGINEER)
    app = open_page("trail", home=own_home)
    assert "may not look at accounts and the audit trail" in app.error[0].value
    assert not app.dataframe


def test_the_newest_entries_stand_first_with_who_what_and_when(trail):
    table = trail().dataframe[0].value
    assert list(table.columns[:5]) == ["at", "person", "action", "subject", "whose"]
    assert table["subject"].tolist()[-3:] == ["wafer =1+1", "wafer LOT2:W01", "wafer LOT1:W01"]
    assert set(table["whose"].dropna()) == {"Ana Novak"}
    assert table["details"].iloc[-1] == '{"text": "of bo"}'


@pytest.mark.parametrize(
    ("query", "subjects"),
    [
        ({"who": "bo"}, ["wafer =1+1", "wafer LOT1:W01"]),
        ({"action": "label.submit"}, ["wafer =1+1", "wafer LOT2:W01"]),
        ({"subject": "lot1"}, ["wafer LOT1:W01"]),
        ({"who": "bo", "action": "label.submit"}, ["wafer =1+1"]),
    ],
)
def test_a_link_brings_its_filters_back(trail, query, subjects):
    assert trail(**query).dataframe[0].value["subject"].tolist() == subjects


def test_an_entry_that_nobody_made_is_not_found(trail):
    app = trail(subject="no such thing")
    assert "No entry is like that" in app.info[0].value
    assert not app.dataframe


def test_nonsense_in_a_link_is_said(trail):
    app = trail(who="nobody at all", between="soon")
    assert "no person 'nobody at all'" in app.warning[0].value
    assert "no entry of 'soon'" in app.warning[1].value
    assert len(app.dataframe[0].value) > 3


def test_many_entries_come_in_pages(trail, database):
    with database.writing() as session:
        for n in range(2 * ROWS):
            audit.record(session, Person("di"), "alarm.acknowledge", f"alarm {n}", {})
    app = trail(who="di")
    assert app.dataframe[0].value["subject"].iloc[0] == f"alarm {2 * ROWS - 1}"
    app = trail(who="di", trail_page="2")
    assert app.dataframe[0].value["subject"].iloc[-1] == "alarm 0"


def test_entries_are_offered_as_files(trail):
    assert [one.label for one in trail().get("download_button")] == ["Download CSV", "Download JSONL"]
