"""Opening the database: private, checked, migrated, and every failure told in words."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from proxmox_mpc.errors import Conflict, Locked, PmpcError, StateDamaged, StateError, StateTooNew
from proxmox_mpc.state import RecordedSource, StateStore, files, light, migrate
from proxmox_mpc.state.batch import Ran
from proxmox_mpc.state.history import runs
from proxmox_mpc.state.writer import record_failure

RAN = Ran("2026-11-22T20:00:00Z", "2026-11-22T20:00:01Z", "me@here", {"groups": [], "node": None}, "failed", error="x")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a database is to be."""
    return tmp_path / ".proxmox" / "state.db"


@pytest.mark.capability("6.4", "9.4", "9.5")
def test_a_new_database_is_private_and_made_at_the_newest_schema(path: Path) -> None:
    StateStore.open(path).close()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    with sqlite3.connect(path) as connection:
        assert connection.execute(migrate.VERSION_QUERY).fetchone() == (migrate.HEAD,)
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


@pytest.mark.capability("9.5")
def test_files_beside_the_database_are_private_too(path: Path) -> None:
    with StateStore.open(path) as store, store.sync_lock(0):
        record_failure(store, RAN)
        modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.iterdir()}
    assert set(modes.values()) == {0o600}, modes


def test_rights_of_others_are_taken_from_an_existing_database(path: Path) -> None:
    StateStore.open(path).close()
    path.chmod(0o644)
    StateStore.open(path).close()
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.capability("6.5", "3.6")
def test_what_was_written_is_there_after_reopening(path: Path) -> None:
    with StateStore.open(path) as store:
        record_failure(store, RAN)
    with StateStore.open(path) as store:
        assert [run.ran for run in runs(store)] == [RAN]


@pytest.mark.capability("3.6")
def test_an_error_in_a_transaction_leaves_nothing(path: Path) -> None:
    with StateStore.open(path) as store:
        with pytest.raises(ZeroDivisionError), store.writing() as connection:
            connection.exec_driver_sql("INSERT INTO state_meta VALUES ('a', 'b')")
            raise ZeroDivisionError
        with store.reading() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM state_meta").scalar() == 0


@pytest.mark.capability("7.2")
@pytest.mark.parametrize("noise", [b"this is no database" * 100, b"\0" * 5000])
def test_a_file_that_is_no_database_is_called_damaged(path: Path, noise: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(noise)
    with pytest.raises(StateDamaged, match="is damaged") as caught:
        StateStore.open(path)
    assert caught.value.hint is not None and caught.value.exit_status == 3
    with pytest.raises(StateDamaged):
        RecordedSource(path)
    assert light.health(path).error is not None


@pytest.mark.capability("7.2")
def test_noise_in_the_middle_is_never_a_traceback_or_an_empty_list(path: Path) -> None:
    with StateStore.open(path) as store:
        for _ in range(300):
            record_failure(store, RAN)
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(os.urandom(size - 4096))
    with pytest.raises(StateDamaged), StateStore.open(path) as store:
        runs(store)
        store.check(0)


@pytest.mark.capability("7.2")
def test_a_truncated_database_is_called_damaged(path: Path) -> None:
    StateStore.open(path).close()
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)
    with pytest.raises(StateDamaged), StateStore.open(path) as store:
        runs(store)


DIES = """
import os, sys
from pathlib import Path
from proxmox_mpc.state import StateStore
store = StateStore.open(Path(sys.argv[1]))
with store.reading():
    with store.writing() as connection:
        connection.exec_driver_sql("INSERT INTO state_meta VALUES ('a', 'b')")
    os.kill(os.getpid(), 9)
"""


@pytest.mark.capability("7.2", "6.5")
@pytest.mark.parametrize("opener", ["store", "light"])
def test_after_an_unclean_end_the_next_to_open_checks_once(path: Path, opener: str) -> None:
    assert subprocess.run([sys.executable, "-c", DIES, str(path)], check=False).returncode == -9
    assert Path(f"{path}-wal").stat().st_size > 0
    if opener == "store":
        StateStore.open(path, now=lambda: 1795377421).close()
    else:
        light.Light(path, now=lambda: 1795377421).close()
    health = light.health(path)
    assert health.checked == {"at": "2026-11-22T19:57:01Z", "cause": "unclean end", "result": "ok"}
    assert health.error is None
    StateStore.open(path, now=lambda: 1795377999).close()
    assert light.health(path).checked == health.checked


@pytest.mark.capability("7.2")
def test_damage_left_by_an_unclean_end_is_found_on_open(path: Path) -> None:
    subprocess.run([sys.executable, "-c", DIES, str(path)], check=False)
    with path.open("r+b") as file:
        file.seek(8 * 4096)
        file.write(os.urandom(40 * 4096))
    with pytest.raises(StateDamaged):
        StateStore.open(path)
    assert light.health(path).error is not None


def test_a_clean_end_is_not_checked(path: Path) -> None:
    StateStore.open(path).close()
    StateStore.open(path).close()
    assert light.health(path).checked is None


@pytest.mark.capability("3.7")
def test_a_database_of_a_newer_release_is_refused(path: Path) -> None:
    StateStore.open(path).close()
    connection = sqlite3.connect(path)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    before = path.read_bytes()
    for opener in (StateStore.open, RecordedSource):
        with pytest.raises(StateTooNew, match="9999"):
            opener(path)
    assert path.read_bytes() == before


@pytest.mark.capability("7.6")
def test_a_full_disk_is_told_and_changes_nothing(path: Path) -> None:
    with StateStore.open(path) as store:
        record_failure(store, RAN)
        with pytest.raises(StateError, match="no space left"), store.writing() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count = 1")
            for number in range(3000):
                connection.exec_driver_sql(f"INSERT INTO state_meta VALUES ('{number}', '{'x' * 500}')")
        assert len(runs(store)) == 1


@pytest.mark.capability("7.6")
@pytest.mark.skipif(os.geteuid() == 0 and not shutil.which("chattr"), reason="root may write everywhere")
def test_a_directory_that_is_a_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StateError, match="cannot be written"):
        StateStore.open(tmp_path / "file" / "state.db")


@pytest.mark.capability("7.7")
def test_a_database_locked_for_too_long_says_so(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proxmox_mpc.state.store.BUSY_SECONDS", 0.05)
    with StateStore.open(path) as store:
        other = sqlite3.connect(path)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Locked, match="locked"):
            record_failure(store, RAN)
        other.close()
        record_failure(store, RAN)


@pytest.mark.capability("7.7")
def test_a_reader_sees_the_old_state_while_another_writes(path: Path) -> None:
    with StateStore.open(path) as store, store.writing() as connection:
        connection.exec_driver_sql("INSERT INTO state_meta VALUES ('a', 'b')")
        with light.reading(path) as reader:
            assert reader.rows("SELECT * FROM state_meta") == []


HOLDS = """
import sys
from pathlib import Path
from proxmox_mpc.state import StateStore
with StateStore.open(Path(sys.argv[1])) as store, store.sync_lock(1795377421):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.mark.capability("7.7")
def test_a_second_pull_is_told_who_pulls_and_a_dead_one_holds_nothing(path: Path) -> None:
    command = [sys.executable, "-c", HOLDS, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == b"held\n"
        with StateStore.open(path) as store:
            with pytest.raises(Conflict) as caught, store.sync_lock(0):
                pass
            assert f"{files.caller()} (process {holder.pid}) since 2026-11-22T19:57:01Z" in caught.value.message
            assert caught.value.exit_status == 6
            holder.kill()
            holder.wait()
            with store.sync_lock(0):
                pass


def test_one_process_cannot_pull_twice_at_once(path: Path) -> None:
    with StateStore.open(path) as store, store.sync_lock(0), pytest.raises(Conflict), store.sync_lock(0):
        pass


@pytest.mark.capability("6.7")
def test_a_backup_is_whole_and_private_while_others_write(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copies" / "copy.db"
    with StateStore.open(path) as store:
        record_failure(store, RAN)
        store.backup(copy)
    assert copy.stat().st_mode & 0o777 == 0o600
    with StateStore.open(copy) as store:
        assert len(runs(store)) == 1


def test_no_database_is_no_error_of_health(tmp_path: Path) -> None:
    assert light.health(tmp_path / "state.db").exists is False


def test_every_error_is_one_of_ours(path: Path) -> None:
    with StateStore.open(path) as store, pytest.raises(PmpcError), store.reading() as connection:
        connection.exec_driver_sql("SELECT * FROM nowhere")


@pytest.mark.capability("7.6")
def test_what_is_recorded_can_be_read_where_nothing_can_be_written(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    StateStore.open(path).close()
    monkeypatch.setattr("os.access", lambda *_: False)  # root may write everywhere
    with light.reading(path) as reader:
        assert reader.rows("SELECT count(*) FROM guest") == [(0,)]
        assert not Path(f"{path}-shm").exists()
