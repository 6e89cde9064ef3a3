"""What each kind of event does to the world; :mod:`proxmox_mpc.simulator.events` lets them happen."""

from __future__ import annotations

from proxmox_mpc.simulator import tasks
from proxmox_mpc.simulator.events import Happening, expect
from proxmox_mpc.simulator.json import JsonObject
from proxmox_mpc.simulator.replicating import run_job
from proxmox_mpc.simulator.work.power import halt
from proxmox_mpc.simulator.world import Guest, World

_ROOT = "root@pam"


def start_for(
    world: World, now: float, guest: Guest, action: str, user: str = _ROOT, details: JsonObject | None = None
) -> str:
    """Start the task with which a node does something to a guest of its own."""
    prefix = "qm" if guest.kind == "qemu" else "vz"
    kind = f"{prefix}{action}" if action != "migrate" else {"qm": "qmigrate", "vz": "vzmigrate"}[prefix]
    job: JsonObject = {"vmid": guest.vmid, "action": action, **(details or {})}
    return tasks.start(world, now, kind=kind, guest=str(guest.vmid), user=user, node=guest.node, job=job)


def _managed(world: World, event: JsonObject) -> tuple[str, Guest] | None:
    sid = str(event["sid"])
    guest = world.guests.get(int(sid.partition(":")[2]))
    if guest is None or sid not in world.ha.resources or not world.nodes[guest.node].online:
        return None
    return sid, guest


def _reach_state(world: World, now: float, event: JsonObject) -> None:
    """Start or stop a managed guest as its resource says."""
    found = _managed(world, event)
    if found is None:
        return
    sid, guest = found
    wanted = str(world.ha.resources[sid].get("state", "started"))
    world.ha.state.setdefault(sid, {"uid": f"u{world.count('ha')}"}).update({"node": guest.node, "state": wanted})
    if wanted == "started" and not guest.running:
        start_for(world, now, guest, "start")
    elif wanted in {"stopped", "disabled"} and guest.running:
        start_for(world, now, guest, "shutdown")


def _migrate(world: World, now: float, event: JsonObject) -> None:
    """Move a managed guest: live, or (relocate, and containers) stopped and started there."""
    found = _managed(world, event)
    if found is None:
        return
    sid, guest = found
    world.ha.state.setdefault(sid, {"uid": f"u{world.count('ha')}"})["node"] = guest.node
    online = guest.running and event["relocate"] != "relocate"
    start_for(world, now, guest, "migrate", details={"target": event["target"], "online": online, "local": True})


def _go_down(world: World, now: float, event: JsonObject) -> None:
    """Take a node off: what still runs there stops, and so do its tasks; a reboot brings it back."""
    node = world.nodes[str(event["node"])]
    for guest in world.guests_on(node.name):
        if guest.running:
            halt(world, guest)
    for task in [task for task in world.tasks.values() if task.node == node.name and task.endtime is None]:
        tasks.stop(world, task, now)
    node.online = False
    if event.get("back"):
        expect(world, now + float(str(event["back"])), "up", node=node.name)


def _come_up(world: World, now: float, event: JsonObject) -> None:
    """Bring a node up: its services run, it starts the guests that start at boot and those that HA wants started."""
    node = world.nodes[str(event["node"])]
    if node.online:
        return
    node.online, node.booted = True, int(now)
    for service in node.services:
        if service.get("unit-state") == "enabled":
            service |= {"state": "running", "active-state": "active"}
    tasks.start(world, now, kind="startall", guest="", user=_ROOT, node=node.name, job={})
    for sid in list(world.ha.resources):
        guest = world.guests.get(int(sid.partition(":")[2]))
        if guest is not None and guest.node == node.name:
            expect(world, now + 1, "ha", sid=sid)


def _replicate(world: World, now: float, event: JsonObject) -> None:
    run_job(world, now, str(event["job"]))


KINDS: dict[str, Happening] = {
    "ha": _reach_state, "ha-migrate": _migrate, "down": _go_down, "up": _come_up, "replicate": _replicate,
}  # fmt: skip
