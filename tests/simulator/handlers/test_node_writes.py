"""What is done to nodes: services, settings, power, all guests at once."""

from __future__ import annotations

import pytest

from proxmox_mpc.simulator import certificates
from tests.simulator.conftest import Session, session


def running(lab: Session, node: str) -> set[int]:
    return {guest.vmid for guest in lab.sim.world.guests_on(node) if guest.running}


def online(lab: Session, node: str) -> bool:
    return lab.sim.world.nodes[node].online


def pass_time(lab: Session, seconds: float) -> None:
    for _ in range(20):
        lab.clock.advance(seconds / 20)
        lab.send("GET", "/version")


@pytest.mark.capability("4.2")
def test_services(lab: Session) -> None:
    path = "/nodes/pve3/services/chrony"
    assert lab.run("POST", f"{path}/start") == "OK"
    assert lab.data("GET", f"{path}/state")["active-state"] == "active"
    assert lab.run("POST", f"{path}/stop") == "OK"
    assert lab.data("GET", f"{path}/state")["state"] == "dead"
    assert lab.refused("POST", "/nodes/pve3/services/pveproxy/stop")[0] == 400
    assert lab.data("POST", "/nodes/pve3/services/pveproxy/restart").split(":")[5] == "srvreload"


def test_settings_of_a_node(lab: Session) -> None:
    lab.data("PUT", "/nodes/pve1/dns", search="lab.example", dns1="192.0.2.53")
    assert lab.data("GET", "/nodes/pve1/dns") == {"search": "lab.example", "dns1": "192.0.2.53"}
    lab.data("PUT", "/nodes/pve1/config", description="rack 3")
    digest = lab.data("GET", "/nodes/pve1/config")["digest"]
    lab.data("PUT", "/nodes/pve1/config", wakeonlan="52:54:00:12:34:56", digest=digest)
    assert "modified configuration" in lab.refused("PUT", "/nodes/pve1/config", description="x", digest=digest)[1]
    assert lab.data("GET", "/nodes/pve1/config", property="description")["description"] == "rack 3"
    old = lab.data("GET", "/nodes/pve1/hosts")["digest"]
    lab.data("POST", "/nodes/pve1/hosts", data="127.0.0.1 localhost\n", digest=old)
    assert "modified configuration" in lab.refused("POST", "/nodes/pve1/hosts", data="", digest=old)[1]
    assert "timezone" in lab.refused("PUT", "/nodes/pve1/time", timezone="Moon/Base")[2]
    assert lab.run("POST", "/nodes/pve1/apt/update") == "OK"


def test_a_subscription(lab: Session) -> None:
    path = "/nodes/pve1/subscription"
    assert lab.refused("PUT", path, key="none")[0] == 400
    lab.data("PUT", path, key="pve2c-0123456789")
    assert lab.data("GET", path)["status"] == "active"
    lab.data("DELETE", path)
    assert lab.data("GET", path)["status"] == "notfound"


def test_a_certificate_of_ones_own(lab: Session, tmp_path_factory: pytest.TempPathFactory) -> None:
    made = certificates.create(tmp_path_factory.mktemp("pki"), ["pve1.lab.example"])
    path, pem = "/nodes/pve1/certificates/custom", made.chain.read_text()
    assert lab.refused("POST", path, certificates=pem)[2]["key"]
    assert lab.refused("POST", path, certificates="nonsense", key="x")[2]["certificates"]
    row = lab.data("POST", path, certificates=pem, key=made.key.read_text())
    assert row["fingerprint"] == made.fingerprint
    assert "pve1.lab.example" in row["san"]
    assert lab.refused("POST", path, certificates=pem)[2]["force"]
    lab.data("POST", path, certificates=pem, force=1)
    lab.data("DELETE", path)
    names = [found["filename"] for found in lab.data("GET", "/nodes/pve1/certificates/info")]
    assert names == ["pve-root-ca.pem", "pve-ssl.pem"]


@pytest.mark.capability("4.2")
def test_a_node_reboots_and_starts_its_guests_again(lab: Session) -> None:
    world = lab.sim.world
    before = running(lab, "pve2")
    assert before
    booted = world.nodes["pve2"].booted
    lab.data("POST", "/nodes/pve2/status", command="reboot")
    pass_time(lab, 10)
    assert lab.send("GET", "/nodes/pve2/status").status == 595
    assert running(lab, "pve2") == set()
    pass_time(lab, 60)
    assert online(lab, "pve2")
    assert world.nodes["pve2"].booted > booted
    managed = {int(sid.split(":")[1]) for sid, row in world.ha.resources.items() if row["state"] == "started"}
    boot = {guest.vmid for guest in world.guests_on("pve2") if str(guest.config.get("onboot", "0")) == "1"}
    assert running(lab, "pve2") >= before & (managed | boot)


def test_a_node_stays_off_until_it_is_woken(lab: Session) -> None:
    lab.data("PUT", "/nodes/pve3/config", wakeonlan="mac=52:54:00:12:34:56")
    lab.data("POST", "/nodes/pve3/status", command="shutdown")
    pass_time(lab, 120)
    assert not online(lab, "pve3")
    assert lab.data("POST", "/nodes/pve3/wakeonlan") == "52:54:00:12:34:56"
    pass_time(lab, 60)
    assert online(lab, "pve3")
    assert "No wake on LAN" in lab.refused("POST", "/nodes/pve2/wakeonlan")[1]


@pytest.mark.capability("4.2")
def test_all_guests_of_a_node_at_once(lab: Session) -> None:
    assert lab.run("POST", "/nodes/pve1/stopall") == "OK"
    locked = {guest.vmid for guest in lab.sim.world.guests_on("pve1") if guest.lock}
    assert running(lab, "pve1") <= locked
    chosen = next(g for g in lab.sim.world.guests_on("pve1") if not g.running and not g.template and not g.lock)
    assert lab.run("POST", "/nodes/pve1/startall", vms=str(chosen.vmid), force=1) == "OK"
    managed = f"{'vm' if chosen.kind == 'qemu' else 'ct'}:{chosen.vmid}" in lab.sim.world.ha.resources
    assert chosen.running or managed
    assert lab.refused("POST", "/nodes/pve1/migrateall", target="pve1")[2] == {"target": "target is local node."}


def test_migrateall_moves_what_can_move(lab: Session) -> None:
    before = {guest.vmid for guest in lab.sim.world.guests_on("pve2")}
    assert lab.run("POST", "/nodes/pve2/migrateall", target="pve1", **{"with-local-disks": 1}) == "OK"
    left = {guest.vmid for guest in lab.sim.world.guests_on("pve2")}
    assert left < before


def test_a_warning_for_whatever_task_comes_next() -> None:
    lab = session("homelab", [{"kind": "task-warns", "text": "odd"}])
    assert lab.run("POST", "/nodes/pve1/apt/update") == "WARNINGS: 1"
    assert lab.run("POST", "/nodes/pve1/apt/update") == "OK"
