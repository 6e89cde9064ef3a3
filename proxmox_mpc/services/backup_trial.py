"""Proving a backup by restoring it: to a scratch id, with its links down, started, looked at, and removed again."""

from __future__ import annotations

import re

from proxmox_mpc.domain.call import Call, FormValue, Known, Slot, Value, filled_path
from proxmox_mpc.domain.guest_config import agent, disks, nics
from proxmox_mpc.domain.json import JsonObject, as_object, text
from proxmox_mpc.domain.plan import Plan, Probe, ProbeCheck, Send, Step, Take, TakeRead, Target, Undo
from proxmox_mpc.domain.property_string import PropertyString
from proxmox_mpc.domain.source import Source, Warn, api_path
from proxmox_mpc.errors import Conflict, PmpcError
from proxmox_mpc.services.backup_archives import Archive, archive_config
from proxmox_mpc.services.backup_restore import (
    RestoreWish,
    destination,
    fitting_storage,
    removal,
    restore_form,
    there,
)
from proxmox_mpc.services.guest_config_write import next_vmid
from proxmox_mpc.services.guests import inventory

_DIGEST = Slot("digest", "its digest")
_NOTHING = Undo(why_not="the scratch guest is removed as a whole")
# What a copy would share with the guest that it is of: devices and directories of the node.
_HOSTS = re.compile(r"(?:hostpci|usb|virtiofs|dev)\d+")
_AGENT_PATIENCE = 180.0
_START_PATIENCE = 60.0


def plan_trials(source: Source, archives: list[Archive], wish: RestoreWish) -> Plan:
    """Return the plan that restores each backup to a scratch id, starts it, looks at it and removes it."""
    steps: list[Step] = []
    warnings: tuple[Warn, ...] = ()
    for number, archive in enumerate(archives, 1):
        made, said = _trial(source, archive, wish, Slot(f"scratch{number}", "scratch id"))
        steps += made
        warnings += said
    notes = ("the scratch guests get new MAC addresses and their links stay down",)
    return Plan("backup verify", tuple(steps), len(archives) > 1, notes, warnings)


def _trial(source: Source, archive: Archive, wish: RestoreWish, vmid: Slot) -> tuple[list[Step], tuple[Warn, ...]]:
    known = inventory(source)
    config = archive_config(source, archive)
    place = destination(source, known, archive, wish, None)
    storage, warnings = fitting_storage(archive, config, place, wish.storage)
    form = restore_form(known, archive, config, wish._replace(unique=True, start=False, live=False), storage)
    kind, node = archive.kind or "vm", place.node
    target = Target(kind, vmid, f"restore test of {archive.vmid}", node)
    path = api_path("nodes", node, archive.type, vmid)
    start = Send(
        Call("POST", f"{path}/status/start"), target, "start", f"start {target.label}", undo=_stop(path, target)
    )
    steps: list[Step] = [
        next_vmid(vmid, target),
        Send(
            Call("POST", api_path("nodes", node, archive.type), {"vmid": vmid, **form}),
            target,
            "restore",
            f"restore {archive.label} as {target.label}",
            undo=Undo((removal(path, target, f"remove {target.label}"),)),
        ),
        Probe(f"{target.label} is there", there(node, kind, vmid), target),
        Take(_DIGEST, _digest_at(path), f"read the configuration of {target.label}", target),
        Send(
            Call("PUT", f"{path}/config", {**isolated(archive, config), "digest": _DIGEST}),
            target,
            "config",
            f"take the links of {target.label} down",
            before={},
            watch=f"{path}/config",
            undo=_NOTHING,
        ),
        Probe(f"every link of {target.label} is down", _links_down(path), target, 0),
        start,
        Probe(f"{target.label} runs", there(node, kind, vmid, running=True), target, _START_PATIENCE),
    ]
    if kind == "vm" and agent(config)["enabled"]:
        steps.append(Probe(f"the guest agent of {target.label} answers", _agent_answers(path), target, _AGENT_PATIENCE))
    steps += [
        Send(Call("POST", f"{path}/status/stop"), target, "stop", f"stop {target.label}", undo=_NOTHING),
        removal(path, target, f"remove {target.label}"),
    ]
    return steps, warnings


def _stop(path: str, target: Target) -> Undo:
    return Undo((Send(Call("POST", f"{path}/status/stop"), target, "stop", f"stop {target.label}"),))


def isolated(archive: Archive, config: JsonObject) -> dict[str, FormValue]:
    """Return the settings that keep a copy apart: links down, nothing of the node's own, not started at boot."""
    name = f"restore-test-{archive.vmid or 'guest'}"
    form: dict[str, FormValue] = {"onboot": 0, "protection": 0, "name" if archive.kind == "vm" else "hostname": name}
    for row in nics(config):
        key = str(row["key"])
        read = PropertyString.parse(text(config, key) or "", "model")
        if archive.kind == "vm":
            # virtio=MAC is model and address at once; without the address PVE gives the card a new one.
            written = read.without(str(row["model"]), "model", "macaddr")
            kept = PropertyString(((None, str(row["model"])), *written.items), "model")
        else:
            kept = read.without("hwaddr")
        form[key] = str(kept.with_("link_down", 1))
    shared = [key for key in sorted(config) if _HOSTS.fullmatch(key)]
    shared += [str(row["key"]) for row in disks(config) if row["media"] == "bind mount"]
    if shared:
        form["delete"] = ",".join(shared)
    return form


def _digest_at(path: str) -> TakeRead:
    def read(source: Source, known: Known, refused: frozenset[Value]) -> Value:
        config = as_object(source.read(f"{filled_path(path, known)}/config"), "its configuration")
        return text(config, "digest") or ""

    return read


def _links_down(path: str) -> ProbeCheck:
    def check(source: Source, known: Known) -> str | None:
        config = as_object(source.read(f"{filled_path(path, known)}/config"), "its configuration")
        up = [str(row["key"]) for row in nics(config) if row["link"]]
        if up:
            raise Conflict(f"{', '.join(up)} is still up: the copy is not started", hint="look at it, then remove it")
        return None

    return check


def _agent_answers(path: str) -> ProbeCheck:
    def check(source: Source, known: Known) -> str | None:
        try:
            source.read(f"{filled_path(path, known)}/agent/get-osinfo")
        except PmpcError as error:
            return error.message
        return None

    return check
