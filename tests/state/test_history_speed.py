"""Ten thousand guests and a hundred runs: what is asked of history goes by an index, never through all of it."""

from __future__ import annotations

import sqlite3
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, insert

from proxmox_mpc.domain.json import JsonObject
from proxmox_mpc.domain.moments import Moment
from proxmox_mpc.services.since import since
from proxmox_mpc.services.sync import guest_changes, show_run
from proxmox_mpc.state import RecordedSource, StateStore, history
from proxmox_mpc.state.documents import canonical
from proxmox_mpc.state.history_export import events
from proxmox_mpc.state.history_since import changes_since
from proxmox_mpc.state.light import Light
from proxmox_mpc.state.prune import prune
from proxmox_mpc.state.tables import METADATA

GUESTS, RUNS, CHANGED = 10_000, 100, 100
VERSIONS, LOG, TASKS = (METADATA.tables[name] for name in ("object_version", "run", "task"))
SCOPE = {"groups": ["guest", "task"], "node": None}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of 10,000 guests of which 100 changed in each of 100 runs."""
    made = tmp_path_factory.mktemp("big") / "state.db"
    with StateStore.open(made) as store, store.writing() as connection:
        connection.execute(insert(LOG), [_run(run) for run in range(1, RUNS + 1)])
        rows = [row for vmid in range(100, 100 + GUESTS) for row in _versions(vmid)]
        connection.execute(insert(VERSIONS), rows)
        connection.execute(insert(TASKS), [_task(number) for number in range(RUNS * 50)])
    return made


def _run(run: int) -> dict[str, Any]:
    at = f"2026-01-{1 + run // 24:02d}T{run % 24:02d}:00:00Z"
    return {"id": run, "started": at, "finished": at, "scope": SCOPE, "outcome": "done", "caller": "me", "warnings": []}


def _versions(vmid: int) -> Iterator[dict[str, Any]]:
    """Every guest changes once, some run after the first."""
    changed = 2 + vmid % (RUNS - 1)
    for kind in ("guest", "config"):
        for since_run, until in ((1, changed), (changed, None)):
            document: JsonObject = {"vmid": vmid, "type": "qemu", "node": "pve1", "status": "running", "n": since_run}
            row = {"kind": kind, "key": str(vmid), "valid_from": since_run, "valid_to": until, "born": 1}
            yield {**row, "digest": str(since_run), "doc": canonical(document)}


def _task(number: int) -> dict[str, Any]:
    started = 1_767_225_600 + number * 72
    return {"key": f"UPID:{number}", "object": str(100 + number), "started": started, "ended": started, "data": "{}"}


@pytest.fixture
def plans(path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], list[str]]]:
    """Return a function that tells how each query that was sent so far goes about the versions."""
    sent: list[tuple[str, Any]] = []

    def keep(*args: Any) -> None:
        sent.append((args[2], args[3]))

    def kept(self: Light, query: str, parameters: Any = ()) -> list[tuple[object, ...]]:
        sent.append((query, parameters))
        return plain(self, query, parameters)

    plain = Light.rows
    monkeypatch.setattr(Light, "rows", kept)
    event.listen(Engine, "before_cursor_execute", keep)

    def explained() -> list[str]:
        with closing(sqlite3.connect(path)) as connection:
            return [
                str(line[3])
                for query, parameters in sent
                if "object_version" in query and query.startswith(("SELECT", "WITH"))
                for line in connection.execute(f"EXPLAIN QUERY PLAN {query}", parameters)
            ]

    yield explained
    event.remove(Engine, "before_cursor_execute", keep)


HOT: dict[str, Callable[[StateStore], object]] = {
    "guest history": lambda store: guest_changes(store, 4711),
    "sync show": lambda store: show_run(store, 50),
    "what a run changed": lambda store: history.changes(store, 50),
    "since run 95": lambda store: changes_since(store, 95),
    "since, with authors": lambda store: since(store, Moment("run:90", run=90), ids={"4711"}),
    "some documents of then": lambda store: history.documents(store, "config", ["4711", "101"], 50),
    "the inventory of then": lambda store: history.inventory(store, "guest", 50),
    "versions of one": lambda store: history.versions(store, "config", "4711"),
    "digests of now": lambda store: history.current_digests(store, "config"),
    "what would be pruned": lambda store: prune(store, 50, dry_run=True),
    "export of a run": lambda store: [*events(store, RUNS - 1)],
}


@pytest.mark.capability("3.8", "8.2", "8.6")
@pytest.mark.parametrize("asked", HOT.values(), ids=HOT.keys())
def test_history_goes_by_an_index(
    path: Path, plans: Callable[[], list[str]], asked: Callable[[StateStore], object]
) -> None:
    with StateStore.open(path) as store:
        assert asked(store)
    told = plans()
    assert any("SEARCH" in line for line in told)
    assert [line for line in told if line.startswith("SCAN") and not line.endswith("touched")] == []


@pytest.mark.capability("3.8", "8.2")
def test_lists_of_a_past_moment_go_by_an_index(path: Path, plans: Callable[[], list[str]]) -> None:
    then = RecordedSource(path, at=Moment("run:50", run=50))
    found = then.read("/cluster/resources")
    assert isinstance(found, list) and len(found) == GUESTS
    then.read("/nodes/pve1/qemu/4711/config")
    then.close()
    assert [line for line in plans() if line.startswith("SCAN")] == []


@pytest.mark.capability("8.3", "8.6")
def test_the_export_holds_few_rows_in_memory(path: Path) -> None:
    with StateStore.open(path) as store:
        stream = events(store)
        next(stream)
        tracemalloc.start()
        try:
            count = sum(1 for _ in islice(stream, GUESTS // 2))
            most = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        stream.close()
    assert count == GUESTS // 2 and most < 1_000_000
