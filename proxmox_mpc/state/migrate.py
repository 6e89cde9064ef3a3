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


def needed(revision: str | None, where: str) -> bool:
    """Say whether a database of that revision must be migrated; raises StateTooNew."""
    if revision == HEAD:
        return False
    if revision is not None and revision not in known_revisions():
        raise StateTooNew(
            f"the database {where} has schema {revision}, newer than this pmpc, which knows {HEAD}",
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
