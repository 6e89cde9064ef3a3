"""What handlers that change guests share: starting a task, reading settings, refusing early."""

from __future__ import annotations

from proxmox_mpc.simulator import tasks
from proxmox_mpc.simulator.call import Call
from proxmox_mpc.simulator.errors import failed, invalid
from proxmox_mpc.simulator.json import Config, JsonObject


def start_task(call: Call, kind: str, guest: str | int, job: JsonObject) -> str:
    """Start a task on the call's node for its caller."""
    return tasks.start(
        call.world, call.clock.now(), kind=kind, guest=str(guest), user=call.caller.authid, node=call.node.name,
        job=job,
    )  # fmt: skip


def settings_of(call: Call, left_out: frozenset[str]) -> Config:
    """Return the settings among the parameters, as a configuration holds them."""
    settings: Config = {}
    for name, value in call.params.items():
        if name in left_out:
            continue
        settings[name] = (
            int(value) if isinstance(value, bool) else call.text(name) if isinstance(value, list) else value
        )
        if isinstance(value, float):
            settings[name] = f"{value:.15g}"
    if "cdrom" in settings:
        settings["ide2"] = settings.pop("cdrom")
    return settings


def refuse_skiplock(call: Call) -> None:
    """Raise PVE's 400 when somebody else than root asks to ignore a lock."""
    if call.flag("skiplock") and not call.caller.is_root:
        raise invalid({"skiplock": "Only root may use this option."})


def reserve(call: Call, what: str, vmid: int) -> None:
    """Raise PVE's 500 when a guest of that id is there already, on any node."""
    other = call.world.guests.get(vmid)
    if other is not None:
        kind = "VM" if other.kind == "qemu" else "CT"
        raise failed(f"{what} {kind} {vmid} already exists on node '{other.node}'")


def refuse_replicated(call: Call, vmid: int) -> None:
    """Raise PVE's 500 while replication jobs of a guest exist."""
    if any(str(job.get("guest", name.partition("-")[0])) == str(vmid) for name, job in call.world.replication.items()):
        raise failed("There is a replication job for this guest - remove it first.")
