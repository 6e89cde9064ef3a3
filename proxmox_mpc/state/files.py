"""The database file: made private, watched for an unclean end, locked for one pull at a time.

Two files lie beside it. ``<db>.use`` is locked shared by every process that has the database open: who gets it
exclusively is alone, and a write-ahead log that is still there then was left by a process that died. ``<db>.sync`` is
locked exclusively by the one pull that runs; the kernel gives both back when a process ends, however it ends.
"""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from proxmox_mpc.errors import Conflict, StateDamaged, StateError
from proxmox_mpc.state.faults import DAMAGED_HINT
from proxmox_mpc.state.times import stamp

PRIVATE = 0o600
_FIRST_PAGE = 4096
_FILLED = b"filled\n"


def caller() -> str:
    """Return who runs this process, as ``user@host``."""
    import getpass
    import socket

    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a uid without a name, as in containers
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"


def make_private(path: Path) -> None:
    """Create the file if it is missing, readable by its owner only, and take others' rights from an existing one."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            _forget(path)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE))
        if path.stat().st_mode & 0o077:
            path.chmod(PRIVATE)
    except OSError as error:
        raise StateError(
            f"the database {path} cannot be written: {error.strerror}",
            hint="check owner, mode and free space of its directory",
        ) from error


def enter(path: Path) -> tuple[int | None, bool]:
    """Say that this process uses the database; returns the handle to close, and whether the last user died.

    In a directory that cannot be written there is no handle, and an unclean end is not looked for. Raises StateDamaged
    for a file that has lost all it held: SQLite would take it for a new database, and every list would be empty.
    """
    try:
        handle = os.open(f"{path}.use", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE)
    except OSError:
        return None, False
    unclean = False
    with suppress(BlockingIOError):
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        unclean = _size(Path(f"{path}-wal")) > 0
        if _emptied(path, handle, logged=unclean):
            os.close(handle)
            raise StateDamaged(f"the database {path} is empty and was not: its content is lost", hint=DAMAGED_HINT)
    fcntl.flock(handle, fcntl.LOCK_SH)
    return handle, unclean


def _emptied(path: Path, handle: int, *, logged: bool) -> bool:
    """Say whether a database that was once filled is not any more; ``<db>.use`` remembers that it was."""
    size = _size(path)
    filled = size > _FIRST_PAGE or (size > 0 and logged)
    if filled and not os.fstat(handle).st_size:
        os.write(handle, _FILLED)
    return path.exists() and not filled and os.fstat(handle).st_size > 0


def _forget(path: Path) -> None:
    """Take a database for a new one: somebody has moved the old one away."""
    with suppress(FileNotFoundError):
        os.truncate(f"{path}.use", 0)


def leave(handle: int | None) -> None:
    """Give back what ``enter`` returned."""
    if handle is not None:
        os.close(handle)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def prove_sound(connection: sqlite3.Connection, path: Path) -> None:
    """Run SQLite's quick check (a few milliseconds a thousand guests); raises StateDamaged."""
    told = "\n".join(str(row[0]) for row in connection.execute("PRAGMA quick_check(10)"))
    problems = [line for line in told.splitlines() if not line.startswith("***")]
    if problems != ["ok"]:
        raise StateDamaged(
            f"the database {path} failed its integrity check: {problems[0]}",
            hint=DAMAGED_HINT,
            details={"problems": problems},
        )


def check(connection: sqlite3.Connection, path: Path, cause: str, now: float) -> None:
    """Run the quick check and keep its result for ``status``; raises StateDamaged."""
    prove_sound(connection, path)
    result = json.dumps({"at": stamp(now), "cause": cause, "result": "ok"})
    with suppress(sqlite3.OperationalError):  # no such table: made by an older pmpc, which kept no result
        connection.execute("INSERT OR REPLACE INTO state_meta (name, value) VALUES ('integrity', ?)", (result,))
        connection.commit()


@contextmanager
def sync_lock(path: Path, now: float, what: str = "a pull") -> Iterator[None]:
    """Hold the right to do ``what`` with this database or workspace; raises Conflict saying who holds it since when."""
    try:
        handle = os.open(f"{path}.sync", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE)
    except OSError as error:
        raise StateError(
            f"cannot lock {path}: {error.strerror}", hint="check the directory's owner and mode"
        ) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _held(what, os.pread(handle, 4096, 0)) from None
        os.ftruncate(handle, 0)
        holder = {"pid": os.getpid(), "caller": caller(), "since": stamp(now)}
        os.pwrite(handle, json.dumps(holder).encode(), 0)
        yield
        os.ftruncate(handle, 0)
    finally:
        os.close(handle)


def _held(what: str, note: bytes) -> Conflict:
    try:
        holder = json.loads(note)
        who = f"{holder['caller']} (process {holder['pid']}) since {holder['since']}"
    except (ValueError, KeyError, TypeError):  # the holder has not written its note yet
        holder, who = {}, "another process"
    return Conflict(
        f"{what} is running already: {who}",
        hint="wait until it is done; a process that died holds nothing",
        details=dict(holder),
    )
