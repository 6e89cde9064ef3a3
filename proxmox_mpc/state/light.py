"""Reading the database without the ORM, for what must start fast: lists, completion, status."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple, Protocol

from proxmox_mpc.domain.json import JsonObject, split_list
from proxmox_mpc.domain.moments import Now
from proxmox_mpc.errors import NotRecorded, PmpcError, StateError
from proxmox_mpc.state import files, migrate
from proxmox_mpc.state.faults import translated
from proxmox_mpc.state.server import Server

BUSY_SECONDS = 10
"""How long to wait for a writer that is just switching the log; readers do not wait for ordinary writes."""


class Reader(Protocol):
    """A connection that reads; documents come as JSON text."""

    def rows(self, query: str, parameters: Sequence[object] = ()) -> list[tuple[object, ...]]:
        """Return all rows of a query, in which ``?`` stands for a parameter."""

    def prove_sound(self) -> None:
        """Look whether the database is damaged; raises StateDamaged."""

    def size(self) -> int:
        """Return how many bytes it takes."""

    def close(self) -> None:
        """Close the connection."""


class Light:
    """A connection that reads, to a file or a server; ``rows`` is its one method, ``close`` ends it."""

    def __init__(self, target: Path | Server, now: Now = time.time) -> None:
        """Open a database that exists; raises NotRecorded, StateError, StateDamaged, StateTooNew.

        A file is checked first after an unclean end; one with an old schema is migrated first. Of a server also what
        ``server.connect`` raises, and WrongCluster.
        """
        self._reader: Reader
        if isinstance(target, Server):
            from proxmox_mpc.state.light_server import ServerReader

            self._reader = ServerReader(target, now)
        else:
            self._reader = FileReader(target, now)

    def rows(self, query: str, parameters: Sequence[object] = ()) -> list[tuple[object, ...]]:
        """Return all rows of a query."""
        return self._reader.rows(query, parameters)

    def prove_sound(self) -> None:
        """Run the integrity check; raises StateDamaged."""
        self._reader.prove_sound()

    def size(self) -> int:
        """Return how many bytes the database takes."""
        return self._reader.size()

    def close(self) -> None:
        """Close the connection."""
        self._reader.close()


class FileReader:
    """A SQLite file, read with the standard library alone."""

    def __init__(self, path: Path, now: Now) -> None:
        self.path = path
        self._handle: int | None = None
        self._connection = self._opened(now)

    def rows(self, query: str, parameters: Sequence[object] = ()) -> list[tuple[object, ...]]:
        """Return all rows of a query."""
        with translated(str(self.path)):
            return self._connection.execute(query, parameters).fetchall()

    def prove_sound(self) -> None:
        """Run the integrity check; raises StateDamaged."""
        with translated(str(self.path)):
            files.prove_sound(self._connection, self.path)

    def size(self) -> int:
        """Return the file's size."""
        return _size(self.path)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
        files.leave(self._handle)
        self._handle = None

    def _opened(self, now: Now) -> sqlite3.Connection:
        if not self.path.exists():
            raise NotRecorded(f"there is no database {self.path} yet")
        self._handle, unclean = files.enter(self.path)
        connection = self._connect()
        try:
            with translated(str(self.path)):
                if unclean:
                    files.check(connection, self.path, "unclean end", now())
                connection.execute("PRAGMA query_only = ON")
                if not migrate.needed(_revision(connection), str(self.path)):
                    return connection
        except BaseException:
            connection.close()
            files.leave(self._handle)
            raise
        connection.close()
        return self._migrated(now)

    def _migrated(self, now: Now) -> sqlite3.Connection:
        from proxmox_mpc.state.store import StateStore

        StateStore.open(self.path, now=now).close()
        connection = self._connect()
        connection.execute("PRAGMA query_only = ON")
        return connection

    def _connect(self) -> sqlite3.Connection:
        # Opened for writing, so that a log left by a process that died can be played back. Where nothing can be written
        # nobody writes: without a log the file is whole, and SQLite reads it without its lock files if told so.
        whole = not Path(f"{self.path}-wal").exists()
        mode = "mode=ro&immutable=1" if whole and not os.access(self.path.parent, os.W_OK) else "mode=rw"
        with translated(str(self.path)):
            return sqlite3.connect(f"{self.path.absolute().as_uri()}?{mode}", uri=True, timeout=BUSY_SECONDS)


def _revision(connection: sqlite3.Connection) -> str | None:
    if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone() is None:
        return None
    row = connection.execute(migrate.VERSION_QUERY).fetchone()
    return None if row is None else str(row[0])


@contextmanager
def reading(target: Path | Server, now: Now = time.time) -> Iterator[Light]:
    """Open a database for some queries."""
    with closing(Light(target, now)) as light:
        yield light


class Health(NamedTuple):
    """The state of a database: ``error`` is None when it is sound; times are ISO 8601 text, sizes bytes.

    ``last_pull`` is the last run that read something, ``last_failure`` the error of a later one that could not.
    ``stale`` counts the objects that the last pulls could not confirm, by table; ``checked`` is the last integrity
    check: ``at``, ``cause`` and ``result``.
    """

    path: str
    exists: bool
    size: int = 0
    revision: str | None = None
    last_pull: str | None = None
    last_outcome: str | None = None
    last_failure: str | None = None
    guests: int = 0
    stale: dict[str, int] | None = None
    checked: JsonObject | None = None
    error: str | None = None
    hint: str | None = None


def health(target: Path | Server, now: Now = time.time) -> Health:
    """Look at a database without raising: whatever is wrong with it is in the answer."""
    place = target.where if isinstance(target, Server) else str(target)
    if isinstance(target, Path) and not target.exists():
        return Health(place, False)
    try:
        with reading(target, now) as light:
            return _health(light, place)
    except NotRecorded:
        return Health(place, False)
    except PmpcError as error:
        size = _size(target) if isinstance(target, Path) else 0
        return Health(place, True, size, error=error.message, hint=error.hint)


def _size(path: Path) -> int:
    return path.stat().st_size


def _health(light: Light, place: str) -> Health:
    from proxmox_mpc.state.documents import parsed

    light.prove_sound()
    good = light.rows("SELECT id, finished, outcome FROM run WHERE outcome <> 'failed' ORDER BY id DESC LIMIT 1")
    last, finished, outcome = good[0] if good else (0, None, None)
    failed = light.rows("SELECT error FROM run WHERE outcome = 'failed' AND id > ? ORDER BY id DESC LIMIT 1", (last,))
    checked = light.rows("SELECT value FROM state_meta WHERE name = 'integrity'")
    stale = {}
    for table in ("node", "guest", "storage_status", "volume", "backup", "network"):
        count = light.rows(f"SELECT count(*) FROM {table} WHERE stale_since IS NOT NULL")  # noqa: S608
        if count[0][0]:
            stale[table] = _number(count[0][0])
    return Health(
        path=place,
        exists=True,
        size=light.size(),
        revision=migrate.HEAD,
        last_pull=_text(finished),
        last_outcome=_text(outcome),
        last_failure=_text(failed[0][0]) if failed else None,
        guests=_number(light.rows("SELECT count(*) FROM guest")[0][0]),
        stale=stale,
        checked=parsed(checked[0][0]) if checked else None,
    )


NAMES = {
    "guest": "SELECT key, coalesce(name, '') || ' (' || type || ')' FROM guest ORDER BY vmid",
    "vm": "SELECT key, coalesce(name, '') FROM guest WHERE type = 'qemu' ORDER BY vmid",
    "ct": "SELECT key, coalesce(name, '') FROM guest WHERE type = 'lxc' ORDER BY vmid",
    "name": "SELECT DISTINCT name, type || ' ' || key FROM guest WHERE name IS NOT NULL ORDER BY name",
    "node": "SELECT node, coalesce(status, '') FROM node ORDER BY node",
    "storage": "SELECT storage, coalesce(type, '') FROM storage ORDER BY storage",
    "bridge": (
        "SELECT iface, coalesce(max(cidr), '') FROM network WHERE type IN ('bridge', 'OVSBridge') GROUP BY iface "
        "UNION SELECT vnet, coalesce(zone, '') FROM sdn_vnet ORDER BY 1"
    ),
    "pool": "SELECT poolid, coalesce(comment, '') FROM pool ORDER BY poolid",
    "zone": "SELECT zone, coalesce(type, '') FROM sdn_zone ORDER BY zone",
    "vnet": "SELECT vnet, coalesce(zone, '') FROM sdn_vnet ORDER BY vnet",
    "user": "SELECT userid, coalesce(email, '') FROM access_user ORDER BY userid",
    "role": "SELECT roleid, '' FROM access_role ORDER BY roleid",
    "realm": "SELECT realm, coalesce(type, '') FROM access_realm ORDER BY realm",
    "backup": (
        "SELECT volid, coalesce(max(notes), '') FROM backup GROUP BY volid ORDER BY coalesce(max(created), 0) DESC"
    ),
    "task": "SELECT key, coalesce(type, '') || ' ' || coalesce(status, '') FROM task ORDER BY started DESC LIMIT 50",
    "run": "SELECT id, finished || ' ' || outcome FROM run ORDER BY id DESC LIMIT 50",
}


def names(target: Path | Server, kind: str) -> list[tuple[str, str]]:
    """Return (name, help) of every recorded object of a kind, for completion; nothing where nothing is recorded.

    A server that is slow to answer is not waited for.
    """
    if isinstance(target, Server):
        from proxmox_mpc.state.light_server import at_once

        return at_once(lambda: _names(target, kind), [])
    return _names(target, kind)


def _names(target: Path | Server, kind: str) -> list[tuple[str, str]]:
    try:
        with reading(target) as light:
            if kind == "tag":
                return [(tag, "") for tag in _tags(light)]
            return [(str(name), str(text)) for name, text in light.rows(NAMES[kind])]
    except StateError:
        return []


def _tags(light: Light) -> list[str]:
    found: set[str] = set()
    for (tags,) in light.rows("SELECT DISTINCT tags FROM guest WHERE tags IS NOT NULL"):
        found.update(split_list(str(tags)))
    return sorted(found)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
