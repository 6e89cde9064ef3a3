"""The journal: durable rows in a chain, and what is found when somebody has touched it."""

from __future__ import annotations

import json
import multiprocessing
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from proxmox_mpc.errors import StateError
from proxmox_mpc.safety.verify import Verdict, verify
from proxmox_mpc.state import StateStore
from proxmox_mpc.state.journal import Journal

START = 1_795_000_000.0


@pytest.fixture
def store(tmp_path: Path) -> Iterator[StateStore]:
    with StateStore.open(tmp_path / "state.db") as store:
        yield store


@pytest.fixture
def journal(store: StateStore, tmp_path: Path) -> Journal:
    return Journal(store, tmp_path, lambda: START)


def filled(journal: Journal, operations: int = 3) -> None:
    for number in range(operations):
        operation = journal.begin({"action": "test", "number": number})
        for event in ("intent", "sent", "outcome"):
            journal.note(operation, 1, event, {"says": f"{event} “{number}” \n ü"})
        journal.note(operation, 0, "ended", {"good": []})
        journal.release(operation)


def checked(journal: Journal, exported: dict[int, str] | None = None) -> Verdict:
    return verify(journal.all(), journal.head(), checkpoints=journal.checkpoints(), exported=exported or {})


def test_an_operation_is_numbered_by_its_first_row_and_told_in_order(journal: Journal) -> None:
    filled(journal)
    assert [entry.seq for entry in journal.begun()] == [11, 6, 1]
    assert [entry.event for entry in journal.entries(6)] == ["begun", "intent", "sent", "outcome", "ended"]
    assert journal.entries(7) == []
    found = checked(journal)
    assert (found.rows, found.first, found.last, found.problems) == (15, 1, 15, [])
    head = journal.head()
    assert head is not None and (head.seq, head.hash) == (15, found.hash)


Touch = Callable[[sqlite3.Connection], object]
TOUCHES: dict[str, Touch] = {
    "an edited body": lambda db: db.execute(
        "UPDATE journal SET body = replace(body, 'intent', 'INTENT') WHERE seq = 7"
    ),
    "an edited time": lambda db: db.execute("UPDATE journal SET at = '2020-01-01T00:00:00Z' WHERE seq = 7"),
    "an edited hash": lambda db: db.execute("UPDATE journal SET hash = 'x' WHERE seq = 7"),
    "another operation": lambda db: db.execute("UPDATE journal SET operation = 1 WHERE seq = 7"),
    "a body that is no JSON": lambda db: db.execute("UPDATE journal SET body = 'oops' WHERE seq = 7"),
    "a row removed": lambda db: db.execute("DELETE FROM journal WHERE seq = 7"),
    "the first rows removed": lambda db: db.execute("DELETE FROM journal WHERE seq < 5"),
    "the tail removed": lambda db: db.execute("DELETE FROM journal WHERE seq > 10"),
    "the last row removed": lambda db: db.execute("DELETE FROM journal WHERE seq = 15"),
    "everything removed": lambda db: db.execute("DELETE FROM journal"),
    "two rows exchanged": lambda db: db.executescript(
        "UPDATE journal SET seq = 100 WHERE seq = 7; UPDATE journal SET seq = 7 WHERE seq = 8; "
        "UPDATE journal SET seq = 8 WHERE seq = 100"
    ),
    "the rest moved up over a hole": lambda db: db.executescript(
        "DELETE FROM journal WHERE seq = 7; UPDATE journal SET seq = -(seq - 1) WHERE seq > 7; "
        "UPDATE journal SET seq = -seq WHERE seq < 0"
    ),
}


@pytest.mark.capability("4.7")
@pytest.mark.parametrize("touch", TOUCHES.values(), ids=TOUCHES)
def test_whatever_is_done_to_the_rows_is_found(journal: Journal, tmp_path: Path, touch: Touch) -> None:
    filled(journal)
    with sqlite3.connect(tmp_path / "state.db") as db:
        touch(db)
    db.close()
    assert checked(journal).problems


def test_a_journal_rewritten_as_a_whole_is_found_by_an_export(journal: Journal, tmp_path: Path) -> None:
    filled(journal)
    exported = {entry.seq: entry.hash for entry, _ in journal.all()}
    assert checked(journal, exported).compared == 15
    with sqlite3.connect(tmp_path / "state.db") as db:
        db.execute("DELETE FROM journal")
    db.close()
    (tmp_path / "audit.head").unlink()
    filled(journal)
    with sqlite3.connect(tmp_path / "state.db") as db:
        db.execute("UPDATE journal SET body = body")
    db.close()
    assert checked(journal).problems == []
    journal.note(1, 1, "late", {})
    other = dict.fromkeys((3, 4), "0" * 64)
    assert len(checked(journal, other).problems) == 2
    assert checked(journal, {99: "0" * 64}).problems == [
        (17, "rows 17 to 99 are missing at the end: they were exported")
    ]


def test_a_head_that_is_one_behind_is_no_damage_and_one_that_is_gone_is(journal: Journal, tmp_path: Path) -> None:
    filled(journal)
    head = tmp_path / "audit.head"
    before = head.read_text()
    journal.note(1, 1, "more", {})
    head.write_text(before)
    assert checked(journal).problems == []
    head.unlink()
    assert len(checked(journal).problems) == 1
    head.write_text("{")
    with pytest.raises(StateError):
        journal.head()


def test_pruning_leaves_a_checkpoint(store: StateStore, tmp_path: Path) -> None:
    moment = [START]
    journal = Journal(store, tmp_path, lambda: moment[0])
    filled(journal, 2)
    moment[0] += 86400
    unfinished = journal.begin({"action": "cut off"})
    journal.release(unfinished)
    moment[0] += 86400
    filled(journal, 1)
    assert journal.prune(START + 100) == 10
    assert journal.prune(START + 100) == 0
    assert journal.prune(moment[0] + 10) == 0, "what has no end yet stays, and all after it"
    assert [entry.seq for entry in journal.begun()] == [12, 11]
    found = checked(journal)
    assert (found.pruned, found.problems) == (10, [])
    with sqlite3.connect(tmp_path / "state.db") as db:
        db.execute("DELETE FROM journal WHERE seq = 11")
    db.close()
    assert checked(journal).problems


def test_operations_without_an_end_are_orphans_once_nobody_holds_them(journal: Journal, tmp_path: Path) -> None:
    first = journal.begin({})
    assert journal.orphans() == []
    with StateStore.open(tmp_path / "state.db") as other:
        second = Journal(other, tmp_path, lambda: START)
        assert second.orphans() == []
        with second.taken_over(first) as mine:
            assert not mine
        journal.release(first)
        assert second.orphans() == [first]
        with second.taken_over(first) as mine:
            assert mine
            second.note(first, 0, "reconciled", {})
    assert journal.orphans() == []


def _writer(directory: str, count: int) -> None:
    with StateStore.open(Path(directory) / "state.db") as store:
        journal = Journal(store, Path(directory), lambda: START)
        for _ in range(count):
            journal.note(journal.begin({}), 1, "intent", {})


def test_several_processes_write_one_chain(journal: Journal, tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_writer, args=(str(tmp_path), 10)) for _ in range(3)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
        assert writer.exitcode == 0
    found = checked(journal)
    assert (found.rows, found.problems) == (60, [])
    assert len(journal.orphans()) == 30, "a process that ended holds nothing"


def test_what_was_sent_is_known_by_its_task(journal: Journal) -> None:
    operation = journal.begin({})
    journal.note(operation, 1, "sent", {"upid": "UPID:a"})
    journal.note(operation, 2, "sent", {"upid": None})
    assert journal.upids() == {"UPID:a"}


def test_rows_are_stored_as_canonical_json(journal: Journal, tmp_path: Path) -> None:
    journal.begin({"b": 1, "a": "ü"})
    with sqlite3.connect(tmp_path / "state.db") as db:
        (body,) = db.execute("SELECT body FROM journal").fetchone()
    db.close()
    assert (body, json.loads(body)) == ('{"a":"ü","b":1}', {"a": "ü", "b": 1})
