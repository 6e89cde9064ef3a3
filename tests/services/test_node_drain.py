"""Where the guests of a node go, what is left alone, and what comes back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxmox_mpc.domain.guests import GuestRef
from proxmox_mpc.domain.journal import Entry
from proxmox_mpc.domain.json import Json, JsonObject
from proxmox_mpc.domain.plan import Cannot, Keep
from proxmox_mpc.errors import NodeUnreachable, NotFound, UsageError
from proxmox_mpc.safety.history import History, read_history
from proxmox_mpc.services.node_drain import Moving, drain, memory_of, moved_away, spread, undrain
from tests.services.answers import Answers

GIB = 1 << 30


def guest(vmid: int, memory: int, status: str = "running") -> GuestRef:
    return GuestRef(vmid, "qemu", "pve1", None, status, row={"maxmem": memory})


@pytest.mark.capability("2.8", "4.2")
@given(
    st.lists(st.tuples(st.integers(1, 64), st.sampled_from(["running", "stopped", "paused"])), max_size=12),
    st.dictionaries(st.sampled_from(["pve2", "pve3", "pve4"]), st.integers(0, 100), min_size=1),
    st.data(),
)
def test_no_node_is_given_more_than_it_has_room_for(
    sizes: list[tuple[int, str]], free: dict[str, int], data: st.DataObject
) -> None:
    guests = [guest(100 + at, size, status) for at, (size, status) in enumerate(sizes)]
    allowed = {ref.vmid: data.draw(st.frozensets(st.sampled_from(sorted(free)))) for ref in guests}
    found = spread(guests, free, allowed)
    assert set(found.places) | set(found.nowhere) == {ref.vmid for ref in guests}
    assert not set(found.places) & set(found.nowhere)
    for name, room in free.items():
        taken = sum(memory_of(ref) for ref in guests if found.places.get(ref.vmid) == name)
        assert taken <= room
        assert found.left[name] == room - taken
    for ref in guests:
        if ref.vmid in found.places:
            assert found.places[ref.vmid] in allowed[ref.vmid]
        else:
            assert all(found.left[name] < memory_of(ref) for name in allowed[ref.vmid])


def row(vmid: int, node: str = "pve1", **more: Json) -> JsonObject:
    known: JsonObject = {"type": "qemu", "vmid": vmid, "node": node, "status": "running", "maxmem": 4 * GIB}
    return {**known, **more}


def cluster(*rows: JsonObject) -> Answers:
    nodes: list[Json] = [
        {"type": "node", "node": name, "status": status, "maxmem": 16 * GIB, "mem": 8 * GIB}
        for name, status in (("pve1", "online"), ("pve2", "online"), ("pve3", "online"), ("pve4", "offline"))
    ]
    source = Answers({"/cluster/resources": [*nodes, *rows]})
    for one in rows:
        kind, vmid = one["type"], one["vmid"]
        said: JsonObject = {"running": 1, "local_disks": [], "local_resources": []}
        source.table[f"/nodes/{one['node']}/{kind}/{vmid}/migrate"] = said
    return source


@pytest.mark.capability("2.8", "4.2")
def test_the_biggest_goes_first_and_templates_and_ha_are_left_alone() -> None:
    source = cluster(
        row(101),
        row(102, maxmem=6 * GIB),
        row(103, hastate="started"),
        row(104, template=1),
        row(105, type="lxc"),
        row(106, maxmem=9 * GIB),
        row(107, "pve2"),
    )
    plan = drain(source, "pve1", ["pve2", "pve3"], Moving())
    assert [send.call.shown() for send in plan.sends()] == [
        {"method": "POST", "path": "/nodes/pve1/qemu/102/migrate", "params": {"target": "pve2", "online": True}},
        {"method": "POST", "path": "/nodes/pve1/qemu/101/migrate", "params": {"target": "pve3", "online": True}},
    ]
    cannot = {step.target.id: step.error for step in plan.steps if isinstance(step, Cannot)}
    assert set(cannot) == {105, 106}
    assert "--restart" in (cannot[105].hint or "")
    assert "it needs 9.0 GiB" in cannot[106].message
    assert plan.notes[0] == "pve2: 8.0 GiB free, takes VM 102 (6.0 GiB); 2.0 GiB left then"
    (warn,) = plan.warnings
    assert warn.details["vmids"] == [103]
    assert "ha-manager crm-command node-maintenance enable pve1" in (warn.hint or "")


@pytest.mark.capability("4.2")
def test_containers_go_with_a_restart_and_those_that_are_off_may_stay() -> None:
    source = cluster(row(105, type="lxc"), row(106, status="stopped"))
    plan = drain(source, "pve1", ["pve2"], Moving(restart=True, running=True))
    (send,) = plan.sends()
    assert send.call.shown()["params"] == {"target": "pve2", "restart": 1}
    assert len(list(drain(source, "pve1", ["pve2"], Moving(restart=True), frozenset({106})).sends())) == 1


@pytest.mark.capability("4.2", "7.4")
def test_nodes_are_looked_at_before_anything_is_planned() -> None:
    for names, error in (("pve9", NotFound), ("pve4", NodeUnreachable), ("pve1", UsageError)):
        with pytest.raises(error):
            drain(cluster(row(101)), "pve1", [names], Moving())
    with pytest.raises(NotFound):
        undrain(cluster(), "pve9", {101: "pve2"}, Moving())


def operation(number: int, action: str, *moves: tuple[int, str, str], ended: bool = True) -> History:
    """Return an operation that moved guests: vmid, from, to."""
    at = "2026-01-01T00:00:00Z"
    entries = [Entry(number, at, number, 0, "begun", {"action": action, "targets": [{"id": one[0]} for one in moves]})]
    for step, (vmid, node, to) in enumerate(moves, 1):
        call: JsonObject = {"params": {"target": to}}
        intent: JsonObject = {"target": {"kind": "vm", "id": vmid, "node": node}, "call": call}
        entries.append(Entry(number, at, number, step, "intent", intent))
        entries.append(Entry(number, at, number, step, "outcome", {"status": "done"}))
    good: list[Json] = [one[0] for one in moves]
    entries.append(Entry(number, at, number, 0, "ended", {"good": good if ended else []}))
    return read_history(entries, number)


@pytest.mark.capability("4.2")
def test_what_went_since_the_node_was_last_whole_comes_back() -> None:
    told = [
        operation(9, "node drain", (104, "pve1", "pve3")),
        operation(8, "node drain", (103, "pve1", "pve3"), (104, "pve1", "pve2")),
        operation(7, "node drain", (200, "pve2", "pve3")),
        operation(6, "node undrain", (300, "pve3", "pve2")),
        operation(5, "node undrain", (102, "pve2", "pve1")),
        operation(4, "node drain", (102, "pve1", "pve2")),
    ]
    assert moved_away(told, "pve1") == {103: "pve3", 104: "pve3"}
    assert moved_away(told, "pve2") == {200: "pve3"}

    source = cluster(row(103, "pve3"), row(104, "pve2"), row(105, "pve1"))
    plan = undrain(source, "pve1", {103: "pve3", 104: "pve3", 105: "pve3", 106: "pve3"}, Moving())
    (send,) = plan.sends()
    assert send.call.shown()["path"] == "/nodes/pve3/qemu/103/migrate"
    kept = {step.target.id: step.says for step in plan.steps if isinstance(step, Keep)}
    assert kept == {104: "it was moved on since, to pve2, and stays there", 105: "it is on pve1 already"}
