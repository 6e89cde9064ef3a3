"""Changing networks: what waits, what is applied, what is refused."""

from __future__ import annotations

import json

import pytest

from tests.simulator.conftest import Session, session

NET = "/nodes/pve1/network"


def changes(lab: Session) -> str:
    return str(json.loads(lab.send("GET", NET).body).get("changes", ""))


@pytest.mark.capability("4.6")
def test_a_bridge_waits_until_it_is_applied(lab: Session) -> None:
    lab.data("POST", NET, iface="vmbr7", type="bridge", cidr="192.0.2.1/24", autostart=1, comments="new")
    assert "vmbr7" not in lab.sim.world.nodes["pve1"].network
    assert "+iface vmbr7 inet static" in changes(lab)
    row = lab.data("GET", f"{NET}/vmbr7")
    assert (row["address"], row["netmask"], row["cidr"], row["method"]) == ("192.0.2.1", "24", "192.0.2.1/24", "static")
    assert lab.run("PUT", NET) == "OK"
    assert changes(lab) == ""
    assert lab.sim.world.nodes["pve1"].network["vmbr7"]["active"] == 1


def test_what_waits_can_be_dropped(lab: Session) -> None:
    lab.data("DELETE", f"{NET}/vmbr1")
    assert "-iface vmbr1 inet manual" in changes(lab)
    lab.data("DELETE", NET)
    assert changes(lab) == ""
    assert lab.data("GET", f"{NET}/vmbr1")["type"] == "bridge"


def test_settings_that_are_not_named_stay_and_an_address_goes_as_a_whole(lab: Session) -> None:
    lab.data("PUT", f"{NET}/vmbr0.40", type="vlan", mtu=1500)
    assert lab.data("GET", f"{NET}/vmbr0.40")["cidr"] == "10.10.40.11/24"
    lab.data("PUT", f"{NET}/vmbr0.40", type="vlan", delete="cidr")
    row = lab.data("GET", f"{NET}/vmbr0.40")
    assert "address" not in row
    assert row["method"] == "manual"


def test_a_change_back_is_no_change(lab: Session) -> None:
    lab.data("PUT", f"{NET}/vmbr0.40", type="vlan", mtu=1500)
    lab.data("PUT", f"{NET}/vmbr0.40", type="vlan", mtu=9000)
    assert changes(lab) == ""


@pytest.mark.parametrize(
    ("params", "status", "said"),
    [
        ({"iface": "vmbr0", "type": "bridge"}, 400, {"iface": "interface already exists"}),
        ({"iface": "vmbr8", "type": "bridge", "cidr": "192.0.2.9/24", "gateway": "192.0.2.1"}, 400,
         {"gateway": "Default gateway already exists on interface 'vmbr0'."}),
        ({"iface": "vmbr8", "type": "bridge", "bridge_ports": "eno9"}, 500, {}),
        ({"iface": "bond9", "type": "bond", "slaves": "eno1"}, 500, {}),
        ({"iface": "vmbr9.7", "type": "vlan"}, 500, {}),
        ({"iface": "x", "type": "bridge"}, 400, None),
    ],
)  # fmt: skip
def test_interfaces_that_do_not_fit(lab: Session, params: dict[str, str], status: int, said: dict[str, str]) -> None:
    found = lab.refused("POST", NET, **params)
    assert found[0] == status
    if said is not None:
        assert found[2] == said
    assert changes(lab) == ""


def test_a_node_that_loses_its_address_answers_no_more(lab: Session) -> None:
    lab.data("PUT", "/nodes/pve2/network/vmbr0", type="bridge", cidr="192.0.2.99/24", delete="gateway")
    upid = lab.data("PUT", "/nodes/pve2/network")
    lab.clock.advance(10)
    assert lab.send("GET", f"/nodes/pve2/tasks/{upid.replace(':', '%3A')}/status").status == 595
    assert {row["node"]: row["status"] for row in lab.data("GET", "/nodes")}["pve2"] == "offline"


def test_when_no_node_is_left_nothing_answers(bare: Session) -> None:
    bare.sim.world.nodes["pve1"].online = False
    assert bare.send("GET", "/version").wire == "drop"


@pytest.mark.capability("4.6")
def test_sdn_objects_are_pending_until_applied_on_every_node(lab: Session) -> None:
    lab.data("POST", "/cluster/sdn/zones", zone="dmz", type="simple", dhcp="dnsmasq")
    lab.data("POST", "/cluster/sdn/vnets", vnet="web", zone="dmz")
    lab.data("POST", "/cluster/sdn/vnets/web/subnets", subnet="10.99.0.0/24", type="subnet", gateway="10.99.0.1",
             dhcp__range="start-address=10.99.0.10,end-address=10.99.0.20")  # fmt: skip
    rows = {row["vnet"]: row for row in lab.data("GET", "/cluster/sdn/vnets", pending=1)}
    assert rows["web"]["state"] == "new"
    assert "web" not in lab.sim.world.sdn.vnets
    assert lab.run("PUT", "/cluster/sdn") == "OK"
    assert lab.sim.world.sdn.pending == {}
    assert lab.sim.world.sdn.subnets["dmz-10.99.0.0-24"]["dhcp-range"] == [
        {"start-address": "10.99.0.10", "end-address": "10.99.0.20"}
    ]
    lab.clock.advance(5)
    reloads = [t for t in lab.data("GET", "/cluster/tasks") if t["type"] == "srvreload"]
    assert {task["node"] for task in reloads} == {node.name for node in lab.sim.world.nodes.values() if node.online}


def test_sdn_refuses_what_does_not_fit(lab: Session) -> None:
    said = "create sdn vnet object failed: sdn vnet object ID 'k8s' already defined"
    assert lab.refused("POST", "/cluster/sdn/vnets", vnet="k8s", zone="lab")[1] == said
    assert lab.refused("POST", "/cluster/sdn/vnets", vnet="no", zone="campus")[2] == {"tag": "missing vlan tag"}
    assert lab.refused("POST", "/cluster/sdn/vnets", vnet="no", zone="lab", tag=3)[0] == 400
    assert lab.refused("POST", "/cluster/sdn/vnets", vnet="no", zone="campus", tag=30)[0] == 400
    assert "is used by vnet" in lab.refused("DELETE", "/cluster/sdn/zones/lab")[1]
    assert lab.refused("DELETE", "/cluster/sdn/vnets/k8s")[2] == {"vnet": "Can't delete vnet if subnets exists"}
    missing = lab.refused("POST", "/cluster/sdn/zones", zone="vx", type="vlan")[1]
    assert missing == "create sdn zone object failed: missing value for required option 'bridge'"
    digest = lab.refused("PUT", "/cluster/sdn/vnets/k8s", alias="x", digest="0" * 40)[1]
    assert digest.startswith("update sdn vnet object failed: detected modified configuration")


def test_sdn_lock_and_rollback(lab: Session) -> None:
    assert "uncommitted" in lab.refused("POST", "/cluster/sdn/lock")[1]
    token = lab.data("POST", "/cluster/sdn/lock", allow__pending=1)
    assert "lock" in lab.refused("DELETE", "/cluster/sdn/vnets/iot")[1]
    lab.data("POST", "/cluster/sdn/rollback", lock__token=token)
    assert lab.sim.world.sdn.pending == {}
    lab.data("DELETE", "/cluster/sdn/vnets/people")
    assert lab.sim.world.sdn.pending == {"vnets": {"people": None}}


def test_a_vnet_has_a_firewall_of_its_own(lab: Session) -> None:
    base, before = "/cluster/sdn/vnets/k8s/firewall", len(lab.sim.world.firewall["cluster"].rules)
    lab.data("POST", f"{base}/rules", type="forward", action="DROP", enable=1)
    assert lab.data("GET", f"{base}/rules/0")["action"] == "DROP"
    lab.data("PUT", f"{base}/options", enable=1)
    assert lab.data("GET", f"{base}/options")["enable"] == 1
    assert len(lab.sim.world.firewall["cluster"].rules) == before


def test_an_applying_task_that_fails_leaves_everything_pending() -> None:
    lab = session("homelab", [{"kind": "task-fails", "type": "srvreload", "text": "ifreload failed"}])
    lab.data("DELETE", f"{NET}/vmbr1")
    assert lab.run("PUT", NET) == "ifreload failed"
    assert changes(lab)
