"""A database file as a whole: copied while in use, looked at without changing it, held alone.

Nothing here migrates: a copy has the schema that its source has. Standard library only.
"""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from proxmox_mpc.domain.journal import Entry
from proxmox_mpc.domain.json import Json, JsonObject
from proxmox_mpc.errors import Conflict, StateDamaged, StateError
from proxmox_mpc.state import files, migrate
from proxmox_mpc.state.faults import DAMAGED_HINT, translated

BUSY_SECONDS = 30
_COLUMNS = "seq, at, operation, step, event, body, hash"


def copy(path: Path, to: Path) -> None:
    """Copy the database as it is at this moment into a new private file, also while others write.

    The copy is one file, without a log beside it. Raises StateError, StateDamaged, Locked.
    """
    files.make_private(to)
    with closing(_opened(path)) as source, translated(str(to)), closing(sqlite3.connect(to)) as target:
        with translated(str(path)):
            source.execute("SELECT count(*) FROM sqlite_master")
        source.backup(target)
        target.execute("PRAGMA journal_mode = DELETE")


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Keep every other process away from the database; raises Conflict while one uses it."""
    try:
        handle = os.open(f"{path}.use", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, files.PRIVATE)
    except OSError as error:
        raise StateError(
            f"{path.parent} cannot be written: {error.strerror}", hint="check its owner, its mode and the free space"
        ) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(
                f"another process uses the database {path}", hint="wait until it is done, or stop it"
            ) from None
        yield
    finally:
        os.close(handle)


class Examined(NamedTuple):
    """A database that is sound: the revision of its schema, its rows in words, and how many the journal has."""

    revision: str | None
    runs: int
    guests: int
    journal: int


def examine(path: Path, where: str | None = None) -> Examined:
    """Check a database thoroughly without changing it; ``where`` is its name in errors.

    Raises StateDamaged, StateTooNew, StateError.
    """
    where = where or str(path)
    with translated(where), closing(_opened(path)) as connection:
        told = "\n".join(str(row[0]) for row in connection.execute("PRAGMA integrity_check(10)"))
        problems = [line for line in told.splitlines() if not line.startswith("***")]
        if problems != ["ok"]:
            raise StateDamaged(
                f"the database {where} failed its integrity check: {problems[0]}",
                hint=DAMAGED_HINT,
                details={"problems": problems},
            )
        names = {str(row[0]) for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        found = connection.execute(migrate.VERSION_QUERY).fetchone() if "alembic_version" in names else None
        revision = None if found is None else str(found[0])
        if revision is None:
            raise StateDamaged(f"the database {where} is empty: it has no tables of pmpc", hint=DAMAGED_HINT)
        migrate.needed(revision, where)

        def count(table: str) -> int:
            if table not in names:
                return 0
            return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608

        return Examined(revision, count("run"), count("guest"), count("journal"))


def revision_of(path: Path) -> str | None:
    """Return the revision of a database's schema, None where it has none yet; raises StateError, StateDamaged."""
    with translated(str(path)), closing(_opened(path)) as connection:
        if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone() is None:
            return None
        found = connection.execute(migrate.VERSION_QUERY).fetchone()
        return None if found is None else str(found[0])


def journal(path: Path) -> Iterator[tuple[Entry, str]]:
    """Yield the rows of the journal with their stored text, in order; nothing where there is no journal."""
    with translated(str(path)), closing(_opened(path)) as connection:
        if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'journal'").fetchone() is None:
            return
        for seq, at, operation, step, event, body, hashed in connection.execute(
            f"SELECT {_COLUMNS} FROM journal ORDER BY seq"  # noqa: S608
        ):
            yield Entry(seq, at, operation, step, event, _body(body), hashed), str(body)


def _body(text: object) -> JsonObject:
    try:
        value: Json = json.loads(str(text))
    except ValueError:
        value = None
    return value if isinstance(value, dict) else {"damaged": str(text)}


def _opened(path: Path) -> sqlite3.Connection:
    if not path.exists():
        raise StateError(f"there is no database {path}", hint="pmpc sync pull makes one")
    # A log that is there is read along, for which SQLite needs to write; without one the file is whole as it is.
    whole = not Path(f"{path}-wal").exists()
    mode = "mode=ro&immutable=1" if whole and not os.access(path.parent, os.W_OK) else "mode=rw"
    with translated(str(path)):
        if not os.access(path, os.R_OK):
            raise StateError(f"the database {path} may not be read", hint=f"chmod u+rw {path}")
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?{mode}", uri=True, timeout=BUSY_SECONDS)
        connection.execute("PRAGMA query_only = ON")
        return connection
