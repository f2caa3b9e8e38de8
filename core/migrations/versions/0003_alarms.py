"""Alarms, their rules and deliveries, with the rules that a new database begins with."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

RULES = (
    ("Severity above 80", "severity", 80.0, 30),
    ("A class beyond its control limits", "spc", 0.0, 90),
    ("A class seen on a product for the first time", "new", 0.0, 30),
)
"""Name, kind, limit and days of the rules that a new database begins with."""


def upgrade() -> None:
    """Apply the step."""
    rules = _rules()
    _alarms()
    _deliveries()
    _wafers()
    _begin_with(rules)


def _rules() -> sa.Table:
    op.create_table(
        "alarm_channels",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("changed_by", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarm_channels")),
    )
    return op.create_table(
        "alarm_rules",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=200), nullable=False),
        sa.Column("product", sa.String(length=200), nullable=False),
        sa.Column("defect_class", sa.String(length=200), nullable=False),
        sa.Column("threshold", sa.Double(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("changed_by", sa.String(length=200), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarm_rules")),
    )


def _alarms() -> None:
    op.create_table(
        "watermarks",
        sa.Column("reader", sa.String(length=200), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("reader", name=op.f("pk_watermarks")),
    )
    op.create_table(
        "alarms",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rule_id", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("acknowledged_by", sa.String(length=200), nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["rule_id"], ["alarm_rules.id"], name=op.f("fk_alarms_rule_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarms")),
    )
    with op.batch_alter_table("alarms", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_alarms_acknowledged_by"), ["acknowledged_by"], unique=False)
        batch_op.create_index(batch_op.f("ix_alarms_rule_id"), ["rule_id"], unique=False)


def _deliveries() -> None:
    op.create_table(
        "alarm_deliveries",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("alarm_id", sa.Integer(), nullable=False),
        sa.Column("channel_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=200), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["alarm_id"], ["alarms.id"], name=op.f("fk_alarm_deliveries_alarm_id")),
        sa.ForeignKeyConstraint(["channel_id"], ["alarm_channels.id"], name=op.f("fk_alarm_deliveries_channel_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarm_deliveries")),
    )
    with op.batch_alter_table("alarm_deliveries", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_alarm_deliveries_alarm_id"), ["alarm_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_alarm_deliveries_state"), ["state"], unique=False)


def _wafers() -> None:
    op.create_table(
        "alarm_wafers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("alarm_id", sa.Integer(), nullable=False),
        sa.Column("wafer_key", sa.String(length=200), nullable=False),
        sa.Column("wafer_sequence", sa.BigInteger(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["alarm_id"], ["alarms.id"], name=op.f("fk_alarm_wafers_alarm_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarm_wafers")),
        sa.UniqueConstraint(
            "alarm_id", "wafer_key", "wafer_sequence", name=op.f("uq_alarm_wafers_alarm_id_wafer_key_wafer_sequence")
        ),
    )
    with op.batch_alter_table("alarm_wafers", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_alarm_wafers_wafer_key"), ["wafer_key"], unique=False)


def _begin_with(rules: sa.Table) -> None:
    moment = datetime.now(UTC)
    if op.get_bind().dialect.name == "sqlite":
        moment = moment.replace(tzinfo=None)
    op.bulk_insert(
        rules,
        [
            {
                "name": name,
                "kind": kind,
                "product": "",
                "defect_class": "",
                "threshold": threshold,
                "days": days,
                "enabled": True,
                "changed_by": "",
                "changed_at": moment,
            }
            for name, kind, threshold, days in RULES
        ],
    )
