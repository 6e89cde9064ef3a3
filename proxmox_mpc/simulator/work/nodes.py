"""What nodes do: services, package lists, all of their guests at once, realms taken over from directories."""

from __future__ import annotations

from collections.abc import Iterable

from proxmox_mpc.simulator.errors import TaskError
from proxmox_mpc.simulator.happenings import start_for
from proxmox_mpc.simulator.json import JsonObject
from proxmox_mpc.simulator.migration import local_disks
from proxmox_mpc.simulator.tasks import Work, Worker
from proxmox_mpc.simulator.work.common import noun
from proxmox_mpc.simulator.world import Guest, User


def _service(work: Work, state: str, active: str) -> None:
    for row in work.world.nodes[work.task.node].services:
        if work.text("service") in {row["service"], row["name"]}:
            row |= {"state": state, "active-state": active}
            return
    raise TaskError(f"no such service '{work.text('service')}'")


def _start_service(work: Work) -> None:
    _service(work, "running", "active")


def _stop_service(work: Work) -> None:
    _service(work, "dead", "inactive")


def _read_packages(work: Work) -> None:
    work.log(
        "starting apt-get update", "Hit:1 http://deb.debian.org/debian trixie InRelease", "Reading package lists..."
    )


def _mine(work: Work) -> list[Guest]:
    """Return the guests that a task is about: those named, else all of the node, in order of their start."""
    given = work.job.get("vms")
    chosen = {int(str(vmid)) for vmid in given} if isinstance(given, list) else set()
    here = [guest for guest in work.world.guests_on(work.task.node) if not chosen or guest.vmid in chosen]
    return sorted((guest for guest in here if not guest.template), key=lambda guest: (_order(guest), guest.vmid))


def _order(guest: Guest) -> int:
    """Return a guest's place in the start order; those without one come last."""
    for part in str(guest.config.get("startup", "")).split(","):
        text = part.removeprefix("order=")
        if text.isdigit():
            return int(text)
    return 1 << 30


def _each(work: Work, guests: Iterable[Guest], action: str, said: str, details: JsonObject | None = None) -> None:
    """Start the task of each guest; theirs end first, then this one."""
    ends = work.now
    for guest in guests:
        work.log(f"{said} {noun(guest)} {guest.vmid}")
        upid = start_for(work.world, work.now, guest, action, work.task.user, details)
        ends = max(ends, work.world.tasks[upid].end)
    work.job["seconds"] = (ends - work.now) * (work.world.task_speed or 1) + 0.5


def _managed(work: Work, guest: Guest) -> bool:
    return f"{'vm' if guest.kind == 'qemu' else 'ct'}:{guest.vmid}" in work.world.ha.resources


def _start_all(work: Work) -> None:
    """Start the guests that start at boot (all, with ``force``); HA looks after its own, unless they are named."""
    wanted = [g for g in _mine(work) if not g.running and (work.job.get("vms") or not _managed(work, g))]
    boot = [g for g in wanted if work.job.get("force") or str(g.config.get("onboot", "0")) == "1"]
    _each(work, boot, "start", "Starting")


def _stop_all(work: Work) -> None:
    _each(work, [g for g in reversed(_mine(work)) if g.running], "shutdown", "Stopping")


def _suspend_all(work: Work) -> None:
    running = [g for g in reversed(_mine(work)) if g.running and g.kind == "qemu"]
    _each(work, running, "suspend", "Suspending", {"disk": True})


def _migrate_all(work: Work) -> None:
    """Migrate every guest; VMs with local disks stay unless those may come along."""
    moving = []
    for guest in _mine(work):
        tied = guest.kind == "qemu" and guest.running and local_disks(work.world, guest) and not work.job.get("local")
        if tied:
            work.log(f"Skipping VM {guest.vmid} - it has local disks")
        else:
            moving.append(guest)
    for guest in moving:
        details: JsonObject = {"target": work.text("target"), "online": guest.running, "local": True}
        _each_more(work, guest, details)


def _each_more(work: Work, guest: Guest, details: JsonObject) -> None:
    before = float(str(work.job.get("seconds", 0)))
    _each(work, [guest], "migrate", "Migrating", details)
    work.job["seconds"] = max(before, float(str(work.job["seconds"])))


def _problems(work: Work) -> None:
    """Tell of the guests with which it did not go well."""
    since = [
        task for task in work.world.tasks.values() if task.node == work.task.node and task.start >= work.task.start
    ]
    for task in since:
        if task.user == work.task.user and task.id.isdigit() and task.exitstatus not in {None, "OK"}:
            work.log(f"{task.type} {task.id} failed: {task.exitstatus}")


def _sync_realm(work: Work) -> None:
    """Take over the users of a directory, which is the world's document ``/directory/REALM``: a list of names."""
    people = work.world.documents.get(f"/directory/{work.text('realm')}")
    names = [f"{name}@{work.text('realm')}" for name in people] if isinstance(people, list) else []
    work.log(
        "(dry test run) starting sync" if work.job.get("test") else "starting sync", "got data from server, updating"
    )
    if work.text("scope") in {"users", "both"}:
        _sync_users(work, names)
    work.log("dry test run: nothing was changed" if work.job.get("test") else "successfully updated users and groups")


def _sync_users(work: Work, names: list[str]) -> None:
    world, test = work.world, bool(work.job.get("test"))
    for name in names:
        if name not in world.users:
            work.log(f"adding user '{name}'")
            if not test:
                world.users[name] = User(name, enable=bool(work.job.get("enable")))
    vanished = set(work.text("vanished").split(";"))
    for name in [n for n in world.users if n.endswith(f"@{work.text('realm')}") and n not in names]:
        if "entry" in vanished:
            work.log(f"deleting outdated user '{name}'")
            if not test:
                del world.users[name]
                if "acl" in vanished:
                    world.acl = [entry for entry in world.acl if entry.ugid != name]


WORKERS = {
    "srvstart": Worker(_start_service),
    "srvstop": Worker(_stop_service),
    "srvrestart": Worker(_start_service),
    "aptupdate": Worker(_read_packages, seconds=2.0),
    "startall": Worker(_problems, _start_all),
    "stopall": Worker(_problems, _stop_all),
    "suspendall": Worker(_problems, _suspend_all),
    "migrateall": Worker(_problems, _migrate_all),
    "auth-realm-sync": Worker(_sync_realm),
    "auth-realm-sync-test": Worker(_sync_realm),
}
