"""Every area that keeps tables among the decisions: importing this fills the metadata that migrations compare with."""

from core.decisions import (
    alarms,
    annotations,
    audit,
    deliveries,
    drafts,
    findings,
    frozen_sets,
    jobs,
    label_items,
    reviews,
)
from core.decisions.schema import Base

AREAS = (alarms, annotations, audit, deliveries, drafts, findings, frozen_sets, jobs, label_items, reviews)
METADATA = Base.metadata
