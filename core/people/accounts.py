"""Accounts: who may sign in, how, in which role, and the wafers of which products they see."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import JSON, String, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.database import audit
from core.database.schema import NAME_LENGTH, Base, Choice, now, row_by_id
from core.identity import ACCOUNT, LONGEST_NAME, Person
from core.people.roles import Permission, Role, permit
from data.errors import AccountError

EMAIL_LENGTH = 254
LOCAL = "local"
"""How people sign in whose password is kept here."""
PROXY = "proxy"
"""How people sign in for whom a proxy vouches that the settings trust."""


class Account(Base):
    """One person who may sign in. Records of what they did stay when the account is deactivated.

    Args:
        name: unique, since records hold it.
        email: unique, in lower case.
        sign_in: "local", "oidc:NAME" or "proxy".
        role: what they may do.
        products: names of the products whose wafers they see, None for all.
        active: whether they may sign in.
        created_at: when it was made.
        last_seen_at: when they last used the app, to the minute or so.
    """

    __tablename__ = "accounts"

    id: Mapped[int] = mapped_column(init=False, primary_key=True)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH), unique=True)
    email: Mapped[str] = mapped_column(String(EMAIL_LENGTH), unique=True)
    sign_in: Mapped[str] = mapped_column(String(NAME_LENGTH))
    role: Mapped[Role] = mapped_column(Choice(Role))
    products: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    active: Mapped[bool]
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime | None]


def acting(account: Account) -> Person:
    """Return the acting person of an account."""
    products = None if account.products is None else tuple(account.products)
    return Person(account.name, ACCOUNT, account.id, account.role, products)


def email_of(text: str) -> str:
    """Return an e-mail address as accounts keep it.

    Raises:
        AccountError: it is none.

    Example:
        >>> email_of(" Ana@Fab.example")
        'ana@fab.example'
    """
    email = text.strip().lower()
    name, at, host = email.rpartition("@")
    if (
        not (name and at and host)
        or len(email) > EMAIL_LENGTH
        or any(c.isspace() or not c.isprintable() for c in email)
    ):
        raise AccountError("e-mail", f"expected an address such as ana@fab.example, found {text!r}", "Correct it.")
    return email


def add_account(
    session: Session,
    person: Person,
    email: str,
    name: str,
    role: Role,
    products: Sequence[str] | None = None,
    *,
    sign_in: str = LOCAL,
) -> Account:
    """Add an account.

    Args:
        session: of a transaction.
        person: who adds it.
        email: of whom it is for.
        name: of whom it is for; records will hold it.
        role: what they may do.
        products: whose wafers they see, None for all.
        sign_in: how they sign in.

    Raises:
        NotAllowedError: the acting person may not.
        AccountError: e-mail or name is taken, or is none.
    """
    permit(person, Permission.USER_WRITE)
    shown, address = check_new(session, email, name)
    account = Account(
        name=shown,
        email=address,
        sign_in=sign_in,
        role=role,
        products=_sorted(products),
        active=True,
        created_at=now(),
        last_seen_at=None,
    )
    session.add(account)
    session.flush()
    said = {"role": role.value, "products": account.products, "sign_in": sign_in}
    audit.record(session, person, "account.add", subject_of(account.id), said)
    return account


def check_new(session: Session, email: str, name: str) -> tuple[str, str]:
    """Return name and e-mail of a new account as it would keep them.

    Args:
        session: of a transaction.
        email: of whom it is for.
        name: of whom it is for.

    Raises:
        AccountError: e-mail or name is taken, or is none.
    """
    shown, address = " ".join(name.split()), email_of(email)
    if not 0 < len(shown) <= LONGEST_NAME or not shown.isprintable():
        raise AccountError("name", f"a name has 1 to {LONGEST_NAME} characters that can be seen", "Correct it.")
    if account_of(session, address):
        raise AccountError(address, "there is an account with this e-mail already", "Change that one.")
    if session.scalar(select(Account).where(func.lower(Account.name) == shown.lower())):
        raise AccountError(shown, "there is an account with this name already", "Add what tells the two apart.")
    return shown, address


def find_account(session: Session, number: int) -> Account:
    """Return an account by its number.

    Raises:
        AppDatabaseError: there is none.
    """
    return row_by_id(session, Account, number, "account", "Look at the list of accounts.")


def account_of(session: Session, email: str) -> Account | None:
    """Return the account of an e-mail address, None where there is none."""
    return session.scalar(select(Account).where(Account.email == email.strip().lower()))


def list_accounts(session: Session) -> list[Account]:
    """List all accounts by name."""
    return list(session.scalars(select(Account).order_by(func.lower(Account.name))))


def change_role(session: Session, person: Person, number: int, role: Role) -> Account:
    """Give an account another role; open sessions have it from their next request on.

    Raises:
        NotAllowedError: the acting person may not.
        AccountError: it is the last active admin's.
    """
    permit(person, Permission.USER_WRITE)
    account = find_account(session, number)
    if role is not Role.ADMIN:
        keep_an_admin(session, account)
    said = {"from": account.role.value, "to": role.value}
    account.role = role
    audit.record(session, person, "account.role", subject_of(number), said)
    return account


def set_products(session: Session, person: Person, number: int, products: Sequence[str] | None) -> Account:
    """Say whose wafers an account sees, None for all.

    Raises:
        NotAllowedError: the acting person may not.
    """
    permit(person, Permission.USER_WRITE)
    account = find_account(session, number)
    said = {"from": account.products, "to": _sorted(products)}
    account.products = _sorted(products)
    audit.record(session, person, "account.products", subject_of(number), said)
    return account


def activate(session: Session, person: Person, number: int) -> Account:
    """Let somebody sign in again.

    Raises:
        NotAllowedError: the acting person may not.
    """
    permit(person, Permission.USER_WRITE)
    account = find_account(session, number)
    account.active = True
    audit.record(session, person, "account.activate", subject_of(number), {})
    return account


def subject_of(number: int) -> str:
    """Return how the audit trail names an account: by its number, so that a name can be erased."""
    return f"account {number}"


def in_trail(session: Session, name: str) -> str:
    """Return how the details of the audit trail name somebody: by the number of the account, where there is one."""
    number = session.scalar(select(Account.id).where(Account.name == name))
    return name if number is None else subject_of(number)


def keep_an_admin(session: Session, account: Account) -> None:
    """Refuse to take the last admin away.

    Raises:
        AccountError: nobody else could change accounts.
    """
    admins = session.scalars(select(Account.id).where(Account.role == Role.ADMIN, Account.active)).all()
    if list(admins) == [account.id]:
        raise AccountError(account.name, "this is the only active admin", "Make somebody else an admin first.")


def _sorted(products: Sequence[str] | None) -> list[str] | None:
    return None if products is None else sorted({product.strip() for product in products} - {""})
