"""Every area that keeps tables among the decisions: importing this fills the metadata that migrations compare with."""

from core.decisions import audit, findings, jobs
from core.decisions.schema import Base

AREAS = (audit, findings, jobs)
METADATA = Base.metadata
