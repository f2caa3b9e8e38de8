"""Many people invited at once, from a CSV: each row is looked at before any of them is invited."""

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from core.identity import Person
from core.people.accounts import check_new
from core.people.invitations import invite
from core.people.roles import Permission, Role, permit
from data.errors import AccountError

COLUMNS = ("email", "name", "role", "products")
MOST_BYTES, MOST_ROWS = 1 << 20, 1000
BETWEEN_PRODUCTS = ";"
_LONGEST_SHOWN = 80

Cells = Mapping[Any, Any]
"""Of a row by their headings, and under None what lies beyond these."""


@dataclass(frozen=True)
class ListedInvitation:
    """One row of the list.

    Args:
        line: of the file, the headings are the first.
        email: of whom it is for.
        name: of whom it is for.
        role: what they may do, as it stands there where it is none.
        products: whose wafers they see, None for all.
        problem: why nobody can be invited by it, "" where somebody can.
    """

    line: int
    email: str
    name: str
    role: str
    products: tuple[str, ...] | None
    problem: str = ""


def read_invitations(session: Session, content: bytes) -> list[ListedInvitation]:
    """Return the rows of a list, each with what is wrong with it.

    Columns are email, name, role and products; a name that is left out is the e-mail's part before the @, a role
    viewer, products all. Several products stand in one cell with a semicolon between.

    Args:
        session: of a transaction, for who is there already.
        content: of the file.

    Raises:
        AccountError: it is no table of invitations.
    """
    rows = _table(content)
    listed = [_row(line, cells) for line, cells in rows]
    emails, names = (
        Counter(one.lower() for one in row) for row in zip(*((r.email, r.name) for r in listed), strict=True)
    )
    return [
        row
        if row.problem
        else _looked_at(session, row, twice=emails[row.email.lower()] > 1, same=names[row.name.lower()] > 1)
        for row in listed
    ]


def invite_listed(session: Session, person: Person, rows: Sequence[ListedInvitation]) -> list[tuple[str, str]]:
    """Invite all whose row has no problem, and return their e-mails with the tokens of their links.

    Args:
        session: of a transaction; nobody is invited where one of them cannot be.
        person: who invites.
        rows: of the list.

    Raises:
        NotAllowedError: the acting person may not.
        AccountError: somebody was added meanwhile.
    """
    permit(person, Permission.USER_WRITE)
    return [
        (row.email, invite(session, person, row.email, row.name, Role(row.role), row.products))
        for row in rows
        if not row.problem
    ]


def _table(content: bytes) -> Sequence[tuple[int, Cells]]:
    if len(content) > MOST_BYTES:
        raise AccountError("list", f"it has more than {MOST_BYTES >> 20} MB", "Part it.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise AccountError("list", "it is no text in UTF-8", "Save it as CSV UTF-8.") from error
    first = text.partition("\n")[0]
    reader = csv.DictReader(
        io.StringIO(text, newline=""), delimiter=";" if first.count(";") > first.count(",") else ","
    )
    try:
        headings = [heading.strip().lower() for heading in reader.fieldnames or ()]
        if "email" not in headings or set(headings) - set(COLUMNS) or len(set(headings)) < len(headings):
            found = ", ".join(headings)[:_LONGEST_SHOWN]
            raise AccountError(
                "list", f"expected the headings {', '.join(COLUMNS)}, found {found!r}", "Correct the first line."
            )
        reader.fieldnames = headings
        rows = [(reader.line_num, cells) for cells in reader]
    except csv.Error as error:
        raise AccountError(f"list, line {reader.line_num}", f"it cannot be read ({error})", "Correct it.") from error
    if not 0 < len(rows) <= MOST_ROWS:
        raise AccountError("list", f"expected 1 to {MOST_ROWS:,} people, found {len(rows):,}", "Part it, or fill it.")
    return rows


def _row(line: int, cells: Cells) -> ListedInvitation:
    email, name, role, products = (str(cells.get(column) or "").strip() for column in COLUMNS)
    role = "_".join(role.lower().replace("-", " ").split()) or Role.VIEWER.value
    named = tuple(sorted({one.strip() for one in products.split(BETWEEN_PRODUCTS)} - {""})) or None
    problem = ""
    if None in cells:
        problem = f"It has more cells than headings. Put '{BETWEEN_PRODUCTS}' between products."
    elif role not in set(Role):
        problem = f"There is no role {role[:_LONGEST_SHOWN]!r}. Roles are {', '.join(Role)}."
    return ListedInvitation(line, email, name or email.partition("@")[0], role, named, problem)


def _looked_at(session: Session, row: ListedInvitation, *, twice: bool, same: bool) -> ListedInvitation:
    problem, name, email = "", row.name, row.email
    if twice or same:
        problem = f"The list has this {'e-mail' if twice else 'name'} more than once."
    else:
        try:
            name, email = check_new(session, row.email, row.name)
        except AccountError as error:
            problem = str(error)
    return ListedInvitation(row.line, email, name, row.role, row.products, problem)
