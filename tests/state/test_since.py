"""The net change since a moment, and what it says about runs that came and went in between."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from proxmox_mpc.domain.json import JsonObject, as_rows
from proxmox_mpc.domain.moments import Moment, epoch
from proxmox_mpc.errors import NotFound, NotRecorded
from proxmox_mpc.services.pull import pull
from proxmox_mpc.services.since import since
from proxmox_mpc.services.sync import guest_changes, show_run
from proxmox_mpc.state import RecordedSource, StateStore
from proxmox_mpc.state.documents import difference
from proxmox_mpc.state.history import documents, run_at
from tests.databases import Database
from tests.services.fake_source import FakeSource
from tests.state.test_history import KIND, WORLDS, pulled

Fresh = Callable[[], StateStore]


def rows(store: StateStore, run: int, **chosen: Any) -> list[tuple[str, str, str | None]]:
    found = since(store, Moment("then", run=run), **chosen).rows
    return [(str(row["action"]), str(row["id"]), None if row["key"] is None else str(row["key"])) for row in found]


@pytest.mark.capability("2.7", "3.5", "5.8")
@pytest.mark.postgresql
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(WORLDS)
def test_it_is_the_difference_of_two_states(fresh: Fresh, worlds: list[dict[str, JsonObject]]) -> None:
    store = fresh()
    numbers = [pulled(store, world, second) for second, world in enumerate(worlds)]
    now = worlds[-1]
    for run, then in zip(numbers, worlds, strict=True):
        reborn = {key for key in then.keys() & now.keys() if not all(key in world for world in worlds[run - 1 :])}
        expected: list[tuple[str, str, str | None]] = []
        for key in sorted(then.keys() | now.keys()):
            if key not in now or key in reborn:
                expected += [("removed", key, None)] if key in then else []
            if key not in then or key in reborn:
                expected += [("added", key, None)] if key in now else []
            elif key in now:
                expected += [("changed", key, change.key) for change in difference(then[key], now[key])]
        assert sorted(rows(store, run), key=repr) == sorted(expected, key=repr)


@pytest.mark.postgresql
def test_kinds_and_ids_choose(fresh: Fresh) -> None:
    store = fresh()
    pulled(store, {"100": {}, "101": {}}, 0)
    pulled(store, {"100": {"a": 1}, "101": {"a": 1}}, 1)
    assert rows(store, 1) == [("changed", "100", "a"), ("changed", "101", "a")]
    assert rows(store, 1, ids={"101"}) == [("changed", "101", "a")]
    assert rows(store, 1, kinds={KIND}, ids={"100"}) == [("changed", "100", "a")]
    assert rows(store, 1, kinds={"guest"}) == [] and rows(store, 2) == []


@pytest.mark.postgresql
def test_a_moment_is_the_last_run_up_to_it(fresh: Fresh) -> None:
    store = fresh()
    with pytest.raises(NotRecorded, match="nothing has been pulled yet"):
        run_at(store, Moment("1d", at=0.0))
    for second in (0, 10, 20):
        pulled(store, {"100": {"a": second}}, second)
    at = epoch("2026-01-01T00:00:00Z")
    assert [run_at(store, Moment("x", at=at + more)).id for more in (0, 9, 10, 19.9, 20, 99999)] == [1, 1, 2, 2, 3, 3]
    assert run_at(store, Moment("run:2", run=2)).id == 2
    with pytest.raises(NotFound, match="there is no run 9"):
        run_at(store, Moment("run:9", run=9))
    with pytest.raises(NotRecorded, match="run 1 of 2026-01-01T00:00:00Z"):
        run_at(store, Moment("x", at=at - 1))
    assert documents(store, KIND, ["100"], run_at(store, Moment("x", at=at + 12)).id) == {"100": {"a": 10}}


@pytest.mark.postgresql
@pytest.mark.capability("2.7", "3.5")
def test_the_past_is_answered_like_the_present(new_database: Callable[[], Database]) -> None:
    database = new_database()
    store, source = database.open(), FakeSource()
    now = 1_795_377_421
    pull(source, store, now=lambda: now - 3600)
    source.guests[102]["status"] = "running"
    pull(source, store, now=lambda: now)
    moments = {
        Moment("run:1", run=1): "stopped",
        Moment("2h", at=now - 1800): "stopped",
        Moment("0s", at=now): "running",
    }
    for moment, status in moments.items():
        then = RecordedSource(database.target, at=moment)
        found = {row.get("vmid"): row for row in as_rows(then.read("/cluster/resources"))}
        assert (found[102]["status"], found[102]["id"]) == (status, "qemu/102"), moment
        for path in ("/cluster/tasks", "/storage", "/nodes", "/pools", "/cluster/ha/resources"):
            assert isinstance(then.read(path), list)
        then.close()
    told = since(store, Moment("run:1", run=1)).rows
    assert [(row["id"], row["key"], row["new"]) for row in told] == [("102", "status", "running")]
    assert [(row["key"], row["new"]) for row in guest_changes(store, 102) if row["run"] == 2] == [("status", "running")]
    assert show_run(store, 2)["changed"] == 1
