"""Changing storages: their definitions, and volumes on them."""

from __future__ import annotations

from proxmox_mpc.simulator import disks, drives
from proxmox_mpc.simulator.call import Call
from proxmox_mpc.simulator.errors import TaskError, failed, invalid
from proxmox_mpc.simulator.handlers.starting import start_task
from proxmox_mpc.simulator.handlers.storage import STORE, config_digest, find_volume, usable
from proxmox_mpc.simulator.json import Json, JsonObject
from proxmox_mpc.simulator.router import Routes
from proxmox_mpc.simulator.storages import FILE_STORAGES
from proxmox_mpc.simulator.world import Storage, Volume

routes = Routes()
_REQUIRED = {
    "dir": ("path",), "btrfs": ("path",), "nfs": ("server", "export"), "cifs": ("server", "share"),
    "lvm": ("vgname",), "lvmthin": ("thinpool", "vgname"), "zfspool": ("pool",), "pbs": ("server", "datastore"),
    "iscsi": ("portal", "target"), "esxi": ("server", "username"),
}  # fmt: skip
_DEFAULT_SIZE = 107_374_182_400


def _settings(call: Call) -> JsonObject:
    given = {name: value for name, value in call.params.items() if name not in {"storage", "delete", "digest"}}
    return {name: int(value) if isinstance(value, bool) else call.text(name) for name, value in given.items()}


@routes.post("/storage")
def create(call: Call) -> Json:
    """Define a storage; its type decides what must be given."""
    name, kind = call.text("storage"), call.text("type")
    config = _settings(call)
    for key in _REQUIRED.get(kind, ()):
        if key not in config:
            raise failed(f"missing value for required option '{key}'")
    if name in call.world.storages:
        raise failed(f"create storage failed: storage ID '{name}' already defined")
    for node in call.texts("nodes"):
        if node not in call.world.nodes:
            raise failed(f"create storage failed: no such cluster node '{node}'")
    size = max((storage.total for storage in call.world.storages.values()), default=_DEFAULT_SIZE)
    config.pop("password", None)
    call.world.storages[name] = Storage(name, config, total=size, known=call.world.reporting)
    return {"storage": name, "type": kind}


@routes.put("/storage/{storage}")
def change(call: Call) -> Json:
    """Change a definition."""
    name = call.text("storage")
    if name not in call.world.storages:
        raise failed(f"update storage failed: storage '{name}' does not exist")
    storage = call.world.storages[name]
    if call.text("digest") and call.text("digest") != config_digest(call.world):
        raise failed("detected modified configuration - file changed by other user? Try again.")
    for key in call.texts("delete"):
        if key in _REQUIRED.get(storage.kind, ()):
            raise failed(f"update storage failed: unable to delete required option '{key}'")
        storage.config.pop(key, None)
    storage.config |= _settings(call)
    return {"storage": name, "type": storage.kind}


@routes.delete("/storage/{storage}")
def delete(call: Call) -> Json:
    """Remove a definition; what lies on the storage stays there, unseen."""
    name = call.text("storage")
    if name not in call.world.storages:
        raise failed(f"delete storage failed: storage '{name}' does not exist")
    bases = {str(storage.config.get("base", "")).split(":", 1)[0] for storage in call.world.storages.values()}
    if name in bases:
        raise failed(f"delete storage failed: storage '{name}' is used as base storage")
    del call.world.storages[name]
    call.world.volumes = {key: volume for key, volume in call.world.volumes.items() if volume.storage != name}
    return None


@routes.post(f"{STORE}/content")
def allocate(call: Call) -> Json:
    """Make a disk image of a given name and size."""
    storage, name, vmid = usable(call, call.text("storage")), call.text("filename"), call.number("vmid")
    call.require(f"/storage/{storage.name}", "Datastore.AllocateSpace")
    text = call.text("size")
    size = int(text) * 1024 if text.isdigit() else disks.parse_size(text)
    if size is None:
        raise invalid({"size": "unable to parse size"})
    form = call.text("format") or ("qcow2" if name.endswith(".qcow2") else "raw")
    volid = f"{storage.name}:{vmid}/{name}" if storage.kind in FILE_STORAGES else f"{storage.name}:{name}"
    if call.world.volume(volid, call.node.name) is not None:
        raise failed(f"disk image '{volid}' already exists")
    node = "" if storage.shared else call.node.name
    call.world.add_volume(Volume(volid, node, "images", form, size, call.now, used=4096, vmid=vmid))
    return volid


@routes.put(f"{STORE}/content/{{volume}}")
def annotate(call: Call) -> Json:
    """Change a backup's notes and protection."""
    volume = find_volume(call, usable(call, call.text("storage")))
    if volume.content != "backup":
        raise failed(f"volume '{volume.volid}' does not support attributes")
    if "notes" in call.params:
        volume.notes = call.text("notes") or None
    volume.protected = call.flag("protected", default=volume.protected)
    return None


@routes.delete(f"{STORE}/content/{{volume}}")
def remove(call: Call) -> Json:
    """Remove a volume; a protected backup and a base with linked clones stay."""
    storage = usable(call, call.text("storage"))
    volume = find_volume(call, storage)
    if volume.content == "backup":
        privilege = "Datastore.AllocateSpace"
    else:
        privilege = "Datastore.AllocateTemplate" if volume.content in {"iso", "vztmpl"} else "Datastore.Allocate"
    call.require_any(f"/storage/{storage.name}", privilege, "Datastore.Allocate")
    if volume.protected:
        raise failed("can't remove protected volume")
    owner = call.world.guests.get(volume.vmid or 0)
    if owner is not None and volume.content in {"images", "rootdir"}:
        held = {volid for _, volid in disks.volumes_of(owner)}
        if volume.volid in held:
            raise failed(f"can't remove volume '{volume.volid}': it is used by guest {owner.vmid}")
    if drives.is_base_in_use(call.world, volume):
        raise failed(str(TaskError(f"base volume '{volume.volid}' is still in use by linked clones")))
    return start_task(call, "imgdel", f"{volume.vmid or ''}@{storage.name}", {"volid": volume.volid})
