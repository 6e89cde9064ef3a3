"""Disks of virtual machines: adding, importing, growing, moving, detaching and destroying them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from proxmox_mpc.domain.call import Call, FormValue, Known
from proxmox_mpc.domain.config_rules import checked
from proxmox_mpc.domain.guest_config import boot_order, disks
from proxmox_mpc.domain.guests import GuestRef
from proxmox_mpc.domain.json import JsonObject, integer, text
from proxmox_mpc.domain.plan import Cannot, Keep, Plan, Probe, Send, Step, Target, Undo
from proxmox_mpc.domain.property_string import Disk
from proxmox_mpc.domain.risk import Effect
from proxmox_mpc.domain.sizes import format_size, parse_size, unit_bytes
from proxmox_mpc.domain.source import Source
from proxmox_mpc.domain.vm_keys import vm_rules
from proxmox_mpc.domain.vm_options import new_disk
from proxmox_mpc.errors import Conflict, NotFound, UsageError
from proxmox_mpc.services.guest_config_write import facts_of, read_config
from proxmox_mpc.services.vm_config import DRIVE, UNUSED, Wish, applies, change_vm

_GROWTH = re.compile(r"\+?\s*[0-9.]+\s*\w*")


def add_disk(source: Source, ref: GuestRef, written: str, action: str = "disk add") -> Plan:
    """Return the plan that adds a disk: ``[KEY=]STORAGE:SIZE[,opts]``, or ``[KEY=]VOLUME`` for one that exists."""
    config = read_config(source, ref)
    key, value = new_disk(written, config)
    checked(vm_rules(), key, value)
    sets: dict[str, FormValue] = {key: value}
    steps = change_vm(ref, config, Wish(sets), says=f"add {key} to {ref.label}: {value}")
    return Plan(action, tuple(steps), notes=tuple(applies(ref, config, steps)))


def import_disk(
    source: Source, ref: GuestRef, volume: str, storage: str, opts: str = "", key: str | None = None
) -> Plan:
    """Return the plan that copies an image (a volume, or as root a path) to a new disk on ``storage``."""
    written = f"{key}=" if key else ""
    return add_disk(source, ref, f"{written}{storage}:0,import-from={volume}{',' if opts else ''}{opts}", "disk import")


def resize_disk(source: Source, ref: GuestRef, key: str, size: str) -> Plan:
    """Return the plan that grows a disk to ``size`` or by ``+size`` (bare: GiB); PVE never shrinks one."""
    config = read_config(source, ref)
    disk = Disk.parse(_present(ref, config, key))
    if _GROWTH.fullmatch(size.strip()) is None:
        raise UsageError(f"{size[:60]!r} is no size", hint="64G for the whole, +10G for more")
    grows = size.strip().startswith("+")
    asked = parse_size(size.strip().removeprefix("+"), "G")
    target = Target.of(ref)
    now = disk.size
    wanted = asked + (now or 0) if grows else asked
    if now is not None and wanted < now:
        error = UsageError(
            f"{key} of {ref.label} has {format_size(now)}: a disk cannot be made smaller", hint="say more than it has"
        )
        return Plan("disk resize", (Cannot(target, error),))
    if now is not None and wanted == now:
        return Plan("disk resize", (Keep(target, f"{key} has {format_size(now)} already"),))
    if wanted % unit_bytes("K"):
        raise UsageError(f"{size}: the size must be a whole number of KiB")
    sent = format_size(wanted) if now is not None or not grows else f"+{format_size(asked)}"
    send = Send(
        Call("PUT", ref.path("resize"), {"disk": key, "size": sent, "digest": text(config, "digest")}),
        target,
        "config",
        f"grow {key} of {ref.label} to {sent}",
        facts_of(ref, config),
        undo=Undo(why_not="a disk cannot be made smaller"),
    )

    def check(source: Source, known: Known) -> str | None:
        found = Disk.parse(text(read_config(source, ref), key) or "").size
        if found is None or now is None or found >= wanted:
            return None
        return f"{key} has {format_size(found)}"

    probe = Probe(f"{key} has {sent}", check, target, 10)
    return Plan("disk resize", (send, probe), notes=(f"the file system in {ref.label} must be grown by itself",))


def move_disk(
    source: Source, ref: GuestRef, key: str, storage: str, *, form: str | None = None, keep: bool = False
) -> Plan:
    """Return the plan that moves a disk to another storage; ``keep``: the source stays, as an unused disk."""
    config = read_config(source, ref)
    disk = Disk.parse(_present(ref, config, key))
    target = Target.of(ref)
    if disk.storage is None:
        raise Conflict(f"{key} of {ref.label} is on no storage and cannot be moved", details={"disk": key})
    if disk.storage == storage and form is None:
        return Plan("disk move", (Keep(target, f"{key} is on {storage} already"),))
    body: dict[str, FormValue] = {"disk": key, "storage": storage, "digest": text(config, "digest")}
    if form is not None:
        body["format"] = form
    if not keep:
        body["delete"] = True
    back = Call("POST", ref.path("move_disk"), {"disk": key, "storage": disk.storage, "delete": True})
    send = Send(
        Call("POST", ref.path("move_disk"), body),
        target,
        "migrate",
        f"move {key} of {ref.label} from {disk.storage} to {storage}",
        facts_of(ref, config),
        undo=Undo((Send(back, target, "migrate", f"move {key} of {ref.label} back to {disk.storage}"),)),
    )

    def check(source: Source, known: Known) -> str | None:
        found = Disk.parse(text(read_config(source, ref), key) or "").storage
        return None if found == storage else f"{key} is on {found}"

    return Plan("disk move", (send, Probe(f"{key} is on {storage}", check, target, 10)))


def detach_disk(source: Source, ref: GuestRef, key: str) -> Plan:
    """Return the plan that takes a disk out of a VM; its volume stays, as ``unusedN``."""
    config = read_config(source, ref)
    _present(ref, config, key)
    if UNUSED.fullmatch(key):
        raise UsageError(f"{key} is detached already", hint=f"destroy it: pmpc vm disk remove {ref.vmid} {key}")
    # Without the disk that it boots from, the guest does not start any more.
    effect: Effect = "boot_disk" if key in boot_order(config) else "config"
    steps = change_vm(ref, config, Wish({}, [key]), says=f"detach {key} from {ref.label}", effect=effect)
    return Plan("disk detach", tuple(steps), notes=tuple(applies(ref, config, steps)))


def remove_disk(source: Source, ref: GuestRef, key: str) -> Plan:
    """Return the plan that takes a disk out and destroys its volume; of an empty or ISO drive only the drive goes."""
    config = read_config(source, ref)
    value = _present(ref, config, key)
    disk = Disk.parse(value)
    holds = disk.storage is not None and not disk.cdrom
    wish = Wish({}, [key], force=holds and not UNUSED.fullmatch(key))
    what = f"remove {key} from {ref.label}" + (f" and destroy {disk.volume}" if holds else "")
    steps = change_vm(ref, config, wish, says=what, effect="disk_delete" if holds else "config")
    if not holds:
        return Plan("disk remove", tuple(steps))
    protected = [_told_of_loss(step, disk) for step in steps]
    return Plan("disk remove", tuple(protected), notes=tuple(applies(ref, config, steps)))


def _told_of_loss(step: Step, disk: Disk) -> Step:
    if not isinstance(step, Send):
        return step
    return replace(step, undo=Undo(why_not=f"{disk.volume} is destroyed"))


def _present(ref: GuestRef, config: JsonObject, key: str) -> str:
    """Return a disk's setting; raises UsageError for what is no disk and NotFound for one that is not there."""
    if vm_rules().find(key) is None or not (DRIVE.fullmatch(key) or UNUSED.fullmatch(key)):
        raise UsageError(f"{key!r} is no disk of a VM", hint=f"its disks: {_named(disks(config))}")
    value = text(config, key)
    if value is None:
        raise NotFound(f"{ref.label} has no {key}", hint=f"its disks: {_named(disks(config))}", details={"disk": key})
    return value


def _named(rows: Iterable[JsonObject]) -> str:
    sizes = ((str(row["key"]), integer(row, "size")) for row in rows)
    return ", ".join(f"{key} ({format_size(size)})" if size else key for key, size in sizes) or "none"
