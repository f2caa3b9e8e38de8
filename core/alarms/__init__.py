"""Alarms: what the rules find in the lake, and how people are told."""

from core.alarms.checking import Checked, check
from core.alarms.sending import Outcome, check_and_send

__all__ = ["Checked", "Outcome", "check", "check_and_send"]
