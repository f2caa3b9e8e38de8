"""What people found out about a wafer: the root cause, and what failure analysis saw. Every version is kept."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import String, Text, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.database import audit
from core.database.schema import KEYS_AT_ONCE, NAME_LENGTH, Base, now
from core.identity import Person
from core.people.roles import Permission, permit
from data.errors import WaferValueError

LONGEST_TEXT = 4000


class Finding(Base):
    """One version of what is known about a wafer; the newest counts, an empty one takes the finding back.

    Args:
        wafer_key: the wafer, "LOT:WAFER".
        root_cause: what made it fail.
        fa_finding: what failure analysis saw.
        written_by: who wrote this version.
        written_at: when.
    """

    __tablename__ = "findings"

    id: Mapped[int] = mapped_column(init=False, primary_key=True)
    wafer_key: Mapped[str] = mapped_column(String(NAME_LENGTH), index=True)
    root_cause: Mapped[str] = mapped_column(Text)
    fa_finding: Mapped[str] = mapped_column(Text)
    written_by: Mapped[str] = mapped_column(String(NAME_LENGTH))
    written_at: Mapped[datetime]


def write_finding(session: Session, wafer_key: str, root_cause: str, fa_finding: str, person: Person) -> Finding:
    """Write what is known about a wafer, in place of what was known before; both empty takes it back.

    Args:
        session: of a writing transaction.
        wafer_key: the wafer, "LOT:WAFER".
        root_cause: what made it fail, up to 4,000 characters; space around it is dropped.
        fa_finding: what failure analysis saw, likewise.
        person: who writes.

    Raises:
        NotAllowedError: the acting person may not.
        WaferValueError: a text is too long.
    """
    permit(person, Permission.FINDING_WRITE)
    texts = {"root cause": root_cause.strip(), "FA finding": fa_finding.strip()}
    for name, text in texts.items():
        if len(text) > LONGEST_TEXT:
            raise WaferValueError(
                wafer_key,
                f"expected a {name} of up to {LONGEST_TEXT:,} characters, found {len(text):,}",
                "Shorten it, and keep the report where reports are kept.",
            )
    finding = Finding(
        wafer_key=wafer_key,
        root_cause=texts["root cause"],
        fa_finding=texts["FA finding"],
        written_by=person.name,
        written_at=now(),
    )
    session.add(finding)
    audit.record(session, person, "finding.write", f"wafer {wafer_key}", texts)
    return finding


def findings_by_keys(session: Session, keys: Sequence[str]) -> dict[str, Finding]:
    """Return the newest finding of each wafer; wafers without one, or whose finding was taken back, are left out."""
    found: dict[str, Finding] = {}
    for start in range(0, len(keys), KEYS_AT_ONCE):
        some = keys[start : start + KEYS_AT_ONCE]
        newest = select(func.max(Finding.id)).where(Finding.wafer_key.in_(some)).group_by(Finding.wafer_key)
        found |= {f.wafer_key: f for f in session.scalars(select(Finding).where(Finding.id.in_(newest)))}
    return {key: found[key] for key in keys if key in found and (found[key].root_cause or found[key].fa_finding)}


def finding_history(session: Session, wafer_key: str) -> list[Finding]:
    """List every version of a wafer's finding, newest first."""
    wanted = select(Finding).where(Finding.wafer_key == wafer_key).order_by(Finding.id.desc())
    return list(session.scalars(wanted))
