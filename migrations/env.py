"""Alembic's environment: the program hands an open connection over; the ``alembic`` command names a database.

``alembic -x db=sqlite:///work.db revision --autogenerate -m "..."`` and ``alembic -x db=... check`` are for developers.
"""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection, create_engine
from sqlmodel.sql.sqltypes import AutoString

from proxmox_mpc.state.tables import METADATA, Document
from proxmox_mpc.state.tables_journal import JournalRow as JournalRow


def render(kind: str, item: Any, autogen: AutogenContext) -> str | Literal[False]:
    """Write our column types as plain SQLAlchemy, so that a revision never changes with the models."""
    if kind == "type" and isinstance(item, AutoString):
        return "sa.String()"
    if kind == "type" and isinstance(item, Document):
        autogen.imports.add("from sqlalchemy.dialects import postgresql")
        return 'sa.JSON().with_variant(postgresql.JSONB(), "postgresql")'
    return False


def run(connection: Connection) -> None:
    """Run what was asked for on an open connection, inside the caller's transaction if there is one."""
    context.configure(
        connection=connection,
        target_metadata=METADATA,
        render_item=render,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    with create_engine(context.get_x_argument(as_dictionary=True)["db"]).connect() as opened:
        run(opened)
