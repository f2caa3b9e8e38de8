"""Items of the label queue keep which strategy chose them, and the score that it gave them."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; what was queued before holds neither."""
    with op.batch_alter_table("label_queue", schema=None) as batch_op:
        batch_op.add_column(sa.Column("strategy", sa.String(length=200), nullable=True))
        batch_op.add_column(sa.Column("score", sa.Double(), nullable=True))


def downgrade() -> None:
    """Take the columns away."""
    with op.batch_alter_table("label_queue", schema=None) as batch_op:
        batch_op.drop_column("score")
        batch_op.drop_column("strategy")
