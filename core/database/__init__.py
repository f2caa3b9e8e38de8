"""What people decide: findings, alarms, jobs and who did what, in a SQL database that many processes share."""

from core.database.app_database import AppDatabase

__all__ = ["AppDatabase"]
