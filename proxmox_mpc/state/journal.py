"""The journal in the database: rows are appended, each in a transaction of its own that is on disk when it returns.

``audit.head`` in the workspace holds number and hash of the newest row that it knows of, so that a tail cut off is
noticed. It is written after the row: a process that dies in between leaves it one behind, never ahead. Where several
workspaces share a database each has a head of its own, somewhere in the chain that all of them write.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Table, and_, delete, func, insert, or_, select

from proxmox_mpc.domain.journal import START, Entry, canonical, chained
from proxmox_mpc.domain.json import Json, JsonObject
from proxmox_mpc.domain.moments import Now
from proxmox_mpc.errors import PmpcError, StateError
from proxmox_mpc.state.files import PRIVATE
from proxmox_mpc.state.locks import guest
from proxmox_mpc.state.locks import operation as right_to
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
        self._head = home / _head_name(store)
        self._held: set[int] = set()
        self._guests: dict[int, int] = {}
        self._lock = threading.Lock()

    @property
    def shared(self) -> bool:
        """Whether other workspaces write this journal too."""
        return self._store.path is None

    def begin(self, body: JsonObject) -> int:
        """Open an operation and return its number, the ``seq`` of this row; raises StateError."""
        return self._append(None, 0, "begun", body).seq

    def note(self, operation: int, step: int, event: str, body: JsonObject) -> None:
        """Append one row; raises StateError, and then nothing was written."""
        if event == "intent":
            self._store.locks.keep()
        self._append(operation, step, event, body)

    def release(self, operation: int) -> None:
        """Give an operation up that this process holds."""
        if operation in self._held:
            self._held.discard(operation)
            self._store.locks.give_back(right_to(operation))

    def reserve(self, vmid: int) -> str | None:
        """Hold a guest, so that nobody else changes it meanwhile; returns who does where somebody does."""
        with self._lock:
            if vmid not in self._guests:
                holder = self._store.locks.take(guest(vmid), self._now())
                if holder is not None:
                    return holder.describe()
            self._guests[vmid] = self._guests.get(vmid, 0) + 1
            return None

    def unreserve(self, vmid: int) -> None:
        """Give a guest back; as often as it was reserved."""
        with self._lock:
            self._guests[vmid] -= 1
            if not self._guests[vmid]:
                del self._guests[vmid]
                self._store.locks.give_back(guest(vmid))

    @contextmanager
    def taken_over(self, operation: int) -> Iterator[bool]:
        """Hold an operation that its process left; False when somebody holds it."""
        if self._store.locks.take(right_to(operation), self._now()) is not None:
            yield False
            return
        self._held.add(operation)
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
        return [seq for seq in found if seq not in self._held and not self._store.locks.is_taken(right_to(seq))]

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
            head = self._insert(connection, _newest(connection), operation, step, event, body)
            if operation is None:
                # Held before anybody can see the row: another process would take it for one whose process has died.
                self._store.locks.take(right_to(head.seq), self._now())
                self._held.add(head.seq)
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
        with suppress(OSError, PmpcError):
            self._write_head(head)

    def keep_head(self, seq: int, row_hash: str) -> None:
        """Let audit.head name a row up to which the chain was found whole."""
        self._keep_head(Head(seq, row_hash))

    def _write_head(self, head: Head) -> None:
        handle = os.open(self._head.with_name("audit.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            with suppress(StateError):
                known = self.head()
                if known is not None and (known.seq >= head.seq or not self._follows(known, head)):
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

    def _follows(self, known: Head, head: Head) -> bool:
        """Say whether the head known so far is in the chain; one that is not stays, for ``audit verify`` to find."""
        if known.seq == head.seq - 1:
            return True
        with self._store.reading() as connection:
            found = connection.scalar(select(_J.c.hash).where(_J.c.seq == known.seq))
            first = connection.scalar(select(func.min(_J.c.seq)))
        return found == known.hash or (found is None and first is not None and known.seq < first)


def _head_name(store: StateStore) -> str:
    if store.path is not None:
        return "audit.head"
    # Of each database its own: the chain of the file that was used before it is another one.
    return f"audit-{hashlib.sha256(store.where.encode()).hexdigest()[:8]}.head"


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
