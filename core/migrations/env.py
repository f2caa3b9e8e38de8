"""What alembic runs: the steps, on the connection it is given, or for `alembic revision` on the site's database."""

from typing import Literal

from alembic import context
from sqlalchemy import Connection, TypeDecorator, create_engine

from core.database.app_database import url_of
from core.migrations.areas import METADATA
from core.settings import settings


def plainly(kind: str, item: object, _context: object) -> str | Literal[False]:
    """Write a column's type as the database knows it, so that a step stands without the modules of today."""
    return f"sa.{item.impl_instance!r}" if kind == "type" and isinstance(item, TypeDecorator) else False


def run(connection: Connection) -> None:
    """Run what alembic was asked for."""
    context.configure(
        connection=connection,
        target_metadata=METADATA,
        render_as_batch=True,
        transactional_ddl=True,
        render_item=plainly,
    )
    with context.begin_transaction():
        context.run_migrations()


given: Connection | None = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    with create_engine(url_of(settings().database_place)).begin() as opened:
        run(opened)
