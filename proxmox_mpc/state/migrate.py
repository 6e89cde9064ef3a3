"""Schema revisions: which one a database has, and the way to the newest; alembic is imported only to go there."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from proxmox_mpc.errors import StateError, StateTooNew

if TYPE_CHECKING:
    from sqlalchemy import Connection

HEAD = "0002"
"""The newest revision; a test holds it against ``migrations/versions``."""

VERSION_QUERY = "SELECT version_num FROM alembic_version"


def migrations() -> Path:
    """Return the directory of the revisions: inside the installed package, else at the top of the source tree."""
    package = Path(__file__).resolve().parent.parent
    for place in (package / "_migrations", package.parent / "migrations"):
        if (place / "env.py").is_file():
            return place
    raise StateError("this installation of pmpc lacks its database migrations", hint="install pmpc again")


def known_revisions() -> tuple[str, ...]:
    """Return every revision from the first to the newest; they are numbered, so their names sort."""
    return tuple(sorted(path.name.split("_")[0] for path in (migrations() / "versions").glob("[0-9]*_*.py")))


def needed(revision: str | None, where: str, *, shared: bool = False) -> bool:
    """Say whether a database of that revision must be migrated; raises StateTooNew. ``shared``: on a server."""
    if revision == HEAD:
        return False
    if revision is not None and revision not in known_revisions():
        raise StateTooNew(
            f"the database {where} has schema {revision}, newer than this pmpc, which knows {HEAD}",
            hint="a colleague has a newer pmpc: install the same" if shared else None,
            details={"revision": revision, "newest_known": HEAD},
        )
    return True


def upgrade(connection: Connection, to: str = "head") -> None:
    """Bring an open connection's database to a revision, inside the caller's transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(migrations()).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, to)


def order_by_bytes(connection: Connection) -> None:
    """Let PostgreSQL compare every text byte by byte, as SQLite does: ranges of keys and times rest on it.

    Done after each migration, inside the caller's transaction, for the columns that do not yet.
    """
    from sqlalchemy import text

    from proxmox_mpc.state.tables import METADATA

    columns = connection.execute(
        text(
            "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = "
            "current_schema() AND data_type IN ('character varying', 'text') AND collation_name IS DISTINCT FROM 'C'"
        )
    ).all()
    changes: dict[str, list[str]] = {}
    quoted = connection.dialect.identifier_preparer.quote
    for table, column, kind in columns:
        if table in METADATA.tables:
            changes.setdefault(table, []).append(f'ALTER COLUMN {quoted(column)} TYPE {kind} COLLATE "C"')
    for table, actions in changes.items():
        connection.execute(text(f"ALTER TABLE {quoted(table)} {', '.join(actions)}"))
