"""Starting and stopping guests."""

from __future__ import annotations

import re

from proxmox_mpc.simulator import disks
from proxmox_mpc.simulator.editing import apply_pending
from proxmox_mpc.simulator.errors import TaskError
from proxmox_mpc.simulator.property_strings import print_property_string
from proxmox_mpc.simulator.tasks import Work, Worker
from proxmox_mpc.simulator.validation import parse_property_string
from proxmox_mpc.simulator.work.common import guest_of, noun, refuse_locked
from proxmox_mpc.simulator.world import Guest, World


def start_guest(world: World, guest: Guest, now: float) -> None:
    """Start a guest, taking over its pending changes; raises TaskError as PVE's own start does."""
    check_start(world, guest)
    apply_pending(world, guest, hot_only=False)
    for key in ("lock", "vmstate") if guest.lock == "suspended" else ():
        guest.config.pop(key, None)
    guest.running, guest.paused, guest.started = True, False, int(now)
    guest.pid = 6000 + world.count("pid")
    if not guest.load:
        guest.load, guest.memory_used = 0.02, _memory(guest) // 4


def check_start(world: World, guest: Guest) -> None:
    """Raise TaskError for what keeps a guest from starting."""
    if guest.template:
        article = "vm" if guest.kind == "qemu" else "CT"
        raise TaskError(f"you can't start a {article} if it's a template")
    if guest.running:
        raise TaskError(f"{noun(guest)} {guest.vmid} already running")
    if guest.lock not in {None, "suspended"}:
        refuse_locked(guest)
    _check_volumes(world, guest)
    _check_bridges(world, guest)
    _check_memory(world, guest)


def _check_volumes(world: World, guest: Guest) -> None:
    for _, volid in disks.volumes_of(guest):
        storage = world.storages.get(volid.split(":", 1)[0])
        if storage is None:
            raise TaskError(f"storage '{volid.split(':', 1)[0]}' does not exist")
        if not storage.on(guest.node):
            raise TaskError(f"storage '{storage.name}' is not available on node '{guest.node}'")
        if world.volume(volid, guest.node) is None:
            raise TaskError(f"volume '{volid}' does not exist")


def _check_bridges(world: World, guest: Guest) -> None:
    """Every NIC needs its bridge or SDN network on the node."""
    known = set(world.nodes[guest.node].network) | set(world.sdn.vnets)
    for key, value in sorted(guest.config.items()):
        if not re.fullmatch(r"net\d+", key):
            continue
        bridge = parse_property_string(f"{guest.kind}-net", str(value)).get("bridge")
        if bridge is not None and bridge not in known:
            raise TaskError(f"bridge '{bridge}' does not exist")


def _check_memory(world: World, guest: Guest) -> None:
    if _memory(guest) > world.nodes[guest.node].memory:
        raise TaskError("start failed: QEMU exited with code 1: cannot set up guest memory: Cannot allocate memory")


def _memory(guest: Guest) -> int:
    return int(str(guest.config.get("memory", 512)).rpartition("=")[2]) * 1024 * 1024


def halt(world: World, guest: Guest) -> None:
    """Stop a guest; pending changes are taken over."""
    guest.running = guest.paused = False
    guest.started = guest.pid = 0
    apply_pending(world, guest, hot_only=False)


def _begin_start(work: Work) -> None:
    check_start(work.world, guest_of(work))


def _start(work: Work) -> None:
    start_guest(work.world, guest_of(work), work.now)


def _stop(work: Work) -> None:
    guest = guest_of(work)
    refuse_locked(guest)
    halt(work.world, guest)


def _reboot(work: Work) -> None:
    guest = guest_of(work)
    refuse_locked(guest)
    halt(work.world, guest)
    start_guest(work.world, guest, work.now)


def _reset(work: Work) -> None:
    guest = guest_of(work)
    refuse_locked(guest)
    guest.started = int(work.now)


def _suspend(work: Work) -> None:
    guest = guest_of(work)
    refuse_locked(guest)
    if guest.kind == "qemu" and work.job.get("disk"):
        guest.config["lock"] = "suspended"
        guest.config["vmstate"] = f"{_state_storage(work.world, guest)}:vm-{guest.vmid}-state-suspend"
        halt(work.world, guest)
        return
    guest.paused = True


def _state_storage(world: World, guest: Guest) -> str:
    wanted = guest.config.get("vmstatestorage")
    volumes = [volid.split(":", 1)[0] for _, volid in disks.volumes_of(guest)]
    return str(wanted or (volumes[0] if volumes else next(iter(world.storages))))


def _resume(work: Work) -> None:
    guest = guest_of(work)
    if guest.lock == "suspended":
        start_guest(work.world, guest, work.now)
    elif not guest.running:
        raise TaskError(f"{noun(guest)} {guest.vmid} has no state to go on from")
    guest.paused = False


def _request(state: str) -> Worker:
    """Ask the HA manager for a state; the task's end means that it was asked, the guest follows."""

    def finish(work: Work) -> None:
        guest = guest_of(work)
        sid = f"{'vm' if guest.kind == 'qemu' else 'ct'}:{guest.vmid}"
        work.log(f"Requesting HA {'start' if state == 'started' else 'stop'} for {noun(guest)} {guest.vmid}")
        work.world.ha.resources[sid]["state"] = state
        work.world.ha.state.setdefault(sid, {})["state"] = state
        if state == "started" and not guest.running:
            start_guest(work.world, guest, work.now)
        elif state == "stopped" and guest.running:
            halt(work.world, guest)

    return Worker(finish, seconds=0.5)


def detach_links(value: str, kind: str) -> str:
    """Return a NIC without its MAC address, for a guest that gets a new one."""
    keys = parse_property_string(f"{kind}-net", value)
    keys.pop("macaddr" if kind == "qemu" else "hwaddr", None)
    return print_property_string(f"{kind}-net", keys)


WORKERS = {
    "qmstart": Worker(_start, _begin_start),
    "qmstop": Worker(_stop, seconds=0.5),
    "qmshutdown": Worker(_stop, seconds=2.0),
    "qmreboot": Worker(_reboot, seconds=3.0),
    "qmreset": Worker(_reset, seconds=0.3),
    "qmsuspend": Worker(_suspend),
    "qmresume": Worker(_resume, seconds=0.3),
    "vzstart": Worker(_start, _begin_start),
    "vzstop": Worker(_stop, seconds=0.5),
    "vzshutdown": Worker(_stop, seconds=1.0),
    "vzreboot": Worker(_reboot, seconds=2.0),
    "vzsuspend": Worker(_suspend),
    "vzresume": Worker(_resume, seconds=0.3),
    "hastart": _request("started"),
    "hastop": _request("stopped"),
}
