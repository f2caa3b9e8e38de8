import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from sqlalchemy import text

from core.database.audit import record
from core.database.chain import read_seals, verify
from core.identity import Person
from core.people.trail_stream import AT_ONCE, HttpCollector, JsonLinesFile, send_new, target_of
from data.errors import SettingError, TrailError
from tests.core.people.conftest import SYSTEM


def add(database, count):
    with database.writing() as session:
        for n in range(count):
            record(session, Person("ben"), f"a.{n}", "wafer L:✓", {"n": n})


def lines_of(path):
    return [json.loads(line)["id"] for line in path.read_text("utf-8").splitlines()]


@pytest.fixture
def siem(tmp_path):
    return tmp_path / "siem" / "trail.jsonl"


@pytest.fixture
def position(tmp_path):
    return tmp_path / "state" / "position.json"


@pytest.fixture
def collector():
    """A server on loopback that keeps what is posted; `answer` says what it answers with."""

    class Keeping(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if server.answer == 200:
                server.bodies.append(body)
            server.headers = dict(self.headers)
            self.send_response(server.answer)
            if server.answer == 302:
                self.send_header("Location", f"{server.url}/elsewhere")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Keeping)
    server.bodies, server.answer, server.url = [], 200, f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_file_grows_by_what_is_new_each_row_once(database, siem, position):
    assert send_new(database, SYSTEM, JsonLinesFile(siem), position) == 0
    for count in (3, 0, AT_ONCE + 1):
        add(database, count)
        assert send_new(database, SYSTEM, JsonLinesFile(siem), position) == count
    assert lines_of(siem) == list(range(1, AT_ONCE + 5))
    assert siem.stat().st_mode & 0o077 == 0


def test_after_a_crash_before_the_position_was_kept_no_row_comes_twice(database, siem, position):
    add(database, 3)
    send_new(database, SYSTEM, JsonLinesFile(siem), position)
    kept = position.read_bytes()
    add(database, 2)
    send_new(database, SYSTEM, JsonLinesFile(siem), position)
    position.write_bytes(kept)
    add(database, 1)
    assert send_new(database, SYSTEM, JsonLinesFile(siem), position) == 1
    assert lines_of(siem) == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("cut", [1, 40])
def test_a_line_that_was_written_half_is_written_anew(database, siem, position, cut):
    add(database, 3)
    send_new(database, SYSTEM, JsonLinesFile(siem), position)
    position.unlink()
    siem.write_bytes(siem.read_bytes()[:-cut])
    assert send_new(database, SYSTEM, JsonLinesFile(siem), position) == 1
    assert lines_of(siem) == [1, 2, 3]


def test_a_very_long_line_is_one_line(database, siem, position):
    with database.writing() as session:
        record(session, SYSTEM, "a.b", "s", {"text": "x" * 200_000})
        record(session, SYSTEM, "a.b", "s", {"text": "y" * 200_000})
    send_new(database, SYSTEM, JsonLinesFile(siem), position)
    position.unlink()
    assert send_new(database, SYSTEM, JsonLinesFile(siem), position) == 0


def test_a_file_that_was_taken_away_by_its_reader_goes_on(database, siem, position):
    add(database, 3)
    send_new(database, SYSTEM, JsonLinesFile(siem), position)
    siem.unlink()
    add(database, 1)
    send_new(database, SYSTEM, JsonLinesFile(siem), position)
    assert lines_of(siem) == [4]


def test_a_trail_that_does_not_hold_what_was_sent_is_told(database, siem, position):
    add(database, 3)
    send_new(database, SYSTEM, JsonLinesFile(siem), position)
    with database.engine.begin() as connection:
        sqlite = connection.dialect.name == "sqlite"
        connection.execute(text("DROP TRIGGER audit_no_DELETE" if sqlite else "ALTER TABLE audit DISABLE TRIGGER USER"))
        connection.execute(text("DELETE FROM audit WHERE id > 1"))
    for count in (0, 5):
        add(database, count)
        with pytest.raises(TrailError, match="row 3: it was sent, and the trail does not hold it any more"):
            send_new(database, SYSTEM, JsonLinesFile(siem), position)
    assert lines_of(siem) == [1, 2, 3]
    with database.reading() as session:  # what was sent names the first row that was put in the place of another
        assert verify(session, read_seals(siem.read_text("utf-8"), "siem")).fault.id == 2


def test_a_collector_is_posted_lines_and_its_refusal_is_made_good(database, collector, position):
    target = HttpCollector(f"{collector.url}/trail", "Splunk secret")
    add(database, 2)
    assert send_new(database, SYSTEM, target, position) == 2
    assert collector.headers["Authorization"] == "Splunk secret"
    assert collector.headers["Content-Type"] == "application/x-ndjson"
    add(database, 1)
    for answer in (503, 302, 400):
        collector.answer = answer
        with pytest.raises(TrailError, match=f"it answered {answer}") as refused:
            send_new(database, SYSTEM, target, position)
        assert "secret" not in str(refused.value)
    collector.answer = 200
    assert send_new(database, SYSTEM, target, position) == 1
    assert [[json.loads(line)["id"] for line in body.splitlines()] for body in collector.bodies] == [[1, 2], [3]]


def test_a_collector_that_is_not_there_is_a_sentence(database, position):
    add(database, 1)
    with pytest.raises(TrailError, match=r"127\.0\.0\.1: the collector did not take"):
        send_new(database, SYSTEM, HttpCollector("http://127.0.0.1:1/"), position)
    assert not position.exists()


@pytest.mark.parametrize("to", ["", "ftp://host/a", "file:///etc/passwd", "http:///nowhere"])
def test_other_targets_are_refused(to):
    with pytest.raises(SettingError, match="expected a file or an http"):
        target_of(to)


def test_a_position_that_is_none_is_refused(database, siem, position):
    position.parent.mkdir()
    position.write_text("nonsense")
    with pytest.raises(TrailError, match="expected a seal of the trail"):
        send_new(database, SYSTEM, JsonLinesFile(siem), position)
