"""Networks: what PVE's odd rows become, and what a silent node costs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxmox_mpc.domain.json import Json, JsonObject
from proxmox_mpc.errors import NodeUnreachable, NotFound, PermissionDenied
from proxmox_mpc.services.networks import NETWORK_ROWS, list_networks, network_row, show_network
from tests.services.answers import Answers

RESOURCES: list[Json] = [
    {"type": "node", "node": "pve2", "status": "online"},
    {"type": "node", "node": "pve1", "status": "online"},
    {"type": "node", "node": "pve3", "status": "offline"},
    {"type": "qemu", "vmid": 100, "node": "pve1", "status": "running"},
]
BRIDGE: JsonObject = {
    "iface": "vmbr0", "type": "bridge", "active": 1, "autostart": "1", "cidr": "10.0.0.1/24", "cidr6": "fd00::1/64",
    "gateway": "10.0.0.254", "bridge_ports": "eno1 eno2", "bridge_vlan_aware": 1, "bridge_vids": "2-4094",
    "bridge_stp": "off", "method": "static", "comments": "uplink\n", "families": ["inet", "inet6"], "priority": 3,
}  # fmt: skip
DIFF = "--- /etc/network/interfaces\n+++ /etc/network/interfaces.new\n+auto vmbr1\n"


def cluster(**more: Json) -> Answers:
    return Answers(
        {
            "/cluster/resources": RESOURCES,
            "/nodes/pve1/network": [BRIDGE, {"iface": "eno1", "type": "eth"}],
            "/nodes/pve2/network": [{"iface": "bond0", "type": "bond", "slaves": "eno1 eno2", "mtu": "9000"}],
            **more,
        }
    )


@pytest.mark.capability("4.6")
def test_every_node_that_answers_is_listed_and_the_silent_one_is_named() -> None:
    source = cluster()
    reading = list_networks(source)
    assert [(row["node"], row["iface"]) for row in reading.value] == [
        ("pve1", "eno1"),
        ("pve1", "vmbr0"),
        ("pve2", "bond0"),
    ]
    assert reading.partial
    assert [warn.code for warn in reading.warnings] == ["node_offline"]
    assert "/nodes/pve3/network" not in source.paths


@pytest.mark.capability("4.6", "4.9")
def test_a_node_that_falls_silent_meanwhile_costs_a_warning_and_not_the_list() -> None:
    source = cluster()
    source.table["/nodes/pve2/network"] = NodeUnreachable("node pve2 does not answer")
    reading = list_networks(source)
    assert {row["node"] for row in reading.value} == {"pve1"}
    assert [warn.code for warn in reading.warnings] == ["node_offline", "node_unreachable"]


def test_where_no_node_can_be_read_the_reason_is_the_answer() -> None:
    source = cluster()
    for node in ("pve1", "pve2"):
        source.table[f"/nodes/{node}/network"] = PermissionDenied("no")
    with pytest.raises(PermissionDenied):
        list_networks(source)


def test_a_named_node_that_is_none_is_not_found() -> None:
    with pytest.raises(NotFound, match="no node 'pve9'"):
        list_networks(cluster(), "pve9")
    with pytest.raises(NotFound, match="no node 'pve9'"):
        show_network(cluster(), "pve9", "vmbr0")


@pytest.mark.capability("3.4")
def test_the_database_answers_for_a_node_that_was_offline_when_it_was_read() -> None:
    source = Answers({"/cluster/resources": RESOURCES[2:3], "/nodes/pve3/network": [BRIDGE]}, live=False)
    reading = list_networks(source)
    assert [row["iface"] for row in reading.value] == ["vmbr0"]
    assert not reading.partial


@pytest.mark.capability("4.6")
def test_changes_that_are_not_applied_are_said_and_shown() -> None:
    source = cluster()
    source.changes["/nodes/pve1/network"] = DIFF
    reading = list_networks(source)
    assert "network_pending" in [warn.code for warn in reading.warnings]
    page = show_network(source, "pve1", "vmbr0")
    assert page.value["pending"] == DIFF
    assert page.value["settings"] == {"bridge_stp": "off", "bridge_vids": "2-4094"}
    assert not page.partial


def test_an_interface_that_is_none_names_the_list() -> None:
    with pytest.raises(NotFound, match="no network interface 'vmbr9'") as caught:
        show_network(cluster(), "pve1", "vmbr9")
    assert caught.value.hint == "pmpc network list --node pve1"


def test_a_bridge_tells_addresses_ports_and_vlans() -> None:
    row = network_row("pve1", BRIDGE)
    assert row["addresses"] == ["10.0.0.1/24", "fd00::1/64"]
    assert row["ports"] == ["eno1", "eno2"]
    assert (row["active"], row["autostart"], row["vlan_aware"]) == (True, True, True)
    assert row["comment"] == "uplink"


@pytest.mark.parametrize(
    ("row", "key", "value"),
    [
        ({"type": "bridge", "bridge_ports": "none"}, "ports", []),
        ({"type": "bridge", "bridge_ports": ""}, "ports", []),
        ({"type": "vlan", "vlan-id": "40", "vlan-raw-device": "vmbr0"}, "vlan", 40),
        ({"type": "vlan", "vlan-id": "40", "vlan-raw-device": "vmbr0"}, "ports", ["vmbr0"]),
        ({"type": "OVSBridge", "ovs_ports": "eno1 tap0"}, "ports", ["eno1", "tap0"]),
        ({"type": "OVSIntPort", "ovs_tag": 7}, "vlan", 7),
        ({"type": "eth"}, "vlan_aware", None),
        ({"address": "10.0.0.1", "netmask": "255.255.255.0"}, "addresses", ["10.0.0.1/255.255.255.0"]),
        ({"address": "10.0.0.1"}, "addresses", ["10.0.0.1"]),
        ({}, "type", "unknown"),
        ({"comments": "\n"}, "comment", None),
    ],
)
def test_odd_rows(row: JsonObject, key: str, value: Json) -> None:
    assert network_row("pve1", {"iface": "x", **row})[key] == value


JUNK = st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.lists(st.text(max_size=4), max_size=3)


@given(st.dictionaries(st.sampled_from([*BRIDGE, "slaves", "vlan-id", "mtu", "address", "netmask"]), JUNK))
def test_whatever_pve_sends_every_declared_key_is_there(row: dict[str, Json]) -> None:
    assert list(network_row("pve1", row)) == [field.key for field in NETWORK_ROWS.fields]
