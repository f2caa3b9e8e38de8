"""People who are to be erased; a frozen dataset still cannot be changed, but for the name of who froze it."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_KEPT = '"id", "name", "sha256", "members", "note", "after", "frozen_at"'
_SQLITE = """
    CREATE TRIGGER frozen_sets_no_UPDATE BEFORE UPDATE {of} ON frozen_sets
    BEGIN SELECT RAISE(ABORT, 'rows of frozen_sets are kept'); END
"""
_POSTGRESQL = """
    CREATE TRIGGER frozen_sets_kept BEFORE UPDATE {of} OR DELETE ON frozen_sets
    FOR EACH ROW EXECUTE FUNCTION refuse_change()
"""


def upgrade() -> None:
    """Add the table, and let the name of who froze a dataset be erased."""
    op.create_table(
        "erasures",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_erasures_account_id")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_erasures")),
    )
    _keep(f"OF {_KEPT}")


def downgrade() -> None:
    """Take the table away; who is erased stays erased."""
    op.drop_table("erasures")
    _keep("")


def _keep(of: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER frozen_sets_no_UPDATE")
        op.execute(_SQLITE.format(of=of))
    else:
        op.execute("DROP TRIGGER frozen_sets_kept ON frozen_sets")
        op.execute(_POSTGRESQL.format(of=of))
