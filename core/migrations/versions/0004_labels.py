"""Labels: versions, drafts, the queue, reviews, and frozen datasets, which the database keeps from being changed."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_SQLITE = """
    CREATE TRIGGER {table}_no_{verb} BEFORE {verb} ON {table}
    BEGIN SELECT RAISE(ABORT, 'rows of {table} are kept'); END
"""
_REFUSE = """
    CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'rows of % are kept', TG_TABLE_NAME; END $$
"""
_POSTGRESQL = "CREATE TRIGGER {table}_kept BEFORE {verbs} ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()"


def upgrade() -> None:
    """Apply the step."""
    _annotations()
    _drafts()
    _frozen_sets()
    _label_queue()
    _reviews()
    _keep_rows()


def _annotations() -> None:
    op.create_table(
        "annotations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("wafer_key", sa.String(length=200), nullable=False),
        sa.Column("grid", sa.String(length=16), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("annotator", sa.String(length=200), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replaces_id", sa.Integer(), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_by", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(["replaces_id"], ["annotations.id"], name=op.f("fk_annotations_replaces_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_annotations")),
    )
    with op.batch_alter_table("annotations", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_annotations_annotator"), ["annotator"], unique=False)
        batch_op.create_index(batch_op.f("ix_annotations_wafer_key"), ["wafer_key"], unique=False)


def _drafts() -> None:
    op.create_table(
        "drafts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("wafer_key", sa.String(length=200), nullable=False),
        sa.Column("grid", sa.String(length=16), nullable=False),
        sa.Column("person", sa.String(length=200), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("elapsed_s", sa.Double(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drafts")),
        sa.UniqueConstraint("wafer_key", "grid", "person", name=op.f("uq_drafts_wafer_key_grid_person")),
    )
    with op.batch_alter_table("drafts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_drafts_person"), ["person"], unique=False)


def _frozen_sets() -> None:
    op.create_table(
        "frozen_sets",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("members", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("after", sa.String(length=200), nullable=False),
        sa.Column("frozen_by", sa.String(length=200), nullable=False),
        sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_frozen_sets")),
        sa.UniqueConstraint("name", name=op.f("uq_frozen_sets_name")),
    )


def _label_queue() -> None:
    op.create_table(
        "label_queue",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("wafer_key", sa.String(length=200), nullable=False),
        sa.Column("iteration", sa.Integer(), nullable=False),
        sa.Column("copy", sa.Integer(), nullable=False),
        sa.Column("priority", sa.Double(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("added_by", sa.String(length=200), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.String(length=200), nullable=False),
        sa.Column("assignee", sa.String(length=200), nullable=True),
        sa.Column("gold", sa.Boolean(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seconds", sa.Double(), nullable=True),
        sa.Column("skip_reason", sa.Text(), nullable=False),
        sa.Column("annotation_id", sa.Integer(), nullable=True),
        sa.Column("gold_iou", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["annotation_id"], ["annotations.id"], name=op.f("fk_label_queue_annotation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_label_queue")),
        sa.UniqueConstraint("iteration", "wafer_key", "copy", name=op.f("uq_label_queue_iteration_wafer_key_copy")),
    )
    with op.batch_alter_table("label_queue", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_label_queue_status"), ["status"], unique=False)
        batch_op.create_index(batch_op.f("ix_label_queue_wafer_key"), ["wafer_key"], unique=False)


def _reviews() -> None:
    op.create_table(
        "reviews",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("wafer_key", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=200), nullable=False),
        sa.Column("opened_by", sa.String(length=200), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("first_id", sa.Integer(), nullable=True),
        sa.Column("second_id", sa.Integer(), nullable=True),
        sa.Column("overall_iou", sa.Double(), nullable=True),
        sa.Column("class_key", sa.String(length=200), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("model", sa.String(length=200), nullable=False),
        sa.Column("verdict", sa.String(length=200), nullable=True),
        sa.Column("decided_by", sa.String(length=200), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("outcome_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["first_id"], ["annotations.id"], name=op.f("fk_reviews_first_id")),
        sa.ForeignKeyConstraint(["outcome_id"], ["annotations.id"], name=op.f("fk_reviews_outcome_id")),
        sa.ForeignKeyConstraint(["second_id"], ["annotations.id"], name=op.f("fk_reviews_second_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviews")),
    )
    with op.batch_alter_table("reviews", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_reviews_verdict"), ["verdict"], unique=False)
        batch_op.create_index(batch_op.f("ix_reviews_wafer_key"), ["wafer_key"], unique=False)


def _keep_rows() -> None:
    kept = (("frozen_sets", ("UPDATE", "DELETE")), ("annotations", ("DELETE",)))
    if op.get_bind().dialect.name == "sqlite":
        for table, verbs in kept:
            for verb in verbs:
                op.execute(_SQLITE.format(table=table, verb=verb))
    else:
        op.execute(_REFUSE)
        for table, verbs in kept:
            op.execute(_POSTGRESQL.format(table=table, verbs=" OR ".join(verbs)))
