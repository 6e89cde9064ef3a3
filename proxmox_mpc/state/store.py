"""The store: opens, checks and migrates the database, and is the only owner of its connections."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from proxmox_mpc.domain.moments import Now
from proxmox_mpc.errors import Conflict, StateError
from proxmox_mpc.state import files, migrate
from proxmox_mpc.state.documents import JsonText, canonical
from proxmox_mpc.state.faults import fault, translated
from proxmox_mpc.state.locks import SYNC, FileLocks, Locks, ServerLocks
from proxmox_mpc.state.server import CLUSTER, Server, connect, require_driver
from proxmox_mpc.state.server_faults import server_fault
from proxmox_mpc.state.times import stamp

BUSY_SECONDS = 30
"""How long to wait for another writer; the longest write is a pull's, some seconds at 10,000 guests."""

_WRITES = "pmpc_writes"
_WRITE_LOCK = 0x706D7063
"""The advisory lock that a transaction which writes holds until it ends."""
_MOST_CONNECTIONS = 64
"""As many targets can be worked on at once, and each notes what it does."""


class StateStore:
    """The recorded state in SQLite (a path) or PostgreSQL (a server); use ``open``, and close it.

    ``path`` is None on a server. ``locks`` are the rights that processes hold against each other.
    """

    def __init__(self, engine: Engine, where: str, locks: Locks, path: Path | None, handle: int | None) -> None:
        self._engine = engine
        self._handle = handle
        self.where = where
        self.locks = locks
        self.path = path

    @classmethod
    def open(cls, target: Path | Server, *, now: Now = time.time) -> Self:
        """Open the database, creating it when missing, checking it after an unclean end, migrating it when old.

        Raises StateError (cannot be read or written), StateDamaged, StateTooNew, Locked; of a server also WrongCluster
        and what ``server.connect`` raises.
        """
        if isinstance(target, Server):
            store = cls(_server_engine(target), target.where, ServerLocks(target), None, None)
            try:
                store._bring_up_to_date(now)
                store._belong_to(target)
            except BaseException:
                store.close()
                raise
            return store
        path = target.absolute()
        files.make_private(path)
        handle, unclean = files.enter(path)
        store = cls(_sqlite_engine(path), str(path), FileLocks(path), path, handle)
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
        """Close every connection, give back every right, and say that this process is done with the file."""
        self.locks.close()
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
        options: dict[str, Any] = {}
        if self.path is None:
            options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with self._faults(), self._engine.connect().execution_options(**options) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Lend a connection in one write transaction: committed at the end, rolled back on any error.

        One is open at a time, whoever else uses the database: runs and journal rows are numbered in the order in which
        they are committed.
        """
        options = {_WRITES: True}
        with self._faults(), self._engine.connect().execution_options(**options) as connection, connection.begin():
            yield connection

    @contextmanager
    def sync_lock(self, now: float) -> Iterator[None]:
        """Hold the right to pull; raises Conflict naming the holder. A holder that died holds nothing."""
        holder = self.locks.take(SYNC, now)
        if holder is not None:
            raise Conflict(
                f"a pull is running already: {holder.describe()}",
                hint="wait until it is done; a process that died holds nothing",
                details={key: value for key, value in holder._asdict().items() if value is not None},
            )
        try:
            yield
        finally:
            self.locks.give_back(SYNC)

    def check(self, now: float) -> None:
        """Run the integrity check now; raises StateDamaged."""
        if self.path is not None:
            with translated(self.where), self._plain() as connection:
                files.check(connection, self.path, "asked for", now)

    def backup(self, to: Path) -> None:
        """Copy the database as it is at this moment into a new private file, also while others write.

        Raises StateError for one on a server, which has tools of its own for that.
        """
        if self.path is None:
            raise StateError(
                f"the database {self.where} is on a server and is backed up there", hint=f"pg_dump {self.where}"
            )
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
            raise server_fault(error.orig, self.where) from None
        except sqlite3.Error as error:
            raise fault(error, self.where) from error
        except SQLAlchemyError as error:
            raise StateError(f"the database {self.where} holds something unexpected: {error}") from error

    def _bring_up_to_date(self, now: Now) -> None:
        revision = self._revision()
        if not migrate.needed(revision, self.where, shared=self.path is None):
            return
        if self.path is not None and revision is not None:
            self.backup(self.path.parent / "backups" / f"state-{revision}-{stamp(now()).replace(':', '')}.db")
        with self._faults(), self._engine.connect().execution_options(**{_WRITES: True}) as connection:
            if self.path is not None:
                # Rebuilding a table must not cascade; the switch is ignored inside a transaction.
                connection.connection.driver_connection.execute("PRAGMA foreign_keys = OFF")  # type: ignore[union-attr] # SQLite has one
            with connection.begin():
                if migrate.needed(self._revision_of(connection), self.where, shared=self.path is None):
                    migrate.upgrade(connection)
                    if self.path is None:
                        migrate.order_by_bytes(connection)
                if self.path is not None and connection.exec_driver_sql("PRAGMA foreign_key_check").first():
                    raise StateError(
                        f"migrating the database {self.where} would break its references; nothing was changed"
                    )

    def _belong_to(self, server: Server) -> None:
        """Compare the cluster with the one whose state this is; the first to open the database decides that."""
        query, name = text("SELECT value FROM state_meta WHERE name = :name"), {"name": CLUSTER}
        with self.reading() as connection:
            known = connection.execute(query, name).scalar()
        if known is None:
            with self.writing() as connection:
                known = connection.execute(query, name).scalar()
                if known is None:
                    known = canonical(server.identity.to_data())
                    insert = text("INSERT INTO state_meta (name, value) VALUES (:name, :value)")
                    connection.execute(insert, {**name, "value": str(known)})
        server.prove_mine(str(known))

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


def _server_engine(server: Server) -> Engine:
    require_driver()
    engine = create_engine(
        "postgresql+psycopg://",
        creator=lambda: _for_transactions(connect(server)),
        use_native_hstore=False,
        pool_size=2,
        max_overflow=_MOST_CONNECTIONS,
        # Hours may lie between two steps of an operation.
        pool_pre_ping=True,
    )

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # As on SQLite one transaction writes at a time, so that what is numbered is numbered in order of commits.
        if connection.get_execution_options().get(_WRITES):
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITE_LOCK})")

    return engine


def _for_transactions(connection: Any) -> Any:
    from psycopg.types.json import set_json_dumps

    set_json_dumps(_serialize, connection)
    connection.autocommit = False
    return connection
