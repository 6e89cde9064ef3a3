from __future__ import annotations

import pytest

from proxmox_mpc.domain.json import Json, JsonObject
from proxmox_mpc.domain.selectors import Selection
from proxmox_mpc.errors import NodeUnreachable, NotFound
from proxmox_mpc.services.guests import (
    GUEST_ROWS,
    find_guest,
    guest_row,
    inventory,
    list_guests,
    reachable,
)
from tests.services.paths import Paths

ROWS: list[Json] = [
    {"type": "node", "node": "pve1", "status": "online"},
    {"type": "node", "node": "pve2", "status": "offline"},
    {"type": "node", "node": "pve3", "status": "offline"},
    {"type": "storage", "storage": "local", "node": "pve1"},
    {"type": "lxc", "vmid": "200", "node": "pve1", "name": "dns", "status": "running", "tags": "infra;net", "disk": 5},
    {"type": "qemu", "vmid": 101, "node": "pve1", "name": "web", "status": "running", "cpu": "0.5", "disk": 0},
    {"type": "qemu", "vmid": 102, "node": "pve2", "status": "unknown", "tags": "infra"},
    {"type": "openvz", "vmid": 7},
    {"type": "qemu"},
]  # fmt: skip


def source(live: bool = True) -> Paths:
    return Paths({"/cluster/resources": ROWS}, live=live)


@pytest.mark.capability("2.3", "3.2")
def test_one_request_lists_all_guests_by_id_with_every_declared_key() -> None:
    server = source()
    reading = list_guests(server)
    assert [row["vmid"] for row in reading.value] == [101, 102, 200]
    assert server.asked == ["/cluster/resources"]
    keys = {field.key for field in GUEST_ROWS.fields}
    assert all(set(row) == keys for row in reading.value)
    web, unknown, dns = reading.value
    assert (web["cpu"], web["type"], web["disk_used"]) == (0.5, "vm", None)
    assert (unknown["name"], unknown["status"], unknown["tags"]) == (None, "unknown", ["infra"])
    assert (dns["vmid"], dns["type"], dns["disk_used"]) == (200, "ct", 5)


@pytest.mark.capability("7.3")
@pytest.mark.parametrize(
    ("selection", "kind", "silent"),
    [
        (Selection(), None, ["pve2"]),
        (Selection(), "ct", []),
        (Selection(nodes=["pve1"]), None, []),
        (Selection(nodes=["pve2"]), None, ["pve2"]),
        (Selection(["101"]), None, []),
        (Selection(["101", "102"]), None, ["pve2"]),
        (Selection(statuses=["running"]), "vm", ["pve2"]),
        (Selection(tags=["infra"]), None, ["pve2"]),
    ],
)
def test_a_silent_node_is_warned_of_where_it_may_hold_what_was_asked_for(
    selection: Selection, kind: str | None, silent: list[str]
) -> None:
    reading = list_guests(source(), "ct" if kind == "ct" else "vm" if kind == "vm" else None, selection)
    assert [warn.details["node"] for warn in reading.warnings] == silent
    assert reading.partial is bool(silent)


@pytest.mark.capability("3.5")
def test_recorded_guests_that_no_pull_confirmed_are_said_to_be_old() -> None:
    stale: JsonObject = {"type": "qemu", "vmid": 102, "node": "pve2", "pmpc-stale-since": "2026-11-22T12:00:00Z"}
    reading = list_guests(Paths({"/cluster/resources": [*ROWS[:3], stale]}, live=False))
    assert not reading.partial
    assert [warn.code for warn in reading.warnings] == ["stale"]
    assert reading.value[0]["stale_since"] == "2026-11-22T12:00:00Z"
    assert list_guests(source(live=False)).warnings == ()


def test_the_inventory_knows_nodes_and_which_are_silent() -> None:
    known = inventory(source())
    assert (sorted(known.nodes), sorted(known.offline)) == (["pve1", "pve2", "pve3"], ["pve2", "pve3"])
    assert [(ref.vmid, ref.kind, ref.answers) for ref in known.guests] == [
        (101, "vm", True),
        (102, "vm", False),
        (200, "ct", True),
    ]
    assert known.guests[2].label == "CT 200 (dns)"
    assert known.guests[2].path("status", "current") == "/nodes/pve1/lxc/200/status/current"


@pytest.mark.capability("4.9", "7.3")
def test_a_guest_on_a_silent_node_is_not_waited_for() -> None:
    ref = find_guest(source(), "102")
    with pytest.raises(NodeUnreachable) as caught:
        reachable(ref, source(), "config")
    assert caught.value.hint == "what was last seen of it: pmpc vm config 102 --offline"
    assert reachable(ref, source(live=False)) is ref


def test_an_unknown_node_is_not_an_empty_list() -> None:
    with pytest.raises(NotFound, match="there is no node pve9"):
        list_guests(source(), None, Selection(nodes=["pve9"]))


def test_a_row_that_pve_has_not_filled_yet() -> None:
    row = guest_row({"type": "qemu", "vmid": 100, "node": "pve1", "id": "qemu/100"})
    assert (row["status"], row["name"], row["template"], row["cpus"]) == ("unknown", None, False, None)
