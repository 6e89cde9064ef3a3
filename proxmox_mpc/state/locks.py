"""Rights that one process holds until it gives them back or ends, however it ends: to pull, an operation, a guest.

Beside a SQLite file they are locked files, on a PostgreSQL server advisory locks of one connection. Both name the
holder to whoever comes second.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from proxmox_mpc.errors import StateError
from proxmox_mpc.state.files import PRIVATE, caller
from proxmox_mpc.state.server import Server, connect
from proxmox_mpc.state.server_faults import server_fault
from proxmox_mpc.state.times import stamp

if TYPE_CHECKING:
    from psycopg import Connection

SYNC = "sync"


def operation(number: int) -> str:
    """Return the name of the right to an operation."""
    return f"operation-{number}"


def guest(vmid: int) -> str:
    """Return the name of the right to change a guest."""
    return f"guest-{vmid}"


class Holder(NamedTuple):
    """Who holds a right, as far as that can be told; ``since`` is ISO 8601."""

    caller: str | None = None
    pid: int | None = None
    since: str | None = None

    def describe(self) -> str:
        """Return it in words."""
        if self.caller is None:
            return "another process"
        return f"{self.caller} (process {self.pid})" + (f" since {self.since}" if self.since else "")


class Locks(Protocol):
    """Named rights; safe to share between threads."""

    def take(self, name: str, now: float) -> Holder | None:
        """Take a right; returns who holds it where somebody does, this process included. Raises StateError."""

    def give_back(self, name: str) -> None:
        """Give back what was taken; nothing for what is not held."""

    def is_taken(self, name: str) -> bool:
        """Say whether anybody holds it."""

    def keep(self) -> None:
        """Make sure that what was taken is still held; raises StateError where it was lost for good."""

    def close(self) -> None:
        """Give everything back."""


class FileLocks:
    """Locked files beside the database: ``state.db.sync``, the others in ``running/``."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._handles: dict[str, int] = {}
        self._mutex = threading.Lock()

    def take(self, name: str, now: float) -> Holder | None:
        """Lock the file and write into it who holds it."""
        with self._mutex:
            handle = self._locked(self._file(name))
            if isinstance(handle, Holder):
                return handle
            os.ftruncate(handle, 0)
            note = {"pid": os.getpid(), "caller": caller(), "since": stamp(now)}
            os.pwrite(handle, json.dumps(note).encode(), 0)
            self._handles[name] = handle
            return None

    def give_back(self, name: str) -> None:
        """Remove the file and unlock it."""
        with self._mutex:
            handle = self._handles.pop(name, None)
            if handle is not None:
                with suppress(OSError):
                    self._file(name).unlink()
                os.close(handle)

    def is_taken(self, name: str) -> bool:
        """Try the lock."""
        with self._mutex:
            try:
                handle = os.open(self._file(name), os.O_RDWR | os.O_CLOEXEC)
            except OSError:
                return False
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
            finally:
                os.close(handle)
            return False

    def keep(self) -> None:
        """Nothing takes a locked file away from a process."""

    def close(self) -> None:
        """Unlock every file."""
        for name in [*self._handles]:
            self.give_back(name)

    def _file(self, name: str) -> Path:
        return Path(f"{self._database}.sync") if name == SYNC else self._database.parent / "running" / name

    def _locked(self, file: Path) -> int | Holder:
        while True:
            try:
                if file.parent != self._database.parent:
                    file.parent.mkdir(mode=0o700, exist_ok=True)
                handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE)
            except OSError as error:
                raise StateError(
                    f"{file} cannot be written: {error.strerror}", hint="check owner and mode of its directory"
                ) from error
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                try:
                    return _noted(os.pread(handle, 4096, 0))
                finally:
                    os.close(handle)
            # Its holder may have removed it between open and lock: then this is a file that nobody else will find.
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(handle), file.stat()):
                    return handle
            os.close(handle)


def _noted(note: bytes) -> Holder:
    try:
        said = json.loads(note)
        return Holder(str(said["caller"]), int(said["pid"]), str(said["since"]))
    except (ValueError, KeyError, TypeError):  # the holder has not written its note yet
        return Holder()


class ServerLocks:
    """Advisory locks of one connection, made when the first is taken; the server gives them back when it ends."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._connection: Connection[tuple[object, ...]] | None = None
        self._held: set[str] = set()
        self._mutex = threading.Lock()

    def take(self, name: str, now: float) -> Holder | None:
        """Take the lock of that name in this database."""
        with self._mutex:
            if name in self._held:
                return Holder(caller(), os.getpid())
            if not self._rows("SELECT pg_try_advisory_lock(%s)", _key(name))[0][0]:
                return self._holder(name)
            self._held.add(name)
            return None

    def give_back(self, name: str) -> None:
        """Unlock it; a connection that broke has done so already."""
        with self._mutex:
            if name in self._held:
                self._held.discard(name)
                with suppress(Exception):
                    self._rows("SELECT pg_advisory_unlock(%s)", _key(name))

    def is_taken(self, name: str) -> bool:
        """Look among the server's locks."""
        with self._mutex:
            return self._holder(name, known=False) is not None

    def keep(self) -> None:
        """Take the locks again over a new connection where the old one broke, before anybody else does."""
        import psycopg

        with self._mutex:
            if self._connection is None or not self._held:
                return
            with suppress(psycopg.Error):
                self._connection.execute("SELECT 1")
                return
            self._connection.close()
            self._connection = None
            lost = [name for name in self._held if not self._rows("SELECT pg_try_advisory_lock(%s)", _key(name))[0][0]]
            if lost:
                self._held -= {*lost}
                raise StateError(
                    f"the connection to the database {self._server.where} broke, and meanwhile "
                    f"{(self._holder(lost[0]) or Holder()).describe()} has taken over what this command held",
                    hint="look at what was done: pmpc audit list",
                )

    def close(self) -> None:
        """End the connection."""
        with self._mutex:
            self._held.clear()
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _holder(self, name: str, known: bool = True) -> Holder | None:
        """Return who holds a lock; with ``known`` somebody does, even if he gave it back meanwhile."""
        key = _key(name) & (1 << 64) - 1
        found = self._rows(
            "SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid WHERE l.granted "
            "AND l.locktype = 'advisory' AND l.objsubid = 1 AND l.classid::bigint = %s AND l.objid::bigint = %s "
            "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())",
            key >> 32,
            key & (1 << 32) - 1,
        )
        if not found:
            return Holder() if known else None
        words = str(found[0][0]).split(maxsplit=2)
        if len(words) == 3 and words[0] == "pmpc" and words[1].isdecimal():
            return Holder(words[2], int(words[1]))
        return Holder()

    def _rows(self, query: str, *values: int) -> list[tuple[object, ...]]:
        import psycopg

        if self._connection is None or (not self._held and self._connection.closed):
            self._connection = connect(self._server)
        try:
            return self._connection.execute(query, values).fetchall()
        except psycopg.Error as error:
            raise server_fault(error, self._server.where) from None


def _key(name: str) -> int:
    """Return the number that stands for a right: 64 bits with a sign, as PostgreSQL has them."""
    return int.from_bytes(hashlib.sha256(f"pmpc {name}".encode()).digest()[:8], "big", signed=True)
