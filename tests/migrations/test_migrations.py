"""Every revision leads to the models, forwards without loss and in one transaction."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from proxmox_mpc.state import StateStore, light, migrate
from proxmox_mpc.state.kinds import KINDS
from proxmox_mpc.state.tables import METADATA


def made(path: Path, revision: str) -> None:
    """Make a database of an old revision."""
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        migrate.upgrade(connection, revision)
    engine.dispose()


@pytest.mark.capability("3.7")
@pytest.mark.parametrize("revision", [*migrate.known_revisions(), None])
def test_every_revision_can_be_brought_to_the_models(tmp_path: Path, revision: str | None) -> None:
    path = tmp_path / "state.db"
    if revision is not None:
        made(path, revision)
    StateStore.open(path).close()
    engine = sa.create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
    engine.dispose()


def test_the_newest_revision_is_the_one_the_program_knows() -> None:
    script = ScriptDirectory(str(migrate.migrations()))
    assert script.get_heads() == [migrate.HEAD]
    assert sorted(revision.revision for revision in script.walk_revisions()) == list(migrate.known_revisions())


def test_each_revision_can_be_undone(tmp_path: Path) -> None:
    from alembic import command
    from alembic.config import Config

    engine = sa.create_engine(f"sqlite:///{tmp_path}/state.db")
    with engine.begin() as connection:
        migrate.upgrade(connection)
        config = Config()
        config.set_main_option("script_location", str(migrate.migrations()))
        config.attributes["connection"] = connection
        command.downgrade(config, "base")
        assert sa.inspect(connection).get_table_names() == ["alembic_version"]
    engine.dispose()


@pytest.mark.capability("3.7", "3.6")
def test_a_migration_that_fails_leaves_the_database_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "state.db"

    def half(connection: sa.Connection, to: str = "head") -> None:
        connection.exec_driver_sql("CREATE TABLE half (id INTEGER)")
        raise RuntimeError(to)

    monkeypatch.setattr(migrate, "upgrade", half)
    with pytest.raises(RuntimeError):
        StateStore.open(path)
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    connection.close()


@pytest.mark.capability("3.7")
@pytest.mark.parametrize("opener", ["store", "light"])
def test_an_old_database_is_copied_before_it_is_migrated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opener: str
) -> None:
    path = tmp_path / "state.db"
    made(path, "0001")
    monkeypatch.setattr(migrate, "HEAD", "0002")
    monkeypatch.setattr(migrate, "known_revisions", lambda: ("0001", "0002"))

    def second(connection: sa.Connection, to: str = "head") -> None:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0002'")

    monkeypatch.setattr(migrate, "upgrade", second)
    if opener == "store":
        StateStore.open(path, now=lambda: 1795377421).close()
    else:
        light.Light(path, now=lambda: 1795377421).close()
    copy = tmp_path / "backups" / "state-0001-2026-11-22T195701Z.db"
    assert copy.stat().st_mode & 0o777 == 0o600
    for file, revision in ((path, "0002"), (copy, "0001")):
        connection = sqlite3.connect(file)
        assert connection.execute(migrate.VERSION_QUERY).fetchone() == (revision,)
        connection.close()


@pytest.mark.capability("3.2", "3.3", "3.4")
@pytest.mark.parametrize("kind", [kind for kind in KINDS.values() if kind.table], ids=lambda kind: kind.name)
def test_the_columns_of_a_kind_are_in_its_table(kind: object) -> None:
    known = KINDS[kind.name]  # type: ignore[attr-defined]
    columns = {column.name for column in METADATA.tables[str(known.table)].columns}
    assert {*known.columns, "key", "stale_since"} <= columns
    assert ("data" in columns) == known.moving


def test_no_model_is_of_one_database_only() -> None:
    """The same tables can be made on PostgreSQL."""
    from sqlalchemy.dialects import postgresql
    from sqlalchemy.schema import CreateTable

    for table in METADATA.sorted_tables:
        assert "CREATE TABLE" in str(CreateTable(table).compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]
