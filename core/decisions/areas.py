"""Every area that keeps tables among the decisions: importing this fills the metadata that migrations compare with."""

from core.decisions import audit, findings
from core.decisions.schema import Base

AREAS = (audit, findings)
METADATA = Base.metadata
