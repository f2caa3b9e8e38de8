"""Every area that keeps tables among the database: importing this fills the metadata that migrations compare with."""

from core import root_causes as findings
from core.alarms import deliveries
from core.alarms import store as alarms
from core.annotation import agreement_pairs, reviews
from core.annotation import items as label_items
from core.database import audit
from core.database.schema import Base
from core.datasets import frozen_sets
from core.jobs import store as jobs
from core.labels import annotations
from core.labels import draft_store as drafts
from core.people import accounts, erasure, invitations, keys, lockout, passwords, second_factor, sessions, vouched
from core.registry import model_decisions

AREAS = (
    accounts,
    agreement_pairs,
    alarms,
    annotations,
    audit,
    deliveries,
    drafts,
    erasure,
    findings,
    frozen_sets,
    invitations,
    jobs,
    keys,
    label_items,
    lockout,
    model_decisions,
    passwords,
    reviews,
    second_factor,
    sessions,
    vouched,
)
METADATA = Base.metadata
