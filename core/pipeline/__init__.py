"""The one way of wafers into the lake: kept, segmented, shared with a challenger, looked at for alarms."""

from core.pipeline.taking_in import Pipeline, take_in

__all__ = ["Pipeline", "take_in"]
