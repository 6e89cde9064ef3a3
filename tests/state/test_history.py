"""History gives back every state that ever was, and tells what changed between two."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proxmox_mpc.domain.json import JsonObject
from proxmox_mpc.state import StateStore
from proxmox_mpc.state.batch import Batch, Findings, Item, Ran
from proxmox_mpc.state.documents import KeyChange, canonical, difference, digest
from proxmox_mpc.state.history import changes, current_digests, documents, find_run, inventory, versions
from proxmox_mpc.state.writer import record

KIND = "pending"
DOCUMENTS = st.dictionaries(st.sampled_from("abc"), st.integers(0, 3), max_size=2)
WORLDS = st.lists(st.dictionaries(st.sampled_from(["100", "101", "9"]), DOCUMENTS, max_size=3), min_size=1, max_size=6)


def pulled(store: StateStore, world: dict[str, JsonObject], second: int, replaced: frozenset[str] = frozenset()) -> int:
    """Store a world as a pull would: everything in it was seen, everything else is gone."""
    findings = Findings(KIND, gone=set(current_digests(store, KIND)) - world.keys())
    for key, document in world.items():
        text = canonical(document)
        findings.seen.append(Item(key, text, digest(text), {}, replaced=key in replaced))
    at = f"2026-01-01T00:00:{second:02d}Z"
    return record(store, Batch(Ran(at, at, "me", {}, "done"), [findings], {}, []))


@pytest.mark.capability("2.7", "3.5")
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(WORLDS)
def test_every_state_can_be_read_as_it_was(
    fresh: Callable[[], StateStore], worlds: list[dict[str, JsonObject]]
) -> None:
    read_back(fresh(), worlds)


@pytest.mark.postgresql
def test_every_state_can_be_read_as_it_was_on_both_databases(fresh: Callable[[], StateStore]) -> None:
    replaced: dict[str, JsonObject] = {"100": {"a": 1}, "9": {"b": 2}}
    read_back(fresh(), [{}, {"100": {"a": 0}}, replaced, {"9": {"b": 2}, "101": {}}, {}, replaced])


def read_back(store: StateStore, worlds: list[dict[str, JsonObject]]) -> None:
    """Record one world after the other, and find each of them, and what changed between two."""
    before: dict[str, JsonObject] = {}
    numbers = []
    for second, world in enumerate(worlds):
        run = pulled(store, world, second)
        numbers.append(run)
        expected: list[tuple[str, str, list[KeyChange]]] = []
        for key in before.keys() | world.keys():
            if key not in before:
                expected.append((key, "added", []))
            elif key not in world:
                expected.append((key, "removed", []))
            elif before[key] != world[key]:
                expected.append((key, "changed", difference(before[key], world[key])))
        found = [(change.key, change.action, list(change.keys)) for change in changes(store, run)]
        assert sorted(found, key=repr) == sorted(expected, key=repr)
        counted = find_run(store, run)
        assert counted is not None
        assert (counted.added, counted.changed, counted.removed) == tuple(
            sum(1 for _, action, _ in expected if action == wanted) for wanted in ("added", "changed", "removed")
        )
        before = world
    for run, world in zip(numbers, worlds, strict=True):
        assert inventory(store, KIND, run) == world
        assert documents(store, KIND, world, run) == world
    assert inventory(store, KIND) == worlds[-1]


@pytest.mark.postgresql
def test_a_replaced_object_ends_and_begins(fresh: Callable[[], StateStore]) -> None:
    store = fresh()
    first = pulled(store, {"100": {"a": 1}}, 0)
    second = pulled(store, {"100": {"a": 1}}, 1, frozenset({"100"}))
    third = pulled(store, {"100": {"a": 2}}, 2)
    assert [(change.action, change.key) for change in changes(store, second)] == [("removed", "100"), ("added", "100")]
    assert [(version.run, version.born, version.ended) for version in versions(store, KIND, "100")] == [
        (third, second, None),
        (second, second, third),
        (first, first, second),
    ]


@pytest.mark.postgresql
def test_numbers_sort_as_numbers(fresh: Callable[[], StateStore]) -> None:
    store = fresh()
    run = pulled(store, {"100": {}, "9": {}, "101": {}}, 0)
    assert [change.key for change in changes(store, run)] == ["9", "100", "101"]
