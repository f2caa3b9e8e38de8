"""Every area that keeps tables among the decisions: importing this fills the metadata that migrations compare with."""

from core.database import audit
from core.database.schema import Base
from core.decisions import alarms, annotations, deliveries, drafts, findings, frozen_sets, jobs, label_items, reviews

AREAS = (alarms, annotations, audit, deliveries, drafts, findings, frozen_sets, jobs, label_items, reviews)
METADATA = Base.metadata
