"""Changing VMs: what is checked before a task starts, and which task that is."""

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
from proxmox_mpc.simulator.json import Config, Json, JsonObject
from proxmox_mpc.simulator.router import Handler, Routes
from proxmox_mpc.simulator.world import Guest

routes = Routes()
VM = "/nodes/{node}/qemu/{vmid}"
_NOT_STORED = frozenset([
    "node", "vmid", "digest", "delete", "revert", "force", "skiplock", "background_delay", "archive", "storage",
    "unique", "live-restore", "pool", "bwlimit", "start", "ha-managed", "import-working-storage",
])  # fmt: skip


@routes.post("/nodes/{node}/qemu")
def create(call: Call) -> Json:
    """Create a VM, or restore one from a backup (``archive``)."""
    vmid, pool, storage = call.number("vmid"), call.text("pool"), call.text("storage")
    archive, settings = call.text("archive"), settings_of(call, _NOT_STORED)
    if pool and pool not in call.world.pools:
        raise failed(f"pool '{pool}' does not exist")
    if storage:
        call.require(f"/storage/{storage}", "Datastore.AllocateSpace")
    allowed = call.may(f"/vms/{vmid}", "VM.Allocate") or (pool and call.may(f"/pool/{pool}", "VM.Allocate"))
    if not allowed and not (archive and call.flag("force") and call.may(f"/vms/{vmid}", "VM.Backup")):
        raise ApiError(403, "Permission check failed\n")
    if archive:
        for name in sorted(settings):
            if disks.is_drive(name):
                raise invalid({name: "option conflicts with option 'archive'"})
    drives.check_disks(call, "qemu", settings, storage)
    options.check_privileges(call, "qemu", vmid, settings, pool)
    if not (archive and call.flag("force") and _is_local_vm(call, vmid)):
        reserve(call, f"unable to {'restore' if archive else 'create'} VM {vmid} -", vmid)
    job: JsonObject = {
        "vmid": vmid, "settings": {**settings}, "storage": storage, "pool": pool, "start": call.flag("start"),
        "archive": archive, "unique": call.flag("unique"), "ha": call.flag("ha-managed"),
    }  # fmt: skip
    return start_task(call, "qmrestore" if archive else "qmcreate", vmid, job)


def _is_local_vm(call: Call, vmid: int) -> bool:
    guest = call.world.guests.get(vmid)
    return guest is not None and guest.kind == "qemu" and guest.node == call.node.name


def _checked_edit(call: Call) -> tuple[Guest, Config, list[str], list[str]]:
    """Run the checks of a change of the configuration, in PVE's order."""
    vmid = call.number("vmid")
    given = sorted(name for name in call.params if name not in {"node", "vmid", "digest", "background_delay"})
    refuse_skiplock(call)
    settings = settings_of(call, _NOT_STORED)
    delete = ["ide2" if name == "cdrom" else name for name in call.texts("delete")]
    revert = call.texts("revert")
    if not (set(given) - {"skiplock", "force"}):
        raise failed("no options specified")
    for name in revert:
        if not options.exists("qemu", name):
            raise invalid({"revert": f"unknown option '{name}'"})
    refuse_both(settings, delete, revert, "qemu")
    for name in delete:
        if not options.exists("qemu", name):
            raise invalid({"delete": f"unknown option '{name}'"})
    options.check_privileges(call, "qemu", vmid, delete)
    options.check_privileges(call, "qemu", vmid, settings)
    drives.check_disks(call, "qemu", settings)
    guest = call.guest("qemu")
    guests.check_digest(guest, call.text("digest"))
    guests.check_lock(guest)
    _check_balloon(guest, settings)
    return guest, settings, delete, revert


def _check_balloon(guest: Guest, settings: Config) -> None:
    if "memory" in settings or "balloon" in settings:
        memory = str(settings.get("memory") or guest.config.get("memory") or 512).rpartition("=")[2]
        balloon = int(settings.get("balloon") or guest.config.get("balloon") or 0)
        if balloon > int(memory):
            raise failed("balloon value too large (must be smaller than assigned memory)")


@routes.put(f"{VM}/config")
def change(call: Call) -> Json:
    """Change a VM's configuration at once."""
    guest, settings, delete, revert = _checked_edit(call)
    Edit(call.world, guest, call.now).run(settings, delete, revert, force=call.flag("force"))
    return None


@routes.post(f"{VM}/config")
def change_in_background(call: Call) -> Json:
    """Change a VM's configuration in a task."""
    guest, settings, delete, revert = _checked_edit(call)
    said = {name: call.text(name) for name in call.params if name not in {"node", "vmid", "digest", "background_delay"}}
    said |= {"cipassword": "<hidden>"} if "cipassword" in said else {}
    job: JsonObject = {
        "vmid": guest.vmid, "settings": {**settings}, "delete": [*delete], "revert": [*revert],
        "force": call.flag("force"), "digest": call.text("digest"),
        "said": " ".join(f"-{name} {said[name]}" for name in sorted(said)),
    }  # fmt: skip
    return start_task(call, "qmconfig", guest.vmid, job)


@routes.delete(VM)
def destroy(call: Call) -> Json:
    """Destroy a VM, which must be stopped and not protected."""
    refuse_skiplock(call)
    guest, vmid = call.guest("qemu"), call.number("vmid")
    if str(guest.config.get("protection", "0")) == "1":
        raise failed(f"can't remove VM {vmid} - protection mode enabled")
    if not call.flag("purge"):
        if f"vm:{vmid}" in call.world.ha.resources:
            raise failed(f"unable to remove VM {vmid} - used in HA resources and purge parameter not set.")
        refuse_replicated(call, vmid)
    if guest.running:
        raise failed(f"VM {vmid} is running - destroy failed")
    job: JsonObject = {
        "vmid": vmid, "purge": call.flag("purge"), "unreferenced": call.flag("destroy-unreferenced-disks"),
    }  # fmt: skip
    return start_task(call, "qmdestroy", vmid, job)


@routes.put(f"{VM}/resize")
def resize(call: Call) -> Json:
    """Grow a disk; everything about the disk is checked in the task."""
    refuse_skiplock(call)
    vmid = call.number("vmid")
    job: JsonObject = {
        "vmid": vmid, "disk": call.text("disk"), "size": call.text("size"), "digest": call.text("digest"),
    }  # fmt: skip
    return start_task(call, "resize", vmid, job)


@routes.post(f"{VM}/snapshot")
def snapshot(call: Call) -> Json:
    """Take a snapshot; names are checked here, everything else in the task."""
    name = call.text("snapname")
    if name == "current" or name.lower() == "pending":
        raise failed(f"unable to use snapshot name '{name}' (reserved name)")
    guest = call.guest("qemu")
    job: JsonObject = {
        "vmid": guest.vmid, "name": name, "description": call.text("description"), "state": call.flag("vmstate"),
    }  # fmt: skip
    return start_task(call, "qmsnapshot", guest.vmid, job)


@routes.put(f"{VM}/snapshot/{{snapname}}/config")
def describe_snapshot(call: Call) -> Json:
    """Change a snapshot's description."""
    if "description" not in call.params:
        return None
    guest = call.guest("qemu")
    guests.check_lock(guest)
    guests.snapshot_config(guest, call.text("snapname"))
    guest.snapshots[call.text("snapname")].description = call.text("description")
    return None


@routes.delete(f"{VM}/snapshot/{{snapname}}")
def delete_snapshot(call: Call) -> Json:
    """Delete a snapshot; whether it exists is checked in the task."""
    job: JsonObject = {"vmid": call.number("vmid"), "name": call.text("snapname"), "force": call.flag("force")}
    return start_task(call, "qmdelsnapshot", call.number("vmid"), job)


@routes.post(f"{VM}/snapshot/{{snapname}}/rollback")
def rollback(call: Call) -> Json:
    """Roll back to a snapshot."""
    if call.flag("start"):
        call.require(f"/vms/{call.number('vmid')}", "VM.PowerMgmt")
    job: JsonObject = {"vmid": call.number("vmid"), "name": call.text("snapname"), "start": call.flag("start")}
    return start_task(call, "qmrollback", call.number("vmid"), job)


def _power(action: str, kind: str, *, needs_running: bool) -> Handler:
    def act(call: Call) -> Json:
        refuse_skiplock(call)
        guest = call.guest("qemu")
        asleep = action == "resume" and guest.lock == "suspended"
        if needs_running and not guest.running and not asleep:
            raise failed(f"VM {guest.vmid} not running")
        job: JsonObject = {"vmid": guest.vmid, "action": action, "force": call.flag("forceStop")}
        job |= {"disk": call.flag("todisk"), "timeout": call.number("timeout")}
        managed = f"vm:{guest.vmid}" in call.world.ha.resources and action in {"start", "stop", "shutdown"}
        started = "hastart" if action == "start" else "hastop"
        return start_task(call, started if managed else kind, guest.vmid, job)

    return act


for _action, _type, _needs in (
    ("start", "qmstart", False), ("stop", "qmstop", False), ("shutdown", "qmshutdown", False),
    ("reboot", "qmreboot", True), ("reset", "qmreset", True), ("suspend", "qmsuspend", True),
    ("resume", "qmresume", True),
):  # fmt: skip
    routes.post(f"{VM}/status/{_action}")(_power(_action, _type, needs_running=_needs))


@routes.put(f"{VM}/cloudinit")
def regenerate(call: Call) -> Json:
    """Write the cloud-init drive anew."""
    guests.check_lock(call.guest("qemu"))
    return None
