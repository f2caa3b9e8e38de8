"""Synthetic wafers with exact masks: outlines, background failures, the eight patterns, and a demo fab."""

from data.synthesis.wafer import Recipe, SyntheticWafer, draw_over, draw_wafer

__all__ = ["Recipe", "SyntheticWafer", "draw_over", "draw_wafer"]
