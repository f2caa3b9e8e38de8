"""What was decided about the models, kept before it is carried out: so a killed process leaves no two truths."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from core.database.schema import Base, now
from core.registry.store import Roles


class ModelDecision(Base):
    """Who shall serve from now on. The newest one counts; the registry and what is served follow it.

    Args:
        at: when it was decided.
        champion: number of the version that is served, 0 for the shipped one.
        challenger: number of the version that gets a share of the wafers, None for none.
        share: of the wafers, 0 to 1.
        since: when the challenger began, UTC in ISO 8601.
        before: champions of before, oldest first.
        carried_out: whether the registry says so, too.
    """

    __tablename__ = "model_decisions"

    id: Mapped[int] = mapped_column(init=False, primary_key=True)
    at: Mapped[datetime]
    champion: Mapped[int]
    challenger: Mapped[int | None]
    share: Mapped[float]
    since: Mapped[str]
    before: Mapped[list[Any]] = mapped_column(JSON)
    carried_out: Mapped[bool] = mapped_column(default=False)

    @property
    def roles(self) -> Roles:
        """Who shall serve, as the registry keeps it."""
        return Roles(self.champion, self.challenger, self.share, self.since, tuple(self.before))


def decide(session: Session, roles: Roles) -> None:
    """Keep who shall serve, in the transaction that records who decided it."""
    session.add(ModelDecision(at=now(), **{**asdict(roles), "before": list(roles.before)}))


def newest_decision(session: Session) -> ModelDecision | None:
    """Return the decision that counts, None where nothing was ever decided here."""
    return session.scalars(select(ModelDecision).order_by(ModelDecision.id.desc()).limit(1)).first()
