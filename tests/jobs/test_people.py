import re

import pytest

from core.database import AppDatabase
from core.people.accounts import account_of
from core.people.invitations import account_of_link
from core.people.roles import Role
from jobs.people import main


@pytest.fixture
def database(tmp_path, monkeypatch):
    monkeypatch.setenv("WAFERSCOPE_HOME", str(tmp_path))
    monkeypatch.setenv("WAFERSCOPE_URL", "https://fab.example/")
    return AppDatabase(tmp_path / "decisions.db")


def token_in(printed: str) -> str:
    return re.search(r"https://fab\.example/set-password\?token=(\S+)", printed)[1]


def test_the_first_admin_is_invited_by_a_link_that_is_printed_once(database, capsys):
    assert main(["invite", "--email", "Ana@fab.example", "--name", "Ana Novak", "--role", "admin"]) == 0
    token = token_in(capsys.readouterr().out)
    with database.reading() as session:
        account = account_of_link(session, token)
        assert (account.email, account.name, account.role) == ("ana@fab.example", "Ana Novak", Role.ADMIN)
        assert account.products is None


def test_people_are_listed_with_what_they_may(database, capsys):
    main(["invite", "--email", "bo@fab.example", "--role", "annotator", "--products", "P1", "P2"])
    capsys.readouterr()
    assert main([]) == 0
    assert capsys.readouterr().out.split("  ") == [
        "bo@fab.example", "bo", "annotator", "P1, P2", "local", "never seen\n",
    ]  # fmt: skip


def test_a_reset_makes_the_link_before_worth_nothing(database, capsys):
    main(["invite", "--email", "bo@fab.example"])
    first = token_in(capsys.readouterr().out)
    assert main(["reset", "--email", "bo@fab.example"]) == 0
    with database.reading() as session:
        assert account_of_link(session, first) is None
        assert account_of_link(session, token_in(capsys.readouterr().out)).email == "bo@fab.example"


def test_one_who_leaves_is_kept_out_and_may_come_back(database):
    main(["invite", "--email", "ana@fab.example", "--role", "admin"])
    main(["invite", "--email", "bo@fab.example"])
    for action, active in (("deactivate", False), ("activate", True), ("unlock", True)):
        assert main([action, "--email", "bo@fab.example"]) == 0
        with database.reading() as session:
            assert account_of(session, "bo@fab.example").active is active


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["invite", "--email", "nobody"], "expected an address such as"),
        (["reset", "--email", "who@fab.example"], "there is no account with the e-mail"),
        (["promote"], "expected one of list, invite"),
    ],
)
def test_what_cannot_be_done_is_said_with_status_1(database, capsys, words, said):
    assert main(words) == 1
    assert said in capsys.readouterr().err


def test_who_signs_in_by_a_provider_needs_no_link(database, capsys, tmp_path, monkeypatch):
    providers = tmp_path / "oidc.toml"
    providers.write_text('[fab]\nissuer = "https://login.fab.example"\nclient_id = "waferscope"\n')
    monkeypatch.setenv("WAFERSCOPE_OIDC", str(providers))
    assert main(["invite", "--email", "bo@fab.example", "--sign-in", "oidc:fab"]) == 0
    assert "token=" not in capsys.readouterr().out
    with database.reading() as session:
        assert account_of(session, "bo@fab.example").sign_in == "oidc:fab"
    assert main(["invite", "--email", "ana@fab.example", "--sign-in", "oidc:other"]) == 1
    assert "expected one of local, oidc:fab" in capsys.readouterr().err
