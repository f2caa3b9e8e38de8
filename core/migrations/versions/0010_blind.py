"""Labels say whether they were made blind, what was proposed and what their annotator notes; items say likewise."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
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


def downgrade() -> None:
    """Take the columns away."""
    with op.batch_alter_table("label_queue", schema=None) as batch_op:
        batch_op.drop_column("blind")
    with op.batch_alter_table("annotations", schema=None) as batch_op:
        batch_op.drop_column("note")
        batch_op.drop_column("proposals")
        batch_op.drop_column("blind")
