"""What people decide: findings, alarms, jobs and who did what, in a SQL database that many processes share."""

from core.database.database import Decisions

__all__ = ["Decisions"]
