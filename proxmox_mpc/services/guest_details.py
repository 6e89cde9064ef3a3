"""A guest's configuration, what waits in it for a restart, and its present status: one request each."""

from __future__ import annotations

from proxmox_mpc.domain.guest_config import MASK, SECRETS, in_order, natural, without_secrets
from proxmox_mpc.domain.guests import GuestRef
from proxmox_mpc.domain.json import JsonObject, Param, as_object, as_rows, boolean, inner, integer, number, text
from proxmox_mpc.domain.shape import Field, item, rows
from proxmox_mpc.domain.source import Source
from proxmox_mpc.errors import NotFound

CONFIG = item(open=True, doc="The configuration in PVE's own keys, with its digest.")
PENDING_FIELDS = (
    Field("key", "string", "the key in PVE's configuration"),
    Field("value", "string?", "the value in effect"),
    Field("pending", "string?", "the value that a restart brings"),
    Field("delete", "boolean", "whether a restart removes it"),
    Field("force", "boolean", "whether its volume is destroyed with it", level="wide"),
)
PENDING_ROWS = rows(*PENDING_FIELDS, doc="Changes of the configuration that wait for a restart of the guest.")
STATUS = item(
    Field("vmid", "integer", "the guest's id"),
    Field("name", "string?", "its name"),
    Field("type", "string", "vm or ct", choices=("vm", "ct")),
    Field("node", "string", "the node it is on"),
    Field("status", "string", "running, stopped, paused; unknown when its node does not answer"),
    Field("uptime", "integer?", "time since it was started", unit="seconds"),
    Field("cpu", "number?", "use of its CPUs", unit="fraction"),
    Field("cpus", "number?", "its CPUs"),
    Field("memory_used", "integer?", "memory in use", unit="bytes"),
    Field("memory", "integer?", "memory it may use", unit="bytes"),
    Field("lock", "string?", "what holds it locked"),
    Field("ha_state", "string?", "its state in high availability, where it is managed"),
    Field("process", "integer?", "a VM's process on its node"),
    Field("machine", "string?", "the machine type that a running VM has"),
    Field("qemu", "string?", "the release of QEMU that runs a VM"),
    Field("network_in", "integer?", "bytes received since its start", unit="bytes"),
    Field("network_out", "integer?", "bytes sent since its start", unit="bytes"),
    Field("disk_read", "integer?", "bytes read since its start", unit="bytes"),
    Field("disk_written", "integer?", "bytes written since its start", unit="bytes"),
    doc="What a guest does now.",
)


def guest_config(source: Source, ref: GuestRef, *, current: bool = False, snapshot: str | None = None) -> JsonObject:
    """Return PVE's own keys, passwords replaced: with pending changes, as in effect, or as a snapshot holds them.

    Raises NotFound for a snapshot that is none.
    """
    params: dict[str, Param] = {"current": True} if current else {"snapshot": snapshot} if snapshot else {}
    try:
        answer = source.read(ref.path("config"), params)
    except NotFound as error:
        if snapshot is None:
            raise
        raise no_such_snapshot(ref, snapshot) from error
    return in_order(without_secrets(as_object(answer, "the configuration")))


def no_such_snapshot(ref: GuestRef, name: str) -> NotFound:
    """Return the error for a snapshot that the guest does not have."""
    return NotFound(
        f"{ref.label} has no snapshot {name}",
        hint=f"see: pmpc {ref.kind} snapshot list {ref.vmid}",
        details={"vmid": ref.vmid, "snapshot": name},
    )


def guest_pending(source: Source, ref: GuestRef, *, unchanged: bool = False) -> list[JsonObject]:
    """Return the keys that a restart changes, in natural order; ``unchanged`` adds all others."""
    found = [pending_row(row) for row in as_rows(source.read(ref.path("pending")), "the pending changes")]
    kept = [row for row in found if unchanged or changes(row)]
    return sorted(kept, key=lambda row: natural(str(row["key"])))


def changes(row: JsonObject) -> bool:
    """Return whether a row of PENDING_ROWS changes anything."""
    return row["pending"] is not None or row["delete"] is True


def pending_row(row: JsonObject) -> JsonObject:
    """Turn one entry of PVE's pending list into a row of PENDING_ROWS."""
    key = text(row, "key") or ""
    value, pending = text(row, "value"), text(row, "pending")
    if key in SECRETS:
        value, pending = value and MASK, pending and MASK
    delete = integer(row, "delete") or 0
    return {"key": key, "value": value, "pending": pending, "delete": delete > 0, "force": delete == 2}


def guest_status(source: Source, ref: GuestRef) -> JsonObject:
    """Return what the guest does now."""
    return status_of(ref, as_object(source.read(ref.path("status", "current")), "the status"))


def status_of(ref: GuestRef, current: JsonObject) -> JsonObject:
    """Turn the answer of ``status/current`` into a STATUS; what it lacks comes from the row of /cluster/resources."""
    ha = inner(current, "ha")
    managed = ha if boolean(ha, "managed") else {}
    # For a paused VM ``status`` is running; only QEMU's own word tells.
    running = text(current, "qmpstatus") or text(current, "status") or ref.status
    return {
        "vmid": ref.vmid,
        "name": text(current, "name") or ref.name,
        "type": ref.kind,
        "node": ref.node,
        "status": running,
        "uptime": integer(current, "uptime"),
        "cpu": number(current, "cpu"),
        "cpus": number(current, "cpus"),
        "memory_used": integer(current, "mem"),
        "memory": integer(current, "maxmem"),
        "lock": text(current, "lock"),
        "ha_state": text(managed, "state") or text(ref.row, "hastate"),
        "process": integer(current, "pid"),
        "machine": text(current, "running-machine"),
        "qemu": text(current, "running-qemu"),
        "network_in": integer(current, "netin"),
        "network_out": integer(current, "netout"),
        "disk_read": integer(current, "diskread"),
        "disk_written": integer(current, "diskwrite"),
    }
