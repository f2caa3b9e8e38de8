import pytest

from core.people.accounts import account_of
from core.people.invitation_list import MOST_ROWS, invite_listed, read_invitations
from core.people.invitations import account_of_link
from core.people.roles import Role
from data.errors import AccountError, NotAllowedError
from tests.core.people.conftest import SYSTEM

HEAD = "email,name,role,products\n"


@pytest.fixture
def read(database):
    """Read a list as it is written."""

    def rows(text):
        with database.reading() as session:
            return read_invitations(session, text if isinstance(text, bytes) else text.encode())

    return rows


def test_whole_rows_are_invited_each_with_a_link_of_its_own(database, read):
    rows = read(HEAD + 'bo@fab.example,Bo Li,ML engineer,"DRAM8G; NAND"\nCy@fab.example,,,\n')
    assert [row.problem for row in rows] == ["", ""]
    with database.writing() as session:
        links = dict(invite_listed(session, SYSTEM, rows))
    with database.reading() as session:
        bo, cy = (account_of_link(session, token) for token in links.values())
    assert (bo.name, bo.role, bo.products) == ("Bo Li", Role.ML_ENGINEER, ["DRAM8G", "NAND"])
    assert (cy.email, cy.name, cy.role, cy.products) == ("cy@fab.example", "Cy", Role.VIEWER, None)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("no address,Bo Li,viewer,", "expected an address"),
        ("bo@fab.example,Bo Li,boss,", "no role 'boss'"),
        ("bo@fab.example,Bo Li,viewer,DRAM8G,NAND", "more cells than headings"),
        ("ana@fab.example,Bo Li,viewer,", "with this e-mail already"),
        ("bo@fab.example,ana  NOVAK,viewer,", "with this name already"),
        ("bo@fab.example,B\x01,viewer,", "can be seen"),
    ],
)
def test_a_row_says_what_is_wrong_with_it_and_the_others_go_on(database, read, member, row, said):
    member()
    wrong, right = read(f"{HEAD}{row}\ncy@fab.example,Cy Po,viewer,\n")
    assert said in wrong.problem
    assert right.problem == ""
    with database.writing() as session:
        assert [email for email, _ in invite_listed(session, SYSTEM, [wrong, right])] == ["cy@fab.example"]


def test_what_a_list_has_twice_is_invited_neither_time(read):
    rows = read(HEAD + "bo@fab.example,Bo Li,,\nBO@fab.example,Bo Two,,\ncy@fab.example,Cy,,\ndi@fab.example,CY,,\n")
    assert ["this e-mail" in row.problem for row in rows] == [True, True, False, False]
    assert ["this name" in row.problem for row in rows] == [False, False, True, True]


def test_a_list_as_spreadsheets_write_it_is_read(read):
    [row] = read('\ufeffEmail;Name;Role;Products\r\nbo@fab.example;Bo Li;engineer;"A;B"\r\n')
    assert (row.line, row.email, row.role, row.products, row.problem) == (
        2,
        "bo@fab.example",
        "engineer",
        ("A", "B"),
        "",
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "expected the headings"),
        (b"name,role\nAna,viewer\n", "expected the headings"),
        (b"email,product\na@b.example,A\n", "expected the headings"),
        (HEAD.encode(), "expected 1 to 1,000 people, found 0"),
        (HEAD.encode() + b"a@b.example\n" * (MOST_ROWS + 1), "found 1,001"),
        (b"email\n\xff\xfe\n", "UTF-8"),
        (b"email\n" + b"a" * (1 << 20), "more than 1 MB"),
        (b'email\n"' + b"a" * 200_000, "cannot be read"),
    ],
)
def test_what_is_no_list_is_refused(read, content, said):
    with pytest.raises(AccountError, match=said):
        read(content)


def test_only_an_admin_invites_a_list(database, read, member):
    ana = member(role=Role.ML_ENGINEER)
    with database.writing() as session, pytest.raises(NotAllowedError, match="change accounts"):
        invite_listed(session, ana, read(HEAD + "bo@fab.example,Bo,,\n"))
    with database.reading() as session:
        assert account_of(session, "bo@fab.example") is None
