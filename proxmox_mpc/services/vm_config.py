"""Changing the configuration of virtual machines: what is sent, what it does now and what waits for a restart."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from proxmox_mpc.domain.call import Call, FormValue
from proxmox_mpc.domain.config_rules import meaning, unknown_key
from proxmox_mpc.domain.guest_config import NIC
from proxmox_mpc.domain.guests import GuestRef
from proxmox_mpc.domain.json import JsonObject, as_rows, text
from proxmox_mpc.domain.plan import Cannot, Keep, Plan, Probe, Send, Step, Target, Undo
from proxmox_mpc.domain.property_string import PropertyString
from proxmox_mpc.domain.risk import Effect
from proxmox_mpc.domain.source import Query, Source, Warn
from proxmox_mpc.domain.vm_keys import vm_rules
from proxmox_mpc.errors import NodeUnreachable, PmpcError
from proxmox_mpc.services.guest_config_write import change, config_reads, facts_of
from proxmox_mpc.services.guest_details import changes, pending_row

DRIVE = re.compile(r"(?:scsi|virtio|sata|ide|efidisk|tpmstate)\d+")
UNUSED = re.compile(r"unused\d+")
# What a running VM takes over at once: qemu-server's fast-plug options, those that only the host uses, and those that
# cloud-init reads at the next boot anyway (PVE/QemuServer.pm, vmconfig_hotplug_pending).
_AT_ONCE = frozenset(
    (
        *("lock", "name", "onboot", "shares", "startup", "description", "protection", "vmstatestorage", "hookscript"),
        *("tags", "autostart", "cpuunits", "cpulimit", "migrate_downtime", "migrate_speed", "reboot", "freeze"),
        *("affinity", "balloon", "boot", "cipassword", "ciuser", "sshkeys", "nameserver", "searchdomain", "citype"),
        *("cicustom", "ciupgrade"),
    )
)


class Wish(NamedTuple):
    """What is to become of a configuration: keys to set, to delete, and whose pending change is to be dropped.

    ``agent`` turns the guest agent's channel on or off, and leaves its other properties as each guest has them.

    ``revert`` of ``("all",)`` means whatever is pending. ``force``: deleted disks are destroyed and not kept unused.
    """

    sets: Mapping[str, FormValue]
    deletes: Sequence[str] = ()
    revert: Sequence[str] = ()
    force: bool = False
    agent: bool | None = None


def set_vms(source: Source, refs: Sequence[GuestRef], wish: Wish, *, many: bool = False) -> Plan:
    """Return the plan that changes these VMs alike; raises UsageError for a key that no VM has."""
    for key in (*wish.deletes, *(key for key in wish.revert if key != "all")):
        if vm_rules().find(key) is None:
            raise unknown_key(vm_rules(), key, "--delete" if key in wish.deletes else "--revert")
    configs = source.read_many([Query(ref.path("config")) for ref in refs])
    steps: list[Step] = []
    notes: list[str] = []
    for ref, config in zip(refs, configs, strict=True):
        if isinstance(config, PmpcError):
            steps.append(Cannot(Target.of(ref), config))
        elif isinstance(config, dict):
            own = _with_agent(config, wish)
            made = _reverted(source, ref, config, wish.revert) if wish.revert else change_vm(ref, config, own)
            steps += made
            notes += applies(ref, config, made)
    return Plan("revert" if wish.revert else "set", tuple(steps), many, tuple(notes))


def _with_agent(config: JsonObject, wish: Wish) -> Wish:
    if wish.agent is None:
        return wish
    agent = PropertyString.parse(text(config, "agent") or "", "enabled")
    # A bare value comes first, as qemu-server writes it.
    rest = agent.without("enabled")
    return wish._replace(sets={**wish.sets, "agent": ",".join(filter(None, (str(int(wish.agent)), str(rest))))})


def change_vm(
    ref: GuestRef, config: JsonObject, wish: Wish, *, says: str = "", effect: Effect | None = None
) -> list[Step]:
    """Return the steps that change one VM: the request, and the look whether it holds what was asked for."""
    if not ref.answers:
        return [Cannot(Target.of(ref), NodeUnreachable(f"node {ref.node}, on which {ref.label} is, does not answer"))]
    rules = vm_rules()
    sets = {
        key: value
        for key, value in wish.sets.items()
        if not isinstance(value, (str, int, float))
        or key not in config
        or meaning(rules, key, text(config, key) or "") != meaning(rules, key, str(value))
    }
    gone = [key for key in wish.deletes if key in config]
    named = ", ".join([*sets, *(f"no {key}" for key in gone)])
    found = effect or _effect(gone, force=wish.force)
    destroys = found == "disk_delete"
    step = change(
        ref,
        config,
        sets,
        gone,
        says=says or f"change {ref.label}: {named}",
        effect=found,
        facts=facts_of(ref, config),
        undoable=not destroys,
    )
    if isinstance(step, Keep):
        return [step]
    assert isinstance(step, Send)
    call = step.call
    if wish.force and gone:
        call = replace(call, form={**call.form, "force": True})
    if any(DRIVE.fullmatch(key) for key in (*sets, *gone)) or {"memory", "vcpus", "cores"} & sets.keys():
        # Making disks and unplugging memory outlast a request; as a task they cannot time out.
        call = replace(call, method="POST")
    undo = _boot_undo(_drives_undo(step.undo, config, sets), config, (*sets, *gone))
    step = replace(step, call=call, undo=undo)
    says = f"{ref.label} is configured so"
    return [step, Probe(says, config_reads(ref, _stored(sets), gone), step.target, 0)]


def _stored(sets: Mapping[str, FormValue]) -> dict[str, FormValue]:
    """Return the keys that the configuration must hold afterwards; a default set to itself may be left out by PVE."""
    return {key: value for key, value in sets.items() if value not in ("", None)}


def _effect(gone: Sequence[str], *, force: bool) -> Effect:
    if any(UNUSED.fullmatch(key) or (force and DRIVE.fullmatch(key)) for key in gone):
        return "disk_delete"
    return "nic_delete" if any(NIC.fullmatch(key) for key in gone) else "config"


def _drives_undo(undo: Undo, config: JsonObject, sets: Mapping[str, FormValue]) -> Undo:
    """Return the undo with the disks that were made new destroyed again, which deleting their key alone does not."""
    made = [key for key in sets if DRIVE.fullmatch(key) and key not in config]
    if not made or not undo.sends:
        return undo
    first = undo.sends[0]
    call = Call("PUT", first.call.path, {**first.call.form, "force": True})
    return Undo((replace(first, call=call, effect="disk_delete"), *undo.sends[1:]))


def _boot_undo(undo: Undo, config: JsonObject, changed: Sequence[str]) -> Undo:
    """Return the undo with the boot order as it was, out of which qemu-server takes a device that goes."""
    boot = text(config, "boot")
    named = (boot or "").partition("order=")[2].split(";")
    if not undo.sends or "boot" in changed or not any(key in named for key in changed if key in config):
        return undo
    first = undo.sends[0]
    call = Call("PUT", first.call.path, {**first.call.form, "boot": boot})
    return Undo((replace(first, call=call), *undo.sends[1:]))


def _reverted(source: Source, ref: GuestRef, config: JsonObject, keys: Sequence[str]) -> list[Step]:
    """Return the steps that drop pending changes, all of them or those of these keys."""
    found = [pending_row(row) for row in as_rows(source.read(ref.path("pending")), "the pending changes")]
    waiting = {str(row["key"]): row for row in found if changes(row)}
    named = [key for key in waiting if "all" in keys or key in keys]
    target = Target.of(ref)
    if not named:
        return [Keep(target, "no such change is pending")]
    back: dict[str, FormValue] = {key: text(waiting[key], "pending") for key in named if not waiting[key]["delete"]}
    gone = [key for key in named if waiting[key]["delete"]]
    undo: dict[str, FormValue] = {**back, **({"delete": ",".join(gone)} if gone else {})}
    send = Send(
        Call("PUT", ref.path("config"), {"revert": ",".join(named), "digest": text(config, "digest")}),
        target,
        "config",
        f"drop the pending changes of {ref.label}: {', '.join(named)}",
        facts_of(ref, config),
        undo=Undo((Send(Call("PUT", ref.path("config"), undo), target, "config", "make those changes again"),)),
    )
    return [send]


def applies(ref: GuestRef, config: JsonObject, steps: Sequence[Step]) -> list[str]:
    """Return a line that says which changes of a running VM take effect at once and which wait for its restart."""
    if ref.status == "stopped":
        return []
    keys = sorted({key for step in steps if isinstance(step, Send) and step.watch for key in step.before or {}})
    later = [key for key in keys if not at_once(key, config)]
    now = [key for key in keys if key not in later]
    parts = [f"at once: {', '.join(now)}"] if now else []
    parts += [f"after a restart: {', '.join(later)}"] if later else []
    return [f"{ref.label} runs; what takes effect {'; '.join(parts)}"] if parts else []


def at_once(key: str, config: JsonObject) -> bool:
    """Return whether a running VM is expected to take a change over without a restart."""
    if key in _AT_ONCE or UNUSED.fullmatch(key) or key.startswith("ipconfig"):
        return True
    plugs = text(config, "hotplug")
    enabled = {"network", "disk", "usb"} if plugs in (None, "1") else set((plugs or "").split(","))
    if NIC.fullmatch(key):
        return "network" in enabled
    if key.startswith("usb"):
        return "usb" in enabled
    if DRIVE.fullmatch(key):
        return key.startswith(("scsi", "virtio")) and "disk" in enabled
    return (key == "memory" and "memory" in enabled) or (key == "vcpus" and "cpu" in enabled)


def waiting(source: Source, refs: Sequence[GuestRef]) -> tuple[Warn, ...]:
    """Return a warning for each guest in whose configuration something waits for its restart."""
    answers = source.read_many([Query(ref.path("pending")) for ref in refs])
    said: list[Warn] = []
    for ref, answer in zip(refs, answers, strict=True):
        if isinstance(answer, PmpcError):
            continue
        keys = sorted(str(row["key"]) for row in map(pending_row, as_rows(answer)) if changes(row))
        if keys:
            said.append(
                Warn(
                    "pending",
                    f"{ref.label}: {', '.join(keys)} take{'s' if len(keys) == 1 else ''} effect after a restart",
                    f"pmpc {ref.kind} reboot {ref.vmid}; see: pmpc {ref.kind} pending {ref.vmid}",
                    {"vmid": ref.vmid, "keys": [*keys]},
                )
            )
    return tuple(said)
