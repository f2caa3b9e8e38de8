"""Every area that keeps tables among the decisions: importing this fills the metadata that migrations compare with."""

from core import root_causes as findings
from core.database import audit
from core.database.schema import Base
from core.decisions import alarms, annotations, deliveries, drafts, frozen_sets, label_items, reviews
from core.jobs import store as jobs

AREAS = (alarms, annotations, audit, deliveries, drafts, findings, frozen_sets, jobs, label_items, reviews)
METADATA = Base.metadata
