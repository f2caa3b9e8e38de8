import re

import pytest

from core.people.accounts import account_of
from core.people.invitations import account_of_link, invite
from core.people.lockout import FAILURES, count_failure, locked_for
from core.people.roles import Role
from core.people.second_factor import confirm, enrol, has_second_factor
from core.people.sessions import list_sessions
from tests.pages.people_examples import BO, button, code_of, field, toggle, words

LIST = b"email,name,role,products\ncy@fab.example,Cy Po,reviewer,A\nbo@fab.example,Somebody,viewer,\ndi,Di,viewer,\n"


@pytest.fixture
def people(open_page, own_home, sign_in):
    """Open a part of the page as an admin, beside whom there is Bo."""

    def opened(view="Accounts", **query):
        opened.bo = sign_in(Role.ENGINEER, "Bo Li", ["A"])
        opened.admin = sign_in(Role.ADMIN)
        app = open_page("people", home=own_home, show_people=view, **query)
        assert not app.exception
        return app

    return opened


def account(database, email):
    with database.reading() as session:
        return account_of(session, email)


def account_of_shown(database, app):
    token = re.fullmatch(r"https://fab\.example/set-password\?token=(\S+)", app.code[0].value)[1]
    with database.reading() as session:
        return account_of_link(session, token)


def test_without_accounts_the_page_says_that_nobody_signs_in(open_page):
    app = open_page("people")
    assert "Nobody signs in here" in words(app)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ML_ENGINEER])
def test_nobody_but_an_admin_sees_the_page(open_page, own_home, sign_in, role):
    sign_in(role)
    app = open_page("people", home=own_home)
    assert "may not look at accounts" in app.error[0].value
    assert not app.dataframe


def test_all_accounts_are_listed(people):
    app = people()
    table = app.dataframe[0].value.set_index("name")
    assert list(table.index) == ["Ana Novak", "Bo Li"]
    assert table.loc["Bo Li", ["role", "products", "state", "signs in by"]].tolist() == [
        "engineer",
        "A",
        "active",
        "password",
    ]


def test_nonsense_in_a_link_is_said(people):
    app = people("nonsense", account="Nobody")
    assert "no account of 'Nobody'" in app.warning[0].value


def test_role_and_products_are_changed(people, database):
    app = people(account="Bo Li")
    app.selectbox[1].set_value(Role.VIEWER).run()
    toggle(app, "Some products only").set_value(False).run()
    app = button(app, "Save").click().run()
    bo = account(database, BO)
    assert (bo.role, bo.products) == (Role.VIEWER, None)
    assert button(app, "Save").disabled
    toggle(app, "Some products only").set_value(True).run()
    app = button(app, "Save").click().run()
    assert account(database, BO).products == []
    app.multiselect[0].set_value(["B"]).run()
    button(app, "Save").click().run()
    assert account(database, BO).products == ["B"]


def test_the_last_admin_stays_one(people, database):
    app = people(account="Ana Novak")
    app.selectbox[1].set_value(Role.VIEWER).run()
    app = button(app, "Save").click().run()
    assert "only active admin" in app.error[0].value
    app = button(app, "Deactivate this account").click().run()
    assert "only active admin" in app.error[0].value
    assert account(database, "ana@fab.example").role is Role.ADMIN


def test_somebody_is_deactivated_and_activated_again(people, database):
    app = people(account="Bo Li")
    app = button(app, "Deactivate this account").click().run()
    with database.reading() as session:
        assert list_sessions(session, people.bo.id) == []
    assert [one.label for one in app.button if one.label == "Reset link"] == []
    button(app, "Activate").click().run()
    assert account(database, BO).active


def test_a_reset_link_is_shown_once(people, database):
    app = people(account="Bo Li")
    app = button(app, "Reset link").click().run()
    assert account_of_shown(database, app).email == BO
    app = button(app, "I have it").click().run()
    assert not app.code


def test_whoever_never_set_a_password_gets_a_new_invitation(people, database):
    app = people()
    with database.writing() as session:
        invite(session, people.admin, "cy@fab.example", "Cy Po", Role.VIEWER)
    app = app.run()
    app.selectbox[0].set_value("Cy Po").run()
    app = button(app, "New invitation").click().run()
    assert account_of_shown(database, app).email == "cy@fab.example"


def test_who_is_locked_out_is_unlocked(people, database):
    app = people(account="Bo Li")
    assert [one.label for one in app.button if one.label == "Unlock"] == []
    with database.writing() as session:
        for _ in range(FAILURES):
            count_failure(session, BO)
    app = app.run()
    button(app, "Unlock").click().run()
    with database.reading() as session:
        assert locked_for(session, BO) is None


def test_a_lost_second_factor_is_taken_away(people, database):
    app = people(account="Bo Li")
    with database.writing() as session:
        confirm(session, people.bo, code_of(enrol(session, people.bo).secret))
    app = app.run()
    button(app, "Take it away").click().run()
    with database.reading() as session:
        assert not has_second_factor(session, people.bo.id)


def test_somebody_is_invited_by_a_link_that_is_shown_once(people, database):
    app = people("Invite")
    app = button(app, "Invite").click().run()
    assert "expected an address" in app.error[0].value
    field(app, "E-mail").set_value("Cy@fab.example")
    field(app, "Name").set_value("Cy Po")
    app.selectbox[0].set_value(Role.REVIEWER)
    app = button(app, "Invite").click().run()
    assert field(app, "E-mail").value == ""
    cy = account_of_shown(database, app)
    assert (cy.email, cy.name, cy.role, cy.products) == ("cy@fab.example", "Cy Po", Role.REVIEWER, None)
    app = button(app, "I have it").click().run()
    assert not app.code


def test_a_list_is_looked_at_and_its_good_rows_are_invited(people, database):
    app = people("Invite a list")
    app = app.file_uploader[0].upload("people.csv", LIST, "text/csv").run()
    preview = app.dataframe[0].value
    assert preview["line"].tolist() == [3, 4, 2]
    assert ["already" in preview["problem"].iloc[0], "expected an address" in preview["problem"].iloc[1]] == [True] * 2
    app = button(app, "Invite 1 of 3").click().run()
    links = app.dataframe[0].value
    assert links["email"].tolist() == ["cy@fab.example"]
    assert account(database, "cy@fab.example").products == ["A"]
    app = button(app, "I have them").click().run()
    assert "link" not in app.dataframe[0].value.columns


def test_what_is_no_list_is_said(people):
    app = people("Invite a list")
    app = app.file_uploader[0].upload("people.csv", b"a,b\n1,2\n", "text/csv").run()
    assert "expected the headings" in app.error[0].value


def test_names_are_shown_letter_by_letter(people, database):
    app = people()
    with database.writing() as session:
        invite(session, people.admin, "cy@fab.example", "**Cy** :red[Po]", Role.VIEWER)
    app = app.run()
    app.selectbox[0].set_value("**Cy** :red[Po]").run()
    assert any(r"\*\*Cy\*\*" in one.value for one in app.markdown)
    app = button(app, "New invitation").click().run()
    assert any(r"New invitation for \*\*Cy\*\*" in one.value for one in app.markdown)
