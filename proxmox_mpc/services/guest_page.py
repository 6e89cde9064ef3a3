"""Everything about one guest on one page: two rounds of reads in the pool, after the one that found the guest."""

from __future__ import annotations

from proxmox_mpc.domain import guest_config as explain
from proxmox_mpc.domain.guests import GuestRef
from proxmox_mpc.domain.json import Json, JsonObject, as_object, as_rows, boolean, inner, integer, number, text
from proxmox_mpc.domain.moments import Now, iso
from proxmox_mpc.domain.property_string import PropertyString
from proxmox_mpc.domain.shape import Field, item
from proxmox_mpc.domain.source import STALE, Query, Reading, Source, api_path
from proxmox_mpc.errors import NotRecorded, PermissionDenied, PmpcError
from proxmox_mpc.services.guest_backups import BACKUP_FIELDS, backups_of
from proxmox_mpc.services.guest_details import PENDING_FIELDS, changes, pending_row, status_of
from proxmox_mpc.services.guest_network import ADDRESS_FIELDS, agent_addresses, container_addresses, why_no_addresses
from proxmox_mpc.services.reads import Notes
from proxmox_mpc.services.snapshots import tree

DISK_FIELDS = (
    Field("key", "string", "its key in the configuration"),
    Field(
        "bus", "string", "scsi, virtio, sata, ide, efidisk, tpmstate; rootfs or mp of a container; unused", level="data"
    ),
    Field(
        "media", "string", "disk, cdrom, cloud-init, EFI variables, TPM state, root, mount point, bind mount, unused"
    ),
    Field("storage", "string?", "the storage it is on"),
    Field("volume", "string?", "the volume, or the path"),
    Field("size", "integer?", "its size", unit="bytes"),
    Field("format", "string?", "its format, where it is stated", level="wide"),
    Field("mount", "string?", "where a container mounts it"),
    Field("flags", "list", "how it behaves, where that is not the default"),
)
NIC_FIELDS = (
    Field("key", "string", "its key in the configuration"),
    Field("name", "string?", "its name inside a container"),
    Field("model", "string?", "a VM's model: virtio, e1000, …"),
    Field("mac", "string?", "its MAC address"),
    Field("bridge", "string?", "the bridge or virtual network it is on"),
    Field("vlan", "integer?", "its VLAN tag"),
    Field("trunks", "string?", "the VLANs that it passes on", level="wide"),
    Field("firewall", "boolean", "whether the firewall filters it"),
    Field("link", "boolean", "whether its cable is plugged in"),
    Field("rate", "number?", "its limit in MB/s", title="RATE MB/s"),
    Field("mtu", "integer?", "its MTU", level="wide"),
    Field("queues", "integer?", "its packet queues", level="wide"),
    Field("ip", "string?", "its IPv4 address as configured"),
    Field("gateway", "string?", "its IPv4 gateway as configured"),
    Field("ip6", "string?", "its IPv6 address as configured", level="wide"),
    Field("gateway6", "string?", "its IPv6 gateway as configured", level="wide"),
)
CLOUDINIT_FIELDS = (
    Field("drive", "string?", "the drive that carries it"),
    Field("type", "string?", "nocloud, configdrive2, opennebula; null for the default of the OS type"),
    Field("user", "string?", "the user that it sets up"),
    Field("password_set", "boolean", "whether it sets a password"),
    Field("ssh_keys", "list", "type and comment of the public keys"),
    Field("upgrade", "boolean", "whether packages are upgraded at first boot"),
    Field("nameserver", "string?", "name servers; null for those of the node"),
    Field("searchdomain", "string?", "search domain; null for that of the node"),
    Field("custom", "string?", "files that replace what is generated"),
    Field(
        "addresses",
        "rows",
        "what each card gets",
        fields=(
            Field("nic", "string", "the card"),
            Field("ip", "string?", "IPv4 address or dhcp"),
            Field("gateway", "string?", "IPv4 gateway"),
            Field("ip6", "string?", "IPv6 address, dhcp or auto"),
            Field("gateway6", "string?", "IPv6 gateway"),
        ),
    ),
)
_CPU = (
    Field("total", "integer?", "virtual CPUs; null for a container without limit"),
    Field("cores", "integer?", "cores of a socket"),
    Field("sockets", "integer?", "sockets of a VM"),
    Field("type", "string?", "the processor that a VM sees"),
    Field("flags", "list", "processor flags switched on (+) or off (-)"),
    Field("limit", "number?", "limit in CPUs"),
    Field("units", "integer?", "weight against other guests"),
    Field("affinity", "string?", "the node's CPUs it is bound to"),
    Field("numa", "boolean?", "whether a VM knows NUMA"),
    Field("used", "number?", "use now", unit="fraction"),
)
_MEMORY = (
    Field("maximum", "integer", "memory it may use", unit="bytes"),
    Field("minimum", "integer?", "to what ballooning may shrink a VM", unit="bytes"),
    Field("ballooning", "boolean?", "whether a VM has the balloon device"),
    Field("swap", "integer?", "swap of a container", unit="bytes"),
    Field("hugepages", "string?", "huge pages of a VM"),
    Field("used", "integer?", "in use now", unit="bytes"),
)
_SNAPSHOTS = (
    Field("count", "integer", "how many"),
    Field("active", "string?", "the one that the present state is based on"),
    Field("newest", "string?", "the newest"),
    Field("newest_created", "time?", "when the newest was taken"),
)
_BACKUPS = (
    Field("count", "integer", "how many were found"),
    Field("complete", "boolean", "whether none could be overlooked; false: no backup found proves nothing"),
    Field("storages", "list", "the storages that were looked through"),
    Field("last", "object?", "the newest", fields=BACKUP_FIELDS),
)
_REPLICATION = (
    Field("id", "string", "the job"),
    Field("target", "string?", "the node it goes to"),
    Field("schedule", "string?", "when it runs"),
    Field("enabled", "boolean", "whether it runs at all"),
    Field("last_sync", "time?", "when it last succeeded"),
    Field("failures", "integer?", "failed runs since then"),
    Field("error", "string?", "the last error"),
)
GUEST_PAGE = item(
    Field("vmid", "integer", "the guest's id"),
    Field("name", "string?", "its name"),
    Field("type", "string", "vm or ct", choices=("vm", "ct")),
    Field("node", "string", "the node it is on"),
    Field("status", "string", "running, stopped, paused"),
    Field("uptime", "integer?", "time since it was started", unit="seconds"),
    Field("lock", "string?", "what holds it locked"),
    Field("template", "boolean", "whether it is a template"),
    Field("protection", "boolean", "whether it is protected from removal"),
    Field("tags", "list", "its tags"),
    Field("pool", "string?", "its pool"),
    Field("description", "string?", "its description"),
    Field("created", "time?", "when it was created"),
    Field("uuid", "string?", "a VM's SMBIOS UUID"),
    Field("os", "string?", "the OS type it is set up for"),
    Field("unprivileged", "boolean?", "whether a container has its own user ids"),
    Field("features", "list", "what a container may do beyond the default"),
    Field("arch", "string?", "its architecture, where it is stated"),
    Field("machine", "string?", "a VM's machine type; null for the default"),
    Field("bios", "string?", "a VM's firmware: seabios or ovmf (UEFI)"),
    Field("scsi_controller", "string?", "a VM's SCSI controller"),
    Field("boot_order", "list", "the devices that a VM boots from"),
    Field("cpu", "object", "processors", fields=_CPU),
    Field("memory", "object", "memory", fields=_MEMORY),
    Field(
        "startup",
        "object",
        "start with the node",
        fields=(
            Field("onboot", "boolean", "whether its node starts it"),
            Field("order", "integer?", "its place in the order"),
            Field("up_delay", "integer?", "wait after its start", unit="seconds"),
            Field("down_delay", "integer?", "time it gets to shut down", unit="seconds"),
        ),
    ),
    Field(
        "agent",
        "object?",
        "a VM's guest agent",
        fields=(
            Field("enabled", "boolean", "whether it is switched on"),
            Field("options", "list", "its options"),
            Field("answers", "boolean?", "whether it answers; null where it was not asked"),
        ),
    ),
    Field(
        "ha",
        "object",
        "high availability",
        fields=(
            Field("managed", "boolean", "whether it is managed"),
            Field("state", "string?", "its state"),
            Field("group", "string?", "its group (PVE 8)"),
        ),
    ),
    Field("disks", "rows", "disks and volumes", fields=DISK_FIELDS),
    Field("nics", "rows", "network cards", fields=NIC_FIELDS),
    Field("addresses", "rows", "the addresses that it has now", fields=ADDRESS_FIELDS),
    Field("cloud_init", "object?", "cloud-init of a VM", fields=CLOUDINIT_FIELDS),
    Field("snapshots", "object?", "snapshots; null where they could not be read", fields=_SNAPSHOTS),
    Field("backups", "object?", "backups; null where they could not be read", fields=_BACKUPS),
    Field("replication", "rows?", "replication jobs; null where they could not be read", fields=_REPLICATION),
    Field(
        "pending", "rows?", "changes that wait for a restart; null where they could not be read", fields=PENDING_FIELDS
    ),
    Field("settings", "object", "everything else that is set, in PVE's keys"),
    Field("network_in", "integer?", "bytes received since its start", unit="bytes"),
    Field("network_out", "integer?", "bytes sent since its start", unit="bytes"),
    Field("disk_read", "integer?", "bytes read since its start", unit="bytes"),
    Field("disk_written", "integer?", "bytes written since its start", unit="bytes"),
    Field("stale_since", "time?", "when it was last seen, where the answer is from the database and not fresh"),
    Field("notes", "list", "what this page cannot tell, and why"),
    doc="Everything about one guest.",
)


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
    return [
        {
            "id": text(row, "id") or "",
            "target": text(row, "target"),
            "schedule": text(row, "schedule") or "*/15",
            "enabled": not boolean(row, "disable"),
            "last_sync": iso(number(row, "last_sync")),
            "failures": integer(row, "fail_count"),
            "error": text(row, "error"),
        }
        for row in as_rows(answer, "the list of replication jobs")
        if integer(row, "guest") == ref.vmid
    ]
