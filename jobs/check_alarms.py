"""Look at what is new in the lake by the rules for alarms, and send what is to be sent."""

import sys
import time
from dataclasses import dataclass
from pathlib import Path

from core.alarms import Outcome, check_and_send
from core.alarms.sending import deliver_due
from core.database import AppDatabase
from core.lake import Lake
from core.settings import Settings, settings
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
    outcome = check_and_send(lake, AppDatabase(at.database_place), deliver_due if deliver else None)
    tell(outcome)
    return 1 if outcome.failed else 0


def tell(outcome: Outcome) -> None:
    """Write on standard error what looking for alarms did."""
    print(
        f"{outcome.raised:,} new alarms, {outcome.delivered:,} delivered, {outcome.failed:,} failed.", file=sys.stderr
    )


if __name__ == "__main__":
    sys.exit(main())
