"""The journal in the database: rows are appended, each in a transaction of its own that is on disk when it returns.

``audit.head`` beside the database holds number and hash of the newest row, so that a tail cut off is noticed. It is
written after the row: a process that dies in between leaves it one behind, never ahead. ``running/NUMBER`` is locked by
the process that carries an operation out; the kernel gives the lock back however that process ends.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Table, and_, delete, func, insert, or_, select, text

from proxmox_mpc.domain.journal import START, Entry, canonical, chained
from proxmox_mpc.domain.json import Json, JsonObject
from proxmox_mpc.domain.moments import Now
from proxmox_mpc.errors import StateError
from proxmox_mpc.state.files import PRIVATE
from proxmox_mpc.state.store import StateStore
from proxmox_mpc.state.tables import METADATA
from proxmox_mpc.state.tables_journal import JournalRow
from proxmox_mpc.state.times import stamp

_J: Table = METADATA.tables[str(JournalRow.__tablename__)]
_ENDED = ("ended", "reconciled")


class Head(NamedTuple):
    """The newest row: its number, which is how many there ever were, and its hash."""

    seq: int
    hash: str


class Journal:
    """The append-only record of one database; safe to share between threads."""

    def __init__(self, store: StateStore, home: Path, now: Now) -> None:
        self._store = store
        self._now = now
        self._head = home / "audit.head"
        self._running = home / "running"
        self._held: dict[int, int] = {}
        self._lock = threading.Lock()

    def begin(self, body: JsonObject) -> int:
        """Open an operation and return its number, the ``seq`` of this row; raises StateError."""
        return self._append(None, 0, "begun", body).seq

    def note(self, operation: int, step: int, event: str, body: JsonObject) -> None:
        """Append one row; raises StateError, and then nothing was written."""
        self._append(operation, step, event, body)

    def release(self, operation: int) -> None:
        """Give an operation up that this process holds."""
        handle = self._held.pop(operation, None)
        if handle is not None:
            with suppress(OSError):
                self._lock_file(operation).unlink()
            os.close(handle)

    @contextmanager
    def taken_over(self, operation: int) -> Iterator[bool]:
        """Hold an operation that its process left; False when somebody holds it."""
        try:
            handle = self._hold(operation)
        except BlockingIOError:
            yield False
            return
        self._held[operation] = handle
        try:
            yield True
        finally:
            self.release(operation)

    def orphans(self) -> Sequence[int]:
        """Return the operations without an end that no process holds, oldest first."""
        ended = select(_J.c.operation).where(_J.c.event.in_(_ENDED))
        query = select(_J.c.seq).where(_J.c.event == "begun", _J.c.seq.not_in(ended)).order_by(_J.c.seq)
        with self._store.reading() as connection:
            found = [int(seq) for seq in connection.scalars(query)]
        return [seq for seq in found if seq not in self._held and not self._is_held(seq)]

    def entries(self, operation: int) -> list[Entry]:
        """Return the rows of an operation in order; empty for one that does not exist."""
        query = select(_J).where(_J.c.operation == operation).order_by(_J.c.seq)
        with self._store.reading() as connection:
            return [_entry(row) for row in connection.execute(query)]

    def all(self, first: int = 0) -> Iterator[tuple[Entry, str]]:
        """Yield every row from a number on with its stored text, in order of number, as of one moment."""
        with self._store.reading() as connection:
            query = select(_J).where(_J.c.seq >= first).order_by(_J.c.seq)
            for row in connection.execution_options(yield_per=1000).execute(query):
                yield _entry(row), row.body

    def begun(self, limit: int | None = None) -> list[Entry]:
        """Return the rows that began operations, newest first."""
        query = select(_J).where(_J.c.event == "begun").order_by(_J.c.seq.desc()).limit(limit)
        with self._store.reading() as connection:
            return [_entry(row) for row in connection.execute(query)]

    def upids(self) -> frozenset[str]:
        """Return the task of every call that was sent."""
        with self._store.reading() as connection:
            bodies = connection.scalars(select(_J.c.body).where(_J.c.event.in_(("sent", "looked up")))).all()
        return frozenset(upid for body in bodies if isinstance(upid := json.loads(body).get("upid"), str))

    def rows(self) -> int:
        """Return how many rows there are."""
        with self._store.reading() as connection:
            return int(connection.scalar(select(func.count()).select_from(_J)) or 0)

    def checkpoints(self) -> dict[int, str]:
        """Return number and hash of the last row of each pruning, as the rows that took it down name them."""
        with self._store.reading() as connection:
            bodies = connection.scalars(select(_J.c.body).where(_J.c.event == "checkpoint")).all()
        found = [json.loads(body) for body in bodies]
        return {int(one["through"]): str(one["hash"]) for one in found}

    def prune(self, before: float) -> int:
        """Remove the oldest rows up to the first operation that is younger or has no end; return how many.

        A checkpoint row goes into the chain in the same transaction.
        """
        moment = stamp(before)
        ended = select(_J.c.operation).where(_J.c.event.in_(_ENDED), _J.c.at < moment)
        kept = select(func.min(_J.c.seq)).where(
            or_(_J.c.at >= moment, and_(_J.c.event == "begun", _J.c.seq.not_in(ended)))
        )
        with self._lock, self._store.writing() as connection:
            first_kept = connection.scalar(kept)
            newest = _newest(connection)
            through = newest.seq if first_kept is None else int(first_kept) - 1
            row = connection.execute(select(_J.c.hash).where(_J.c.seq == through)).first()
            if row is None:
                return 0
            removed = connection.execute(delete(_J).where(_J.c.seq <= through)).rowcount
            body: JsonObject = {"through": through, "hash": str(row.hash), "removed": removed}
            head = self._insert(connection, newest, 0, 0, "checkpoint", body)
        self._keep_head(head)
        return removed

    def head(self) -> Head | None:
        """Return what audit.head says; None where there is none. Raises StateError for one that cannot be read."""
        try:
            said = json.loads(self._head.read_text("ascii"))
            return Head(int(said["count"]), str(said["hash"]))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StateError(f"{self._head} cannot be read: {error}", hint="pmpc audit verify says more") from error

    def newest(self) -> Head:
        """Return number and hash of the newest row."""
        with self._store.reading() as connection:
            return _newest(connection)

    def _append(self, operation: int | None, step: int, event: str, body: JsonObject) -> Head:
        """Append a row; without ``operation`` it begins one, numbered as itself."""
        with self._lock, self._store.writing() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("LOCK TABLE journal IN EXCLUSIVE MODE"))
            head = self._insert(connection, _newest(connection), operation, step, event, body)
            if operation is None:
                # Held before anybody can see the row: another process would take it for one whose process has died.
                self._held[head.seq] = self._hold(head.seq)
        self._keep_head(head)
        return head

    def _insert(
        self, connection: Connection, last: Head, operation: int | None, step: int, event: str, body: JsonObject
    ) -> Head:
        seq, stored = last.seq + 1, canonical(body)
        entry = Entry(seq, stamp(self._now()), seq if operation is None else operation, step, event, body)
        head = Head(seq, chained(last.hash, entry, stored))
        row = {"at": entry.at, "operation": entry.operation, "step": step, "event": event, "body": stored}
        connection.execute(insert(_J).values(seq=seq, hash=head.hash, **row))
        return head

    def _keep_head(self, head: Head) -> None:
        # The row is on disk; a head that cannot be written now is caught up by the next row.
        with suppress(OSError):
            self._write_head(head)

    def _write_head(self, head: Head) -> None:
        handle = os.open(self._head.with_name("audit.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            with suppress(StateError):
                known = self.head()
                if known is not None and known.seq >= head.seq:
                    return
            fresh = self._head.with_name("audit.head.new")
            write = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, PRIVATE)
            try:
                os.write(write, json.dumps({"count": head.seq, "hash": head.hash}).encode() + b"\n")
            finally:
                os.close(write)
            fresh.replace(self._head)
        finally:
            os.close(handle)

    def _lock_file(self, operation: int) -> Path:
        return self._running / str(operation)

    def _hold(self, operation: int) -> int:
        try:
            self._running.mkdir(mode=0o700, exist_ok=True)
            handle = os.open(self._lock_file(operation), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE)
        except OSError as error:
            raise StateError(f"{self._running} cannot be written: {error.strerror}") from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            raise
        return handle

    def _is_held(self, operation: int) -> bool:
        try:
            handle = os.open(self._lock_file(operation), os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(handle)
        return False


def _newest(connection: Connection) -> Head:
    row = connection.execute(select(_J.c.seq, _J.c.hash).order_by(_J.c.seq.desc()).limit(1)).first()
    return Head(0, START) if row is None else Head(int(row.seq), str(row.hash))


def _entry(row: Row[Any]) -> Entry:
    try:
        body: Json = json.loads(row.body)
    except ValueError:
        body = None
    # What somebody has edited is shown as it is; `audit verify` says that it was edited.
    found: JsonObject = body if isinstance(body, dict) else {"damaged": str(row.body)}
    return Entry(row.seq, row.at, row.operation, row.step, row.event, found, row.hash)
