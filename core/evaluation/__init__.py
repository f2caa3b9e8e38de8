"""How good answers are: metrics, calibration, intervals, and the report of a model."""
