"""A rule that tells when the model agrees with people's labels less than the week before."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_RULES = sa.table(
    "alarm_rules",
    *(sa.column(name, sa.String()) for name in ("name", "kind", "product", "defect_class", "changed_by")),
    sa.column("threshold", sa.Double()),
    sa.column("days", sa.Integer()),
    sa.column("enabled", sa.Boolean()),
    sa.column("changed_at", sa.DateTime(timezone=True)),
)


def upgrade() -> None:
    """Add the rule, which can be changed and switched off as any other."""
    moment = datetime.now(UTC)
    if op.get_bind().dialect.name == "sqlite":
        moment = moment.replace(tzinfo=None)
    rule = {
        "name": "Agreement with labels falls",
        "kind": "agreement",
        "product": "",
        "defect_class": "",
        "threshold": 5.0,
        "days": 7,
        "enabled": True,
        "changed_by": "",
        "changed_at": moment,
    }
    op.bulk_insert(_RULES, [rule])


def downgrade() -> None:
    """Take rules of this kind away, with what they raised."""
    ours = "SELECT id FROM alarm_rules WHERE kind = 'agreement'"
    raised = f"SELECT id FROM alarms WHERE rule_id IN ({ours})"
    for table in ("alarm_deliveries", "alarm_wafers"):
        op.execute(f"DELETE FROM {table} WHERE alarm_id IN ({raised})")
    op.execute(f"DELETE FROM alarms WHERE rule_id IN ({ours})")
    op.execute("DELETE FROM alarm_rules WHERE kind = 'agreement'")
