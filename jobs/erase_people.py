"""Ask that somebody is erased, take that back, or erase those whose grace time has ended."""

import sys
from dataclasses import dataclass
from pathlib import Path

from core.database import AppDatabase
from core.database.schema import now
from core.identity import local_person
from core.people.accounts import account_of
from core.people.erasure import ask_erasure, due_erasures, erase, keep_after_all
from core.settings import settings
from data.errors import AccountError, SettingError
from jobs.command import command

ACTIONS = ("due", "ask", "keep")


@dataclass(frozen=True)
class ErasePeopleConfig:
    """Erase people whose grace time has ended, ask for it, or take it back; without --yes nobody is erased."""

    action: tuple[str, ...]  # due, ask or keep; nothing: due
    email: str = ""  # ask, keep: whose
    yes: bool = False  # due: erase them; without, they are listed
    home: Path | None = None  # workspace folder; empty: as WAFERSCOPE_HOME says


@command(ErasePeopleConfig)
def main(config: ErasePeopleConfig) -> int:
    """Run the job.

    Returns:
        0, or 1 when it cannot be done.
    """
    action = " ".join(config.action) or "due"
    if action not in ACTIONS:
        raise SettingError("command line", f"expected one of {', '.join(ACTIONS)}, found '{action}'", "Name one.")
    database = AppDatabase(settings().at(config.home).database_place)
    if action == "due":
        _due(database, config.yes)
        return 0
    with database.writing() as session:
        account = account_of(session, config.email)
        if account is None:
            raise AccountError("--email", f"there is no account with the e-mail {config.email!r}", "Correct it.")
        if action == "ask":
            print(f"{account.name} will be erased from {ask_erasure(session, local_person(), account.id):%Y-%m-%d} on.")
        else:
            keep_after_all(session, local_person(), account.id)
            print(f"{account.name} stays.")
    return 0


def _due(database: AppDatabase, yes: bool) -> None:
    with database.reading() as session:
        due = [(account.id, account.name) for account in due_erasures(session, now())]
    for number, name in due:
        if not yes:
            print(f"{name}: account {number} would be erased.")
            continue
        with database.writing() as session:
            records = erase(session, local_person(), number)
        print(f"account {number}: erased; {records:,} records stand under its number.")
    if not due:
        print("Nobody is to be erased yet.")


if __name__ == "__main__":
    sys.exit(main())
