"""Who the people of identity providers are here."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table; nobody has signed in by a provider yet."""
    op.create_table(
        "vouched_identities",
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("subject_hash", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_vouched_identities_account_id")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_vouched_identities")),
        sa.UniqueConstraint("subject_hash", name=op.f("uq_vouched_identities_subject_hash")),
    )


def downgrade() -> None:
    """Take the table away; people are known by their e-mail again."""
    op.drop_table("vouched_identities")
