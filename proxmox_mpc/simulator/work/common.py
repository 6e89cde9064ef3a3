"""What workers share: finding their guest, locks, names of kinds."""

from __future__ import annotations

from proxmox_mpc.simulator.errors import TaskError
from proxmox_mpc.simulator.tasks import Work
from proxmox_mpc.simulator.world import Guest


def guest_of(work: Work, key: str = "vmid") -> Guest:
    """Return the guest that a task works on; raises PVE's text when it is gone."""
    vmid = work.number(key)
    guest = work.world.guests.get(vmid)
    if guest is None or guest.node != work.task.node:
        folder = "lxc" if work.task.type.startswith("vz") else "qemu-server"
        raise TaskError(f"Configuration file 'nodes/{work.task.node}/{folder}/{vmid}.conf' does not exist")
    return guest


def noun(guest: Guest) -> str:
    """Return what PVE calls a guest: VM or CT."""
    return "VM" if guest.kind == "qemu" else "CT"


def refuse_locked(guest: Guest) -> None:
    """Raise PVE's text for a locked guest."""
    if guest.lock:
        raise TaskError(f"{noun(guest)} is locked ({guest.lock})")


def lock(guest: Guest, name: str) -> None:
    """Lock a guest that is not locked yet."""
    refuse_locked(guest)
    guest.config["lock"] = name


def unlock(guest: Guest) -> None:
    """Take a guest's lock away."""
    guest.config.pop("lock", None)


_HOLDING = frozenset(["start", "stop", "shutdown", "config", "reboot", "destroy", "move", "template", "create"])


def wait_for_file(work: Work) -> None:
    """Log that PVE waits for the guest's file lock, which another task on the guest holds."""
    for other in work.world.tasks.values():
        mine = other.id == work.task.id and other.node == work.task.node and other.endtime is None
        if mine and other is not work.task and (other.type == "resize" or other.type[2:] in _HOLDING):
            work.log("trying to acquire lock...", " OK")
            return


def give_up_lock(work: Work) -> None:
    """Clean up after a task that was stopped or failed: its lock does not stay, unless it never got it."""
    guest = work.world.guests.get(work.number("vmid"))
    if guest is not None and work.job.get("locked") and guest.lock == work.job["locked"]:
        unlock(guest)


def hold_lock(work: Work, guest: Guest, name: str) -> None:
    """Lock a guest for the time of the task."""
    lock(guest, name)
    work.job["locked"] = name
