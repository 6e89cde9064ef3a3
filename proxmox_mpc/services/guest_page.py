"""Everything about one guest on one page: two rounds of reads in the pool, after the one that found the guest."""

from __future__ import annotations

from proxmox_mpc.domain import guest_config as explain
from proxmox_mpc.domain.guests import GuestRef
from proxmox_mpc.domain.json import Json, JsonObject, as_object, as_rows, boolean, inner, integer, text
from proxmox_mpc.domain.moments import Now, iso
from proxmox_mpc.domain.property_string import PropertyString
from proxmox_mpc.domain.source import STALE, Query, Reading, Source, api_path
from proxmox_mpc.errors import NotRecorded, PermissionDenied, PmpcError
from proxmox_mpc.services.guest_backups import backups_of
from proxmox_mpc.services.guest_details import changes, pending_row, status_of
from proxmox_mpc.services.guest_network import agent_addresses, container_addresses, why_no_addresses
from proxmox_mpc.services.guest_page_shape import REPLICATION_FIELDS
from proxmox_mpc.services.reads import Notes
from proxmox_mpc.services.replication import replication_rows
from proxmox_mpc.services.snapshots import tree


def show_guest(source: Source, ref: GuestRef, now: Now) -> Reading[JsonObject]:
    """Return the page of a guest.

    Its configuration must be readable, else that error is raised. What else is denied or does not answer is left out
    and said: with a warning and as partial, or as a note where nothing is wrong (an agent that does not run).
    """
    # Without ``current`` PVE answers what a restart would bring, and the page shows that apart.
    parts = {
        "configuration": Query(ref.path("config"), {"current": True}),
        "status": Query(ref.path("status", "current")),
        "pending changes": Query(ref.path("pending")),
        "snapshots": Query(ref.path("snapshot")),
        "replication": _replication_query(source, ref),
        "storages": Query(api_path("nodes", ref.node, "storage"), {"content": "backup", "enabled": True}),
    }
    answers = dict(zip(parts, source.read_many(list(parts.values())), strict=True))
    config_answer = answers.pop("configuration")
    if isinstance(config_answer, PmpcError):
        raise config_answer
    config = as_object(config_answer, "the configuration")
    notes = Notes()
    reasons: list[str] = []
    read = {name: _part(name, answer, notes, reasons) for name, answer in answers.items()}
    current = as_object(read["status"] or {}, "the status")
    status = status_of(ref, current)
    addresses, answers_agent = _addresses(source, ref, config, str(status["status"]), reasons)
    page: JsonObject = {
        **_identity(ref, config, status),
        **_machine(ref, config, status),
        "agent": {**explain.agent(config), "answers": answers_agent} if ref.type == "qemu" else None,
        "ha": _ha(ref, current),
        "disks": [*explain.disks(config)],
        "nics": [*explain.nics(config)],
        "addresses": [*addresses],
        "cloud_init": explain.cloud_init(config) if ref.type == "qemu" else None,
        "snapshots": _snapshots(ref, read["snapshots"], now),
        "backups": _backups(source, ref, read["storages"], notes, reasons),
        "replication": _replication(ref, read["replication"]),
        "pending": _pending(read["pending changes"]),
        "settings": explain.further(config),
        **{key: status[key] for key in ("network_in", "network_out", "disk_read", "disk_written")},
        "stale_since": text(ref.row, STALE),
        "notes": [*reasons],
    }
    return Reading(page, *notes.values())


def _part(name: str, answer: Json | PmpcError, notes: Notes, reasons: list[str]) -> Json:
    if isinstance(answer, NotRecorded):
        reasons.append(f"{name}: not in the database")
    elif isinstance(answer, PmpcError):
        notes.failed(name, answer)
    return None if isinstance(answer, PmpcError) else answer


def _identity(ref: GuestRef, config: JsonObject, status: JsonObject) -> JsonObject:
    return {
        "vmid": ref.vmid,
        "name": ref.name or text(config, "name") or text(config, "hostname"),
        "type": ref.kind,
        "node": ref.node,
        "status": status["status"],
        "uptime": status["uptime"],
        "lock": text(config, "lock") or status["lock"],
        "template": ref.template or boolean(config, "template"),
        "protection": boolean(config, "protection"),
        "tags": [*ref.tags],
        "pool": ref.pool,
        "description": (text(config, "description") or "").strip() or None,
        "created": iso(explain.created(config)),
        "uuid": explain.uuid(config),
    }


def _machine(ref: GuestRef, config: JsonObject, status: JsonObject) -> JsonObject:
    is_vm = ref.type == "qemu"
    features = PropertyString.parse(text(config, "features") or "")
    return {
        "os": text(config, "ostype"),
        "unprivileged": None if is_vm else boolean(config, "unprivileged"),
        "features": [key if value == "1" else f"{key}={value}" for key, value in features if value != "0"],
        "arch": text(config, "arch"),
        "machine": text(config, "machine"),
        "bios": (text(config, "bios") or "seabios") if is_vm else None,
        "scsi_controller": (text(config, "scsihw") or "lsi") if is_vm else None,
        "boot_order": [*explain.boot_order(config)] if is_vm else [],
        "cpu": {**explain.cpu(config, ref.type), "used": status["cpu"]},
        "memory": {**explain.memory(config, ref.type), "used": status["memory_used"]},
        "startup": explain.startup(config),
    }


def _ha(ref: GuestRef, current: JsonObject) -> JsonObject:
    ha = inner(current, "ha")
    state = text(ha, "state") or text(ref.row, "hastate")
    return {"managed": boolean(ha, "managed") or state is not None, "state": state, "group": text(ha, "group")}


def _addresses(
    source: Source, ref: GuestRef, config: JsonObject, status: str, reasons: list[str]
) -> tuple[list[JsonObject], bool | None]:
    """Return the addresses, and whether a VM's agent answers; what is missing is said in ``reasons``."""
    is_vm = ref.type == "qemu"
    if status != "running" or not source.live:
        return [], None
    if is_vm and not explain.agent(config)["enabled"]:
        reasons.append("no addresses: the guest agent is not switched on")
        return [], None
    try:
        if is_vm:
            return agent_addresses(source.read(ref.path("agent", "network-get-interfaces"))), True
        return container_addresses(source.read(ref.path("interfaces"))), None
    except PmpcError as error:
        why = why_no_addresses(ref, error)
        if why is None:
            raise
        reasons.append(why)
        return [], None if isinstance(error, PermissionDenied) or not is_vm else False


def _snapshots(ref: GuestRef, answer: Json, now: Now) -> JsonObject | None:
    if answer is None:
        return None
    found = tree(ref, as_rows(answer, "the list of snapshots"), now())
    newest: JsonObject = max(found, key=lambda row: str(row["created"] or ""), default={})
    return {
        "count": len(found),
        "active": next((row["name"] for row in found if row["active"]), None),
        "newest": newest.get("name"),
        "newest_created": newest.get("created"),
    }


def _backups(source: Source, ref: GuestRef, storages: Json, notes: Notes, reasons: list[str]) -> JsonObject | None:
    if storages is None:
        return None
    try:
        found = backups_of(source, ref, storages)
    except PmpcError as error:
        _part("backups", error, notes, reasons)
        return None
    if not found.complete:
        why = "; ".join(found.reasons)
        reasons.append(f"backups may be missing: {why}")
    return {
        "count": len(found.rows),
        "complete": found.complete,
        "storages": [*found.storages],
        "last": found.rows[0] if found.rows else None,
    }


def _replication_query(source: Source, ref: GuestRef) -> Query:
    if source.live:
        return Query(api_path("nodes", ref.node, "replication"), {"guest": ref.vmid})
    # The database keeps the jobs of the cluster, not how their last runs went.
    return Query(api_path("cluster", "replication"))


def _pending(answer: Json) -> Json:
    if answer is None:
        return None
    rows = [pending_row(row) for row in as_rows(answer, "the pending changes")]
    return [*sorted((row for row in rows if changes(row)), key=lambda row: explain.natural(str(row["key"])))]


def _replication(ref: GuestRef, answer: Json) -> Json:
    if answer is None:
        return None
    jobs = [row for row in as_rows(answer, "the list of replication jobs") if integer(row, "guest") == ref.vmid]
    # The node's answer holds a job and its state in one row.
    found = replication_rows(jobs, {text(row, "id") or "": row for row in jobs})
    return [{field.key: row[field.key] for field in REPLICATION_FIELDS} for row in found]
