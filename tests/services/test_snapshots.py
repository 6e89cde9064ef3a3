from __future__ import annotations

import pytest

from proxmox_mpc.domain.guests import GuestRef
from proxmox_mpc.domain.json import Json
from proxmox_mpc.errors import AuthenticationError, NodeUnreachable, NotFound, PermissionDenied, PmpcError
from proxmox_mpc.services.snapshots import depths, list_snapshots, show_snapshot, tree
from tests.services.paths import Paths

NOW = 1_795_000_000.0
DAY = 86400


def vm(vmid: int, node: str = "pve1", *, template: bool = False, answers: bool = True) -> GuestRef:
    return GuestRef(vmid, "qemu", node, f"g{vmid}", "running", template=template, answers=answers)


def taken(name: str, days: float, parent: str | None = None) -> dict[str, Json]:
    row: dict[str, Json] = {"name": name, "snaptime": int(NOW - days * DAY), "description": f"{name}\n"}
    return row | ({"parent": parent} if parent else {})


CURRENT: dict[str, Json] = {"name": "current", "description": "You are here!", "parent": "b", "running": 1}
ANSWER: list[dict[str, Json]] = [taken("c", 1, "a"), CURRENT, taken("a", 30), taken("b", 10, "a") | {"vmstate": 1}]


@pytest.mark.capability("4.7")
def test_parents_come_before_their_children_and_the_active_one_is_marked() -> None:
    rows = tree(vm(101), ANSWER, NOW)
    assert [(row["name"], row["parent"], row["active"], row["memory"]) for row in rows] == [
        ("a", None, False, False),
        ("b", "a", True, True),
        ("c", "a", False, False),
    ]
    assert depths(rows) == [0, 1, 1]
    assert (rows[0]["age"], rows[0]["description"], rows[0]["guest"]) == (30 * DAY, "a", "g101")


def test_a_broken_tree_is_shown_all_the_same() -> None:
    rows = tree(vm(101), [taken("x", 1, "y"), taken("y", 2, "x"), taken("z", 3, "gone"), {"name": "bare"}], NOW)
    assert {row["name"] for row in rows} == {"x", "y", "z", "bare"}
    assert len(depths(rows)) == 4
    bare = next(row for row in rows if row["name"] == "bare")
    assert (bare["created"], bare["age"], bare["description"]) == (None, None, None)


def test_a_guest_without_snapshots_has_only_the_head_of_the_tree() -> None:
    assert tree(vm(101), [{"name": "current", "running": 0}], NOW) == []


@pytest.mark.capability("4.7", "7.3")
def test_the_cluster_is_asked_guest_by_guest_but_not_for_templates_and_silent_nodes() -> None:
    source = Paths({"/nodes/pve1/qemu/101/snapshot": list(ANSWER), "/nodes/pve1/qemu/102/snapshot": [taken("s", 40)]})
    guests = [vm(101), vm(102), vm(103, template=True), vm(104, "pve3", answers=False), vm(105, "pve3", answers=False)]
    reading = list_snapshots(source, guests, lambda: NOW)
    assert [(row["vmid"], row["name"]) for row in reading.value] == [(101, "a"), (101, "b"), (101, "c"), (102, "s")]
    assert source.asked == ["/nodes/pve1/qemu/101/snapshot", "/nodes/pve1/qemu/102/snapshot"]
    assert reading.partial
    (warn,) = reading.warnings
    assert (warn.code, warn.details["node"], warn.details["guests"]) == ("node_offline", "pve3", 2)


@pytest.mark.capability("4.7")
def test_only_those_that_are_older() -> None:
    source = Paths({"/nodes/pve1/qemu/101/snapshot": [*ANSWER, {"name": "undated"}]})
    reading = list_snapshots(source, [vm(101), vm(9)], lambda: NOW, older_than=5 * DAY)
    assert [row["name"] for row in reading.value] == ["a", "b"]
    assert not reading.partial, "a guest that is gone since has no snapshots to miss"


@pytest.mark.capability("7.3")
@pytest.mark.parametrize("error", [PermissionDenied("no VM.Audit"), NodeUnreachable("node pve1 does not answer")])
def test_guests_that_cannot_be_asked_cost_one_warning(error: PmpcError) -> None:
    answers: dict[str, Json | PmpcError] = {f"/nodes/pve1/qemu/{vmid}/snapshot": error for vmid in range(100, 107)}
    reading = list_snapshots(Paths(answers), [vm(vmid) for vmid in range(100, 107)], lambda: NOW)
    assert (reading.value, reading.partial, len(reading.warnings)) == ([], True, 1)
    assert "100, 101, 102 and 4 more" in reading.warnings[0].message


def test_the_only_guest_asked_for_raises_its_error_and_a_bad_token_always_does() -> None:
    denied = Paths({"/nodes/pve1/qemu/101/snapshot": PermissionDenied("no")})
    with pytest.raises(PermissionDenied):
        list_snapshots(denied, [vm(101)], lambda: NOW)
    bad = Paths({f"/nodes/pve1/qemu/{vmid}/snapshot": AuthenticationError("401") for vmid in (1, 2)})
    with pytest.raises(AuthenticationError):
        list_snapshots(bad, [vm(1), vm(2)], lambda: NOW)


def test_one_snapshot_with_its_configuration() -> None:
    config: dict[str, Json] = {
        "snaptime": int(NOW - DAY),
        "description": "before",
        "parent": "a",
        "vmstate": "nas:101/vm-101-state-b.raw",
        "memory": "2048",
        "cipassword": "geheim",
        "digest": "x",
    }
    source = Paths({"/nodes/pve1/qemu/101/snapshot/b/config": config})
    found = show_snapshot(source, vm(101), "b", lambda: NOW)
    assert (found["name"], found["parent"], found["age"], found["memory"]) == ("b", "a", DAY, True)
    assert found["config"] == {
        "cipassword": "***",
        "digest": "x",
        "memory": "2048",
        "vmstate": "nas:101/vm-101-state-b.raw",
    }
    with pytest.raises(NotFound) as caught:
        show_snapshot(source, vm(101), "nope", lambda: NOW)
    assert (caught.value.message, caught.value.hint) == (
        "VM 101 (g101) has no snapshot nope",
        "see: pmpc vm snapshot list 101",
    )
