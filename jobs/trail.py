"""Verify the audit trail, seal how far it goes, export it, or stream it to a file or a collector."""

import csv
import json
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

from core.database import AppDatabase
from core.database.audit import record
from core.database.chain import Seal, read_seals, seal, verify, write_seal
from core.database.trail_search import TrailFilter, TrailRow, follow, json_line, row_of
from core.exports.cells import encoded_csv, plain_row
from core.identity import local_person
from core.people.trail_stream import send_new, target_of
from core.settings import Settings, settings
from core.storage.folder import Folder, make_durable
from core.storage.home import make_private_file
from data.errors import SettingError, TrailError
from jobs.command import command

ACTIONS = ("verify", "seal", "export", "stream")
POSITION = "trail-position.json"


@dataclass(frozen=True)
class TrailConfig:
    """Work with the audit trail: verify it, seal how far it goes, export it, or stream it as it grows."""

    action: tuple[str, ...]  # verify, seal, export or stream; nothing: verify
    seal: tuple[Path, ...] = ()  # files of seals, and positions of streams, that the trail must agree with
    out: Path | None = None  # seal: file that the seal is added to; export: file, whose ending says .csv or .jsonl
    since: str = ""  # export: first moment, as 2026-03-01 or 2026-03-01T14:30, UTC unless it says a zone
    until: str = ""  # export: the moment before which it ends
    to: str = ""  # stream: file of JSON lines, or http(s):// address of a collector
    position: Path | None = None  # stream: file that holds how far it went; empty: in the home folder
    every: float | None = None  # stream: seconds between looks; empty: send what is new and end
    home: Path | None = None  # workspace folder; empty: as WAFERSCOPE_HOME says


@command(TrailConfig)
def main(config: TrailConfig) -> int:
    """Run the job.

    Returns:
        0, or 1 when the trail does not hold or it cannot be done.
    """
    at = settings().at(config.home)
    action = " ".join(config.action) or "verify"
    if action not in ACTIONS:
        raise SettingError("command line", f"expected one of {', '.join(ACTIONS)}, found '{action}'", "Name one.")
    database = AppDatabase(at.database_place)
    if action == "export":
        _export(database, config)
    elif action == "stream":
        return _stream(database, config, at)
    else:
        _verify(database, config.seal + ((config.out,) if config.out and config.out.exists() else ()))
        if action == "seal":
            _seal(database, config.out)
    return 0


def _verify(database: AppDatabase, files: Iterable[Path]) -> None:
    seals = [one for path in files for one in read_seals(path.read_text("utf-8"), str(path))]
    with database.reading() as session:
        found = verify(session, seals)
    if found.fault:
        raise TrailError(
            "audit trail",
            f"{found.fault}, the first that is wrong of {found.rows:,} rows",
            "Keep the database as it is, and compare it with a copy of before or with what was streamed.",
        )
    print(f"{found.rows:,} rows hold.")
    if not seals:
        print("Whether rows were cut off the end, only a seal tells: --seal FILE.", file=sys.stderr)


def _seal(database: AppDatabase, out: Path | None) -> None:
    with database.reading() as session:
        sealed: Seal = seal(session)
    if out is None:
        print(write_seal(sealed))
        return
    make_private_file(out)
    with out.open("a", encoding="utf-8") as file:
        file.write(write_seal(sealed) + "\n")
    make_durable(out)
    print(f"{out}: sealed up to row {sealed.id}.")


def _export(database: AppDatabase, config: TrailConfig) -> None:
    if config.out is None or config.out.suffix not in (".csv", ".jsonl"):
        raise SettingError("--out", "expected a file that ends in .csv or .jsonl", "Name one.")
    wanted = TrailFilter(since=_moment("--since", config.since), until=_moment("--until", config.until))
    folder = Folder(config.out.absolute().parent)
    with database.reading() as session, folder.new_file(config.out.name) as path:
        make_private_file(path)
        rows = follow(session, wanted)
        count = _write_csv(path, rows) if config.out.suffix == ".csv" else _write_lines(path, rows)
    with database.writing() as session:
        said = {"since": config.since, "until": config.until, "rows": count}
        record(session, local_person(), "trail.export", "audit trail", said)
    print(f"{config.out}: {count:,} rows.")


def _write_lines(path: Path, rows: Iterable[TrailRow]) -> int:
    with path.open("w", encoding="utf-8", errors="backslashreplace") as file:
        return sum(1 for row in rows if file.write(f"{json_line(row)}\n"))


def _write_csv(path: Path, rows: Iterable[TrailRow]) -> int:
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        file.write(encoded_csv("").decode("utf-8"))
        table = csv.DictWriter(file, [field.name for field in fields(TrailRow)], lineterminator="\n")
        table.writeheader()
        return sum(1 for row in rows if table.writerow(_cells(row)))


def _cells(row: TrailRow) -> dict[str, object]:
    details = json.dumps(row.details, ensure_ascii=False)
    return plain_row(row_of(row) | {"at": row.at.isoformat(), "details": details})


def _moment(flag: str, text: str) -> datetime | None:
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise SettingError(flag, f"expected a time such as 2026-03-01T14:30, found {text!r}", "Correct it.") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _stream(database: AppDatabase, config: TrailConfig, at: Settings) -> int:
    target = target_of(config.to, at.trail_authorization)
    position = (config.position or at.home / POSITION).absolute()
    while True:
        status = 0
        try:
            sent = send_new(database, local_person(), target, position)
        except TrailError as error:
            print(error, file=sys.stderr)
            status = 1
        else:
            print(f"{sent:,} rows sent.", file=sys.stderr)
        if config.every is None:
            return status
        time.sleep(config.every)


if __name__ == "__main__":
    sys.exit(main())
