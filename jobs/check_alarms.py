"""Look at what is new in the lake by the rules for alarms, and send what is to be sent."""

import sys
import time
from dataclasses import dataclass
from pathlib import Path

from core.alarms import check
from core.alarms.sending import deliver_due
from core.database import AppDatabase
from core.lake import Lake
from core.settings import Settings, settings
from data.errors import WaferError
from jobs.command import command


@dataclass(frozen=True)
class CheckAlarmsConfig:
    """Look at what is new in the lake by the rules for alarms, and send new alarms and those that failed before."""

    every: float | None = None  # seconds between looks; empty: look once
    home: Path | None = None  # workspace folder; empty: as WAFERSCOPE_HOME says


@command(CheckAlarmsConfig)
def main(config: CheckAlarmsConfig) -> int:
    """Run the job.

    Returns:
        0, or 1 when a delivery failed or the job could not run.
    """
    at = settings().at(config.home)
    lake = Lake(at.lake_url)
    while True:
        status = check_alarms(at, lake)
        if config.every is None:
            return status
        time.sleep(config.every)


def check_alarms(at: Settings, lake: Lake, *, deliver: bool = True) -> int:
    """Look at what is new and send what is due.

    Args:
        at: where the database are.
        lake: looked at.
        deliver: send; else new alarms are only kept.

    Returns:
        0, or 1 when a delivery failed.
    """
    database = AppDatabase(at.database_place)
    found = check(lake, database, deliver=deliver)
    delivered, failed = deliver_due(database) if deliver else (0, 0)
    print(f"{found.raised:,} new alarms, {delivered:,} delivered, {failed:,} failed.", file=sys.stderr)
    return 1 if failed else 0


def check_after_work(at: Settings, lake: Lake, *, deliver: bool = True) -> None:
    """Do what `check_alarms` does at the end of another job, which has done its own work however this goes."""
    try:
        check_alarms(at, lake, deliver=deliver)
    except (WaferError, OSError) as error:
        print(error, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
