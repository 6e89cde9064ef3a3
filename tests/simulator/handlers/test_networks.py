"""Networks: interfaces of nodes, software defined networks, the firewall on every level."""

from __future__ import annotations

import pytest

from tests.simulator.asking import answer, get, row, simulate


@pytest.mark.capability("4.6")
def test_interfaces_by_type() -> None:
    sim = simulate()
    rows = get(sim, "/nodes/pve1/network")
    assert row(rows, iface="bond0")["slaves"] == "eno1 eno2"
    assert row(rows, iface="vmbr0.40")["vlan-id"] == 40
    assert {item["iface"] for item in get(sim, "/nodes/pve1/network", type="bridge")} == {"vmbr0", "vmbr1"}
    assert "k8s" in {item["iface"] for item in get(sim, "/nodes/pve1/network", type="any_bridge")}
    assert "people" not in {item["iface"] for item in get(sim, "/nodes/pve3/network", type="any_bridge")}
    assert get(sim, "/nodes/pve1/network", "nobody@pve!nothing") == []
    assert answer(sim, "/nodes/pve1/network/vmbr9")[2]["errors"] == {"iface": "interface does not exist"}


def test_changes_that_are_not_applied_come_along_as_a_diff() -> None:
    sim = simulate()
    node = sim.world.nodes["pve1"]
    assert "changes" not in answer(sim, "/nodes/pve1/network")[2]
    node.network_pending = {**node.network, "vmbr0": {**node.network["vmbr0"], "mtu": 9000}}
    body = answer(sim, "/nodes/pve1/network")[2]
    assert "+\tmtu 9000" in body["changes"].splitlines()
    assert row(body["data"], iface="vmbr0")["mtu"] == 9000


@pytest.mark.capability("4.6")
def test_a_vnet_that_is_not_applied_is_configured_and_pending_but_does_not_run() -> None:
    sim = simulate()
    names = {"": {"k8s", "people", "iot"}, "running": {"k8s", "people"}, "pending": {"k8s", "people", "iot"}}
    for view, wanted in names.items():
        shown = get(sim, "/cluster/sdn/vnets", pending=int(view == "pending"), running=int(view == "running"))
        assert {item["vnet"] for item in shown} == wanted
    new = row(get(sim, "/cluster/sdn/vnets", pending=1), vnet="iot")
    assert (new["state"], new["pending"]["tag"]) == ("new", 35)


def test_changed_and_deleted_objects_show_what_runs_and_what_will() -> None:
    sim = simulate()
    sdn = sim.world.sdn
    sdn.pending = {"zones": {"lab": {**sdn.zones["lab"], "mtu": 9000}, "campus": None}}
    rows = get(sim, "/cluster/sdn/zones", pending=1)
    assert row(rows, zone="lab")["mtu"] == 1450
    assert row(rows, zone="lab")["pending"] == {"mtu": 9000}
    assert row(rows, zone="campus")["state"] == "deleted"
    assert [item["zone"] for item in get(sim, "/cluster/sdn/zones")] == ["lab"]


def test_subnets_addresses_and_zones_of_a_node() -> None:
    sim = simulate()
    (subnet,) = get(sim, "/cluster/sdn/vnets/k8s/subnets")
    assert subnet["dhcp-range"] == [{"start-address": "10.50.0.100", "end-address": "10.50.0.199"}]
    assert row(get(sim, "/cluster/sdn/ipams/pve/status"), vmid=106)["hostname"] == "k8s-w1"
    assert [item["zone"] for item in get(sim, "/nodes/pve3/sdn/zones")] == ["lab"]
    assert get(sim, "/nodes/pve3/sdn/zones/lab/content") == [{"vnet": "k8s", "status": "available"}]
    assert answer(sim, "/cluster/sdn/vnets/none")[0] == 500
    assert get(sim, "/cluster/sdn/zones", "nobody@pve!nothing") == []
    assert answer(sim, "/cluster/sdn/vnets/k8s/subnets", "nobody@pve!nothing")[0] == 403


@pytest.mark.capability("9.8")
@pytest.mark.parametrize(
    ("base", "rules"),
    [
        ("/cluster/firewall", 5),
        ("/nodes/pve1/firewall", 1),
        ("/nodes/pve1/qemu/101/firewall", 3),
        ("/nodes/pve2/lxc/201/firewall", 2),
        ("/cluster/sdn/vnets/k8s/firewall", 1),
    ],
)
def test_rules_stand_on_every_level_with_positions_and_one_digest(base: str, rules: int) -> None:
    sim = simulate()
    rows = get(sim, f"{base}/rules")
    assert [item["pos"] for item in rows] == list(range(rules))
    assert len({item["digest"] for item in rows}) == 1
    assert rows[0]["digest"] == get(sim, f"{base}/options")["digest"]
    assert get(sim, f"{base}/rules/0") == rows[0]
    assert answer(sim, f"{base}/rules/99")[:2] == (500, "no rule at position 99")


def test_a_guest_without_a_firewall_file_has_the_digest_of_nothing() -> None:
    assert get(simulate(), "/nodes/pve1/qemu/100/firewall/options") == {
        "digest": "da39a3ee5e6b4b0d3255bfef95601890afd80709"
    }


def test_sets_aliases_groups_and_what_rules_may_name() -> None:
    sim = simulate()
    assert {item["cidr"] for item in get(sim, "/cluster/firewall/ipset/management")} >= {"10.10.0.0/24", "workstation"}
    assert get(sim, "/cluster/firewall/aliases/NAS")["cidr"] == "10.10.40.20"
    assert len(get(sim, "/cluster/firewall/groups/webserver")) == 3
    refs = get(sim, "/nodes/pve1/qemu/101/firewall/refs")
    assert {"guest/admin", "dc/nas", "+guest/ipfilter-net0", "+dc/blocked"} <= {item["ref"] for item in refs}
    assert {item["type"] for item in get(sim, "/cluster/firewall/refs", type="ipset")} == {"ipset"}
    for missing in ("groups/none", "ipset/none", "aliases/none", "ipset/blocked/10.0.0.1"):
        assert answer(sim, f"/cluster/firewall/{missing}")[0] == 500, missing


def test_a_guests_firewall_log_is_its_part_of_the_nodes() -> None:
    sim = simulate()
    assert len(get(sim, "/nodes/pve1/firewall/log")) == 2
    (line,) = get(sim, "/nodes/pve1/qemu/101/firewall/log")
    assert line["t"].startswith("101 ")
    assert get(sim, "/nodes/pve1/qemu/100/firewall/log") == [{"n": 1, "t": "no content"}]
