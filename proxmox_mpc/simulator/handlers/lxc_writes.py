"""Changing containers: what is checked before a task starts, and which task that is."""

from __future__ import annotations

from proxmox_mpc.simulator import disks, drives, guests, options
from proxmox_mpc.simulator.call import Call
from proxmox_mpc.simulator.editing import Edit, refuse_both
from proxmox_mpc.simulator.errors import ApiError, failed, invalid
from proxmox_mpc.simulator.handlers.starting import (
    refuse_replicated,
    refuse_skiplock,
    reserve,
    settings_of,
    start_task,
)
from proxmox_mpc.simulator.json import Json, JsonObject
from proxmox_mpc.simulator.migration import unavailable_storages
from proxmox_mpc.simulator.router import Handler, Routes

routes = Routes()
CT = "/nodes/{node}/lxc/{vmid}"
_NOT_STORED = frozenset([
    "node", "vmid", "digest", "delete", "revert", "ostemplate", "password", "ssh-public-keys", "storage", "force",
    "restore", "unique", "pool", "bwlimit", "start", "ha-managed", "ignore-unpack-errors",
])  # fmt: skip


@routes.post("/nodes/{node}/lxc")
def create(call: Call) -> Json:
    """Create a container from a template, or restore one from a backup (``restore=1``)."""
    vmid, pool, storage = call.number("vmid"), call.text("pool"), call.text("storage")
    restore, force, settings = call.flag("restore"), call.flag("force"), settings_of(call, _NOT_STORED)
    if pool and pool not in call.world.pools:
        raise failed(f"pool '{pool}' does not exist")
    allowed = call.may(f"/vms/{vmid}", "VM.Allocate") or (pool and call.may(f"/pool/{pool}", "VM.Allocate"))
    if not allowed and not (restore and force and call.may(f"/vms/{vmid}", "VM.Backup")):
        raise ApiError(403, "Permission check failed\n")
    options.check_privileges(call, "lxc", vmid, [name for name in settings if name != "unprivileged"], pool)
    if call.flag("unprivileged", default=True) and not restore:
        settings.setdefault("unprivileged", 1)
    if settings.get("unprivileged") == 0:
        settings.pop("unprivileged")
    existing = call.world.guests.get(vmid)
    overwritten = force and existing is not None and existing.kind == "lxc" and existing.node == call.node.name
    if not overwritten:
        reserve(call, f"unable to {'restore' if restore else 'create'} CT {vmid} -", vmid)
    elif existing is not None and existing.running:
        raise failed(f"unable to restore CT {vmid} - CT {vmid} is running")
    if storage:
        drives.check_storage(call, "lxc", storage)
    drives.check_disks(call, "lxc", settings, storage)
    source = call.text("ostemplate")
    if ":" not in source:
        raise failed(f"unable to parse volume ID '{source}'")
    call.storage(source.split(":", 1)[0])
    job: JsonObject = {
        "vmid": vmid, "settings": {**settings}, "storage": storage, "pool": pool, "start": call.flag("start"),
        "ostemplate": source, "archive": source, "unique": call.flag("unique"), "ha": call.flag("ha-managed"),
    }  # fmt: skip
    return start_task(call, "vzrestore" if restore else "vzcreate", vmid, job)


@routes.put(f"{CT}/config")
def change(call: Call) -> Json:
    """Change a container's configuration at once."""
    vmid = call.number("vmid")
    settings = settings_of(call, _NOT_STORED)
    delete, revert = call.texts("delete"), call.texts("revert")
    if not settings and not delete and not revert:
        raise failed("no options specified")
    options.check_privileges(call, "lxc", vmid, [*delete, *revert])
    for names, key in ((revert, "revert"), (delete, "delete")):
        for name in names:
            if not options.exists("lxc", name):
                raise invalid({key: f"unknown option '{name}'"})
    refuse_both(settings, delete, revert, "lxc")
    options.check_privileges(call, "lxc", vmid, settings)
    guest = call.guest("lxc")
    guests.check_lock(guest)
    guests.check_digest(guest, call.text("digest"))
    drives.check_disks(call, "lxc", settings)
    for name in ("rootfs", "hostname", "unprivileged"):
        if name in delete and name != "hostname":
            raise invalid({"delete": f"unable to delete required option '{name}'"})
    Edit(call.world, guest, call.now).run(settings, delete, revert, force=False)
    return None


@routes.delete(CT)
def destroy(call: Call) -> Json:
    """Destroy a container, which must be stopped (or ``force``) and not protected."""
    guest, vmid = call.guest("lxc"), call.number("vmid")
    if str(guest.config.get("protection", "0")) == "1":
        raise failed(f"can't remove CT {vmid} - protection mode enabled")
    if not call.flag("purge"):
        if f"ct:{vmid}" in call.world.ha.resources:
            raise failed(f"unable to remove CT {vmid} - used in HA resources and purge parameter not set.")
        refuse_replicated(call, vmid)
    if guest.running and not call.flag("force"):
        raise failed(f"unable to destroy CT {vmid} - container is running")
    job: JsonObject = {
        "vmid": vmid, "purge": call.flag("purge"), "unreferenced": call.flag("destroy-unreferenced-disks"),
        "force": call.flag("force"),
    }  # fmt: skip
    return start_task(call, "vzdestroy", vmid, job)


@routes.put(f"{CT}/resize")
def resize(call: Call) -> Json:
    """Grow a volume."""
    guest = call.guest("lxc")
    guests.check_lock(guest)
    guests.check_digest(guest, call.text("digest"))
    if call.text("disk") not in guest.config:
        raise failed(f"no such volume '{call.text('disk')}'")
    job: JsonObject = {"vmid": guest.vmid, "disk": call.text("disk"), "size": call.text("size")}
    return start_task(call, "resize", guest.vmid, job)


@routes.post(f"{CT}/snapshot")
def snapshot(call: Call) -> Json:
    """Take a snapshot; the rest is checked in the task."""
    name = call.text("snapname")
    if name in {"current", "vzdump"} or name.lower() == "pending":
        raise failed(f"unable to use snapshot name '{name}' (reserved name)")
    vmid = call.guest("lxc").vmid
    job: JsonObject = {"vmid": vmid, "name": name, "description": call.text("description")}
    return start_task(call, "vzsnapshot", vmid, job)


@routes.put(f"{CT}/snapshot/{{snapname}}/config")
def describe_snapshot(call: Call) -> Json:
    """Change a snapshot's description."""
    if "description" in call.params:
        guest = call.guest("lxc")
        guests.check_lock(guest)
        guests.snapshot_config(guest, call.text("snapname"))
        guest.snapshots[call.text("snapname")].description = call.text("description")
    return None


@routes.delete(f"{CT}/snapshot/{{snapname}}")
def delete_snapshot(call: Call) -> Json:
    """Delete a snapshot; whether it exists is checked in the task."""
    job: JsonObject = {"vmid": call.number("vmid"), "name": call.text("snapname"), "force": call.flag("force")}
    return start_task(call, "vzdelsnapshot", call.number("vmid"), job)


@routes.post(f"{CT}/snapshot/{{snapname}}/rollback")
def rollback(call: Call) -> Json:
    """Roll back to a snapshot."""
    job: JsonObject = {"vmid": call.number("vmid"), "name": call.text("snapname"), "start": call.flag("start")}
    return start_task(call, "vzrollback", call.number("vmid"), job)


@routes.post(f"{CT}/clone")
def clone(call: Call) -> Json:
    """Clone a container: linked from a template unless ``full``, else whole."""
    guest, newid, storage = call.guest("lxc"), call.number("newid"), call.text("storage")
    guests.check_lock(guest)
    pool, snapname, target = call.text("pool"), call.text("snapname"), call.text("target")
    if pool and pool not in call.world.pools:
        raise failed(f"pool '{pool}' does not exist")
    if target and target not in call.world.nodes:
        raise failed(f"no such cluster node '{target}'")
    if storage:
        drives.check_storage(call, "lxc", storage)
    full = call.flag("full", default=not guest.template and not snapname)
    if storage and not full:
        raise failed("parameter 'storage' not allowed for linked clones")
    if snapname:
        guests.snapshot_config(guest, snapname)
    if newid in call.world.guests:
        raise failed(f"unable to create CT {newid}: config file already exists")
    if full and guest.running and not snapname:
        raise failed("Cannot do full clones on a running container without snapshots")
    shared = all(call.world.storages[v.split(":", 1)[0]].shared for _, v in disks.volumes_of(guest))
    if target and target != call.node.name and not shared:
        raise failed(f"can't clone CT to node '{target}' (CT uses local storage)")
    job: JsonObject = {
        "vmid": guest.vmid, "newid": newid, "name": call.text("hostname"), "description": call.text("description"),
        "full": full, "storage": storage, "pool": pool, "snapname": snapname,
        "target": "" if target == call.node.name else target,
    }  # fmt: skip
    return start_task(call, "vzclone", guest.vmid, job)


@routes.post(f"{CT}/template")
def template(call: Call) -> Json:
    """Turn a container into a template, at once."""
    guest = call.guest("lxc")
    guests.check_lock(guest)
    if guest.snapshots:
        raise failed("unable to create template, because CT contains snapshots")
    if guest.template:
        raise failed("you can't convert a template to a template")
    if guest.running:
        raise failed("you can't convert a CT to template if the CT is running")
    start_task(call, "vztemplate", guest.vmid, {"vmid": guest.vmid, "disk": "", "seconds": 0})
    return None


@routes.post(f"{CT}/move_volume")
def move_volume(call: Call) -> Json:
    """Move a volume to another storage."""
    guest, key, storage = call.guest("lxc"), call.text("volume"), call.text("storage")
    guests.check_lock(guest)
    guests.check_digest(guest, call.text("digest"))
    if not storage:
        text = "both 'storage' and 'target-vmid' missing, either needs to be set"
        raise invalid({"target-vmid": text, "storage": text})
    drives.check_storage(call, "lxc", storage)
    if key not in guest.config:
        raise failed(f"cannot move volume '{key}', not existing")
    volume = disks.volume_of(str(guest.config[key]))
    if volume is None or volume.startswith(f"{storage}:"):
        raise failed("you can't move a volume to the same storage")
    if guest.running:
        raise failed("cannot move volumes of a running container")
    job: JsonObject = {"vmid": guest.vmid, "disk": key, "storage": storage, "delete": call.flag("delete")}
    return start_task(call, "move_volume", guest.vmid, job)


@routes.post(f"{CT}/migrate")
def migrate(call: Call) -> Json:
    """Migrate a container to another node; a running one restarts there."""
    target = call.text("target")
    if target == call.node.name:
        raise invalid({"target": "target is local node."})
    if target not in call.world.nodes:
        raise failed(f"no such cluster node '{target}'")
    guest = call.guest("lxc")
    if guest.running and not call.flag("online") and not call.flag("restart"):
        raise failed("can't migrate running container without --online or --restart")
    if not call.text("target-storage"):
        for name in unavailable_storages(call.world, guest, target):
            raise failed(f"storage '{name}' is not available on node '{target}'")
    if f"ct:{guest.vmid}" in call.world.ha.resources:
        return start_task(call, "hamigrate", guest.vmid, {"vmid": guest.vmid, "target": target})
    job: JsonObject = {"vmid": guest.vmid, "target": target, "local": True, "storage": call.text("target-storage")}
    return start_task(call, "vzmigrate", guest.vmid, job)


def _power(action: str, kind: str) -> Handler:
    def act(call: Call) -> Json:
        refuse_skiplock(call)
        guest = call.guest("lxc")
        if action in {"start", "resume"} and guest.running and not guest.paused:
            raise failed(f"CT {guest.vmid} already running")
        if action not in {"start", "resume"} and (not guest.running or guest.paused):
            raise failed(f"{'VM' if action == 'reboot' else 'CT'} {guest.vmid} not running")
        managed = f"ct:{guest.vmid}" in call.world.ha.resources and action in {"start", "stop", "shutdown"}
        started = "hastart" if action == "start" else "hastop"
        return start_task(call, started if managed else kind, guest.vmid, {"vmid": guest.vmid, "action": action})

    return act


for _action in ("start", "stop", "shutdown", "reboot", "suspend", "resume"):
    routes.post(f"{CT}/status/{_action}")(_power(_action, f"vz{_action}"))
