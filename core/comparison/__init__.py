"""Two groups of wafers side by side, and what a group has in common."""
