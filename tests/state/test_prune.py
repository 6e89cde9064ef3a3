"""Retention keeps every state and every change from the oldest kept run on, and nothing else."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select

from proxmox_mpc.domain.json import JsonObject
from proxmox_mpc.domain.moments import Moment, epoch
from proxmox_mpc.errors import NotRecorded, StateError
from proxmox_mpc.state import StateStore
from proxmox_mpc.state.documents import canonical
from proxmox_mpc.state.history import changes, find_run, inventory, run_at, runs, versions
from proxmox_mpc.state.history_export import events
from proxmox_mpc.state.prune import Pruned, compact, oldest_to_keep, prune
from proxmox_mpc.state.tables import METADATA
from proxmox_mpc.state.tables_journal import JournalRow
from tests.state.test_history import KIND, WORLDS, pulled

Fresh = Callable[[], StateStore]
FEW = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
_TASKS = METADATA.tables["task"]
_JOURNAL = METADATA.tables[str(JournalRow.__tablename__)]
FIRST = int(epoch("2026-01-01T00:00:00Z"))


def told(store: StateStore, numbers: list[int]) -> dict[str, Any]:
    """Return all that history tells of some runs."""
    return {
        "states": {run: inventory(store, KIND, run) for run in numbers},
        "changes": {run: changes(store, run) for run in numbers},
        "now": inventory(store, KIND),
    }


@pytest.mark.capability("3.8", "8.6")
@pytest.mark.postgresql
@FEW
@given(WORLDS, st.integers(0, 5))
def test_what_is_kept_is_told_as_before(fresh: Fresh, worlds: list[dict[str, JsonObject]], at: int) -> None:
    store = fresh()
    numbers = [pulled(store, world, second) for second, world in enumerate(worlds)]
    first = numbers[at % len(numbers)]
    kept = [run for run in numbers if run >= first]
    before = told(store, kept)
    planned = prune(store, first, dry_run=True)
    assert told(store, kept) == before and len(runs(store)) == len(numbers)
    assert prune(store, first) == planned and planned.runs == len(numbers) - len(kept)
    assert told(store, kept) == before
    assert [record.id for record in runs(store)] == kept[::-1]
    assert prune(store, first) == Pruned(first, planned.since), "a second time there is nothing left to remove"
    for run in numbers[: numbers.index(first)]:
        assert find_run(store, run) is None
        with pytest.raises(NotRecorded, match=f"begins with run {first} .* pruned"):
            run_at(store, Moment(f"run:{run}", run=run))
    # what goes on is recorded as ever
    last = pulled(store, {"100": {"a": 9}}, len(worlds))
    assert inventory(store, KIND, last) == {"100": {"a": 9}} and told(store, kept)["states"] == before["states"]


@pytest.mark.capability("3.8")
@pytest.mark.postgresql
@FEW
@given(WORLDS, st.integers(0, 5))
def test_the_export_replayed_gives_every_state(fresh: Fresh, worlds: list[dict[str, JsonObject]], at: int) -> None:
    store = fresh()
    numbers = [pulled(store, world, second) for second, world in enumerate(worlds)]

    def replayed(after: int, state: dict[str, JsonObject]) -> dict[int, dict[str, JsonObject]]:
        states = {}
        for event in events(store, after, [KIND]):
            if event.after is None:
                del state[event.key]
            else:
                assert (event.key in state) == (event.action == "changed")
                state[event.key] = event.after
            states[event.run] = dict(state)
        return states

    for run, state in replayed(0, {}).items():
        assert state == worlds[numbers.index(run)]
    half = numbers[at % len(numbers)]
    for run, state in replayed(half, dict(worlds[numbers.index(half)])).items():
        assert state == worlds[numbers.index(run)]
    prune(store, half)
    known = replayed(0, {})
    assert ([*known.values()] or [{}])[-1] == worlds[-1]
    assert [*events(store, 0, ["guest"])] == []


@pytest.mark.capability("3.8", "9.7")
@pytest.mark.postgresql
def test_tasks_go_with_their_time_and_the_journal_never(fresh: Fresh) -> None:
    store = fresh()
    for second in (0, 10, 20):
        pulled(store, {"100": {"a": second}}, second)
    ended = {"old": 5, "of the first kept": 15, "young": 25}
    with store.writing() as connection:
        for name, end in ended.items():
            row = {"started": FIRST + end - 4, "ended": FIRST + end, "data": canonical({"upid": name})}
            connection.execute(insert(_TASKS).values(key=name, **row))
        lost = {"started": FIRST - 8 * 86400, "ended": None, "data": canonical({})}
        connection.execute(insert(_TASKS).values(key="never ended", **lost))
        body = {"seq": 1, "at": "2020-01-01T00:00:00Z", "operation": 1, "step": 0, "event": "begun", "body": "{}"}
        connection.execute(insert(_JOURNAL).values(hash="h", **body))
    found = prune(store, 2)
    assert (found.runs, found.versions, found.tasks, found.since) == (1, 0, 2, "2026-01-01T00:00:10Z")
    with store.reading() as connection:
        assert set(connection.scalars(select(_TASKS.c.key))) == {"of the first kept", "young"}
        assert connection.scalars(select(_JOURNAL.c.seq)).all() == [1]
    assert prune(store, 3).versions == 1
    assert [version.run for version in versions(store, KIND, "100")] == [3, 2]


@pytest.mark.postgresql
def test_what_to_keep_is_named_by_age_or_number(fresh: Fresh) -> None:
    store = fresh()
    assert oldest_to_keep(store, keep=3) is None and prune(store, None) == Pruned()
    for second in (0, 10, 20):
        pulled(store, {"100": {"a": second}}, second)
    assert [oldest_to_keep(store, keep=keep) for keep in (1, 2, 3, 99)] == [3, 2, 1, 1]
    assert [oldest_to_keep(store, FIRST + more) for more in (-5, 0, 9, 10, 25)] == [1, 1, 1, 2, 3]
    assert prune(store, 1) == Pruned(1, "2026-01-01T00:00:00Z"), "before the first run there is nothing, tasks included"


@pytest.mark.capability("3.8", "3.6")
def test_the_file_shrinks_and_stays_sound(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with StateStore.open(path) as store:
        for second in range(10):
            pulled(store, {str(key): {"text": f"{second} " * 500} for key in range(100)}, second)
        found = prune(store, oldest_to_keep(store, keep=1))
        assert found.versions == 800 and found.bytes > 800 * 1000
        before = path.stat().st_size
        assert compact(path) > found.bytes / 2 and path.stat().st_size < before / 2
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert len(inventory(store, KIND)) == 100


@pytest.mark.capability("3.6", "7.2")
def test_what_cannot_be_removed_whole_is_not_removed_at_all(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with StateStore.open(path) as store:
        for second in (0, 10, 20):
            pulled(store, {"100": {"a": second}}, second)
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(
                "CREATE TRIGGER full BEFORE INSERT ON state_meta BEGIN SELECT RAISE(ABORT, 'disk full'); END"
            )
        before = told(store, [1, 2, 3])
        with pytest.raises(StateError, match="disk full"):
            prune(store, 3)
        assert told(store, [1, 2, 3]) == before and len(runs(store)) == 3
