"""How bad a wafer is: one score with its terms, by rules that a site sets for its products."""

from core.severity.rules import ProductRules, SeverityRules
from core.severity.score import SEVERITY_VERSION, DieMeasures, Severity, collapse, die_measures, severity

__all__ = [
    "SEVERITY_VERSION",
    "DieMeasures",
    "ProductRules",
    "Severity",
    "SeverityRules",
    "collapse",
    "die_measures",
    "severity",
]
