"""The settings: one table of them, read from WAFERSCOPE_*."""

from core.settings.setting import PREFIX, Setting
from core.settings.table import SETTINGS, Settings, settings, table

__all__ = ["PREFIX", "SETTINGS", "Setting", "Settings", "settings", "table"]
