"""Synthetic wafers with exact masks: outlines, background failures, the eight patterns, and a demo fab."""

from data.synthesis.wafer import SyntheticWafer, WaferRecipe, draw_over, draw_wafer

__all__ = ["SyntheticWafer", "WaferRecipe", "draw_over", "draw_wafer"]
