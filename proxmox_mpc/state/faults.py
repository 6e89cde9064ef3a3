"""What SQLite says, told as what happened and what to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from proxmox_mpc.errors import Locked, PmpcError, StateDamaged, StateError

DAMAGED_HINT = (
    "salvage what can be read: pmpc workspace repair; or go back to a backup: pmpc workspace backups, "
    "pmpc workspace restore FILE"
)


def fault(error: sqlite3.Error, where: str) -> PmpcError:
    """Return the error that stands for one of SQLite's; ``where`` is the file as the user knows it."""
    # The primary result code is the low byte (https://www.sqlite.org/rescode.html).
    code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
    text = f"{error}"
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return StateDamaged(f"the database {where} is damaged: {text}", hint=DAMAGED_HINT)
    if code == sqlite3.SQLITE_FULL:
        return StateError(
            f"no space left to write the database {where}", hint="free some disk space; nothing was changed"
        )
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return Locked(f"another process keeps the database {where} locked", hint="try again when it is done")
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        return StateError(
            f"the database {where} cannot be written: {text}", hint="check owner and mode of the file and its directory"
        )
    if code == sqlite3.SQLITE_CANTOPEN:
        return StateError(
            f"the database {where} cannot be opened: {text}",
            hint="check that the directory exists, belongs to you and can be written",
        )
    if code == sqlite3.SQLITE_IOERR:
        return StateError(
            f"reading or writing the database {where} failed: {text}", hint="check the disk and its free space"
        )
    if code == sqlite3.SQLITE_NOMEM:
        return StateError(f"not enough memory to use the database {where}")
    return StateError(f"the database {where} cannot be used: {text}")


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Turn every database error inside into one of ours."""
    try:
        yield
    except sqlite3.Error as error:
        raise fault(error, where) from error
    except UnicodeDecodeError as error:
        raise StateDamaged(f"the database {where} holds text that cannot be read", hint=DAMAGED_HINT) from error
