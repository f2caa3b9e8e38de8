"""Labels say whether they were made blind, what was proposed and what their annotator notes; items say likewise."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; of labels that were there before nobody knows how they were made."""
    with op.batch_alter_table("annotations", schema=None) as batch_op:
        batch_op.add_column(sa.Column("blind", sa.Boolean(), nullable=True))
        batch_op.add_column(sa.Column("proposals", sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column("note", sa.Text(), nullable=True))
    with op.batch_alter_table("label_queue", schema=None) as batch_op:
        batch_op.add_column(sa.Column("blind", sa.Boolean(), nullable=True))
        batch_op.add_column(sa.Column("sent_back", sa.Boolean(), nullable=True))
    op.create_table(
        "review_comments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("review_id", sa.Integer(), nullable=False),
        sa.Column("person", sa.String(length=200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["review_id"], ["reviews.id"], name=op.f("fk_review_comments_review_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_comments")),
    )
    with op.batch_alter_table("review_comments", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_review_comments_review_id"), ["review_id"], unique=False)


def downgrade() -> None:
    """Take the columns and the comments away."""
    op.drop_table("review_comments")
    with op.batch_alter_table("label_queue", schema=None) as batch_op:
        batch_op.drop_column("sent_back")
        batch_op.drop_column("blind")
    with op.batch_alter_table("annotations", schema=None) as batch_op:
        batch_op.drop_column("note")
        batch_op.drop_column("proposals")
        batch_op.drop_column("blind")
