"""How far labels of two people agree is kept for every pair, not for disagreements alone."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table; pairs of labels that were there before are not compared again."""
    op.create_table(
        "label_agreements",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("wafer_key", sa.String(length=200), nullable=False),
        sa.Column("first_id", sa.Integer(), nullable=False),
        sa.Column("second_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("iou", sa.Double(), nullable=False),
        sa.Column("dice", sa.Double(), nullable=False),
        sa.Column("by_class", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["first_id"], ["annotations.id"], name=op.f("fk_label_agreements_first_id")),
        sa.ForeignKeyConstraint(["second_id"], ["annotations.id"], name=op.f("fk_label_agreements_second_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_label_agreements")),
        sa.UniqueConstraint("first_id", "second_id", name=op.f("uq_label_agreements_first_id_second_id")),
    )
    with op.batch_alter_table("label_agreements", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_label_agreements_wafer_key"), ["wafer_key"], unique=False)


def downgrade() -> None:
    """Take the table away; the labels that it compares stay."""
    op.drop_table("label_agreements")
