"""A workspace as the first release made it: config.yml of version 1, a database of schema 0001, less of a layout."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import sqlalchemy as sa

from proxmox_mpc.state import migrate

FIRST = "0001"


def age(root: Path) -> dict[str, int]:
    """Turn a pulled workspace into one of the first release, its data kept; return the rows of each table."""
    private = root / ".proxmox"
    new, old = private / "state.db", private / "old.db"
    engine = sa.create_engine(f"sqlite:///{old}")
    with engine.begin() as connection:
        migrate.upgrade(connection, FIRST)
    engine.dispose()
    counts = {}
    raw = sqlite3.connect(old, isolation_level=None)
    try:
        raw.execute("ATTACH ? AS new", (str(new),))
        tables = [str(row[0]) for row in raw.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'")]
        for table in tables:
            if table != "alembic_version":
                columns = ", ".join(f'"{row[1]}"' for row in raw.execute(f'PRAGMA main.table_info("{table}")'))
                raw.execute(f'INSERT INTO main."{table}" ({columns}) SELECT {columns} FROM new."{table}"')
                counts[table] = int(raw.execute(f'SELECT count(*) FROM main."{table}"').fetchone()[0])
    finally:
        raw.close()
    for path in private.glob("state.db*"):
        path.unlink()
    old.rename(new)
    new.chmod(0o600)
    for path in (private / "audit.head", private / "audit.lock", private / "life.lock"):
        path.unlink(missing_ok=True)
    shutil.rmtree(private / "backups")
    return counts


def rows(path: Path) -> dict[str, int]:
    """Return how many rows each table of a database has."""
    connection = sqlite3.connect(path)
    try:
        tables = [str(row[0]) for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {one: int(connection.execute(f'SELECT count(*) FROM "{one}"').fetchone()[0]) for one in tables}
    finally:
        connection.close()
