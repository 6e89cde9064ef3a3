"""Restoring: to a free id, or over a guest; what it goes to is looked at before anything is sent."""

from __future__ import annotations

from typing import NamedTuple

from proxmox_mpc.domain.call import Call, FormValue, Known, Slot
from proxmox_mpc.domain.config_rules import checked
from proxmox_mpc.domain.ct_keys import ct_rules
from proxmox_mpc.domain.guest_config import disks
from proxmox_mpc.domain.guests import GuestRef, Kind
from proxmox_mpc.domain.json import JsonObject, as_object, as_rows, boolean, integer, split_list, text
from proxmox_mpc.domain.plan import Plan, Probe, ProbeCheck, Send, Step, Target, Undo
from proxmox_mpc.domain.risk import Facts
from proxmox_mpc.domain.source import Source, Warn, api_path
from proxmox_mpc.domain.vm_keys import vm_rules
from proxmox_mpc.errors import AlreadyExists, Conflict, NodeUnreachable, NotFound, UsageError
from proxmox_mpc.services.backup_archives import Archive, archive_config
from proxmox_mpc.services.guest_config_write import checked_vmid, facts_of, next_vmid, read_config
from proxmox_mpc.services.guest_facts import backup_fact
from proxmox_mpc.services.guests import Inventory, inventory
from proxmox_mpc.services.reads import no_such_node

NEW_ID = Slot("vmid", "next free id")
# Storages that take a volume's whole size at once.
_THICK = frozenset({"lvm", "iscsi", "iscsidirect"})


class RestoreWish(NamedTuple):
    """What a backup is to become. Without ``vmid`` it gets the next free id; ``overwrite`` allows one that is taken.

    ``unique``: new MAC addresses; None: where the guest that it is of still exists under another id.
    """

    vmid: int | None = None
    overwrite: bool = False
    node: str | None = None
    storage: str | None = None
    name: str | None = None
    pool: str | None = None
    unique: bool | None = None
    start: bool = False
    live: bool = False
    bandwidth: int | None = None


class Place(NamedTuple):
    """Where a restore goes: a node, and what its storages are."""

    node: str
    storages: dict[str, JsonObject]


def plan_restore(source: Source, archive: Archive, wish: RestoreWish) -> Plan:
    """Return the plan that restores one backup; raises PmpcError where the target cannot take it."""
    known = inventory(source)
    existing = _existing(known, archive, wish)
    config = archive_config(source, archive)
    place = destination(source, known, archive, wish, existing)
    storage, warnings = fitting_storage(archive, config, place, wish.storage)
    form = restore_form(known, archive, config, wish, storage)
    name = wish.name or text(config, "name" if archive.kind == "vm" else "hostname")
    notes = _notes(archive, config, place.node, storage)
    if existing is not None:
        facts = facts_of(existing, read_config(source, existing), backup_fact(source, existing))
        steps = over_guest(archive, existing, form, facts, start=wish.start)
    else:
        vmid = NEW_ID if wish.vmid is None else wish.vmid
        steps = new_guest(archive, Target(archive.kind or "vm", vmid, name, place.node), form, start=wish.start)
        warnings += _namesakes(known, name)
    return Plan("backup restore", tuple(steps), notes=notes, warnings=warnings)


def _namesakes(known: Inventory, name: str | None) -> tuple[Warn, ...]:
    same = [ref.label for ref in known.guests if name and ref.name == name]
    if not same:
        return ()
    hint = "to give it another: --name NAME"
    return (Warn("same_name", f"it gets the name of {', '.join(same)}, which then means neither", hint),)


def _existing(known: Inventory, archive: Archive, wish: RestoreWish) -> GuestRef | None:
    """Return the guest that would be overwritten; raises where it must not be."""
    if wish.vmid is None:
        if wish.overwrite:
            raise UsageError("--overwrite: say which guest", hint=f"--vmid {archive.vmid or 'ID'}")
        return None
    checked_vmid(wish.vmid)
    ref = next((one for one in known.guests if one.vmid == wish.vmid), None)
    if ref is None:
        return None
    if not wish.overwrite:
        raise AlreadyExists(
            f"{ref.label} has the id {wish.vmid} already",
            hint="to restore over it: --overwrite; to a free id: leave --vmid out",
            details={"vmid": ref.vmid},
        )
    if ref.type != archive.type:
        raise Conflict(f"{archive.label} cannot be restored over {ref.label}", hint="they are of different kinds")
    if ref.status != "stopped" and ref.answers:
        raise Conflict(
            f"{ref.label} is {ref.status}, and only a stopped guest can be restored over",
            hint=f"pmpc {ref.kind} shutdown {ref.vmid}",
        )
    return ref


def destination(
    source: Source, known: Inventory, archive: Archive, wish: RestoreWish, existing: GuestRef | None
) -> Place:
    """Return the node that the guest goes to and its storages; raises where it cannot."""
    if existing is not None and wish.node not in (None, existing.node):
        raise UsageError(f"{existing.label} is on {existing.node}; it can be restored over only there")
    original = next((one.node for one in known.guests if one.vmid == archive.vmid and one.answers), None)
    own = archive.place.node
    node = wish.node or (existing.node if existing else (original if archive.place.shared else None)) or own
    if node not in known.nodes:
        raise no_such_node(node)
    if node in known.offline:
        raise NodeUnreachable(f"node {node} does not answer", hint="choose another: --on-node NODE")
    rows = as_rows(source.read(api_path("nodes", node, "storage"), {"enabled": 1}), "the list of storages")
    storages = {name: row for row in rows if (name := text(row, "storage"))}
    here = storages.get(archive.place.storage)
    if here is None or (not archive.place.shared and node != own):
        raise UsageError(
            f"node {node} cannot see {archive.label}, which is on {own}", hint=f"restore it there: --on-node {own}"
        )
    return Place(node, storages)


def fitting_storage(
    archive: Archive, config: JsonObject, place: Place, wanted: str | None
) -> tuple[str | None, tuple[Warn, ...]]:
    """Return the storage to name in the request; raises where the volumes have no place.

    A container's volumes all go to one storage, as PVE restores them (pve-container, PVE/API2/LXC.pm): without one it
    would be ``local``. A VM's go to where the backup has them.
    """
    volumes = volumes_in(config)
    if wanted is None and archive.kind == "ct":
        root = next((text(row, "storage") for row in volumes if row["key"] == "rootfs"), None)
        wanted = root
    warnings: list[Warn] = []
    for name, size in room_needed(config, wanted).items():
        warnings += _room(archive, place, name, size)
    others = {text(row, "storage") for row in volumes} - {wanted}
    if wanted is not None and archive.kind == "ct" and others:
        moved = ", ".join(sorted(str(one) for one in others))
        warnings.append(Warn("storage_changed", f"volumes that were on {moved} go to {wanted}"))
    return wanted, tuple(warnings)


def volumes_in(config: JsonObject) -> list[JsonObject]:
    """Return a row for each volume that holds a guest's data, as ``guest_config.disks`` describes it."""
    return [row for row in disks(config) if row["storage"] and row["media"] not in ("cdrom", "unused")]


def room_needed(config: JsonObject, storage: str | None) -> dict[str, int]:
    """Return by storage the bytes that a guest's volumes may come to take; all on ``storage`` where one is named."""
    need: dict[str, int] = {}
    for row in volumes_in(config):
        name = storage or text(row, "storage") or ""
        need[name] = need.get(name, 0) + (integer(row, "size") or 0)
    return need


def _room(archive: Archive, place: Place, name: str, size: int) -> list[Warn]:
    content = "images" if archive.kind == "vm" else "rootdir"
    row = place.storages.get(name)
    takers = sorted(one for one, known in place.storages.items() if content in split_list(text(known, "content")))
    hint = f"--storage, one of: {', '.join(takers) or 'none'}"
    if row is None:
        raise NotFound(f"node {place.node} has no storage {name!r}, where volumes of the backup would go", hint=hint)
    if name not in takers:
        raise UsageError(f"storage {name} takes no volumes of a {archive.noun}", hint=hint)
    if not boolean(row, "active", default=True):
        raise Conflict(f"storage {name} on {place.node} is not active", hint=hint)
    free = integer(row, "avail")
    if free is None or free >= size:
        return []
    lacks = f"storage {name} on {place.node} has {_gib(free)} free, and the volumes are {_gib(size)} in all"
    least = archive.size if archive.place.storage and (archive.format or "").partition("-")[0] != "pbs" else 0
    if text(row, "type") in _THICK or free < least:
        raise Conflict(lacks, hint=hint, details={"storage": name, "free": free, "needed": size})
    return [Warn("space", f"{lacks}: it holds them only while they are not full")]


def _gib(size: int) -> str:
    return f"{size / (1 << 30):.1f} GiB"


def restore_form(
    known: Inventory, archive: Archive, config: JsonObject, wish: RestoreWish, storage: str | None
) -> dict[str, FormValue]:
    """Return the parameters of the restore without the id; raises UsageError for what PVE would not take."""
    form: dict[str, FormValue] = {"archive": archive.volid}
    if archive.kind == "ct":
        form = {"ostemplate": archive.volid, "restore": 1}
    if wish.live:
        if archive.kind != "vm" or not (archive.format or "").startswith("pbs"):
            raise UsageError("--live-restore: only a VM from a Proxmox Backup Server can run while it is restored")
        form["live-restore"] = 1
    if storage is not None:
        form["storage"] = storage
    if wish.name is not None:
        key = "name" if archive.kind == "vm" else "hostname"
        form[key] = checked(vm_rules() if archive.kind == "vm" else ct_rules(), key, wish.name, "--name")
    if wish.pool is not None:
        form["pool"] = wish.pool
    still = any(one.vmid == archive.vmid for one in known.guests) and wish.vmid != archive.vmid
    if still if wish.unique is None else wish.unique:
        form["unique"] = 1
    if wish.start:
        form["start"] = 1
    if wish.bandwidth is not None:
        form["bwlimit"] = wish.bandwidth
    return form


def _notes(archive: Archive, config: JsonObject, node: str, storage: str | None) -> tuple[str, ...]:
    named = text(config, "name") or text(config, "hostname") or "unnamed"
    where = f"to {storage}" if storage else "to the storages that it names"
    return (f"{archive.label} ({named}) is restored on {node}, {where}",)


def new_guest(archive: Archive, target: Target, form: dict[str, FormValue], *, start: bool) -> list[Step]:
    """Return the steps that restore a backup as the new guest ``target``; a slot as its id takes the next free one."""
    node, vmid = str(target.node), target.id
    assert not isinstance(vmid, str)
    path = api_path("nodes", node, archive.type, vmid)
    steps: list[Step] = [next_vmid(vmid, target)] if isinstance(vmid, Slot) else []
    steps.append(
        Send(
            Call("POST", api_path("nodes", node, archive.type), {"vmid": vmid, **form}),
            target,
            "restore",
            f"restore {archive.label} as {target.label}",
            undo=Undo((removal(path, target, f"remove {target.label} again"),)),
        )
    )
    steps.append(Probe(f"{target.label} is there", there(node, archive.kind or "vm", vmid, start), target))
    return steps


def removal(path: str, target: Target, says: str) -> Send:
    """Return the step that removes a guest which the same plan has made: a copy that holds nothing of its own."""
    return Send(
        Call("DELETE", path, {"purge": 1, "destroy-unreferenced-disks": 1}),
        target,
        "remove",
        says,
        undo=Undo(why_not="a guest that was removed cannot be brought back"),
    )


def over_guest(
    archive: Archive, ref: GuestRef, form: dict[str, FormValue], facts: Facts, *, start: bool, stage: int = 0
) -> list[Step]:
    """Return the steps that restore a backup over a guest."""
    target = Target.of(ref, stage)
    send = Send(
        Call("POST", api_path("nodes", ref.node, ref.type), {"vmid": ref.vmid, "force": 1, **form}),
        target,
        "restore_over",
        f"restore {archive.label} over {ref.label}",
        facts,
        undo=Undo(why_not="what was there before is gone; restore a backup of it"),
    )
    return [send, Probe(f"{ref.label} is there", there(ref.node, ref.kind, ref.vmid, start), target)]


def there(node: str, kind: Kind, vmid: int | Slot, running: bool = False) -> ProbeCheck:
    """Return the check that a guest has a configuration without a lock, and runs where it should."""

    def check(source: Source, known: Known) -> str | None:
        number = known[vmid.name] if isinstance(vmid, Slot) else vmid
        path = ("nodes", node, "qemu" if kind == "vm" else "lxc", str(number))
        try:
            config = as_object(source.read(api_path(*path, "config")), "its configuration")
        except NotFound:
            return "it is not there"
        if lock := text(config, "lock"):
            return f"it is locked ({lock})"
        if not running:
            return None
        status = text(as_object(source.read(api_path(*path, "status", "current")), "its status"), "status")
        return None if status == "running" else f"it is {status}"

    return check
