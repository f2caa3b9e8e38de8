"""Rows of the audit trail say who asked from where, and are chained by hash, those of before as well.

How a row is hashed is written out here, so that this step stands when that changes.
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

BATCH = 1000
_REFUSED = ("sign-in.refused", "sign-in.lockout", "account.password-refused")
_SQLITE_NO_EDIT = """
    CREATE TRIGGER audit_no_{verb} BEFORE {verb} ON audit
    BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END
"""
# INSERT OR REPLACE would delete a row without waking the trigger on DELETE.
_SQLITE_AT_THE_END = """
    CREATE TRIGGER audit_at_the_end BEFORE INSERT ON audit WHEN NEW.id <= (SELECT max(id) FROM audit)
    BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END
"""
_SQLITE = (_SQLITE_NO_EDIT.format(verb="UPDATE"), _SQLITE_NO_EDIT.format(verb="DELETE"), _SQLITE_AT_THE_END)
_POSTGRESQL_NO_EDIT = (
    "CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_refuse()"
)
_POSTGRESQL = (
    _POSTGRESQL_NO_EDIT,
    "CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse()",
    """
    CREATE FUNCTION audit_at_the_end() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN
        IF NEW.id <= (SELECT max(id) FROM audit) THEN RAISE EXCEPTION 'the audit trail is append-only'; END IF;
        RETURN NEW;
    END $$
    """,
    "CREATE TRIGGER audit_at_the_end BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION audit_at_the_end()",
    "REVOKE UPDATE, DELETE, TRUNCATE ON audit FROM PUBLIC, CURRENT_USER",
)
_AUDIT = sa.table(
    "audit",
    sa.column("id", sa.Integer()),
    sa.column("at", sa.DateTime(timezone=True)),
    *(sa.column(name, sa.String()) for name in ("person", "origin", "action", "subject")),
    sa.column("details", sa.JSON()),
    sa.column("person_id", sa.Integer()),
    *(sa.column(name, sa.String()) for name in ("address", "request_id", "result", "previous", "hash")),
)
_ACCOUNTS = sa.table("accounts", sa.column("id", sa.Integer()), sa.column("name", sa.String()))


def upgrade() -> None:
    """Add the columns, chain the rows in the order of their numbers, and close the table again."""
    _open()
    op.add_column("audit", sa.Column("person_id", sa.Integer(), nullable=True))
    for name, length in (("address", 200), ("request_id", 200), ("result", 200), ("previous", 64), ("hash", 64)):
        op.add_column("audit", sa.Column(name, sa.String(length=length), nullable=True))
    _chain()
    with op.batch_alter_table("audit", schema=None) as batch_op:
        for name, length in (("address", 200), ("request_id", 200), ("result", 200), ("previous", 64), ("hash", 64)):
            batch_op.alter_column(name, existing_type=sa.String(length=length), nullable=False)
        batch_op.create_unique_constraint(batch_op.f("uq_audit_previous"), ["previous"])
        batch_op.create_index(batch_op.f("ix_audit_person_id"), ["person_id"], unique=False)
    for statement in _SQLITE if _on_sqlite() else _POSTGRESQL:
        op.execute(statement)


def _open() -> None:
    """Let rows be changed until this step ends, in whose transaction nobody else sees the table."""
    if _on_sqlite():
        for trigger in ("audit_no_UPDATE", "audit_no_DELETE", "audit_at_the_end"):
            op.execute(f"DROP TRIGGER IF EXISTS {trigger}")
        return
    for trigger in ("audit_append_only", "audit_no_truncate", "audit_at_the_end"):
        op.execute(f"DROP TRIGGER IF EXISTS {trigger} ON audit")
    op.execute("DROP FUNCTION IF EXISTS audit_at_the_end()")
    op.execute("GRANT UPDATE, DELETE, TRUNCATE ON audit TO CURRENT_USER")


def _chain() -> None:
    connection = op.get_bind()
    accounts = {name: number for number, name in connection.execute(sa.select(_ACCOUNTS.c.id, _ACCOUNTS.c.name))}
    last, previous = 0, "0" * 64
    wanted = sa.select(_AUDIT).order_by(_AUDIT.c.id).limit(BATCH)
    changed = _AUDIT.update().where(_AUDIT.c.id == sa.bindparam("number"))
    while rows := connection.execute(wanted.where(_AUDIT.c.id > last)).mappings().all():
        new = _chained([dict(row) for row in rows], accounts, previous)
        names = ("person", "person_id", "address", "request_id", "result", "previous", "hash")
        connection.execute(
            changed.values({name: sa.bindparam(f"new_{name}") for name in names}),
            [{"number": row["id"]} | {f"new_{name}": row[name] for name in names} for row in new],
        )
        last, previous = new[-1]["id"], new[-1]["hash"]


def _chained(rows: Sequence[dict[str, Any]], accounts: dict[str, int], previous: str) -> list[dict[str, Any]]:
    for row in rows:
        row["person_id"] = accounts.get(row["person"]) if row["origin"] == "account" else None
        if row["person_id"] is not None:  # its name is looked up, so that it can be erased
            row["person"] = ""
        row |= {"address": "", "request_id": "", "previous": previous}
        row["result"] = "refused" if row["action"] in _REFUSED else "done"
        row["hash"] = previous = _hash_of({name: value for name, value in row.items() if name != "hash"})
    return list(rows)


def _hash_of(row: dict[str, Any]) -> str:
    moment: datetime = row["at"]
    aware = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    hashed = row | {"at": aware.isoformat(timespec="microseconds")}
    return hashlib.sha256(json.dumps(hashed, sort_keys=True).encode()).hexdigest()


def _on_sqlite() -> bool:
    return op.get_bind().dialect.name == "sqlite"


def downgrade() -> None:
    """Take the chain away; what the columns of before held stays."""
    _open()
    op.execute(
        "UPDATE audit SET person = (SELECT name FROM accounts WHERE accounts.id = audit.person_id) "
        "WHERE person_id IN (SELECT id FROM accounts)"
    )
    with op.batch_alter_table("audit", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_person_id"))
        batch_op.drop_constraint(batch_op.f("uq_audit_previous"), type_="unique")
        for name in ("person_id", "address", "request_id", "result", "previous", "hash"):
            batch_op.drop_column(name)
    if _on_sqlite():
        for verb in ("UPDATE", "DELETE"):
            op.execute(_SQLITE_NO_EDIT.format(verb=verb))
    else:
        op.execute(_POSTGRESQL_NO_EDIT)
