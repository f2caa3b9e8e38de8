"""`python -m core.settings` prints the table of settings in markdown."""

from core.settings.table import table

print(table())
