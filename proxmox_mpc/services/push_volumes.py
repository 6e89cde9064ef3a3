"""Volumes of guests that a push finds: those taken out of a guest, and what a disk holds when its turn comes."""

from __future__ import annotations

from proxmox_mpc.domain.call import Known, Value
from proxmox_mpc.domain.declared_guest import Volume, volume
from proxmox_mpc.domain.guests import GuestRef
from proxmox_mpc.domain.json import JsonObject, as_rows, integer, text
from proxmox_mpc.domain.plan import TakeRead
from proxmox_mpc.domain.property_string import Disk
from proxmox_mpc.domain.source import Source, api_path
from proxmox_mpc.errors import PmpcError
from proxmox_mpc.services.guest_config_write import read_config
from proxmox_mpc.services.guest_details import pending_row


def kept_volume(source: Source, ref: GuestRef, config: JsonObject, volid: str) -> Volume | None:
    """Return a volume that is the guest's but in none of its disks: unused, or a running VM's until it restarts."""
    unused = [text(config, key) or "" for key in config if key.startswith("unused")]
    if any(volume(value).text == volid for value in unused):
        size = _size_of(source, ref, volid)
        return volume(volid if size is None else f"{volid},size={size}")
    if ref.kind == "ct" or ref.status == "stopped":
        return None
    rows = [pending_row(row) for row in as_rows(source.read(ref.path("pending")), "pending changes")]
    going = [volume(str(row["value"])) for row in rows if row["delete"] and row["value"]]
    return next((one for one in going if one.text == volid), None)


def _size_of(source: Source, ref: GuestRef, volid: str) -> int | None:
    """Return the size in bytes that a storage tells, None where it cannot be seen."""
    path = api_path("nodes", ref.node, "storage", volid.partition(":")[0], "content")
    try:
        rows = as_rows(source.read(path, {"vmid": ref.vmid}), "the volumes")
    except PmpcError:
        return None
    return next((integer(row, "size") for row in rows if text(row, "volid") == volid), None)


def volume_now(ref: GuestRef, key: str) -> TakeRead:
    """Return the read of what a disk holds by then: its volume, and its size where the configuration says it."""

    def read(source: Source, known: Known, refused: frozenset[Value]) -> Value:
        disk = Disk.parse(text(read_config(source, ref), key) or "")
        size = disk.properties.get("size")
        return f"{disk.volume},size={size}" if size else disk.volume

    return read
