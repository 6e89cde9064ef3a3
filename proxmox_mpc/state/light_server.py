"""Reading the database on a PostgreSQL server with its driver alone."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

from proxmox_mpc.domain.moments import Now
from proxmox_mpc.errors import NotRecorded
from proxmox_mpc.state import migrate
from proxmox_mpc.state.server import CLUSTER, Server, connect
from proxmox_mpc.state.server_faults import server_fault

PATIENCE = 1.0
"""Seconds that a shell may wait for completions."""
Found = TypeVar("Found")


class ServerReader:
    """One connection that reads; documents come as JSON text, as from a file."""

    def __init__(self, server: Server, now: Now) -> None:
        """Connect; raises NotRecorded for a database without our tables, WrongCluster, what ``connect`` raises."""
        self._server = server
        self._connection = connect(server)
        try:
            self._begin(now)
        except BaseException:
            self.close()
            raise

    def rows(self, query: str, parameters: Sequence[object] = ()) -> list[tuple[object, ...]]:
        """Return all rows of a query."""
        import psycopg

        try:
            # The queries are constants of this package, written with the placeholders of SQLite.
            return self._connection.execute(query.replace("?", "%s").encode(), parameters).fetchall()
        except psycopg.Error as error:
            raise server_fault(error, self._server.where) from None

    def prove_sound(self) -> None:
        """Leave that to the server, which checks what it reads."""

    def size(self) -> int:
        """Return the size of the whole database."""
        size = self.rows("SELECT pg_database_size(current_database())")[0][0]
        return size if isinstance(size, int) else 0

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _begin(self, now: Now) -> None:
        from psycopg.types.string import TextLoader

        for kind in ("json", "jsonb"):
            self._connection.adapters.register_loader(kind, TextLoader)
        if self.rows("SELECT to_regclass('alembic_version')")[0][0] is None:
            raise NotRecorded(f"nothing has been recorded in the database {self._server.where} yet")
        revision = self.rows(migrate.VERSION_QUERY)
        if migrate.needed(str(revision[0][0]) if revision else None, self._server.where, shared=True):
            from proxmox_mpc.state.store import StateStore

            StateStore.open(self._server, now=now).close()
        known = self.rows("SELECT value FROM state_meta WHERE name = ?", (CLUSTER,))
        if known:
            self._server.prove_mine(str(known[0][0]))


def at_once(find: Callable[[], Found], otherwise: Found) -> Found:
    """Return what is found within ``PATIENCE``, and else ``otherwise``; an error counts as nothing found.

    Only a thread can be left behind: looking a name up in DNS knows no time limit.
    """
    answers: queue.SimpleQueue[Found] = queue.SimpleQueue()

    def look() -> None:
        try:
            answers.put(find())
        except Exception:  # noqa: BLE001
            # Whatever it is: a shell in the middle of a line is no place to tell it.
            answers.put(otherwise)

    threading.Thread(target=look, daemon=True).start()
    try:
        return answers.get(timeout=PATIENCE)
    except queue.Empty:
        return otherwise
