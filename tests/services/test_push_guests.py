"""Guests made and changed as manifests say, on the simulator: what was declared is what is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxmox_mpc.domain.connection import Secret
from proxmox_mpc.domain.declared_guest import same
from proxmox_mpc.domain.plan import Cannot, Keep, Probe, Send, Step
from proxmox_mpc.domain.source import Query
from proxmox_mpc.errors import Conflict, InvalidValue, NotFound, PmpcError, UsageError
from proxmox_mpc.services.push_guests import changes, creation, deletion
from proxmox_mpc.services.read_once import ReadOnce
from tests.services.push_lab import PushLab


@pytest.mark.capability("1.2", "2.7")
@pytest.mark.parametrize("world", ["homelab", "datacenter:3:40:5"])
def test_declared_guests_come_back_in_an_empty_cluster(world: str, tmp_path: Path) -> None:
    lab = PushLab(world, tmp_path)
    forms = {ref.vmid: (ref.kind, lab.form(ref)) for ref in lab.refs()}
    lab.wipe()
    assert lab.refs() == []
    source = ReadOnce(lab.api)
    steps = [
        step for vmid, (kind, form) in forms.items() for step in creation(source, kind, vmid, form, track=("status",))
    ]
    report = lab.run(steps)
    failed = [(row["id"], row["error"]) for row in report.rows if row["status"] != "done"]
    assert failed == []
    back = {ref.vmid: lab.form(ref) for ref in lab.refs()}
    wrong = [
        (vmid, key, form.get(key), back[vmid].get(key))
        for vmid, (kind, form) in forms.items()
        for key in {*form, *back[vmid]}
        if not same(kind, key, form.get(key), back[vmid].get(key))
    ]
    assert wrong == []


@pytest.fixture
def lab(tmp_path: Path) -> PushLab:
    return PushLab("homelab", tmp_path)


def error_of(steps: tuple[Step, ...]) -> PmpcError:
    (step,) = steps
    assert isinstance(step, Cannot)
    return step.error


def put(lab: PushLab, vmid: int, **wanted: str | None) -> list[tuple[str, str]]:
    """Push these values, look whether they are there, and return method and path of what was sent."""
    ref = lab.ref(vmid)
    report = lab.run(changes(lab.api, ref, wanted))
    assert [(row["id"], row["status"], row["error"]) for row in report.rows] == [(vmid, "done", None)]
    form = lab.form(lab.ref(vmid))
    wrong = {
        key: (value, form.get(key)) for key, value in wanted.items() if not same(ref.kind, key, value, form.get(key))
    }
    assert wrong == {}
    (again,) = changes(lab.api, lab.ref(vmid), wanted)
    assert isinstance(again, Keep)
    return [(one.method, one.path.removeprefix(ref.path())) for one in lab.writes]


@pytest.mark.capability("2.7")
def test_plain_keys_go_in_one_request_with_the_digest(lab: PushLab) -> None:
    ref, before = lab.ref(101), lab.config(101)
    send, probe = changes(
        lab.api, ref, {"cores": "6", "description": None, "tags": "web;prod", "onboot": "0", "numa": None}
    )
    assert isinstance(send, Send) and isinstance(probe, Probe)
    assert (send.call.method, send.call.path) == ("POST", ref.path("config"))
    assert send.call.form == {"cores": 6, "onboot": 0, "delete": "description", "digest": before["digest"]}
    assert send.before == {"cores": before["cores"], "onboot": 1, "description": before["description"]}
    assert send.says == "change VM 101 (web): cores, onboot, no description (after a restart: cores)"
    assert put(lab, 101, cores="6", description=None, onboot="0") == [("POST", "/config")]


@pytest.mark.capability("2.7")
def test_a_change_that_somebody_else_made_meanwhile_is_not_overwritten(lab: PushLab) -> None:
    steps = changes(lab.api, lab.ref(101), {"onboot": "0"})
    lab.world.guests[101].config["cores"] = 3
    with pytest.raises(Conflict):
        lab.run(steps)
    assert lab.config(101)["onboot"] == 1


@pytest.mark.capability("2.7")
def test_a_network_card_keeps_its_address(lab: PushLab) -> None:
    mac = str(lab.config(101)["net0"]).split(",")[0]
    assert put(lab, 101, net0="virtio,bridge=vmbr0,tag=30", net1="virtio,bridge=vmbr0") == [("PUT", "/config")]
    assert lab.config(101)["net0"] == f"{mac},bridge=vmbr0,tag=30"
    put(lab, 101, net1=None)


@pytest.mark.capability("2.7")
def test_a_disk_grows_and_never_shrinks(lab: PushLab) -> None:
    assert put(lab, 101, scsi0="nas:48,discard=on,iothread=1,ssd=1") == [("PUT", "/resize")]
    # What waits for a restart must not bring the old size back.
    assert put(lab, 109, scsi0="local-lvm:80,cache=writeback") == [("PUT", "/resize"), ("POST", "/config")]
    assert lab.config(109)["scsi0"] == "local-lvm:vm-109-disk-1,cache=writeback,size=80G"
    error = error_of(changes(lab.api, lab.ref(101), {"scsi0": "nas:40", "cores": "1"}))
    assert isinstance(error, InvalidValue)
    assert "scsi0 has 48G and cannot be made smaller" in error.message and error.hint


@pytest.mark.capability("2.7")
def test_a_disk_goes_to_another_storage_then_gets_its_options_and_its_size(lab: PushLab) -> None:
    sent = put(lab, 104, scsi1="nas:120,discard=on,backup=0", cores="8")
    assert sent == [("POST", "/config"), ("POST", "/move_disk"), ("PUT", "/resize"), ("POST", "/config")]
    assert ["digest" in one.form for one in lab.writes] == [True, False, False, False]
    assert str(lab.config(104)["scsi1"]).startswith("nas:104/vm-104-disk-")
    assert put(lab, 101, scsi0="nas:40,format=raw,discard=on,iothread=1,ssd=1") == [("POST", "/move_disk")]


@pytest.mark.capability("2.7")
def test_disks_come_and_go_and_come_back(lab: PushLab) -> None:
    assert put(lab, 101, scsi1="local-lvm:4", ide2="nas:iso/debian-13.1.0-amd64-netinst.iso,media=cdrom") == [
        ("POST", "/config")
    ]
    there = str(lab.config(101)["scsi1"])
    put(lab, 101, scsi1=None, ide2=None)
    config = lab.config(101)
    assert config["unused0"] == there.partition(",")[0]
    error = error_of(changes(lab.api, lab.ref(101), {"scsi1": there.replace("4G", "5G")}))
    assert isinstance(error, Conflict) and "and has 4G" in error.message
    put(lab, 101, scsi1=there)
    config = lab.config(101)
    assert config["scsi1"] == there and "unused0" not in config
    put(lab, 101, scsi2="local-lvm:vm-101-disk-9,size=2G")
    put(lab, 101, ide2="local-lvm:cloudinit", efidisk0="local-lvm:1,efitype=4m", bios="ovmf")


@pytest.mark.capability("2.7")
def test_a_disk_that_waits_for_the_restart_to_go_is_taken_back(lab: PushLab) -> None:
    put(lab, 101, sata0="local-lvm:4")
    put(lab, 101, status="stopped")
    put(lab, 101, status="running")
    there = str(lab.config(101)["sata0"])
    put(lab, 101, sata0=None)
    assert "unused0" not in lab.config(101)
    put(lab, 101, sata0=there)
    assert lab.config(101)["sata0"] == there
    assert "sata0" not in lab.world.guests[101].pending


@pytest.mark.capability("2.7")
def test_volumes_of_containers(lab: PushLab) -> None:
    assert put(lab, 202, mp0="local-lvm:60,mp=/var/lib/gitea,backup=1", mp1="local-lvm:2,mp=/srv") == [
        ("PUT", "/config"),
        ("PUT", "/resize"),
    ]
    error = error_of(changes(lab.api, lab.ref(202), {"mp0": "nas:60,mp=/var/lib/gitea,backup=1"}))
    assert isinstance(error, Conflict) and "running" in error.message
    sent = put(lab, 202, mp0="nas:60,mp=/var/lib/git,backup=1", status="stopped")
    assert sent == [("POST", "/status/shutdown"), ("POST", "/move_volume"), ("PUT", "/config")]
    put(lab, 202, mp1=None)


@pytest.mark.capability("2.7")
@pytest.mark.parametrize(
    ("vmid", "wanted", "said"),
    [
        (202, {"unprivileged": "0"}, "unprivileged is decided when a container is made"),
        (202, {"rootfs": None}, "cannot be without its rootfs"),
        (202, {"rootfs": "local-lvm:4"}, "cannot be made smaller"),
        (9000, {"template": None}, "is a template and cannot be turned back"),
        (101, {"corse": "2"}, "knows no setting 'corse'"),
        (101, {"cores": "many"}, "cores: 'many' is no whole number"),
        (101, {"scsi3": "local-lvm:vm-101-disk-9"}, "nothing says how large"),
    ],
)
def test_what_cannot_be_had_is_said_and_nothing_is_sent(
    lab: PushLab, vmid: int, wanted: dict[str, str | None], said: str
) -> None:
    error = error_of(changes(lab.api, lab.ref(vmid), {**wanted, "description": "new"}))
    assert said in error.message
    assert error.hint or "cannot" in said or "whole number" in said


@pytest.mark.capability("2.7")
def test_pool_node_and_power_state(lab: PushLab) -> None:
    assert lab.ref(105).pool == "lab"
    for pool in ("prod", None, "lab"):
        put(lab, 105, pool=pool)
        assert lab.ref(105).pool == pool
    put(lab, 105, node="pve2", description="moved")
    assert lab.ref(105).node == "pve2"
    put(lab, 105, status="stopped")
    sent = put(lab, 105, status="running", node="pve1", cores="3")
    assert [path for _, path in sent][:2] == ["/config", "/migrate"]
    put(lab, 201, node="pve1")
    assert lab.ref(201).status == "running"


@pytest.mark.capability("2.7")
def test_a_guest_becomes_a_template(lab: PushLab) -> None:
    assert isinstance(error_of(changes(lab.api, lab.ref(107), {"template": "1"})), Conflict)
    put(lab, 107, status="stopped")
    assert put(lab, 107, template="1") == [("POST", "/template")]


@pytest.mark.capability("2.7")
def test_a_guest_that_is_dropped_is_deleted_with_its_disks_unless_it_runs(lab: PushLab) -> None:
    assert isinstance(error_of(deletion(lab.api, lab.ref(101))), Conflict)
    put(lab, 101, status="stopped")
    send, _ = deletion(lab.api, lab.ref(101))
    assert isinstance(send, Send)
    assert (send.call.method, send.effect, send.facts.backup is not None) == ("DELETE", "guest_delete", True)
    assert send.facts.protection is False
    lab.run(deletion(lab.api, lab.ref(101)))
    assert 101 not in lab.world.guests


@pytest.mark.capability("2.7")
def test_what_is_sent_for_a_new_guest(lab: PushLab) -> None:
    keys = {
        "name": "new", "node": "pve2", "pool": "lab", "status": "running", "cores": "2", "tags": "a", "template": "0",
        "scsi0": "nas:301/vm-301-disk-4.qcow2,ssd=1,size=8G", "ide2": "nas:301/vm-301-cloudinit.qcow2,media=cdrom",
        "efidisk0": "local-lvm:vm-301-disk-0,efitype=4m,size=4M", "sata0": "nas:iso/x.iso,media=cdrom,size=9M",
        "net0": "virtio=BC:24:11:00:00:01,bridge=vmbr0", "sshkeys": "ssh-ed25519 AAAA me@host", "cipassword": "geheim",
    }  # fmt: skip
    send, probe = creation(lab.api, "vm", 301, keys, track=("status",))
    assert isinstance(send, Send) and isinstance(probe, Probe)
    assert (send.call.path, send.effect, send.target.label) == ("/nodes/pve2/qemu", "create", "VM 301 (new)")
    assert send.call.form == {
        "vmid": 301, "name": "new", "pool": "lab", "start": 1, "cores": 2, "tags": "a",
        "scsi0": "nas:8,ssd=1,format=qcow2", "ide2": "nas:cloudinit", "efidisk0": "local-lvm:1,efitype=4m",
        "sata0": "nas:iso/x.iso,media=cdrom", "net0": "virtio=BC:24:11:00:00:01,bridge=vmbr0",
        "sshkeys": "ssh-ed25519%20AAAA%20me%40host%0A", "cipassword": Secret("geheim"),
    }  # fmt: skip
    assert send.says == "create VM 301 (new) on pve2 with new, empty disks: efidisk0 local-lvm:1, scsi0 nas:8"
    assert [one.call.method for one in send.undo.sends] == ["DELETE"]
    assert "start" not in first(creation(lab.api, "vm", 301, keys)).call.form
    assert first(creation(lab.api, "vm", 301, {**keys, "protection": "1"})).undo.why_not


def first(steps: tuple[Step, ...]) -> Send:
    assert isinstance(steps[0], Send), steps
    return steps[0]


@pytest.mark.capability("2.7")
def test_the_template_of_a_new_container_and_its_node(lab: PushLab) -> None:
    keys = {"hostname": "new", "ostype": "debian", "rootfs": "local-lvm:4", "net0": "name=eth0,bridge=vmbr0"}
    send = first(creation(lab.api, "ct", 301, keys))
    assert send.call.form["ostemplate"] == "nas:vztmpl/debian-13-standard_13.1-2_amd64.tar.zst"
    named = first(creation(lab.api, "ct", 301, {**keys, "ostemplate": "local:vztmpl/x.tar.zst", "node": "pve1"}))
    assert named.call.form["ostemplate"] == "local:vztmpl/x.tar.zst"
    error = error_of(creation(lab.api, "ct", 301, {**keys, "ostype": "gentoo", "node": "pve2"}))
    assert isinstance(error, NotFound) and "ostemplate: VOLUME" in (error.hint or "")
    assert isinstance(error_of(creation(lab.api, "ct", 301, {**keys, "node": "pve9"})), NotFound)
    assert isinstance(error_of(creation(lab.api, "ct", 301, {"hostname": "new", "node": "pve2"})), InvalidValue)
    assert isinstance(error_of(creation(lab.api, "ct", 301, {**keys, "cores": "x", "node": "pve2"})), UsageError)


@pytest.mark.capability("2.7")
def test_nothing_is_asked_for_twice(lab: PushLab) -> None:
    once = ReadOnce(lab.api)
    query = Query("/cluster/resources")
    assert once.read("/version") == once.read("/version") and once.live
    before = lab.api.requests
    assert once.read_many([query, query, Query("/version")])[0] == once.read("/cluster/resources")
    assert lab.api.requests == before + 2
    (failed,) = once.read_many([Query("/nodes/pve9/qemu")])
    assert isinstance(failed, PmpcError)
    assert once.answer("/version").data == once.read("/version")


@pytest.mark.capability("2.7")
def test_what_moved_on_since_it_was_seen_is_left_alone(lab: PushLab) -> None:
    seen, config = lab.config(101), lab.world.guests[101].config
    wanted: dict[str, str | None] = {"description": "new"}
    config["onboot"] = 0
    assert first(changes(lab.api, lab.ref(101), wanted, seen)).call.form["description"] == "new"
    config["description"] = "newer"
    error = error_of(changes(lab.api, lab.ref(101), wanted, seen))
    assert isinstance(error, Conflict) and error.details == {"keys": ["description"]}
    config["smbios1"] = "uuid=00000000-1111-4222-8333-444444444444"
    assert "another guest" in error_of(changes(lab.api, lab.ref(101), {"numa": "1"}, seen)).message


@pytest.mark.capability("2.7")
def test_a_pool_may_be_made_by_the_same_plan(lab: PushLab) -> None:
    steps = changes(lab.api, lab.ref(105), {"pool": "new", "description": "x"})
    assert [step.call.path for step in steps if isinstance(step, Send)] == ["/pools", lab.ref(105).path("config")]
    with pytest.raises(PmpcError):
        lab.run(steps)
    assert "description" not in lab.config(105)
