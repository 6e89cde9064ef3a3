"""Reading storages: their definitions, space and content."""

from __future__ import annotations

import hashlib

from proxmox_mpc.simulator.call import Call
from proxmox_mpc.simulator.errors import failed, invalid
from proxmox_mpc.simulator.json import Json, JsonObject
from proxmox_mpc.simulator.metering import storage_space, volumes_held
from proxmox_mpc.simulator.router import Routes
from proxmox_mpc.simulator.storages import needs_access, volume_path
from proxmox_mpc.simulator.world import Node, Storage, Volume, World

routes = Routes()
STORE = "/nodes/{node}/storage/{storage}"
SEEING = ("Datastore.Audit", "Datastore.AllocateSpace")
_FILES = frozenset({"dir", "nfs", "cifs", "btrfs", "cephfs"})

routes.index(
    STORE, "content", "download-url", "file-restore", "import-metadata", "prunebackups", "rrd", "rrddata", "status",
    "upload",
)  # fmt: skip


def config_digest(world: World) -> str:
    """Return the digest of /etc/pve/storage.cfg, which every definition carries."""
    text = "\n".join(f"{name} {sorted(storage.config.items())}" for name, storage in sorted(world.storages.items()))
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def definition(world: World, storage: Storage) -> JsonObject:
    """Return a storage's definition; the order of its content types means nothing."""
    shown: JsonObject = {**storage.config, "storage": storage.name, "type": storage.kind}
    return shown | {"content": ",".join(storage.content) or "none", "digest": config_digest(world)}


@routes.get("/storage")
def list_definitions(call: Call) -> Json:
    """List the definitions the caller may see."""
    wanted = call.text("type")
    return [
        definition(call.world, storage)
        for storage in call.world.storages.values()
        if call.may(f"/storage/{storage.name}", *SEEING) and wanted in {"", storage.kind}
    ]


@routes.get("/storage/{storage}")
def read_definition(call: Call) -> Json:
    """Return one definition."""
    return definition(call.world, call.storage(call.text("storage")))


def status_row(call: Call, storage: Storage, node: Node, held: dict[tuple[str, str], int] | None = None) -> JsonObject:
    """Return what a node says of a storage; one that it may not use is neither enabled nor active."""
    enabled = storage.enabled and storage.on(node.name)
    active = enabled and storage.active
    total, used, avail = storage_space(call.world, storage, node.name, held) if active else (0, 0, 0)
    return {
        "type": storage.kind, "content": ",".join(storage.content), "shared": int(storage.shared),
        "enabled": int(enabled), "active": int(active), "total": total, "used": used, "avail": avail,
    }  # fmt: skip


@routes.get("/nodes/{node}/storage")
def list_storages(call: Call) -> Json:
    """List a node's storages with their space, filtered by content, storage, use and another node's view."""
    wanted, target = set(call.texts("content")), call.text("target")
    name = call.text("storage")
    rows: list[Json] = []
    held = volumes_held(call.world)
    for storage in call.world.storages.values():
        row = status_row(call, storage, call.node, held)
        hidden = not call.may(f"/storage/{storage.name}", *SEEING) or name not in {"", storage.name}
        if hidden or (wanted and (not wanted & set(storage.content) or not row["enabled"])):
            continue
        if (call.flag("enabled") and not storage.enabled) or (target and not storage.on(target)):
            continue
        if row["total"]:
            row["used_fraction"] = float(f"{int(str(row['used'])) / int(str(row['total'])):.15g}")
        rows.append(row | {"storage": storage.name})
    return rows


@routes.get(f"{STORE}/status")
def status(call: Call) -> Json:
    """Return one storage's space."""
    storage = call.world.storages.get(call.text("storage"))
    if storage is None:
        raise invalid({"storage": "No such storage."})
    return status_row(call, storage, call.node)


def usable(call: Call, name: str) -> Storage:
    """Return a storage that the node may use now; raises PVE's 500 when it may not."""
    storage = call.storage(name)
    if not storage.enabled:
        raise failed(f"storage '{name}' is disabled")
    if not storage.on(call.node.name):
        raise failed(f"storage '{name}' is not available on node '{call.node.name}'")
    if not storage.active:
        raise failed(f"storage '{name}' is not online")
    return storage


def content_row(storage: Storage, volume: Volume) -> JsonObject:
    """Return a volume as a content list shows it."""
    row: JsonObject = {
        "volid": volume.volid, "content": volume.content, "format": volume.format, "size": volume.size,
        "ctime": volume.ctime,
    }  # fmt: skip
    if volume.content in {"images", "rootdir"}:
        row["parent"] = volume.parent
        if storage.kind in _FILES:
            row["used"] = volume.used or 0
    for key, value in (("vmid", volume.vmid), ("subtype", volume.subtype), ("notes", volume.notes)):
        if value is not None:
            row[key] = value
    if volume.protected:
        row["protected"] = 1
    if volume.verification is not None:
        row["verification"] = volume.verification
    return row


@routes.get(f"{STORE}/content")
def content(call: Call) -> Json:
    """List a storage's volumes that the caller may see, filtered by content and guest."""
    storage = usable(call, call.text("storage"))
    kind, vmid = call.text("content"), call.number("vmid")
    where = "" if storage.shared else call.node.name
    return [
        content_row(storage, volume)
        for volume in call.world.volumes_on(storage.name, where)
        if kind in {"", volume.content} and vmid in {0, volume.vmid} and needs_access(call, volume)
    ]


@routes.get(f"{STORE}/content/{{volume}}")
def read_volume(call: Call) -> Json:
    """Return a volume's facts."""
    storage = usable(call, call.text("storage"))
    volume = find_volume(call, storage)
    if not needs_access(call, volume):
        raise failed(f"volume '{volume.volid}' is not accessible")
    row: JsonObject = {
        "path": volume_path(storage, volume), "size": volume.size, "used": volume.used or volume.size,
        "format": volume.format,
    }  # fmt: skip
    if volume.content == "backup":
        row |= {"protected": int(volume.protected)}
        row |= {"notes": volume.notes} if volume.notes is not None else {}
    return row


def find_volume(call: Call, storage: Storage) -> Volume:
    """Return the volume that a path names, as a whole volume id or without its storage."""
    name = call.text("volume")
    volid = name if name.startswith(f"{storage.name}:") else f"{storage.name}:{name}"
    volume = call.world.volume(volid, call.node.name)
    if volume is None:
        raise failed(f"volume '{volid}' does not exist")
    return volume
