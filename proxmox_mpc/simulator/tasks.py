"""The task engine: workers with UPIDs that run in simulated time, log, fail inside and survive saving.

A worker has two parts: ``begin`` runs when the task starts and ``finish`` when its time is over; either may raise
TaskError, which fails the task while the call that started it was a success. Both get a :class:`Work` and keep what
they need in ``task.job``, which is plain JSON, so that a world can be saved between them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module

from proxmox_mpc.simulator.errors import TaskError
from proxmox_mpc.simulator.json import Json, JsonObject
from proxmox_mpc.simulator.world import Task, World

FAILING = 0.3
"""Seconds after which a task ends that fails at its beginning."""

KEPT = 1000
"""Finished tasks that a world remembers at least."""

_UPID = re.compile(r"UPID:([^:\s]+):([0-9A-F]{8}):([0-9A-F]{8,9}):([0-9A-F]{8}):([^:\s]+):([^:\s]*):([^:\s]+):")

# The module that holds the workers of a task type, imported when a task of it starts or ends.
_MODULES = {
    "power": (
        "qmstart", "qmstop", "qmshutdown", "qmreboot", "qmreset", "qmsuspend", "qmresume", "vzstart", "vzstop",
        "vzshutdown", "vzreboot", "vzsuspend", "vzresume", "hastart", "hastop",
    ),
    "creation": ("qmcreate", "vzcreate", "qmconfig", "resize", "qmdestroy", "vzdestroy"),
    "snapshots": ("qmsnapshot", "qmdelsnapshot", "qmrollback", "vzsnapshot", "vzdelsnapshot", "vzrollback"),
    "copies": (
        "qmclone", "vzclone", "qmtemplate", "vztemplate", "qmmove", "move_volume", "qmigrate", "vzmigrate",
        "hamigrate",
    ),
    "backups": ("vzdump", "qmrestore", "vzrestore"),
    "storage": ("imgdel", "imgcopy", "download", "prunebackups"),
    "networks": ("srvreload", "reloadnetworkall"),
    "nodes": (
        "srvstart", "srvstop", "srvrestart", "aptupdate", "startall", "stopall", "suspendall", "migrateall",
        "auth-realm-sync", "auth-realm-sync-test",
    ),
}  # fmt: skip
_MODULE_OF = {kind: module for module, kinds in _MODULES.items() for kind in kinds}


@dataclass
class Work:
    """What a worker works with."""

    world: World
    task: Task
    now: float
    warnings: int = 0

    def log(self, *lines: str) -> None:
        """Add lines to the task's log."""
        self.task.log.extend([self.now, line] for line in lines)

    def warn(self, text: str) -> None:
        """Log a warning; the task ends in ``WARNINGS: n``."""
        self.warnings += 1
        self.log(f"WARN: {text}")

    @property
    def job(self) -> JsonObject:
        """What was asked for."""
        return self.task.job

    def text(self, key: str) -> str:
        """Return a member of the job as text."""
        value = self.task.job.get(key)
        return "" if value is None else str(value)

    def number(self, key: str) -> int:
        """Return a member of the job as an integer."""
        value = self.task.job.get(key)
        return int(value) if isinstance(value, int | float | str) and str(value) else 0


Step = Callable[[Work], None]


def _nothing(_work: Work) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Worker:
    """How tasks of one type work: ``seconds`` is how long they take; ``abort`` cleans up after a failure or stop.

    ``middle`` runs once, ``delay`` seconds after the start, for work that first waits for something.
    """

    finish: Step = _nothing
    begin: Step = _nothing
    abort: Step = _nothing
    seconds: float = 1.0
    middle: Step | None = None
    delay: float = 0.0


@dataclass
class Scripts:
    """What faults make of tasks: by ``script_key``, the error or the warnings that the next ones end in."""

    failures: dict[str, list[str]] = field(default_factory=dict)
    warnings: dict[str, list[str]] = field(default_factory=dict)


def script_key(kind: str, guest: str = "") -> str:
    """Return under which key a script waits for tasks of a type (``*``: any), on one guest or on all."""
    return f"{kind}/{guest}" if guest else kind


@cache
def worker(kind: str) -> Worker:
    """Return the worker of a task type; a type without one just takes its time and ends well."""
    module = _MODULE_OF.get(kind)
    if module is None:
        return Worker()
    workers: dict[str, Worker] = import_module(f"proxmox_mpc.simulator.work.{module}").WORKERS
    return workers.get(kind, Worker())


def start(world: World, now: float, *, kind: str, guest: str, user: str, node: str, job: JsonObject) -> str:
    """Start a task and return its UPID; ``user`` may be a token's full id, ``job["seconds"]`` sets its length."""
    pid = 6000 + world.count("pid")
    home = world.nodes[node]
    pstart = int((now - home.booted) * 100) if home.booted else int(now * 100) & 0x7FFFFFFF
    upid = f"UPID:{node}:{pid:08X}:{pstart:08X}:{int(now):08X}:{kind}:{guest}:{user}:"
    task = Task(upid, node, pid, pstart, int(now), kind, guest, user, now, now, job)
    world.tasks[upid] = task
    world.log.append(_log_row(world, node, int(now), user, f"starting task {upid}"))
    work, done = Work(world, task, now), worker(kind)
    try:
        done.begin(work)
        length = float(str(job.get("seconds", done.seconds)))
    except TaskError as error:
        job["failed"], length = str(error), FAILING
    job["warnings"] = work.warnings
    task.end = now + length / world.task_speed if world.task_speed else now
    _forget(world)
    return upid


def settle(world: World, now: float, scripts: Scripts | None = None) -> bool:
    """Finish every task whose time is over, in order of their ends; return whether there was one."""
    running = [task for task in world.tasks.values() if task.endtime is None]
    moved = False
    for task in sorted(running, key=lambda task: (task.end, task.pid)):
        moved = _reach_middle(world, task, now) or moved
    due = sorted((task for task in running if task.end <= now), key=lambda task: (task.end, task.pid))
    for task in due:
        _finish(world, task, scripts or Scripts())
    return moved or bool(due)


def _reach_middle(world: World, task: Task, now: float) -> bool:
    done = worker(task.type)
    when = task.start + done.delay / (world.task_speed or 1)
    if done.middle is None or when > now or "failed" in task.job or task.job.get("reached"):
        return False
    task.job["reached"] = True
    try:
        done.middle(Work(world, task, when))
    except TaskError as error:
        task.job["failed"] = str(error)
        task.end = min(task.end, when + FAILING)
    return True


def _finish(world: World, task: Task, scripts: Scripts) -> None:
    work = Work(world, task, task.end, warnings=int(str(task.job.pop("warnings", 0))))
    failed = task.job.pop("failed", None)
    keys = (script_key(task.type, task.id or "-"), script_key("*", task.id or "-"), task.type, "*")
    planned = next((found for key in keys if (found := scripts.failures.get(key))), None)
    done = worker(task.type)
    try:
        if failed is not None:
            raise TaskError(str(failed))
        if planned:
            raise TaskError(planned.pop(0))
        done.finish(work)
        for text in next((found for key in keys if (found := scripts.warnings.pop(key, None))), ()):
            work.warn(text)
    except TaskError as error:
        done.abort(work)
        _close(world, task, str(error).split("\n", 1)[0], f"TASK ERROR: {error}", task.end)
        return
    end = f"WARNINGS: {work.warnings}" if work.warnings else "OK"
    _close(world, task, end, f"TASK {end}", task.end)


def stop(world: World, task: Task, now: float) -> None:
    """Abort a running task (DELETE on it sends its process a signal)."""
    text = "interrupted by signal" if task.type == "vzdump" else "received interrupt"
    worker(task.type).abort(Work(world, task, now))
    task.end = now
    _close(world, task, text, f"TASK ERROR: {text}", now)


def _close(world: World, task: Task, exitstatus: str, last: str, now: float) -> None:
    task.exitstatus, task.endtime = exitstatus, int(now)
    task.log.append([now, last])
    world.log.append(_log_row(world, task.node, int(now), task.user, f"end task {task.upid} {exitstatus}"))


def _log_row(world: World, node: str, now: int, user: str, text: str) -> JsonObject:
    number = world.count("log")
    return {
        "uid": str(number), "id": f"{number}:{node}", "msg": text, "pid": 6000, "pri": 6, "node": node, "user": user,
        "tag": "pvedaemon", "time": now,
    }  # fmt: skip


def _forget(world: World) -> None:
    """Drop the oldest finished tasks beyond those that are kept."""
    if len(world.tasks) <= 2 * KEPT:
        return
    finished = sorted((t for t in world.tasks.values() if t.endtime is not None), key=lambda t: t.starttime)
    for task in finished[:-KEPT]:
        del world.tasks[task.upid]


def parse_upid(text: str) -> re.Match[str] | None:
    """Return the parts of a UPID: node, pid, pstart, start time, type, id, user."""
    return _UPID.fullmatch(text)


def row(task: Task) -> JsonObject:
    """Return a task as lists show it: ``endtime`` and ``status`` once it is finished."""
    shown: JsonObject = {
        "upid": task.upid, "node": task.node, "pid": task.pid, "pstart": task.pstart, "starttime": task.starttime,
        "type": task.type, "id": task.id,
    }  # fmt: skip
    shown |= owner(task)
    if task.endtime is not None:
        shown |= {"endtime": task.endtime, "status": task.exitstatus}
    return shown


def owner(task: Task) -> dict[str, Json]:
    """Return the user of a task, with the token's name apart."""
    user, found, token = task.user.partition("!")
    return {"user": user, "tokenid": token} if found else {"user": user}
