"""Removing backups that a retention does not keep: what would go, and the task that removes it."""

from __future__ import annotations

from proxmox_mpc.simulator.call import Call, rows
from proxmox_mpc.simulator.errors import failed
from proxmox_mpc.simulator.handlers.starting import start_task
from proxmox_mpc.simulator.handlers.storage import STORE, usable
from proxmox_mpc.simulator.json import Json, JsonObject
from proxmox_mpc.simulator.pruning import marks, read_keep
from proxmox_mpc.simulator.router import Routes
from proxmox_mpc.simulator.world import Volume

routes = Routes()
PRUNE = f"{STORE}/prunebackups"


def _backups(call: Call) -> list[Volume]:
    storage = usable(call, call.text("storage"))
    if "backup" not in storage.content:
        raise failed(f"storage '{storage.name}' does not support backups")
    kind, vmid = call.text("type"), call.number("vmid")
    return [
        volume for volume in call.world.volumes_on(storage.name, "" if storage.shared else call.node.name)
        if volume.content == "backup" and kind in {"", volume.subtype} and vmid in {0, volume.vmid}
    ]  # fmt: skip


def _keep(call: Call) -> str:
    """Return the retention: what was asked for, else the storage's own."""
    return call.text("prune-backups") or str(call.storage(call.text("storage")).config.get("prune-backups") or "")


@routes.get(PRUNE)
def preview(call: Call) -> Json:
    """Return every backup with what would become of it."""
    backups = _backups(call)
    marked = marks(backups, read_keep(_keep(call)))
    found: list[JsonObject] = []
    for backup in sorted(backups, key=lambda backup: (backup.vmid or 0, backup.ctime)):
        row: JsonObject = {"volid": backup.volid, "ctime": backup.ctime, "mark": marked[backup.volid]}
        row["type"] = backup.subtype or "unknown"
        found.append(row | ({"vmid": backup.vmid} if backup.vmid is not None else {}))
    return rows(found)


@routes.delete(PRUNE)
def prune(call: Call) -> Json:
    """Remove what is not kept, in a task; a guest's own backups need less rights than all of a storage's."""
    name, vmid = call.text("storage"), call.number("vmid")
    if vmid:
        call.require(f"/storage/{name}", "Datastore.AllocateSpace")
        call.require(f"/vms/{vmid}", "VM.Backup")
    else:
        call.require(f"/storage/{name}", "Datastore.Allocate")
    backups, keep = _backups(call), _keep(call)
    job: JsonObject = {"volids": [backup.volid for backup in backups], "keep": keep}
    return start_task(call, "prunebackups", f"{vmid}@{name}" if vmid else name, job)
