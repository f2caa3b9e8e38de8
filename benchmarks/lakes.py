"""Wafers into the lake, and the dashboards' questions to a large one."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TypeAlias

import numpy as np

from benchmarks.timing import Row, at_least, at_most, in_turns, memory_peak, p95
from core.analysis.result import bounded_batches
from core.comparison.commonality import commonality
from core.lake import Lake
from core.lake.filter import WaferFilter
from core.reading import read_wafers
from core.settings import settings
from core.trends.overview import by_week, newest_day, start_of, totals, worst_of_day
from core.trends.series import Period, Subject, series
from core.trends.weekly import changes, newest_weeks
from data.formats.write import write_npz
from data.synthesis import WaferRecipe, draw_over, draw_wafer
from data.wafer import WaferMap

IMPORTED_PER_SECOND, QUERY_MS, APP_MB = 1000.0, 200.0, 2000.0
Questions: TypeAlias = dict[str, Callable[[], object]]


def importing(wafers: int) -> list[Row]:
    """Read an .npz of wafers 27 dies across and append them to a new lake."""
    rng = np.random.default_rng(3)
    blank = draw_wafer(rng, WaferRecipe(shortest=27, longest=27, classes=())).wafer.dies
    kinds = [draw_over(rng, blank).wafer.dies for _ in range(20)]
    maps = (WaferMap(dies=kinds[i % 20], lot_id=f"L{i // 25}", wafer_id=f"W{i % 25 + 1:02d}") for i in range(wafers))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "wafers.npz"
        write_npz(maps, file)
        started = time.perf_counter()
        lake = Lake(Path(folder) / "lake")
        found = (wafer for wafer in read_wafers(file) if isinstance(wafer, WaferMap))
        new = sum(lake.append_wafers(batch)[0] for batch in bounded_batches(found, 1024))
        rate = new / (time.perf_counter() - started)
    return [at_least(f"import of {new:,} wafers, {blank.shape[1]} dies across", rate, IMPORTED_PER_SECOND, "wafers/s")]


@contextmanager
def demo_fab(wafers: int, home: Path | None = None) -> Iterator[Path]:
    """Return a workspace with a demo fab of that many wafers: the one at `home`, or a new one that goes again."""
    with tempfile.TemporaryDirectory() as folder:
        place = home or Path(folder)
        # In a process of its own: what making the fab takes is no memory of the app.
        subprocess.run([sys.executable, "-m", "jobs.demo", "--home", str(place), "--wafers", str(wafers)], check=True)
        yield place


def asking(wafers: int, home: Path | None, rounds: int) -> list[Row]:
    """Ask a demo fab of many wafers, those beyond 5,000 copies, what the pages about trends and lists ask."""
    with demo_fab(wafers, home) as place:
        lake = Lake(settings().at(place).lake_url, remember=0)  # every question is answered, none looked up
        loaded = _milliseconds(lake.count)
        questions = {**_overview(lake), **_trends(lake)}
        first = {name: _milliseconds(ask) for name, ask in questions.items()}
        spent = in_turns(questions, rounds)
        of = f"{lake.count():,} wafers"
    return [
        *(
            at_most(f"{name}, {of}, p95 of {rounds}; the first took {first[name]:.0f} ms", p95(times), QUERY_MS, "ms")
            for name, times in spent.items()
        ),
        at_most(f"most memory of the process, {of}, loaded in {loaded / 1000:.1f} s", memory_peak(), APP_MB, "MB"),
    ]


def _overview(lake: Lake) -> Questions:
    """What Overview and Wafers ask."""
    every, day = WaferFilter(), newest_day(lake, WaferFilter())
    some = replace(_newest(lake, 30), product=lake.distinct("product")[:1])
    return {
        "totals": lambda: totals(lake, every),
        "totals of one product in a month": lambda: totals(lake, some),
        "defect mix by week": lambda: by_week(lake, every),
        "worst wafers of the newest day": lambda: worst_of_day(lake, every, day, 12) if day else None,
        "first page of wafers": lambda: lake.wafers_page(),
        "page 100 of one class, by severity": lambda: lake.wafers_page(
            WaferFilter(defect_class="scratch"), sort="-severity", offset=5000
        ),
        "wafers with a text in their names": lambda: lake.count(WaferFilter(text="12.0034")),
    }


def _trends(lake: Lake) -> Questions:
    """What Trends and Commonality ask; Commonality starts with four weeks."""
    every, month, scratch = WaferFilter(), _newest(lake, 28), Subject(("scratch",))
    weeks = newest_weeks(lake, every)
    return {
        "a class by week": lambda: series(lake, every, scratch, Period.WEEK),
        "a zone by day": lambda: series(lake, every, Subject(zone="edge"), Period.DAY),
        "a class by lot, four weeks": lambda: series(lake, month, scratch, Period.LOT),
        "a class by lot": lambda: series(lake, every, scratch, Period.LOT),
        "what changed this week": lambda: changes(lake, every, weeks) if weeks else None,
        "commonality of a class, four weeks": lambda: commonality(lake, month, scratch),
        "commonality of a class": lambda: commonality(lake, every, scratch),
    }


def _newest(lake: Lake, days: int) -> WaferFilter:
    """The wafers of the newest days."""
    day = newest_day(lake, WaferFilter())
    return WaferFilter(since=start_of(day) - timedelta(days=days)) if day else WaferFilter()


def _milliseconds(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return (time.perf_counter() - started) * 1000
