"""SDN: pending objects, the DHCP ranges' two spellings, servers without it."""

from __future__ import annotations

import pytest

from proxmox_mpc.domain.json import Json, JsonObject
from proxmox_mpc.errors import NotFound, PermissionDenied
from proxmox_mpc.services import sdn
from tests.services.answers import Answers

ZONES: list[Json] = [
    {"zone": "lab", "type": "simple", "dhcp": "dnsmasq", "mtu": 1450},
    {"zone": "campus", "type": "vlan", "bridge": "vmbr0", "nodes": "pve1,pve2",
     "state": "changed", "pending": {"bridge": "vmbr1"}},
    {"zone": "wan", "state": "new", "type": "evpn",
     "pending": {"zone": "wan", "type": "evpn", "vrf-vxlan": 9000, "exitnodes": "pve1"}},
]  # fmt: skip
VNETS: list[Json] = [
    {"vnet": "people", "zone": "campus", "type": "vnet", "tag": 30, "isolate-ports": 1},
    {"vnet": "k8s", "zone": "lab", "type": "vnet", "vlanaware": "1"},
]
SUBNET: JsonObject = {
    "subnet": "lab-10.50.0.0-24", "type": "subnet", "cidr": "10.50.0.0/24", "gateway": "10.50.0.1", "snat": 1,
    "zone": "lab", "dhcp-range": [{"start-address": "10.50.0.100", "end-address": "10.50.0.199"}],
}  # fmt: skip
RESOURCES: list[Json] = [
    {"type": "sdn", "sdn": "lab", "node": "pve1", "status": "ok", "id": "sdn/pve1/lab"},
    {"type": "network", "network": "lab", "network-type": "zone", "node": "pve2", "status": "error"},
    {"type": "network", "network": "ring", "network-type": "fabric", "node": "pve1", "status": "ok"},
    {"type": "sdn", "sdn": "campus", "node": "pve1", "status": "ok"},
    {"type": "node", "node": "pve1", "status": "online"},
]


def cluster() -> Answers:
    return Answers(
        {
            "/cluster/sdn/zones": ZONES,
            "/cluster/sdn/vnets": VNETS,
            "/cluster/sdn/vnets/k8s/subnets": [SUBNET],
            "/cluster/sdn/vnets/people/subnets": [],
            "/cluster/resources": RESOURCES,
        }
    )


@pytest.mark.capability("4.6")
def test_zones_show_what_waits_for_being_applied() -> None:
    campus, lab, wan = sdn.list_zones(cluster()).value
    assert (campus["state"], campus["bridge"], campus["pending"]) == ("changed", "vmbr0", {"bridge": "vmbr1"})
    assert (lab["state"], lab["pending"], lab["nodes"]) == (None, None, [])
    assert (wan["state"], wan["vrf_vxlan"], wan["exit_nodes"]) == ("new", 9000, ["pve1"])


@pytest.mark.capability("4.6")
def test_a_zone_has_its_vnets_and_its_state_on_each_node() -> None:
    page = sdn.show_zone(cluster(), "lab").value
    assert page["vnets"] == sdn.list_vnets(cluster(), "lab").value
    assert page["status"] == [{"node": "pve1", "status": "ok"}, {"node": "pve2", "status": "error"}]


def test_zones_and_fabrics_are_told_apart() -> None:
    kinds = {(row["zone"], row["kind"]) for row in sdn.list_status(cluster()).value}
    assert kinds == {("lab", "zone"), ("campus", "zone"), ("ring", "fabric")}


@pytest.mark.capability("4.6")
def test_subnets_of_all_vnets_or_of_one() -> None:
    (row,) = sdn.list_subnets(cluster()).value
    assert (row["vnet"], row["dhcp_ranges"], row["snat"]) == ("k8s", ["10.50.0.100-10.50.0.199"], True)
    source = cluster()
    assert sdn.list_subnets(source, "people").value == []
    assert "/cluster/sdn/vnets/k8s/subnets" not in source.paths
    source = cluster()
    assert sdn.show_vnet(source, "k8s").value["subnets"] == [row]
    assert source.paths == ["/cluster/sdn/vnets", "/cluster/sdn/vnets/k8s/subnets"]
    for named in ("lab-10.50.0.0-24", "10.50.0.0/24"):
        assert sdn.show_subnet(cluster(), named).value == row


def test_one_vnet_that_is_denied_costs_a_warning() -> None:
    source = cluster()
    source.table["/cluster/sdn/vnets/people/subnets"] = PermissionDenied("no")
    reading = sdn.list_subnets(source)
    assert len(reading.value) == 1
    assert reading.partial
    assert "people" in reading.warnings[0].message


@pytest.mark.parametrize(
    ("row", "key", "value"),
    [
        ({"dhcp-range": ["start-address=10.0.0.5,end-address=10.0.0.9"]}, "dhcp_ranges", ["10.0.0.5-10.0.0.9"]),
        ({"dhcp-range": "start-address=10.0.0.5,end-address=10.0.0.9"}, "dhcp_ranges", ["10.0.0.5-10.0.0.9"]),
        ({"subnet": "zone-with-dash-10.0.0.0-8"}, "cidr", "10.0.0.0/8"),
        ({"subnet": "lab-fd00::-64"}, "cidr", "fd00::/64"),
        ({"subnet": "odd"}, "cidr", None),
        ({"state": "new", "pending": {"gateway": "10.0.0.1"}}, "gateway", "10.0.0.1"),
        ({"state": "deleted", "gateway": "10.0.0.1", "pending": {}}, "pending", None),
    ],
)
def test_odd_subnets(row: JsonObject, key: str, value: Json) -> None:
    made = sdn.subnet_row(row, "k8s")
    assert made[key] == value
    assert list(made) == [field.key for field in sdn.SUBNET_ROWS.fields]


@pytest.mark.capability("4.9")
def test_a_server_without_sdn_has_empty_lists_and_says_why() -> None:
    for reading in (sdn.list_zones(Answers({})), sdn.list_vnets(Answers({})), sdn.list_subnets(Answers({}))):
        assert reading.value == []
        assert [warn.code for warn in reading.warnings] == ["sdn_absent"]
        assert not reading.partial
    with pytest.raises(NotFound, match="no SDN"):
        sdn.show_zone(Answers({}), "lab")


@pytest.mark.parametrize("show", [sdn.show_zone, sdn.show_vnet, sdn.show_subnet, sdn.list_subnets])
def test_what_does_not_exist_names_the_list(show: object) -> None:
    assert callable(show)
    with pytest.raises(NotFound, match="'nix'") as caught:
        show(cluster(), "nix")
    assert caught.value.hint is not None
    assert caught.value.hint.startswith("pmpc sdn ")


def test_the_database_does_not_claim_that_all_is_applied() -> None:
    source = cluster()
    source.live = False
    assert [warn.code for warn in sdn.list_zones(source).warnings] == ["sdn_state_unknown"]
    assert [warn.code for warn in sdn.show_zone(source, "lab").warnings] == ["sdn_state_unknown"]
    assert [warn.code for warn in sdn.show_vnet(source, "k8s").warnings] == ["sdn_state_unknown"]
