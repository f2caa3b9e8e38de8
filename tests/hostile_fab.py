"""A workspace in which everything that has a name has one from a stranger."""

import csv
import io
from pathlib import Path

import pytest

from core.alarms import check_and_send
from core.alarms.deliveries import Channel, save_channel
from core.alarms.store import AlarmRule, RuleKind, save_rule
from core.annotation.filling import candidates_by_filter
from core.annotation.queue import fill
from core.annotation.reviews import flag_prediction
from core.annotation.submissions import submit
from core.batches.folder import BatchRequest, new_batch
from core.database import AppDatabase
from core.identity import LONGEST_NAME, Person
from core.labels.label import from_masks
from core.lake import Lake, WaferFilter
from core.root_causes import write_finding
from core.segmentation import Segmenter
from jobs import build_index
from tests.core.alarms.examples import severe
from tests.core.projection.map_examples import build
from tests.hostile_names import NAMES

WAFERS_OF_EACH = 4
ANA = Person("ana", "said")


def key_of(name: str) -> str:
    """Key of the first wafer of the lot of a name, which is called so too."""
    return f"{name}:{name}"


def fill_home(home: Path, model: Path) -> None:
    """Fill a workspace with lots of every name, alarms, labels, a queue, flags, findings, a batch, a map, an index."""
    lake, segmenter = Lake(home / "lake"), Segmenter.load(str(model), threads=1)
    results = [
        severe(
            4 * n + wafer,
            81.0 + n if wafer == 0 else 20.0,
            *(("edge",), ("ring", "scratch"), (), ("center",))[wafer],
            lot_id=name,
            wafer_id=name if wafer == 0 else f"W{wafer:02d}",
            product=name,
            test_program=name,
            step=name,
            source_name=name,
            remarks=(name,) * 4,
            attributes={"etch_tool": name, name: "one", "slot": str(wafer + 1)},
        )
        for n, name in enumerate(NAMES)
        for wafer in range(WAFERS_OF_EACH)
    ]
    lake.append_wafers(result.wafer for result in results)
    lake.append_results(results)
    with pytest.MonkeyPatch.context() as patch:
        build(patch, lake, segmenter, home, clusters=4)
    build_index.build(lake, segmenter, home)
    database = AppDatabase(home / "decisions.db")
    decide(database, lake)
    check_and_send(lake, database, None)
    for name in NAMES:
        new_batch(home).accept(BatchRequest(name, name))
    database.close()


def decide(database: AppDatabase, lake: Lake) -> None:
    """Write what people would."""
    with database.writing() as session:
        fill(session, candidates_by_filter(lake, WaferFilter(), "key", 40, NAMES[2]), ANA)
        for name in NAMES:
            wafer, person = lake.wafer(key_of(name)), Person(name if len(name) <= LONGEST_NAME else "Ben", "said")
            result = lake.result(key_of(name))
            submit(session, wafer, from_masks(wafer, result.segmentation.masks), person, 9.0)
            flag_prediction(session, key_of(name), name, "", name, person)
            write_finding(session, key_of(name), name, name, person)
            save_rule(session, AlarmRule(name=name, kind=RuleKind.SHARE, threshold=90.0, product=name), ANA)
            save_channel(session, Channel(name=name, address="json://127.0.0.1:9/hook"), ANA)


def die_table() -> str:
    """Return a CSV of dies whose lots, wafers and products bear the names."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["lot", "wafer", "product", "x", "y", "bin"])
    for number, name in enumerate(NAMES):
        writer.writerows(
            [name, f"W{number:02d}", name, x, y, 1 + (x * y + number) % 2] for x in range(9) for y in range(9)
        )
    return text.getvalue()
