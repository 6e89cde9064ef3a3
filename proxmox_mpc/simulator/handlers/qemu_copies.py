"""Cloning VMs, turning them into templates, moving disks and VMs: the checks before the task."""

from __future__ import annotations

from proxmox_mpc.simulator import disks, drives, guests
from proxmox_mpc.simulator.call import Call
from proxmox_mpc.simulator.errors import failed, invalid
from proxmox_mpc.simulator.handlers.starting import start_task
from proxmox_mpc.simulator.json import Json, JsonObject
from proxmox_mpc.simulator.migration import unavailable_storages
from proxmox_mpc.simulator.router import Routes
from proxmox_mpc.simulator.world import Guest

routes = Routes()
VM = "/nodes/{node}/qemu/{vmid}"


@routes.post(f"{VM}/clone")
def clone(call: Call) -> Json:
    """Clone a VM: linked from a template unless ``full``, else whole."""
    vmid, newid, storage, target = call.number("vmid"), call.number("newid"), call.text("storage"), call.text("target")
    pool, snapname = call.text("pool"), call.text("snapname")
    if vmid not in call.world.guests or call.world.guests[vmid].kind != "qemu":
        raise failed(f"unable to find configuration file for VM {vmid} on node '{call.node.name}'")
    if pool and pool not in call.world.pools:
        raise failed(f"pool '{pool}' does not exist")
    target = "" if target in {call.node.name, "localhost"} else target
    if target and target not in call.world.nodes:
        raise failed(f"no such cluster node '{target}'")
    if storage:
        found = drives.check_storage(call, "qemu", storage)
        if target and not found.shared:
            raise failed(f"can't clone to non-shared storage '{storage}'")
    guest = call.guest("qemu")
    guests.check_lock(guest)
    if snapname:
        guests.snapshot_config(guest, snapname)
    full = call.flag("full", default=not guest.template)
    for name in ("storage", "format"):
        if not full and name in call.params:
            raise failed(f"parameter '{name}' not allowed for linked clones")
    shared = all(call.world.storages[v.split(":", 1)[0]].shared for _, v in disks.volumes_of(guest))
    if target and not shared:
        raise failed(f"can't clone VM to node '{target}' (VM uses local storage)")
    if newid in call.world.guests:
        raise failed(f"unable to create VM {newid}: config file already exists")
    _refuse_unclonable(guest, full=full)
    job: JsonObject = {
        "vmid": vmid, "newid": newid, "name": call.text("name"), "description": call.text("description"),
        "full": full, "storage": storage, "format": call.text("format"), "pool": pool, "snapname": snapname,
        "target": target,
    }  # fmt: skip
    return start_task(call, "qmclone", vmid, job)


def _refuse_unclonable(guest: Guest, *, full: bool) -> None:
    """A linked clone needs base volumes, which only templates have."""
    for key, volid in disks.volumes_of(guest):
        if not full and not disks.is_unused(key) and "/base-" not in volid and ":base-" not in volid:
            raise failed(f"Linked clone feature is not supported for '{volid}' ({key})")


@routes.post(f"{VM}/template")
def template(call: Call) -> Json:
    """Turn a VM into a template."""
    guest = call.guest("qemu")
    guests.check_lock(guest)
    if guest.snapshots:
        raise failed("unable to create template, because VM contains snapshots")
    if guest.template and not call.text("disk"):
        raise failed("you can't convert a template to a template")
    if guest.running:
        raise failed("you can't convert a VM to template if VM is running")
    return start_task(call, "qmtemplate", guest.vmid, {"vmid": guest.vmid, "disk": call.text("disk")})


@routes.post(f"{VM}/move_disk")
def move_disk(call: Call) -> Json:
    """Move a disk to another storage or to another VM."""
    storage, other = call.text("storage"), call.number("target-vmid")
    if storage and other:
        text = "either set 'storage' or 'target-vmid', but not both"
        raise invalid({"target-vmid": text, "storage": text})
    if not storage and not other:
        text = "both 'storage' and 'target-vmid' missing, either needs to be set"
        raise invalid({"target-vmid": text, "storage": text})
    return _move_to_guest(call, other) if other else _move_to_storage(call, storage)


def _moved_volume(call: Call, guest: Guest) -> str:
    key = call.text("disk")
    if key not in guest.config:
        raise failed(f"disk '{key}' does not exist")
    value = str(guest.config[key])
    if disks.is_cdrom(value):
        raise failed("you can't move a cdrom")
    volume = disks.volume_of(value)
    if volume is None:
        raise failed(f"disk '{key}' has no associated volume")
    return volume


def _move_to_storage(call: Call, storage: str) -> Json:
    call.require(f"/storage/{storage}", "Datastore.AllocateSpace")
    guest = call.guest("qemu")
    guests.check_lock(guest)
    if call.text("digest") and call.text("digest") != guests.digest(guest):
        raise failed("detected modified configuration - file changed by other user? Try again.")
    volume = _moved_volume(call, guest)
    found = call.world.volume(volume, guest.node)
    wanted = call.text("format")
    if volume.startswith(f"{storage}:") and (not wanted or (found is not None and found.format == wanted)):
        raise failed("you can't move to the same storage with same format")
    drives.check_storage(call, "qemu", storage)
    if call.flag("delete") and drives.in_snapshot(guest, volume):
        raise failed("you can't move a disk with snapshots and delete the source")
    job: JsonObject = {
        "vmid": guest.vmid, "disk": call.text("disk"), "storage": storage, "format": wanted,
        "delete": call.flag("delete"),
    }  # fmt: skip
    return start_task(call, "qmmove", guest.vmid, job)


def _move_to_guest(call: Call, other: int) -> Json:
    guest, key = call.guest("qemu"), call.text("disk")
    if other == guest.vmid:
        raise invalid({"target-vmid": "must be different than source VMID to reassign disk"})
    target = call.world.guests.get(other)
    if target is None:
        raise failed(f"could not find target VM {other}")
    call.require(f"/vms/{other}", "VM.Config.Disk")
    if target.node != guest.node:
        raise failed(f"Both VMs need to be on the same node ({guest.node} != {target.node})")
    guests.check_lock(guest)
    guests.check_lock(target)
    if guest.template or target.template:
        raise failed("Can't move disks from or to template VMs")
    place = call.text("target-disk") or key
    if key not in guest.config:
        raise failed(f"Disk '{key}' for VM '{guest.vmid}' does not exist")
    if place in target.config:
        raise failed(f"Target disk key '{place}' is already in use for VM '{other}'")
    volume = _moved_volume(call, guest)
    if drives.in_snapshot(guest, volume):
        raise failed("Can't move disk used by a snapshot to another VM")
    if guest.running and not disks.is_unused(key):
        raise failed("Cannot move disk to another VM while the source VM is running - detach first")
    job: JsonObject = {"vmid": guest.vmid, "disk": key, "target": other, "place": place}
    return start_task(call, "qmmove", f"{guest.vmid}-{key}>{other}-{place}", job)


@routes.post(f"{VM}/migrate")
def migrate(call: Call) -> Json:
    """Migrate a VM to another node."""
    target = call.text("target")
    if target == call.node.name:
        raise invalid({"target": "target is local node."})
    if target not in call.world.nodes:
        raise failed(f"no such cluster node '{target}'")
    for name in ("force", "migration_type", "migration_network"):
        if call.text(name) not in {"", "0"} and not call.caller.is_root:
            raise invalid({name: "Only root may use this option."})
    guest = call.guest("qemu")
    guests.check_lock(guest)
    if guest.running and not call.flag("online"):
        raise failed("can't migrate running VM without --online")
    mapped = call.text("targetstorage")
    if not mapped or mapped == "1":
        for name in unavailable_storages(call.world, guest, target):
            raise failed(f"storage '{name}' is not available on node '{target}'")
    if f"vm:{guest.vmid}" in call.world.ha.resources:
        return start_task(call, "hamigrate", guest.vmid, {"vmid": guest.vmid, "target": target})
    job: JsonObject = {
        "vmid": guest.vmid, "target": target, "online": guest.running, "local": call.flag("with-local-disks"),
        "storage": mapped,
    }  # fmt: skip
    return start_task(call, "qmigrate", guest.vmid, job)
