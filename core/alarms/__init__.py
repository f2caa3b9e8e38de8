"""Alarms: what the rules find in the lake, and how people are told."""

from core.alarms.checking import Checked, check

__all__ = ["Checked", "check"]
