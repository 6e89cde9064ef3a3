"""Nodes: what each says of itself, and what is said when it cannot."""

from __future__ import annotations

import pytest

from tests.simulator.asking import answer, get, row, simulate


@pytest.mark.capability("4.2")
def test_nodes_are_listed_with_figures_and_fingerprints() -> None:
    rows = get(simulate(), "/nodes")
    assert [item["node"] for item in rows] == ["pve1", "pve2", "pve3"]
    assert all(item["status"] == "online" and 0 < item["cpu"] < 1 for item in rows)
    assert all(len(item["ssl_fingerprint"]) == 95 for item in rows)


def test_without_audit_the_list_holds_names_only() -> None:
    rows = get(simulate(), "/nodes", "nobody@pve!nothing")
    assert [set(item) for item in rows] == [{"id", "type", "node", "status", "level", "ssl_fingerprint"}] * 3


@pytest.mark.capability("4.9")
@pytest.mark.parametrize("path", ["status", "services", "disks/list", "network", "version", "syslog"])
def test_a_node_that_is_down_does_not_answer_for_itself(path: str) -> None:
    sim = simulate()
    sim.world.nodes["pve2"].online = False
    assert answer(sim, f"/nodes/pve2/{path}") == (595, "No route to host", None)
    assert row(get(sim, "/nodes"), node="pve2")["status"] == "offline"


def test_a_node_that_is_none_is_a_name_that_cannot_be_looked_up() -> None:
    status, reason, _ = answer(simulate(), "/nodes/pve9/status")
    assert status == 500
    assert reason.startswith("hostname lookup 'pve9' failed")


def test_status_adds_up() -> None:
    found = get(simulate(), "/nodes/pve1/status")
    assert found["memory"]["used"] + found["memory"]["free"] == found["memory"]["total"]
    assert found["rootfs"]["used"] + found["rootfs"]["free"] == found["rootfs"]["total"]
    assert found["rootfs"]["avail"] < found["rootfs"]["free"]
    assert found["pveversion"] == "pve-manager/9.2.11/14a22df3"
    assert all(isinstance(load, str) for load in found["loadavg"])


def test_the_same_node_says_the_same_in_list_and_status() -> None:
    sim = simulate()
    listed = row(get(sim, "/nodes"), node="pve2")
    status = get(sim, "/nodes/pve2/status")
    assert (listed["cpu"], listed["mem"], listed["uptime"]) == (
        status["cpu"],
        status["memory"]["used"],
        status["uptime"],
    )


def test_localhost_is_the_node_that_was_asked() -> None:
    sim = simulate()
    assert get(sim, "/nodes/localhost/dns") == get(sim, "/nodes/pve1/dns")


def test_services_tell_what_does_not_run() -> None:
    sim = simulate()
    rows = get(sim, "/nodes/pve3/services")
    assert {item["name"] for item in rows if item["active-state"] != "active"} == {"chrony", "postfix"}
    assert get(sim, "/nodes/pve3/services/chrony/state")["state"] == "dead"


def test_disks_and_their_health() -> None:
    sim = simulate()
    rows = get(sim, "/nodes/pve3/disks/list")
    assert row(rows, devpath="/dev/sda")["health"] == "FAILED"
    assert [item["devpath"] for item in get(sim, "/nodes/pve3/disks/list", type="unused")] == ["/dev/sdb"]
    assert {item["health"] for item in get(sim, "/nodes/pve3/disks/list", skipsmart=1)} == {"UNKNOWN"}
    smart = get(sim, "/nodes/pve3/disks/smart", disk="/dev/sda")
    assert row(smart["attributes"], name="Reallocated_Sector_Ct")["fail"] == "FAILING_NOW"
    assert get(sim, "/nodes/pve3/disks/smart", disk="/dev/sda", healthonly=1) == {"health": "FAILED"}
    assert answer(sim, "/nodes/pve3/disks/smart", disk="/dev/sdz")[0] == 500


def test_syslog_comes_in_pages_and_by_service() -> None:
    sim = simulate()
    assert [line["n"] for line in get(sim, "/nodes/pve1/syslog", start=2, limit=3)] == [3, 4, 5]
    assert answer(sim, "/nodes/pve1/syslog", limit=1)[2]["total"] == 10
    assert (len(get(sim, "/nodes/pve3/syslog")), len(get(sim, "/nodes/pve3/syslog", limit=500))) == (50, 70)
    assert all(" corosync[" in line["t"] for line in get(sim, "/nodes/pve1/syslog", service="corosync"))
    assert get(sim, "/nodes/pve1/syslog", service="nothing") == [{"n": 1, "t": "no content"}]
    recent = get(sim, "/nodes/pve1/syslog", since="2026-11-22 18:00:00")
    assert len(recent) == 4
    assert len(get(sim, "/nodes/pve1/syslog", until="2026-11-22")) == 1  # "no content"


def test_updates_certificates_and_subscription() -> None:
    sim = simulate()
    assert [len(get(sim, f"/nodes/pve{n}/apt/update")) for n in (1, 2, 3)] == [0, 2, 4]
    authority, certificate = get(sim, "/nodes/pve1/certificates/info")
    assert authority["filename"] == "pve-root-ca.pem"
    assert get(sim, "/nodes/pve3/certificates/info")[0] == authority
    assert certificate["notafter"] - sim.world.created == 19 * 86_400
    assert certificate["fingerprint"] == row(get(sim, "/nodes"), node="pve1")["ssl_fingerprint"]
    assert get(sim, "/nodes/pve1/subscription")["status"] == "notfound"
    manager = row(get(sim, "/nodes/pve1/apt/versions"), Package="pve-manager")
    assert manager["Version"] == "9.2.11"


def test_time_shows_the_wall_clock_of_the_nodes_zone() -> None:
    found = get(simulate(), "/nodes/pve1/time")
    assert found["timezone"] == "Europe/Vienna"
    assert found["localtime"] - found["time"] in {0, 3600}  # 0 where the machine knows no time zones


def test_capabilities_depend_on_the_release() -> None:
    newest = {item["id"] for item in get(simulate(), "/nodes/pve1/capabilities/qemu/machines")}
    assert "pc-q35-10.1" in newest
    older = {item["id"] for item in get(simulate("homelab8"), "/nodes/pve1/capabilities/qemu/machines")}
    assert "pc-q35-10.1" not in older
    assert row(get(simulate(), "/nodes/pve1/capabilities/qemu/cpu"), name="host")["vendor"] == "default"


def test_netstat_counts_by_guest_and_interface_as_text() -> None:
    rows = get(simulate(), "/nodes/pve1/netstat")
    assert int(row(rows, vmid="100", dev="net0")["in"]) > 0
    assert row(rows, vmid="100", dev="net1")["in"] == "0"


def test_hardware() -> None:
    sim = simulate()
    assert "0000:01:00.0" in {item["id"] for item in get(sim, "/nodes/pve2/hardware/pci")}
    assert "10c4" in {item["vendid"] for item in get(sim, "/nodes/pve1/hardware/usb")}
