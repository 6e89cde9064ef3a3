"""The journal: durable rows in a chain, and what is found when somebody has touched it."""

from __future__ import annotations

import json
import multiprocessing
import os
from pathlib import Path

import pytest

from proxmox_mpc.domain.connection import Secret
from proxmox_mpc.errors import StateError
from proxmox_mpc.safety.verify import Verdict, verify
from proxmox_mpc.state import StateStore
from proxmox_mpc.state.files import caller
from proxmox_mpc.state.journal import Journal
from proxmox_mpc.state.server import Server
from tests.databases import IDENTITY, PASSWORD, Database

START = 1_795_000_000.0


@pytest.fixture
def store(database: Database) -> StateStore:
    return database.open()


@pytest.fixture
def journal(store: StateStore, database: Database) -> Journal:
    return Journal(store, database.home, lambda: START)


def filled(journal: Journal, operations: int = 3) -> None:
    for number in range(operations):
        operation = journal.begin({"action": "test", "number": number})
        for event in ("intent", "sent", "outcome"):
            journal.note(operation, 1, event, {"says": f"{event} “{number}” \n ü"})
        journal.note(operation, 0, "ended", {"good": []})
        journal.release(operation)


def checked(journal: Journal, exported: dict[int, str] | None = None) -> Verdict:
    return verify(journal.all(), journal.head(), checkpoints=journal.checkpoints(), exported=exported or {})


@pytest.mark.postgresql
def test_an_operation_is_numbered_by_its_first_row_and_told_in_order(journal: Journal) -> None:
    filled(journal)
    assert [entry.seq for entry in journal.begun()] == [11, 6, 1]
    assert [entry.event for entry in journal.entries(6)] == ["begun", "intent", "sent", "outcome", "ended"]
    assert journal.entries(7) == []
    found = checked(journal)
    assert (found.rows, found.first, found.last, found.problems) == (15, 1, 15, [])
    head = journal.head()
    assert head is not None and (head.seq, head.hash) == (15, found.hash)


TOUCHES: dict[str, tuple[str, ...]] = {
    "an edited body": ("UPDATE journal SET body = replace(body, 'intent', 'INTENT') WHERE seq = 7",),
    "an edited time": ("UPDATE journal SET at = '2020-01-01T00:00:00Z' WHERE seq = 7",),
    "an edited hash": ("UPDATE journal SET hash = 'x' WHERE seq = 7",),
    "another operation": ("UPDATE journal SET operation = 1 WHERE seq = 7",),
    "a body that is no JSON": ("UPDATE journal SET body = 'oops' WHERE seq = 7",),
    "a row removed": ("DELETE FROM journal WHERE seq = 7",),
    "the first rows removed": ("DELETE FROM journal WHERE seq < 5",),
    "the tail removed": ("DELETE FROM journal WHERE seq > 10",),
    "the last row removed": ("DELETE FROM journal WHERE seq = 15",),
    "everything removed": ("DELETE FROM journal",),
    "two rows exchanged": (
        "UPDATE journal SET seq = 100 WHERE seq = 7",
        "UPDATE journal SET seq = 7 WHERE seq = 8",
        "UPDATE journal SET seq = 8 WHERE seq = 100",
    ),
    "the rest moved up over a hole": (
        "DELETE FROM journal WHERE seq = 7",
        "UPDATE journal SET seq = -(seq - 1) WHERE seq > 7",
        "UPDATE journal SET seq = -seq WHERE seq < 0",
    ),
}


@pytest.mark.capability("4.7")
@pytest.mark.parametrize("touch", TOUCHES.values(), ids=TOUCHES)
def test_whatever_is_done_to_the_rows_is_found(journal: Journal, database: Database, touch: tuple[str, ...]) -> None:
    filled(journal)
    database.run(*touch)
    assert checked(journal).problems


def test_a_journal_rewritten_as_a_whole_is_found_by_an_export(journal: Journal, database: Database) -> None:
    filled(journal)
    exported = {entry.seq: entry.hash for entry, _ in journal.all()}
    assert checked(journal, exported).compared == 15
    database.run("DELETE FROM journal")
    (database.home / "audit.head").unlink()
    filled(journal)
    assert checked(journal).problems == []
    journal.note(1, 1, "late", {})
    other = dict.fromkeys((3, 4), "0" * 64)
    assert len(checked(journal, other).problems) == 2
    assert checked(journal, {99: "0" * 64}).problems == [
        (17, "rows 17 to 99 are missing at the end: they were exported")
    ]


def test_a_head_that_is_one_behind_is_no_damage_and_one_that_is_gone_is(journal: Journal, database: Database) -> None:
    filled(journal)
    head = database.home / "audit.head"
    before = head.read_text()
    journal.note(1, 1, "more", {})
    head.write_text(before)
    assert checked(journal).problems == []
    head.unlink()
    assert len(checked(journal).problems) == 1
    head.write_text("{")
    with pytest.raises(StateError):
        journal.head()


@pytest.mark.postgresql
def test_pruning_leaves_a_checkpoint(store: StateStore, database: Database) -> None:
    moment = [START]
    journal = Journal(store, database.home, lambda: moment[0])
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
    database.run("DELETE FROM journal WHERE seq = 11")
    assert checked(journal).problems


@pytest.mark.postgresql
def test_operations_without_an_end_are_orphans_once_nobody_holds_them(journal: Journal, database: Database) -> None:
    first = journal.begin({})
    assert journal.orphans() == []
    second = Journal(database.open(), database.home, lambda: START)
    assert second.orphans() == []
    with second.taken_over(first) as mine:
        assert not mine
    journal.release(first)
    assert second.orphans() == [first]
    with second.taken_over(first) as mine:
        assert mine
        second.note(first, 0, "reconciled", {})
    assert journal.orphans() == []


@pytest.mark.postgresql
def test_a_guest_is_held_by_one_operation_at_a_time_and_others_learn_by_whom(
    journal: Journal, database: Database
) -> None:
    second = Journal(database.open(), database.home, lambda: START)
    assert journal.reserve(101) is None and journal.reserve(101) is None
    assert f"{caller()} (process {os.getpid()})" in str(second.reserve(101))
    assert second.reserve(102) is None
    journal.unreserve(101)
    assert second.reserve(101) is not None, "it was reserved twice"
    journal.unreserve(101)
    assert second.reserve(101) is None


def _writer(home: str, url: str | None, count: int) -> None:
    target = Path(home) / "state.db" if url is None else Server(url, lambda: Secret(PASSWORD), IDENTITY)
    with StateStore.open(target) as store:
        journal = Journal(store, Path(home), lambda: START)
        for _ in range(count):
            journal.note(journal.begin({}), 1, "intent", {})


@pytest.mark.postgresql
def test_several_processes_write_one_chain(journal: Journal, database: Database) -> None:
    context = multiprocessing.get_context("spawn")
    url = database.target.url if isinstance(database.target, Server) else None
    writers = [context.Process(target=_writer, args=(str(database.home), url, 10)) for _ in range(3)]
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


def test_rows_are_stored_as_canonical_json(journal: Journal, database: Database) -> None:
    journal.begin({"b": 1, "a": "ü"})
    ((body,),) = database.rows("SELECT body FROM journal")
    assert (body, json.loads(body)) == ('{"a":"ü","b":1}', {"a": "ü", "b": 1})
