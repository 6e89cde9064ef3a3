"""Tasks: lists, status, log, abort."""

from __future__ import annotations

from proxmox_mpc.simulator import tasks
from proxmox_mpc.simulator.call import Answer, Call
from proxmox_mpc.simulator.errors import failed, forbidden, invalid
from proxmox_mpc.simulator.json import Json, JsonObject
from proxmox_mpc.simulator.router import Routes
from proxmox_mpc.simulator.world import Task

routes = Routes()
TASK = "/nodes/{node}/tasks/{upid}"
RECENT = 25
"""Finished tasks of each node that /cluster/tasks knows."""

routes.index(TASK, "log", "status", key="name")


def _own(call: Call, task: Task) -> bool:
    """Return whether a task is the caller's: his own, or of one of his tokens."""
    user = task.user.partition("!")[0]
    return task.user == call.caller.authid or (call.caller.token is None and user == call.caller.user)


@routes.get("/cluster/tasks")
def recent_tasks(call: Call) -> Json:
    """List the recent tasks of all nodes, the running ones first."""
    rows: list[Json] = []
    for node in call.world.nodes.values():
        mine = [task for task in call.world.tasks.values() if task.node == node.name]
        audit = call.may(f"/nodes/{node.name}", "Sys.Audit")
        running = [task for task in mine if task.endtime is None]
        finished = sorted((t for t in mine if t.endtime is not None), key=lambda t: t.starttime, reverse=True)
        seen = [task for task in [*running, *finished[:RECENT]] if audit or _own(call, task)]
        rows += [tasks.row(task) | ({} if task.endtime is None else {"saved": "1"}) for task in seen]
    return sorted(rows, key=_start, reverse=True)


def _start(row: Json) -> int:
    return int(str(row.get("starttime", 0))) if isinstance(row, dict) else 0


@routes.get("/nodes/{node}/tasks")
def node_tasks(call: Call) -> Answer:
    """List a node's tasks, newest first: finished (``archive``, the default), running (``active``) or both."""
    source = call.text("source") or "archive"
    audit = call.may(f"/nodes/{call.node.name}", "Sys.Audit")
    found = [
        task for task in call.world.tasks.values()
        if task.node == call.node.name and (audit or _own(call, task)) and _matches(call, task, source)
    ]  # fmt: skip
    found.sort(key=lambda task: (task.starttime, task.pid), reverse=True)
    start, limit = call.number("start"), call.number("limit", 50)
    shown = found[start : start + limit] if limit else found[start:]
    return Answer([tasks.row(task) for task in shown], {"total": len(found)})


def _matches(call: Call, task: Task, source: str) -> bool:
    running = task.endtime is None
    if (source == "archive" and running) or (source == "active" and not running):
        return False
    wanted = {status.lower() for status in call.texts("statusfilter")}
    checks = (
        ("vmid", task.id == call.text("vmid")),
        ("typefilter", task.type == call.text("typefilter")),
        ("userfilter", call.text("userfilter").lower() in task.user.lower()),
        ("since", task.starttime >= call.number("since")),
        ("until", task.starttime <= call.number("until")),
        ("errors", not call.flag("errors") or _status_kind(task) != "ok"),
        ("statusfilter", not wanted or _status_kind(task) in wanted),
    )
    return all(good for name, good in checks if name in call.params)


def _status_kind(task: Task) -> str:
    text = task.exitstatus or ""
    if text == "OK":
        return "ok"
    return "warning" if text.startswith("WARNINGS") else "unknown" if text == "unexpected status" else "error"


def _find(call: Call) -> Task:
    """Return the task of the path; raises PVE's 400 for a UPID that is none or not known."""
    upid = call.text("upid")
    parts = tasks.parse_upid(upid)
    if parts is None:
        raise failed(f"unable to parse worker upid '{upid}'")
    task = call.world.tasks.get(upid)
    if task is None or task.node != call.node.name:
        raise invalid({"upid": "no such task"})
    return task


def _readable(call: Call) -> Task:
    task = _find(call)
    if not _own(call, task) and not call.may(f"/nodes/{task.node}", "Sys.Audit"):
        raise forbidden(f"/nodes/{task.node}, Sys.Audit")
    return task


@routes.get(f"{TASK}/status")
def status(call: Call) -> Json:
    """Return a task's state, and how it ended."""
    task = _readable(call)
    row: JsonObject = {
        "upid": task.upid, "node": task.node, "pid": task.pid, "pstart": task.pstart, "starttime": task.starttime,
        "type": task.type, "id": task.id, "status": "running" if task.endtime is None else "stopped",
    }  # fmt: skip
    row |= tasks.owner(task)
    return row if task.endtime is None else row | {"exitstatus": task.exitstatus}


@routes.get(f"{TASK}/log")
def log(call: Call) -> Answer:
    """Return lines of a task's log; an empty log is one line that says so."""
    task = _readable(call)
    written = [str(text) for at, text in task.log if float(str(at)) <= call.clock.now()]
    start, limit = call.number("start"), call.number("limit", 50)
    lines: list[Json] = [{"n": number, "t": text} for number, text in enumerate(written, 1)]
    shown = lines[start : start + limit] if limit else lines[start:]
    if not lines:
        return Answer([{"n": 1, "t": "no content"}], {"total": 1})
    return Answer(shown, {"total": len(lines)})


@routes.delete(TASK)
def stop(call: Call) -> Json:
    """Abort a running task; a finished one stays as it is."""
    task = _find(call)
    if not _own(call, task):
        call.require(f"/nodes/{task.node}", "Sys.Modify")
    if task.endtime is None:
        tasks.stop(call.world, task, call.clock.now())
    return None
