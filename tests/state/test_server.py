"""A database on a server: made once by whoever comes first, one writer at a time, every failure told in words."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from proxmox_mpc.errors import Locked, PermissionDenied, PmpcError, StateError, Unreachable
from proxmox_mpc.services.pull import pull
from proxmox_mpc.state import StateStore, light, migrate
from proxmox_mpc.state.batch import Ran
from proxmox_mpc.state.history import runs
from proxmox_mpc.state.server import Server
from proxmox_mpc.state.server_faults import refusal, server_fault
from proxmox_mpc.state.tables import METADATA
from proxmox_mpc.state.writer import record_failure
from tests.databases import PASSWORD, Database, PostgreSql
from tests.services.fake_source import FakeSource

RAN = Ran("2026-11-22T20:00:00Z", "2026-11-22T20:00:01Z", "me@here", {"groups": [], "node": None}, "failed", error="x")


@pytest.fixture
def empty(postgresql: PostgreSql) -> Server:
    """A database without any table."""
    return postgresql.server(postgresql.create())


@pytest.fixture
def shared(postgresql: PostgreSql) -> Iterator[Server]:
    """A database of the newest schema."""
    name = postgresql.lend()
    yield postgresql.server(name)
    postgresql.wipe(name)


@pytest.mark.capability("3.7", "6.5")
def test_of_many_who_come_first_at_once_one_makes_the_tables(empty: Server) -> None:
    trouble: list[PmpcError] = []

    def come() -> None:
        try:
            with StateStore.open(empty) as store:
                record_failure(store, RAN)
        except PmpcError as error:
            trouble.append(error)

    threads = [threading.Thread(target=come) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert trouble == []
    with StateStore.open(empty) as store:
        assert [run.id for run in runs(store)] == [4, 3, 2, 1]


@pytest.mark.capability("3.7")
def test_the_first_revision_is_brought_to_the_models(empty: Server, postgresql: PostgreSql) -> None:
    name = empty.url.rpartition("/")[2]
    engine = sa.create_engine("postgresql+psycopg://", creator=lambda: _plain(postgresql, name))
    with engine.begin() as connection:
        migrate.upgrade(connection, "0001")
    StateStore.open(empty).close()
    with engine.connect() as connection:
        assert connection.scalar(sa.text(migrate.VERSION_QUERY)) == migrate.HEAD
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
    engine.dispose()


def _plain(postgresql: PostgreSql, name: str) -> object:
    connection = postgresql.connect(name, "team")
    connection.autocommit = False
    return connection


@pytest.mark.capability("3.6")
@pytest.mark.postgresql
def test_an_error_in_a_transaction_leaves_nothing_and_a_reader_sees_one_moment(database: Database) -> None:
    store = database.open()
    with pytest.raises(ZeroDivisionError), store.writing() as connection:
        connection.exec_driver_sql("INSERT INTO state_meta VALUES ('a', 'b')")
        raise ZeroDivisionError
    count = sa.text("SELECT count(*) FROM run")
    with store.reading() as connection:
        assert connection.scalar(count) == 0
        record_failure(store, RAN)
        assert connection.scalar(count) == 0
    with pytest.raises(PmpcError, match="cannot be used"), store.reading() as connection:
        connection.exec_driver_sql("SELECT * FROM nowhere")
    assert len(runs(store)) == 1


@pytest.mark.capability("7.7")
def test_one_writes_at_a_time_and_who_waits_too_long_is_told(shared: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    with StateStore.open(shared) as store:
        monkeypatch.setattr("proxmox_mpc.state.server._SETTINGS", "SET lock_timeout = '20ms'")
        with StateStore.open(shared) as other, store.writing() as connection:
            connection.exec_driver_sql("INSERT INTO state_meta VALUES ('a', 'b')")
            with pytest.raises(Locked):
                record_failure(other, RAN)
        assert record_failure(store, RAN) == 1


@pytest.mark.capability("7.1")
def test_a_connection_that_the_server_ends_is_made_again(shared: Server, postgresql: PostgreSql) -> None:
    with StateStore.open(shared) as store:
        with pytest.raises(Unreachable, match="broke"), store.reading() as connection, postgresql.connect() as admin:
            admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'team'")
            connection.exec_driver_sql("SELECT 1")
        record_failure(store, RAN)


def test_what_only_a_file_can_do_is_refused_with_the_way_to_do_it(shared: Server, tmp_path: Path) -> None:
    with StateStore.open(shared) as store, pytest.raises(StateError) as caught:
        store.backup(tmp_path / "copy.db")
    assert "pg_dump" in str(caught.value.hint) and not (tmp_path / "copy.db").exists()


def test_who_may_not_make_tables_is_told(postgresql: PostgreSql, empty: Server) -> None:
    with postgresql.connect(empty.url.rpartition("/")[2]) as admin:
        admin.execute("ALTER SCHEMA public OWNER TO postgres")
    with pytest.raises(PmpcError) as caught:
        StateStore.open(empty)
    assert isinstance(caught.value, PermissionDenied) and "GRANT" in str(caught.value.hint)


def test_no_failure_carries_the_password_along(postgresql: PostgreSql) -> None:
    wrong = postgresql.server("nowhere")
    with pytest.raises(StateError) as caught:
        StateStore.open(wrong)
    error: BaseException | None = caught.value
    while error is not None:
        assert PASSWORD not in f"{error!r} {vars(error)}"
        error = error.__cause__ or error.__context__
    assert PASSWORD not in repr(wrong)


class Said(Exception):
    """An error of the driver, as far as it is looked at."""

    sqlstate: str | None = None


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("55P03", 6),
        ("53100", 3),
        ("42501", 4),
        ("3F000", 4),
        ("25006", 3),
        ("XX001", 3),
        ("57P01", 7),
        ("08006", 7),
        ("22P05", 3),
    ],
)
def test_what_the_server_answers_has_a_status(state: str, status: int) -> None:
    said = Said("no")
    said.sqlstate = state
    assert server_fault(said, "postgresql://x/y").exit_status == status


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ('connection failed: FATAL:  password authentication failed for user "a"', 4),
        ("fe_sendauth: no password supplied", 4),
        ('FATAL:  no pg_hba.conf entry for host "::1", user "a", database "b", no encryption', 4),
        ('FATAL:  role "a" does not exist', 4),
        ('FATAL:  database "b" does not exist', 3),
        ("SSL error: certificate verify failed", 7),
        ("server does not support SSL, but SSL was required", 7),
        ("Connection refused", 7),
        ("timeout expired", 7),
    ],
)
def test_what_a_refused_connection_says_has_a_status(text: str, status: int) -> None:
    assert refusal(Said(text), "postgresql://x/y").exit_status == status


@pytest.mark.postgresql
def test_names_for_completion_come_from_both(database: Database) -> None:
    pull(FakeSource(), database.open(), now=lambda: 1795377421)
    with light.reading(database.target) as reader:
        found = {kind: [row[0] for row in reader.rows(query)] for kind, query in light.NAMES.items()}
    expected = {"vm": ["101", "102"], "ct": ["200"], "name": ["db", "proxy", "web"], "node": ["pve1", "pve2"]}
    assert {kind: found[kind] for kind in expected} == expected
    assert light.names(database.target, "tag") == []
    assert [name for name, _ in light.names(database.target, "vm")] == ["101", "102"]
