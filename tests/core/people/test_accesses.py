import pytest
from sqlalchemy import create_engine, text

from core.database.audit import Outcome
from core.database.trail_search import TrailFilter, walk
from core.identity import Person
from core.people.accesses import REFUSAL_MINUTES, VIEW_MINUTES, downloaded_model, exported, refused, viewed
from core.people.roles import Permission, Role, permit
from data.errors import NotAllowedError


def told(database, *actions):
    with database.reading() as session:
        return [row for row in walk(session, TrailFilter()) if row.action in actions][::-1]


def refusal(person, permission=Permission.MODEL_PROMOTE):
    with pytest.raises(NotAllowedError) as error:
        permit(person, permission)
    return error.value


def test_what_is_taken_away_is_told_each_time(database, member):
    ana = member()
    for _ in range(2):
        exported(database, ana, "file wafers.csv", {"wafers": 3})
    downloaded_model(database, ana, 7)
    found = told(database, "export.make", "model.download")
    assert [(row.person_id, row.subject, row.details) for row in found] == [
        (ana.id, "file wafers.csv", {"wafers": 3}),
        (ana.id, "file wafers.csv", {"wafers": 3}),
        (ana.id, "model 7", {}),
    ]


def test_who_may_not_take_away_is_refused_and_nothing_is_told(database, member):
    bo = member("Bo Lind", Role.VIEWER)
    for take in (lambda: exported(database, bo, "file a.csv"), lambda: downloaded_model(database, bo, 7)):
        with pytest.raises(NotAllowedError):
            take()
    assert told(database, "export.make", "model.download") == []


def test_views_are_told_by_a_setting_once_in_a_while(database, member, monkeypatch, later):
    ana = member()
    viewed(database, ana, "L:W1")
    assert told(database, "wafer.view") == []
    monkeypatch.setenv("WAFERSCOPE_TRAIL_VIEWS", "on")
    for key in ("L:W1", "L:W1", "L:W2", "L:W1"):
        viewed(database, ana, key)
    viewed(database, Person("ben"), "L:W1")
    assert [(row.person_id, row.subject) for row in told(database, "wafer.view")] == [
        (ana.id, "wafer L:W1"),
        (ana.id, "wafer L:W2"),
        (None, "wafer L:W1"),
    ]
    later((VIEW_MINUTES + 1) / 60)
    viewed(database, ana, "L:W1")
    assert len(told(database, "wafer.view")) == 4


def test_a_refusal_is_told_once_a_minute_without_the_name(database, member, later):
    bo = member("Bo Lind", Role.VIEWER)
    for permission in (Permission.MODEL_PROMOTE, Permission.MODEL_PROMOTE, Permission.EXPORT_WRITE):
        refused(database, bo, "page models", refusal(bo, permission))
    found = told(database, "refused")
    assert [row.details["sentence"] for row in found] == [
        "this role may not promote models",
        "this role may not export data",
    ]
    assert {(row.result, row.subject, row.person_id) for row in found} == {(Outcome.REFUSED, "page models", bo.id)}
    later((REFUSAL_MINUTES + 1) / 60)
    refused(database, bo, "page models", refusal(bo))
    assert len(told(database, "refused")) == 3


def test_a_refusal_stands_where_the_trail_cannot_be_written(database, member, caplog):
    bo = member("Bo Lind", Role.VIEWER)
    error = refusal(bo)
    engine = create_engine(database.url)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE audit RENAME TO elsewhere"))
    engine.dispose()
    database.close()
    refused(database, bo, "page models", error)
    assert "a refusal could not be written" in caplog.text
