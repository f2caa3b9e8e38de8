"""Invite people, let them set a new password, deactivate, activate or unlock them, or list who may sign in."""

import sys
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from core.database import AppDatabase
from core.identity import Person, local_person
from core.people.accounts import LOCAL, Account, account_of, activate, add_account, list_accounts
from core.people.invitations import invite, password_link, reset
from core.people.leaving import deactivate
from core.people.providers import ways
from core.people.roles import Role
from core.people.unlocking import unlock_account
from core.settings import settings
from data.errors import AccountError, SettingError
from jobs.command import command

ACTIONS = ("list", "invite", "reset", "deactivate", "activate", "unlock")


@dataclass(frozen=True)
class PeopleConfig:
    """Change who may sign in: invite, reset (a new password), deactivate, activate, unlock, or list."""

    action: tuple[str, ...]  # list, invite, reset, deactivate, activate or unlock; nothing: list
    email: str = ""  # whose
    name: str = ""  # of whom is invited, as records will show it; empty: the e-mail's part before the @
    role: Role = Role.VIEWER  # of whom is invited
    products: tuple[str, ...] = ()  # whose wafers they see; none named: all
    sign_in: str = LOCAL  # how who is invited signs in: local (a password), proxy, or oidc:NAME of a provider
    home: Path | None = None  # workspace folder; empty: as WAFERSCOPE_HOME says


@command(PeopleConfig)
def main(config: PeopleConfig) -> int:
    """Run the job.

    Returns:
        0, or 1 when it cannot be done.
    """
    database = AppDatabase(settings().at(config.home).database_place)
    action = " ".join(config.action) or "list"
    if action not in ACTIONS:
        raise SettingError("command line", f"expected one of {', '.join(ACTIONS)}, found '{action}'", "Name one.")
    if action == "list":
        _list(database)
    else:
        with database.writing() as session:
            said = _act(session, action, config)
        print(said)
    return 0


def _act(session: Session, action: str, config: PeopleConfig) -> str:
    person = local_person()
    if action == "invite":
        name = config.name or config.email.partition("@")[0]
        if config.sign_in != LOCAL:
            return _add(session, person, name, config)
        token = invite(session, person, config.email, name, config.role, config.products or None)
        return f"Send this link to {config.email}; it works once, for three days:\n{password_link(token)}"
    account = account_of(session, config.email)
    if account is None:
        raise AccountError("--email", f"there is no account with the e-mail {config.email!r}", "List who there is.")
    if action == "reset":
        token = reset(session, person, account.id)
        return f"Send this link to {config.email}; it works once, for one hour:\n{password_link(token)}"
    acts = {"unlock": unlock_account, "deactivate": deactivate, "activate": activate}
    acts[action](session, person, account.id)
    return f"{account.name}: done."


def _add(session: Session, person: Person, name: str, config: PeopleConfig) -> str:
    """Add somebody who needs no link, since a provider or a proxy signs them in."""
    known = ways(settings())
    if config.sign_in not in known:
        raise SettingError("--sign-in", f"expected one of {', '.join(known)}, found {config.sign_in!r}", "Name one.")
    add_account(session, person, config.email, name, config.role, config.products or None, sign_in=config.sign_in)
    return f"{config.email} can sign in by {config.sign_in} from now on."


def _list(database: AppDatabase) -> None:
    with database.reading() as session:
        for account in list_accounts(session):
            print(_row(account))


def _row(account: Account) -> str:
    seen = f"{account.last_seen_at:%Y-%m-%d %H:%M}" if account.last_seen_at else "never seen"
    products = "all products" if account.products is None else ", ".join(account.products) or "no products"
    state = "" if account.active else "  deactivated"
    return f"{account.email}  {account.name}  {account.role.value}  {products}  {account.sign_in}  {seen}{state}"


if __name__ == "__main__":
    sys.exit(main())
