"""What PVE does when guests are changed: normal forms, pending changes, digests, locks, disks."""

from __future__ import annotations

import re

import pytest

from tests.simulator.conftest import Session

VM = "/nodes/pve1/qemu/100"


@pytest.fixture
def vm(bare: Session) -> Session:
    """The bare node with VM 100 on it."""
    assert bare.run("POST", "/nodes/pve1/qemu", vmid=100, name="web", memory=512, scsi0="local:1",
                    net0="virtio,bridge=vmbr0,firewall=on", tags="B;a;a") == "OK"  # fmt: skip
    return bare


def test_creation_stores_normal_forms(vm: Session) -> None:
    config = vm.data("GET", f"{VM}/config")
    assert config["tags"] == "a;b"
    assert re.fullmatch(r"virtio=BC:24:11:[0-9A-F:]{8},bridge=vmbr0,firewall=1", config["net0"])
    assert config["scsi0"] == "local:100/vm-100-disk-0.raw,size=1G"
    assert (config["memory"], config["boot"]) == ("512", "order=scsi0;net0")
    assert {"smbios1", "vmgenid", "meta", "digest"} <= set(config)


@pytest.mark.parametrize(
    ("params", "status", "message", "errors"),
    [
        ({"cores": "abc", "nosuch": "1"}, 400, "Parameter verification failed.",
         {"cores": "type check ('integer') failed - got 'abc'",
          "nosuch": "property is not defined in schema and the schema does not allow additional properties"}),
        ({"onboot": "true"}, 400, "Parameter verification failed.",
         {"onboot": "type check ('boolean') failed - got 'true'"}),
        ({"name": "bad_name"}, 400, "Parameter verification failed.",
         {"name": "invalid format - value does not look like a valid DNS name\n"}),
        ({"vmid": "101"}, 400, "Parameter verification failed.",
         {"vmid": "duplicate parameter (already defined in URI) with conflicting values!"}),
        ({"delete": "nosuch"}, 400, "Parameter verification failed.", {"delete": "unknown option 'nosuch'"}),
        ({"force": "1"}, 400, "Parameter verification failed.",
         {"delete": "missing property - 'force' requires this property"}),
        ({}, 500, "no options specified", {}),
        ({"digest": "0" * 40, "cores": "1"}, 500, "checksum mismatch (file change by other user?)", {}),
        ({"lock": "backup"}, 500, "only root can set 'lock' config", {}),
        ({"skiplock": "1", "cores": "1"}, 400, "Parameter verification failed.",
         {"skiplock": "Only root may use this option."}),
        ({"scsi1": "local:100/vm-100-disk-9.raw"}, 500, "volume 'local:100/vm-100-disk-9.raw' does not exist", {}),
        ({"balloon": "1024"}, 500, "balloon value too large (must be smaller than assigned memory)", {}),
    ],
)  # fmt: skip
def test_refusals_of_a_change(
    vm: Session, params: dict[str, str], status: int, message: str, errors: dict[str, str]
) -> None:
    assert vm.refused("PUT", f"{VM}/config", **params) == (status, message, errors)


def test_every_edit_changes_the_digest(vm: Session) -> None:
    first = vm.data("GET", f"{VM}/config")["digest"]
    vm.data("PUT", f"{VM}/config", cores=2, digest=first)
    second = vm.data("GET", f"{VM}/config")["digest"]
    assert first != second
    assert vm.refused("PUT", f"{VM}/config", cores=3, digest=first)[1].startswith("checksum mismatch")


def test_a_detached_disk_is_kept_and_then_destroyed(vm: Session) -> None:
    assert vm.run("POST", f"{VM}/config", scsi1="local:1") == "OK"
    vm.data("PUT", f"{VM}/config", delete="scsi1")
    config = vm.data("GET", f"{VM}/config")
    assert config["unused0"] == "local:100/vm-100-disk-1.raw"
    vm.data("PUT", f"{VM}/config", scsi2=config["unused0"])
    config = vm.data("GET", f"{VM}/config")
    assert config["scsi2"] == "local:100/vm-100-disk-1.raw,size=1G"
    assert "unused0" not in config
    vm.data("PUT", f"{VM}/config", delete="scsi2")
    vm.data("PUT", f"{VM}/config", delete="unused0")
    volumes = {row["volid"] for row in vm.data("GET", "/nodes/pve1/storage/local/content")}
    assert volumes == {"local:100/vm-100-disk-0.raw"}


def test_a_disk_deleted_by_force_is_gone(vm: Session) -> None:
    vm.run("POST", f"{VM}/config", scsi1="local:1")
    vm.data("PUT", f"{VM}/config", delete="scsi1", force=1)
    assert "unused0" not in vm.data("GET", f"{VM}/config")
    assert len(vm.data("GET", "/nodes/pve1/storage/local/content")) == 1


def test_a_running_vm_takes_over_what_it_can(vm: Session) -> None:
    vm.data("PUT", f"{VM}/config", delete="net0")
    assert vm.run("POST", f"{VM}/status/start") == "OK"
    vm.data("PUT", f"{VM}/config", cores=2, name="other", delete="tags")
    assert vm.data("GET", f"{VM}/config")["cores"] == 2
    current = vm.data("GET", f"{VM}/config", current=1)
    assert "cores" not in current
    assert current["name"] == "other"
    pending = {row["key"]: row for row in vm.data("GET", f"{VM}/pending")}
    assert pending["cores"] == {"key": "cores", "pending": 2}
    assert pending["name"] == {"key": "name", "value": "other"}
    vm.data("PUT", f"{VM}/config", delete="memory")
    pending = {row["key"]: row for row in vm.data("GET", f"{VM}/pending")}
    assert pending["memory"] == {"key": "memory", "value": "512", "delete": 1}
    vm.data("PUT", f"{VM}/config", revert="memory,cores")
    assert all(set(row) == {"key", "value"} for row in vm.data("GET", f"{VM}/pending"))
    vm.data("PUT", f"{VM}/config", cores=4)
    assert vm.run("POST", f"{VM}/status/stop") == "OK"
    assert vm.data("GET", f"{VM}/config", current=1)["cores"] == 4


def test_disks_grow_and_never_shrink(vm: Session) -> None:
    assert vm.run("PUT", f"{VM}/resize", disk="scsi0", size="+1G") == "OK"
    assert vm.data("GET", f"{VM}/config")["scsi0"].endswith("size=2G")
    assert vm.run("PUT", f"{VM}/resize", disk="scsi0", size="1M") == "shrinking disks is not supported"
    assert vm.run("PUT", f"{VM}/resize", disk="scsi5", size="1G") == "disk 'scsi5' does not exist"


def test_a_locked_guest_refuses_at_once_or_in_its_task(vm: Session) -> None:
    vm.sim.world.guests[100].config["lock"] = "backup"
    assert vm.refused("PUT", f"{VM}/config", cores=1)[:2] == (500, "VM is locked (backup)")
    assert vm.run("POST", f"{VM}/status/start") == "VM is locked (backup)"
    assert vm.run("POST", f"{VM}/snapshot", snapname="s1") == "VM is locked (backup)"
    assert vm.run("DELETE", VM) == "VM is locked (backup)"
    assert vm.data("GET", f"{VM}/status/current")["lock"] == "backup"


def test_a_protected_guest_stays(vm: Session) -> None:
    vm.data("PUT", f"{VM}/config", protection=1)
    assert vm.refused("DELETE", VM)[1] == "can't remove VM 100 - protection mode enabled"
    assert (
        vm.refused("PUT", f"{VM}/config", delete="scsi0")[1] == "can't remove drive 'scsi0' - protection mode enabled"
    )


def test_power(vm: Session) -> None:
    assert vm.refused("POST", f"{VM}/status/reset")[1] == "VM 100 not running"
    assert vm.run("POST", f"{VM}/status/start") == "bridge 'vmbr0' does not exist"
    vm.data("PUT", f"{VM}/config", delete="net0")
    assert vm.run("POST", f"{VM}/status/start") == "OK"
    assert vm.run("POST", f"{VM}/status/start") == "VM 100 already running"
    assert vm.refused("DELETE", VM)[1] == "VM 100 is running - destroy failed"
    vm.run("POST", f"{VM}/status/suspend")
    assert vm.data("GET", f"{VM}/status/current")["qmpstatus"] == "paused"
    vm.run("POST", f"{VM}/status/resume")
    assert vm.data("GET", f"{VM}/status/current")["qmpstatus"] == "running"
    assert vm.run("POST", f"{VM}/status/shutdown") == "OK"
    assert vm.data("GET", f"{VM}/status/current")["status"] == "stopped"


def test_snapshots_make_a_tree(bare: Session) -> None:
    bare.run("POST", "/nodes/pve1/qemu", vmid=100, scsi0="local:1,format=qcow2")
    assert bare.run("POST", f"{VM}/snapshot", snapname="s1", description="first") == "OK"
    bare.data("PUT", f"{VM}/config", cores=4)
    assert bare.run("POST", f"{VM}/snapshot", snapname="s2") == "OK"
    assert bare.run("POST", f"{VM}/snapshot", snapname="s2") == "snapshot name 's2' already used"
    parents = {row["name"]: row.get("parent") for row in bare.data("GET", f"{VM}/snapshot")}
    assert parents == {"s1": None, "s2": "s1", "current": "s2"}
    assert bare.run("POST", f"{VM}/snapshot/s1/rollback") == "OK"
    config = bare.data("GET", f"{VM}/config")
    assert "cores" not in config
    assert config["parent"] == "s1"
    assert bare.data("GET", f"{VM}/snapshot/s2/config")["cores"] == 4
    assert bare.run("DELETE", f"{VM}/snapshot/s1") == "OK"
    parents = {row["name"]: row.get("parent") for row in bare.data("GET", f"{VM}/snapshot")}
    assert parents == {"s2": None, "current": None}
    assert bare.refused("POST", f"{VM}/template")[1] == "unable to create template, because VM contains snapshots"


def test_templates_and_linked_clones(bare: Session) -> None:
    bare.run("POST", "/nodes/pve1/qemu", vmid=100, name="base", scsi0="local:1,format=qcow2")
    assert bare.run("POST", f"{VM}/template") == "OK"
    assert bare.data("GET", f"{VM}/config")["scsi0"] == "local:100/base-100-disk-0.qcow2,size=1G"
    assert bare.run("POST", f"{VM}/status/start") == "you can't start a vm if it's a template"
    assert bare.run("POST", f"{VM}/clone", newid=101, name="one") == "OK"
    linked = bare.data("GET", "/nodes/pve1/qemu/101/config")
    assert linked["scsi0"] == "local:100/base-100-disk-0.qcow2/101/vm-101-disk-0.qcow2,size=1G"
    assert "template" not in linked
    assert bare.run("DELETE", VM) == ("base volume 'local:100/base-100-disk-0.qcow2' is still in use by linked cloned")
    assert bare.run("POST", f"{VM}/clone", newid=102, full=1) == "OK"
    assert bare.data("GET", "/nodes/pve1/qemu/102/config")["name"] == "Copy-of-VM-base"
    assert bare.refused("POST", f"{VM}/clone", newid=102)[1] == "unable to create VM 102: config file already exists"
    assert bare.run("DELETE", "/nodes/pve1/qemu/101") == "OK"
    assert bare.run("DELETE", VM) == "OK"


def test_ids_are_taken_once(vm: Session) -> None:
    assert vm.refused("POST", "/nodes/pve1/qemu", vmid=100)[1] == (
        "unable to create VM 100 - VM 100 already exists on node 'pve1'"
    )
    assert vm.refused("GET", "/cluster/nextid", vmid=100)[2] == {"vmid": "VM 100 already exists"}
    assert vm.data("GET", "/cluster/nextid") == "101"


def test_deleting_with_purge_leaves_no_trace(lab: Session) -> None:
    world = lab.sim.world
    guest = next(guest for guest in world.guests.values() if guest.kind == "qemu" and guest.vmid in
                 {int(sid[3:]) for sid in world.ha.resources if sid.startswith("vm:")})  # fmt: skip
    path = f"/nodes/{guest.node}/qemu/{guest.vmid}"
    guest.config.pop("protection", None)
    lab.run("POST", f"{path}/status/stop")
    guest.running = False
    assert "used in HA resources" in lab.refused("DELETE", path)[1]
    assert lab.run("DELETE", path, purge=1) == "OK"
    assert f"vm:{guest.vmid}" not in world.ha.resources
    assert world.pool_of(guest.vmid) is None
    assert all(volume.vmid != guest.vmid or volume.content == "backup" for volume in world.volumes.values())


def test_containers(lab: Session) -> None:
    template = next(v.volid for v in lab.sim.world.volumes.values() if v.content == "vztmpl" and v.node in {"", "pve1"})
    ended = lab.run("POST", "/nodes/pve1/lxc", vmid=300, ostemplate=template, rootfs="local-lvm:4", hostname="made",
                    net0="name=eth0,bridge=vmbr0,ip=dhcp", memory=256, password="secret")  # fmt: skip
    assert ended == "OK"
    config = lab.data("GET", "/nodes/pve1/lxc/300/config")
    assert config["rootfs"] == "local-lvm:vm-300-disk-0,size=4G"
    assert re.fullmatch(r"name=eth0,bridge=vmbr0,hwaddr=BC:24:11:[0-9A-F:]{8},ip=dhcp,type=veth", config["net0"])
    assert (config["memory"], config["swap"], config["unprivileged"]) == (256, 512, 1)
    assert lab.refused("POST", "/nodes/pve1/lxc/300/config", cores=2)[0] == 501
    lab.data("PUT", "/nodes/pve1/lxc/300/config", mp0="local-lvm:2,mp=/data")
    assert lab.data("GET", "/nodes/pve1/lxc/300/config")["mp0"] == "local-lvm:vm-300-disk-1,mp=/data,size=2G"
    assert lab.run("POST", "/nodes/pve1/lxc/300/status/start") == "OK"
    assert lab.refused("POST", "/nodes/pve1/lxc/300/status/start")[1] == "CT 300 already running"
    bad = {"digest": "0" * 40, "cores": "1"}
    assert lab.refused("PUT", "/nodes/pve1/lxc/300/config", **bad)[1] == (
        "detected modified configuration - file changed by other user? Try again."
    )
    assert lab.refused("DELETE", "/nodes/pve1/lxc/300")[1] == "unable to destroy CT 300 - container is running"
    assert lab.run("POST", "/nodes/pve1/lxc/300/status/shutdown") == "OK"
    assert lab.run("DELETE", "/nodes/pve1/lxc/300") == "OK"


def test_backups_leave_volumes_and_come_back(vm: Session) -> None:
    vm.data("PUT", f"{VM}/config", description="two\nlines", onboot=1)
    before = vm.data("GET", f"{VM}/config")
    assert vm.run("POST", "/nodes/pve1/vzdump", vmid=100, storage="local", notes__template="{{guestname}}") == "OK"
    (backup,) = vm.data("GET", "/nodes/pve1/storage/local/content", content="backup")
    assert re.fullmatch(r"local:backup/vzdump-qemu-100-\d{4}(_\d\d){2}-\d\d(_\d\d){2}\.vma\.zst", backup["volid"])
    assert (backup["vmid"], backup["subtype"], backup["notes"]) == (100, "qemu", "web")
    assert vm.run("DELETE", VM) == "OK"
    assert vm.run("POST", "/nodes/pve1/qemu", vmid=100, archive=backup["volid"]) == "OK"
    after = vm.data("GET", f"{VM}/config")
    assert {k: v for k, v in before.items() if k != "digest"} == {k: v for k, v in after.items() if k != "digest"}
    assert vm.run("POST", "/nodes/pve1/vzdump", vmid="100,999", storage="local") == "job errors"


def test_migration_moves_guests(lab: Session) -> None:
    world = lab.sim.world
    shared = world.guests[101]
    world.ha.resources.pop("vm:101", None)
    assert shared.running
    here = f"/nodes/{shared.node}/qemu/{shared.vmid}"
    allowed = lab.data("GET", f"{here}/migrate")["allowed_nodes"]
    target = next(name for name in allowed if world.nodes[name].online)
    assert lab.refused("POST", f"{here}/migrate", target=shared.node)[2] == {"target": "target is local node."}
    assert lab.refused("POST", f"{here}/migrate", target="pve9")[1] == "no such cluster node 'pve9'"
    assert lab.refused("POST", f"{here}/migrate", target=target)[1] == "can't migrate running VM without --online"
    assert lab.run("POST", f"{here}/migrate", target=target, online=1) == "OK"
    assert lab.data("GET", f"/nodes/{target}/qemu/{shared.vmid}/status/current")["status"] == "running"
    assert "does not exist" in lab.refused("GET", f"{here}/config")[1]
