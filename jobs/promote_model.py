"""Promote a version of the model, roll back, assign a challenger its share, or list them."""

import sys
from dataclasses import dataclass
from pathlib import Path

from core.database import AppDatabase
from core.identity import local_person, named_person
from core.registry.promotion import carry_out, challenge, promote, rollback, sync
from core.registry.store import Registry
from core.settings import settings
from data.errors import SettingError
from jobs.command import command

ACTIONS = ("list", "promote", "rollback", "challenge", "sync")


@dataclass(frozen=True)
class PromoteConfig:
    """Change which version is served: promote, rollback, challenge with a share of wafers, sync, or list."""

    action: tuple[str, ...]  # promote, rollback, challenge, sync or list; nothing: list
    version: int | None = None  # to promote, or the challenger; a challenge without it ends the trial
    share: float = 0.1  # of the wafers that the challenger segments
    person: str = ""  # who decides; empty: the account that runs this
    home: Path | None = None  # workspace folder; empty: as WAFERSCOPE_HOME says


@command(PromoteConfig)
def main(config: PromoteConfig) -> int:
    """Run the job.

    Returns:
        0, or 1 when it cannot be done; a gate that fails is named.
    """
    _run(config)
    return 0


def _run(config: PromoteConfig) -> None:
    at = settings().at(config.home)
    registry = Registry(at)
    action = " ".join(config.action) or "list"
    if action not in ACTIONS:
        raise SettingError("command line", f"expected one of {', '.join(ACTIONS)}, found '{action}'", "Name one.")
    database = AppDatabase(at.database_place)
    if carry_out(registry, database, at):
        print("carried out what was decided before", file=sys.stderr)
    if action == "sync":
        sync(registry, at)
    elif action != "list":
        person = named_person(config.person) if config.person else local_person()
        if action == "promote":
            if config.version is None:
                raise SettingError("--version", "expected the version to promote, found none", "Name one of the list.")
            for check in promote(registry, database, at, config.version, person):
                print(f"passed  {check.name}: {check.found} (needed {check.needed})")
        elif action == "rollback":
            rollback(registry, database, at, person)
        else:
            challenge(registry, database, at, config.version, config.share, person)
    _list(registry)


def _list(registry: Registry) -> None:
    roles = registry.roles()
    for version in registry.versions():
        role = "champion" if version.number == roles.champion else ""
        role = f"challenger, {roles.share:.0%}" if version.number == roles.challenger else role
        at = f"{version.registered_at:%Y-%m-%d %H:%M}" if version.registered_at else "shipped"
        print(f"{version.number:>3}  {version.card.name}  {at}  {version.registered_by}  {role}  {version.note}")


if __name__ == "__main__":
    sys.exit(main())
