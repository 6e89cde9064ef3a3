"""The store: opens, checks and migrates the database, and is the only owner of its connections."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from proxmox_mpc.domain.moments import Now
from proxmox_mpc.errors import Conflict, StateError
from proxmox_mpc.state import files, migrate
from proxmox_mpc.state.documents import JsonText, canonical
from proxmox_mpc.state.faults import fault, translated
from proxmox_mpc.state.times import stamp

BUSY_SECONDS = 30
"""How long to wait for another writer; the longest write is a pull's, some seconds at 10,000 guests."""

_WRITES = "pmpc_writes"


class StateStore:
    """The recorded state in SQLite (a path) or PostgreSQL (a URL); use ``open``, and close it."""

    def __init__(self, engine: Engine, where: str, path: Path | None, handle: int | None) -> None:
        self._engine = engine
        self._handle = handle
        self.where = where
        self.path = path

    @classmethod
    def open(cls, target: Path | str, *, now: Now = time.time) -> Self:
        """Open the database, creating it when missing, checking it after an unclean end, migrating it when old.

        Raises StateError (cannot be read or written), StateDamaged, StateTooNew, Locked.
        """
        url = _url(target)
        if url.get_backend_name() != "sqlite":
            store = cls(
                create_engine(url, json_serializer=_serialize, poolclass=NullPool),
                url.render_as_string(hide_password=True),
                None,
                None,
            )
            store._bring_up_to_date(now)
            return store
        path = Path(str(url.database)).absolute()
        files.make_private(path)
        handle, unclean = files.enter(path)
        store = cls(_sqlite_engine(path), str(path), path, handle)
        try:
            if unclean:
                with translated(store.where), store._plain() as connection:
                    files.check(connection, path, "unclean end", now())
            store._bring_up_to_date(now)
        except BaseException:
            store.close()
            raise
        return store

    def close(self) -> None:
        """Close every connection and say that this process is done with the file."""
        self._engine.dispose()
        files.leave(self._handle)
        self._handle = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Lend a connection whose reads all see one moment; for the modules of ``state`` and later journals."""
        with self._faults(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Lend a connection in one write transaction: committed at the end, rolled back on any error."""
        options = {_WRITES: True}
        with self._faults(), self._engine.connect().execution_options(**options) as connection, connection.begin():
            yield connection

    @contextmanager
    def sync_lock(self, now: float) -> Iterator[None]:
        """Hold the right to pull; raises Conflict naming the holder. A holder that died holds nothing."""
        if self.path is None:
            with self.reading() as connection:
                # Released when the connection ends, however it ends.
                if not connection.scalar(text("SELECT pg_try_advisory_lock(hashtext('pmpc sync'))")):
                    raise Conflict("a pull into this database is running already", hint="wait until it is done")
                yield
        else:
            with files.sync_lock(self.path, now):
                yield

    def check(self, now: float) -> None:
        """Run the integrity check now; raises StateDamaged."""
        if self.path is not None:
            with translated(self.where), self._plain() as connection:
                files.check(connection, self.path, "asked for", now)

    def backup(self, to: Path) -> None:
        """Copy the database as it is at this moment into a new private file, also while others write."""
        files.make_private(to)
        with translated(self.where), self._plain() as source:
            target = sqlite3.connect(to)
            try:
                source.backup(target)
            finally:
                target.close()

    @contextmanager
    def _plain(self) -> Iterator[sqlite3.Connection]:
        connection = sqlite3.connect(str(self.path), timeout=BUSY_SECONDS)
        try:
            yield connection
        finally:
            connection.close()

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            if isinstance(error.orig, sqlite3.Error):
                raise fault(error.orig, self.where) from error
            raise StateError(f"the database {self.where} cannot be used: {error.orig}") from error
        except sqlite3.Error as error:
            raise fault(error, self.where) from error
        except SQLAlchemyError as error:
            raise StateError(f"the database {self.where} holds something unexpected: {error}") from error

    def _bring_up_to_date(self, now: Now) -> None:
        revision = self._revision()
        if not migrate.needed(revision, self.where):
            return
        if self.path is not None and revision is not None:
            self.backup(self.path.parent / "backups" / f"state-{revision}-{stamp(now()).replace(':', '')}.db")
        with self._faults(), self._engine.connect().execution_options(**{_WRITES: True}) as connection:
            if self.path is not None:
                # Rebuilding a table must not cascade; the switch is ignored inside a transaction.
                connection.connection.driver_connection.execute("PRAGMA foreign_keys = OFF")  # type: ignore[union-attr] # SQLite has one
            with connection.begin():
                if migrate.needed(self._revision_of(connection), self.where):
                    migrate.upgrade(connection)
                if self.path is not None and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
                    raise StateError(
                        f"migrating the database {self.where} would break its references; nothing was changed"
                    )

    def _revision(self) -> str | None:
        with self.reading() as connection:
            return self._revision_of(connection)

    def _revision_of(self, connection: Connection) -> str | None:
        if self.path is None:
            query = "SELECT to_regclass('alembic_version')"
        else:
            query = "SELECT name FROM sqlite_master WHERE name = 'alembic_version'"
        if connection.execute(text(query)).scalar() is None:
            return None
        found = connection.execute(text(migrate.VERSION_QUERY)).scalar()
        return None if found is None else str(found)


def _url(target: Path | str) -> URL:
    if isinstance(target, str) and "://" in target:
        return make_url(target)
    return URL.create("sqlite", database=str(target))


def _serialize(value: Any) -> str:
    return value if isinstance(value, JsonText) else canonical(value)


def _sqlite_engine(path: Path) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        json_serializer=_serialize,
        poolclass=NullPool,
        connect_args={"timeout": BUSY_SECONDS},
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # the driver would commit before DDL; we begin and commit ourselves
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A write transaction takes its lock at once: upgrading a read fails where waiting would have worked.
        writes = connection.get_execution_options().get(_WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
