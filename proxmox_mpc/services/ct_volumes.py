"""Volumes of containers: the root and mount points, added, grown, moved and taken away."""

from __future__ import annotations

import re

from proxmox_mpc.domain.call import Call, FormValue, Known, Slot, Value
from proxmox_mpc.domain.ct_options import VOLUMES, free_key, new_mount
from proxmox_mpc.domain.guest_config import disks
from proxmox_mpc.domain.guests import GuestRef
from proxmox_mpc.domain.json import JsonObject, as_rows, split_list, text
from proxmox_mpc.domain.plan import Cannot, Keep, Plan, Probe, ProbeCheck, Send, Step, Take, TakeRead, Target, Undo
from proxmox_mpc.domain.property_string import Disk
from proxmox_mpc.domain.sizes import format_size, parse_size, unit_bytes
from proxmox_mpc.domain.source import Source, api_path
from proxmox_mpc.errors import Conflict, NotFound, UsageError
from proxmox_mpc.services.ct_config import change_ct
from proxmox_mpc.services.guest_config_write import config_reads, facts_of, read_config

_VOLUME = re.compile(r"rootfs|mp\d+|unused\d+")
_GROWTH = re.compile(r"\+?\s*\d+(?:\.\d+)?\s*(?:[KMGTPE]i?B?|B)?", re.IGNORECASE | re.ASCII)
_UNUSED = Slot("unused", "unusedN")
_DIGEST = Slot("digest", "its digest then")


def add_volume(source: Source, ref: GuestRef, written: str) -> Plan:
    """Return the plan that adds a mount point, ``[mpN=]STORAGE:SIZE,mp=/path[,opts]``."""
    config = read_config(source, ref)
    key, value = new_mount(written, config)
    sets: dict[str, FormValue] = {key: value}
    return Plan("volume add", tuple(change_ct(ref, config, sets, says=f"add {key} to {ref.label}: {value}")))


def resize_volume(source: Source, ref: GuestRef, key: str, size: str) -> Plan:
    """Return the plan that grows a volume to ``size`` or by ``+size`` (bare: GiB); PVE never shrinks one."""
    config = read_config(source, ref)
    disk = Disk.parse(_present(ref, config, key))
    if _GROWTH.fullmatch(size.strip()) is None:
        raise UsageError(f"{size[:60]!r} is no size", hint="16G for the whole, +4G for more")
    grows = size.strip().startswith("+")
    asked = parse_size(size.strip().removeprefix("+"), "G")
    wanted = asked + (disk.size or 0) if grows else asked
    target = Target.of(ref)
    if disk.size is not None and wanted < disk.size:
        error = UsageError(
            f"{key} of {ref.label} has {format_size(disk.size)}: a volume cannot be made smaller",
            hint="say more than it has",
        )
        return Plan("volume resize", (Cannot(target, error),))
    if disk.size is not None and wanted == disk.size:
        return Plan("volume resize", (Keep(target, f"{key} has that size already"),))
    written = f"+{format_size(asked)}" if grows and disk.size is None else format_size(wanted)
    form: dict[str, FormValue] = {"disk": key, "size": written, "digest": text(config, "digest")}
    send = Send(
        Call("PUT", ref.path("resize"), form),
        target,
        "config",
        f"grow {key} of {ref.label} to {format_size(wanted)}",
        facts_of(ref, config),
        undo=Undo(why_not="a volume cannot be made smaller"),
    )
    return Plan("volume resize", (send, Probe(f"{key} has the new size", _has_size(ref, key, wanted), target, 10)))


def _has_size(ref: GuestRef, key: str, wanted: int) -> ProbeCheck:
    def check(source: Source, known: Known) -> str | None:
        now = Disk.parse(text(read_config(source, ref), key) or "").size
        # Storages round sizes up to their own units.
        return None if now is None or now >= wanted - unit_bytes("M") else f"it has {format_size(now)}"

    return check


def move_volume(source: Source, ref: GuestRef, key: str, storage: str, *, keep: bool) -> Plan:
    """Return the plan that moves a volume to another storage; ``keep`` leaves the old one as unusedN."""
    config = read_config(source, ref)
    disk = Disk.parse(_present(ref, config, key))
    target = Target.of(ref)
    if disk.storage == storage:
        return Plan("volume move", (Keep(target, f"{key} is on {storage} already"),))
    if disk.storage is None:
        raise Conflict(f"{key} of {ref.label} is a directory of its node and cannot be moved")
    if ref.status != "stopped":
        raise Conflict(
            f"{ref.label} is {ref.status}, and volumes of a running container cannot be moved",
            hint=f"pmpc ct shutdown {ref.vmid}",
        )
    _takes(source, ref, storage)
    form: dict[str, FormValue] = {"volume": key, "storage": storage, "digest": text(config, "digest")}
    if not keep:
        form["delete"] = 1
    back = Send(
        Call("POST", ref.path("move_volume"), {"volume": key, "storage": disk.storage, "delete": 1}),
        target,
        "config",
        f"move {key} of {ref.label} back to {disk.storage}",
    )
    send = Send(
        Call("POST", ref.path("move_volume"), form),
        target,
        "config",
        f"move {key} of {ref.label} from {disk.storage} to {storage}",
        facts_of(ref, config),
        undo=Undo((back,)),
    )
    return Plan("volume move", (send, Probe(f"{key} is on {storage}", _is_on(ref, key, storage), target, 10)))


def _takes(source: Source, ref: GuestRef, storage: str) -> None:
    rows = as_rows(source.read(api_path("nodes", ref.node, "storage"), {"enabled": 1}), "the list of storages")
    takers = sorted(
        name for row in rows if (name := text(row, "storage")) and "rootdir" in split_list(text(row, "content"))
    )
    if storage not in takers:
        raise NotFound(
            f"node {ref.node} has no storage {storage!r} for containers", hint=f"it has: {', '.join(takers) or 'none'}"
        )


def _is_on(ref: GuestRef, key: str, storage: str) -> ProbeCheck:
    def check(source: Source, known: Known) -> str | None:
        now = Disk.parse(text(read_config(source, ref), key) or "").storage
        return None if now == storage else f"it is on {now}"

    return check


def remove_volume(source: Source, ref: GuestRef, key: str, *, keep: bool) -> Plan:
    """Return the plan that destroys a mount point's volume; ``keep`` only takes it out, which leaves it as unusedN."""
    config = read_config(source, ref)
    disk = Disk.parse(_present(ref, config, key))
    if key == "rootfs":
        raise UsageError("rootfs: a container cannot be without it", hint=f"pmpc ct delete {ref.vmid}")
    if key.startswith("unused") or disk.storage is None or keep:
        taken = change_ct(ref, config, {}, [key], says=f"take {key} ({disk.volume}) out of {ref.label}")
        return Plan("volume remove", tuple(taken))
    if ref.status != "stopped":
        raise Conflict(
            f"{ref.label} is {ref.status}, and lets go of a mount point only when it stops",
            hint=f"pmpc ct shutdown {ref.vmid}; or take it out at the next stop: --keep",
        )
    target, facts = Target.of(ref), facts_of(ref, config)
    path = ref.path("config")
    out = Send(
        Call("PUT", path, {"delete": key, "digest": text(config, "digest")}),
        target,
        "config",
        f"take {key} out of {ref.label}",
        facts,
        before={key: text(config, key)},
        watch=path,
        undo=Undo(why_not="a volume that was taken out is put back by hand: pmpc ct set --set"),
    )
    destroy = Send(
        Call("PUT", path, {"delete": _UNUSED, "digest": _DIGEST}),
        target,
        "disk_delete",
        f"destroy the volume {disk.volume} of {ref.label}",
        facts,
        before={free_key("unused", VOLUMES, config): disk.volume},
        watch=path,
        undo=Undo(why_not="a volume that was destroyed can only come back from a backup"),
    )
    steps: list[Step] = [
        out,
        Take(_UNUSED, _key_of(ref, disk.volume), f"look under which key {disk.volume} is kept", target),
        Take(_DIGEST, _digest_of(ref), "read its configuration again", target),
        destroy,
        Probe(f"{key} is gone", config_reads(ref, {}, [key]), target, 10),
    ]
    return Plan("volume remove", tuple(steps))


def _digest_of(ref: GuestRef) -> TakeRead:
    def read(source: Source, known: Known, refused: frozenset[Value]) -> Value:
        return text(read_config(source, ref), "digest") or ""

    return read


def _key_of(ref: GuestRef, volume: str) -> TakeRead:
    def read(source: Source, known: Known, refused: frozenset[Value]) -> Value:
        config = read_config(source, ref)
        for row in disks(config):
            key = str(row["key"])
            if key.startswith("unused") and row["volume"] and str(config[key]).partition(",")[0] == volume:
                return key
        raise Conflict(
            f"{volume} is still in use: {ref.label} lets go of it when it stops",
            hint=f"pmpc ct pending {ref.vmid}",
        )

    return read


def _present(ref: GuestRef, config: JsonObject, key: str) -> str:
    value = text(config, key) if _VOLUME.fullmatch(key) else None
    if value is None:
        there = ", ".join(str(row["key"]) for row in disks(config)) or "none"
        raise NotFound(f"{ref.label} has no volume {key!r}", hint=f"its volumes: {there}", details={"volume": key})
    return value
