"""What changes nothing and belongs into the trail: what people take away, look at, or are refused."""

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from core.database import AppDatabase, audit
from core.database.audit import AuditEntry, Outcome
from core.database.schema import NAME_LENGTH, now
from core.identity import Person
from core.people.roles import Permission, permit
from core.settings import settings
from data.errors import AppDatabaseError, NotAllowedError

VIEW_MINUTES = 15
"""For which looking at the same wafer is one view: a page asks for it anew at every click."""
REFUSAL_MINUTES = 1
"""For which the same refusal is told once, so that a page that asks again and again does not fill the trail."""
_log = logging.getLogger(__name__)


def exported(database: AppDatabase, person: Person, subject: str, details: Mapping[str, Any] | None = None) -> None:
    """Record that somebody takes data away, before it is handed out.

    Args:
        database: whose trail.
        person: who.
        subject: what is taken, as "file wafers.csv".
        details: which of it, as JSON knows it.

    Raises:
        NotAllowedError: the acting person may not.
    """
    permit(person, Permission.EXPORT_WRITE)
    with database.writing() as session:
        audit.record(session, person, "export.make", subject[:NAME_LENGTH], details or {})


def downloaded_model(database: AppDatabase, person: Person, version: int) -> None:
    """Record that somebody takes a model's file away.

    Args:
        database: whose trail.
        person: who.
        version: of the model.

    Raises:
        NotAllowedError: the acting person may not.
    """
    permit(person, Permission.MODEL_READ)
    with database.writing() as session:
        audit.record(session, person, "model.download", f"model {version}", {})


def viewed(database: AppDatabase, person: Person, wafer_key: str) -> None:
    """Record that somebody looks at a wafer, where `WAFERSCOPE_TRAIL_VIEWS` asks for that.

    Args:
        database: whose trail.
        person: who.
        wafer_key: of the wafer.

    Raises:
        NotAllowedError: the acting person may not.
    """
    permit(person, Permission.WAFER_READ)
    if settings().trail_views:
        _tell_once(database, person, "wafer.view", f"wafer {wafer_key}", {}, Outcome.DONE, VIEW_MINUTES)


def refused(database: AppDatabase, person: Person, subject: str, error: NotAllowedError) -> None:
    """Record that somebody was refused something, in a transaction of its own: that of what was refused is undone.

    Where the trail cannot be written that is logged: the refusal stands all the same.

    Args:
        database: whose trail.
        person: who.
        subject: where they were, as "page models" or "POST /api/v1/models".
        error: what they were told; it is kept without the name.
    """
    said = {"sentence": error.problem}
    try:
        _tell_once(database, person, "refused", subject[:NAME_LENGTH], said, Outcome.REFUSED, REFUSAL_MINUTES)
    except (AppDatabaseError, SQLAlchemyError):
        _log.exception("a refusal could not be written to the audit trail")


def _tell_once(
    database: AppDatabase,
    person: Person,
    action: str,
    subject: str,
    details: Mapping[str, Any],
    result: Outcome,
    minutes: float,
) -> None:
    with database.reading() as session:  # most calls end here, and hold no writer up
        if _is_told(session, person, action, subject, details, minutes):
            return
    with database.writing() as session:
        if not _is_told(session, person, action, subject, details, minutes):
            audit.record(session, person, action, subject, details, result=result)


def _is_told(
    session: Session, person: Person, action: str, subject: str, details: Mapping[str, Any], minutes: float
) -> bool:
    wanted = select(AuditEntry.details).where(
        AuditEntry.at > now() - timedelta(minutes=minutes),
        AuditEntry.subject == subject,
        AuditEntry.action == action,
        AuditEntry.person_id == person.id,
        AuditEntry.person == ("" if person.id is not None else person.name),
    )
    return dict(details) in session.scalars(wanted).all()
