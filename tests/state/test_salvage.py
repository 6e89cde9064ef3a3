"""Whatever happened to a database file: what can be read is carried over, nothing is invented, gaps are recorded."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from proxmox_mpc.safety.verify import gaps_of, verify
from proxmox_mpc.services.pull import pull
from proxmox_mpc.state import StateStore, copying, pages
from proxmox_mpc.state.journal import Head, Journal
from proxmox_mpc.state.salvage import Salvaged, salvage
from tests.services.fake_source import FakeSource

Rows = list[tuple[object, ...]]
_VERSIONS = "SELECT kind, key, valid_from, born, digest, doc FROM object_version"
_JOURNAL = "SELECT * FROM journal"


def rows(path: Path, query: str) -> Rows:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of some hundred pages, with history and a journal whose rows need several pages each at times."""
    path = tmp_path_factory.mktemp("sound") / "state.db"
    source = FakeSource()
    for vmid in range(300, 500):
        source.add(vmid, f"guest-{vmid}", "pve1")
    with StateStore.open(path, now=lambda: 1_000) as store:
        pull(source, store, now=lambda: 1_000)
        journal = Journal(store, path.parent, lambda: 1_500)
        for number in range(120):
            journal.release(journal.begin({"action": "x" * (number * 97 % 9_000)}))
        for vmid in range(300, 360):
            source.configs[vmid]["memory"] = "77"
        pull(source, store, now=lambda: 2_000)
    return path


def head_of(sound: Path) -> Head:
    said = json.loads((sound.parent / "audit.head").read_text())
    return Head(said["count"], said["hash"])


def carried(sound: Path, tmp_path: Path, damage: Callable[[bytearray], None]) -> tuple[Salvaged, Path]:
    damaged, new = tmp_path / "damaged.db", tmp_path / "new" / "state.db"
    data = bytearray(sound.read_bytes())
    damage(data)
    damaged.write_bytes(data)
    new.parent.mkdir()
    return salvage(damaged, new, head_of(sound), 3_000, "aside"), new


def noise(seed: int, start: float, end: float) -> Callable[[bytearray], None]:
    def damage(data: bytearray) -> None:
        first, last = int(len(data) * start), int(len(data) * end)
        data[first:last] = random.Random(seed).randbytes(last - first)

    return damage


def holes(seed: int) -> Callable[[bytearray], None]:
    def damage(data: bytearray) -> None:
        seeded = random.Random(seed)
        for _ in range(12):
            place = seeded.randrange(len(data) - 600)
            data[place : place + 512] = seeded.randbytes(512)

    return damage


@pytest.mark.capability("7.2", "3.6")
@pytest.mark.parametrize(
    "damage",
    [*(noise(seed, seed / 10, seed / 10 + 0.08) for seed in range(10)), *(holes(seed) for seed in range(4))],
)
def test_nothing_is_invented_and_the_rest_is_sound(
    sound: Path, tmp_path: Path, damage: Callable[[bytearray], None]
) -> None:
    found, new = carried(sound, tmp_path, damage)
    copying.examine(new)
    # A digest that was taken away lets the next pull write what hangs on the document.
    known = {(*row[:4], said, row[5]) for row in rows(sound, _VERSIONS) for said in (row[4], "")}
    assert set(rows(new, _VERSIONS)) <= known
    journal = [row for row in rows(new, _JOURNAL) if row[4] != "repaired"]
    assert set(journal) <= set(rows(sound, _JOURNAL))
    lost = {report.table: report.lost for report in found.tables}
    assert lost["journal"] == 120 - len(journal)
    verdict = verify(copying.journal(new), found.head, checkpoints={}, exported={}, lost=gaps_of(copying.journal(new)))
    assert not verdict.problems and verdict.lost == lost["journal"]
    whole = all(one == 0 for one in lost.values())
    assert found.complete == whole
    if any(lost[table] != 0 for table in ("object_version", "guest", "coverage")):
        assert rows(new, "SELECT * FROM coverage") == []


@pytest.mark.capability("7.2")
def test_a_sound_database_is_carried_over_whole(sound: Path, tmp_path: Path) -> None:
    found, new = carried(sound, tmp_path, lambda data: None)
    assert found.complete and found.journal_lost == []
    assert rows(new, "SELECT * FROM object_version") == rows(sound, "SELECT * FROM object_version")
    assert rows(new, "SELECT * FROM guest") == rows(sound, "SELECT * FROM guest")
    assert rows(new, _JOURNAL)[:-1] == rows(sound, _JOURNAL)


@pytest.mark.capability("7.2")
def test_history_and_journal_outlive_the_beginning_of_the_file(sound: Path, tmp_path: Path) -> None:
    found, new = carried(sound, tmp_path, noise(1, 0.0, 0.01))
    assert len(rows(new, _VERSIONS)) == len(rows(sound, _VERSIONS)) and found.journal_lost == []
    assert rows(new, "SELECT * FROM run")[0][1] == rows(sound, "SELECT * FROM run")[0][1]
    assert len(rows(new, "SELECT * FROM guest")) == 203
    assert rows(new, "SELECT DISTINCT outcome FROM run") == [("partial",)]


@pytest.mark.capability("7.2")
def test_what_stands_only_in_the_log_is_found_there(sound: Path, tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    shutil.copy(sound, path)
    shutil.copy(sound.parent / "audit.head", tmp_path / "audit.head")
    with StateStore.open(path) as store, closing(sqlite3.connect(path)) as keeper:
        keeper.execute("SELECT * FROM run").fetchall()
        Journal(store, tmp_path, lambda: 1_600).note(0, 0, "refused", {"only": "in the log"})
        shutil.copy(path, tmp_path / "left.db")
        shutil.copy(f"{path}-wal", tmp_path / "left.db-wal")
    assert any("in the log" in row[5] for row in pages.scan(tmp_path / "left.db").journal)
    data = bytearray((tmp_path / "left.db").read_bytes())
    noise(3, 0.0, 0.01)(data)
    (tmp_path / "left.db").write_bytes(data)
    (tmp_path / "new").mkdir()
    found = salvage(tmp_path / "left.db", tmp_path / "new/state.db", None, 3_000, "aside")
    assert any("in the log" in str(row[5]) for row in rows(tmp_path / "new/state.db", _JOURNAL))
    assert found.journal_lost == []
