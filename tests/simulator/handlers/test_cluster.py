"""The cluster as a whole: resources, status, options, log, ids, device mappings."""

from __future__ import annotations

import pytest

from tests.simulator.asking import answer, get, row, simulate


@pytest.mark.capability("4.2")
def test_resources_list_everything_in_one_answer() -> None:
    rows = get(simulate(), "/cluster/resources")
    kinds = [item["type"] for item in rows]
    assert {kind: kinds.count(kind) for kind in ("qemu", "lxc", "node", "pool")} == {
        "qemu": 11, "lxc": 4, "node": 3, "pool": 3,
    }  # fmt: skip
    assert len({item["id"] for item in rows}) == len(rows)
    web = row(rows, id="qemu/101")
    assert (web["name"], web["pool"], web["tags"], web["hastate"]) == ("web", "prod", "prod;web", "started")
    assert 0 < web["cpu"] <= 1
    assert web["mem"] <= web["maxmem"] == 4096 << 20
    assert row(rows, id="storage/pve2/tank")["plugintype"] == "zfspool"


def test_a_shared_storage_has_a_row_for_each_node_and_a_disabled_one_none() -> None:
    rows = get(simulate(), "/cluster/resources", type="storage")
    assert {item["node"] for item in rows if item["storage"] == "nas"} == {"pve1", "pve2", "pve3"}
    assert {item["node"] for item in rows if item["storage"] == "tank"} == {"pve1", "pve2"}
    assert not [item for item in rows if item["storage"] == "usb-old"]
    assert len({item["disk"] for item in rows if item["storage"] == "nas"}) == 1


def test_type_vm_stands_for_both_kinds() -> None:
    rows = get(simulate(), "/cluster/resources", type="vm")
    assert {item["type"] for item in rows} == {"qemu", "lxc"}


def test_a_paused_vm_runs_and_a_locked_one_shows_its_lock() -> None:
    rows = get(simulate(), "/cluster/resources", type="vm")
    assert row(rows, vmid=109)["status"] == "running"
    assert row(rows, vmid=108)["lock"] == "snapshot-delete"
    assert row(rows, vmid=9000)["template"] == 1


@pytest.mark.capability("4.9")
def test_guests_of_a_node_that_is_down_are_unknown_and_say_nothing_else() -> None:
    sim = simulate()
    sim.world.nodes["pve3"].online = False
    rows = get(sim, "/cluster/resources")
    assert row(rows, id="node/pve3")["status"] == "offline"
    assert "cpu" not in row(rows, id="node/pve3")
    lost = row(rows, id="lxc/202")
    assert lost["status"] == "unknown"
    assert not {"name", "maxmem", "cpu"} & set(lost)
    assert row(rows, id="storage/pve3/local")["status"] == "unknown"
    assert not [item for item in rows if item["type"] == "network" and item["node"] == "pve3"]
    assert row(get(sim, "/cluster/status"), name="pve3")["online"] == 0


def test_a_pool_sums_up_its_running_guests() -> None:
    rows = get(simulate(), "/cluster/resources")
    members = [item for item in rows if item.get("pool") == "prod" and item.get("vmid")]
    pool = row(rows, id="/pool/prod")
    assert pool["mem"] == sum(item["mem"] for item in members)
    assert pool["maxcpu"] == sum(item["maxcpu"] for item in members)
    assert "mem" not in row(rows, id="/pool/lab/empty")


def test_networks_are_rows_of_their_own_since_nine() -> None:
    rows = get(simulate(), "/cluster/resources", type="sdn")
    assert {item["type"] for item in rows} == {"network"}
    assert row(rows, id="network/pve3/zone/lab")["zone-type"] == "simple"
    assert not [item for item in rows if item["id"] == "network/pve3/zone/campus"]
    older = get(simulate("homelab8"), "/cluster/resources", type="sdn")
    assert {item["type"] for item in older} == {"sdn"}
    assert "memhost" not in row(get(simulate("homelab8"), "/cluster/resources"), vmid=101)


@pytest.mark.capability("9.1")
def test_a_token_without_rights_sees_nodes_without_figures_and_nothing_else() -> None:
    rows = get(simulate(), "/cluster/resources", "nobody@pve!nothing")
    assert [set(item) for item in rows] == [{"id", "type", "node", "status", "level"}] * 3


def test_a_token_sees_what_its_own_rights_and_its_users_allow() -> None:
    rows = get(simulate(), "/cluster/resources", "zoe@pve!ci")
    assert {item["vmid"] for item in rows if item["type"] in {"qemu", "lxc"}} == {101, 102, 104, 201}
    assert not [item for item in rows if item["type"] == "storage"]


def test_an_auditor_sees_all_that_root_sees() -> None:
    sim = simulate()
    assert get(sim, "/cluster/resources", "auditor@pve!readonly") == get(sim, "/cluster/resources")


def test_status_names_cluster_and_nodes() -> None:
    sim = simulate()
    rows = get(sim, "/cluster/status")
    assert row(rows, type="cluster") == {
        "id": "cluster", "type": "cluster", "name": "homelab", "version": 3, "nodes": 3, "quorate": 1,
    }  # fmt: skip
    assert [item["local"] for item in rows[1:]] == [1, 0, 0]
    sim.world.quorate = False
    assert get(sim, "/cluster/status")[0]["quorate"] == 0


def test_a_single_node_is_no_cluster() -> None:
    (only,) = get(simulate("tiny"), "/cluster/status")
    assert (only["type"], only["nodeid"]) == ("node", 0)
    assert get(simulate("tiny"), "/cluster/config/nodes") == []


def test_nextid_is_text_within_the_datacenters_range() -> None:
    sim = simulate()
    assert get(sim, "/cluster/nextid") == "110"
    assert get(sim, "/cluster/nextid", vmid=500) == "500"
    status, _, body = answer(sim, "/cluster/nextid", vmid=101)
    assert (status, body["errors"]) == (400, {"vmid": "VM 101 already exists"})
    sim.world.options["next-id"] = "lower=100,upper=110"
    assert answer(sim, "/cluster/nextid")[:2] == (500, "unable to get any free VMID in range [100, 109]")


def test_options_without_audit_are_only_what_an_interface_needs() -> None:
    sim = simulate()
    full = get(sim, "/cluster/options")
    assert full["keyboard"] == "de"
    assert "k8s" in full["allowed-tags"]
    assert set(get(sim, "/cluster/options", "nobody@pve!nothing")) == {"allowed-tags", "console", "tag-style"}


def test_the_log_is_newest_first_and_filtered_by_right() -> None:
    sim = simulate()
    rows = get(sim, "/cluster/log", max=5)
    assert len(rows) == 5
    assert [item["time"] for item in rows] == sorted((item["time"] for item in rows), reverse=True)
    assert {item["user"].split("!")[0] for item in get(sim, "/cluster/log", "zoe@pve!ci")} == {"zoe@pve"}


def test_mappings_tell_when_a_node_has_none() -> None:
    sim = simulate()
    assert row(get(sim, "/cluster/mapping/pci", check_node="pve1"), id="gpu")["checks"][0]["severity"] == "warning"
    assert row(get(sim, "/cluster/mapping/pci", check_node="pve2"), id="gpu")["checks"] == []
    assert row(get(sim, "/cluster/mapping/usb", check_node="pve3"), id="zigbee")["error"]
    assert get(sim, "/cluster/mapping/dir/share")["description"] == "media"
    assert get(sim, "/cluster/mapping/pci", "nobody@pve!nothing") == []
    assert answer(sim, "/cluster/mapping/pci/none")[0] == 500
