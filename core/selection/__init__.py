"""What to label next: strategies over uncertainty, likeness and chance."""

from core.selection.choosing import UNCERTAINTY_WEIGHT, select
from core.selection.pool import PLACED, UNSURE, Pick, Pool, Strategy

__all__ = ["PLACED", "UNCERTAINTY_WEIGHT", "UNSURE", "Pick", "Pool", "Strategy", "select"]
