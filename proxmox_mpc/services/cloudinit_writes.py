"""Changing what cloud-init sets up in a virtual machine, and writing its drive anew."""

from __future__ import annotations

from proxmox_mpc.domain.call import Call, FormValue
from proxmox_mpc.domain.guest_config import cloud_init
from proxmox_mpc.domain.guests import GuestRef
from proxmox_mpc.domain.json import JsonObject
from proxmox_mpc.domain.plan import Plan, Send, Step, Target, Undo
from proxmox_mpc.domain.source import Source
from proxmox_mpc.domain.vm_options import VmOptions, keys_of
from proxmox_mpc.errors import NotFound
from proxmox_mpc.services.guest_config_write import facts_of, read_config
from proxmox_mpc.services.vm_config import Wish, change_vm


def set_cloudinit(source: Source, ref: GuestRef, options: VmOptions, deletes: list[str]) -> Plan:
    """Return the plan that changes cloud-init's settings and then writes the drive anew; ``cloudinit`` adds a drive."""
    config = read_config(source, ref)
    sets = keys_of(options, config)
    steps = change_vm(ref, config, Wish(sets, deletes), says=f"change the cloud-init of {ref.label}")
    if _drive(config) is not None and any(isinstance(step, Send) for step in steps):
        steps.append(_writing(ref, config))
    note = f"{ref.label} reads its cloud-init drive at its next start"
    return Plan("cloudinit set", tuple(steps), notes=(note,) if ref.status != "stopped" else ())


def regenerate(source: Source, ref: GuestRef) -> Plan:
    """Return the plan that writes the cloud-init drive anew; raises NotFound for a VM without one."""
    config = read_config(source, ref)
    if _drive(config) is None:
        raise NotFound(
            f"{ref.label} has no cloud-init drive",
            hint=f"add one: pmpc vm cloudinit set {ref.vmid} --drive STORAGE",
        )
    return Plan("cloudinit regenerate", (_writing(ref, config),))


def _drive(config: JsonObject) -> object:
    found = cloud_init(config)
    return None if found is None else found["drive"]


def _writing(ref: GuestRef, config: JsonObject) -> Step:
    form: dict[str, FormValue] = {}
    return Send(
        Call("PUT", ref.path("cloudinit"), form),
        Target.of(ref),
        "config",
        f"write the cloud-init drive of {ref.label}",
        facts_of(ref, config),
        undo=Undo(why_not="the drive holds what the configuration says"),
    )
