"""Tasks: what the cluster did lately, what one task did, and waiting for one to end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from shlex import quote

from proxmox_mpc.domain.json import Json, JsonObject, Param, as_object, as_rows, integer, number, text
from proxmox_mpc.domain.moments import Now, epoch, iso
from proxmox_mpc.domain.shape import Field, item, rows
from proxmox_mpc.domain.source import Query, Reading, Source, Warn, api_path
from proxmox_mpc.domain.upid import Upid
from proxmox_mpc.errors import NotFound, PmpcError, UsageError
from proxmox_mpc.services.node_log import log_row
from proxmox_mpc.services.reads import Notes, no_such_node, read_parts

STATES = ("running", "ok", "warnings", "failed", "unknown")
TAIL = 20

_FIELDS = (
    Field("started", "time?", "when it began"),
    Field("node", "string", "the node it runs on"),
    Field("type", "string", "what it does, in PVE's word: qmstart, vzdump …"),
    Field("id", "string?", "what it works on: a vmid, a storage …"),
    Field(
        "status",
        "string",
        "running, ok, warnings (a success), failed; unknown when it ended without a word",
        choices=STATES,
    ),
    Field("duration", "integer?", "how long it took, or has run so far", unit="seconds"),
)

TASK_ROWS = rows(
    *_FIELDS,
    Field(
        "exitstatus", "string?", "what it ended with: OK, WARNINGS: n, or the error; null while it runs", title="RESULT"
    ),
    Field("user", "string", "who started it"),
    Field("ended", "time?", "when it ended", level="wide"),
    Field("token", "string?", "the API token that started it", level="wide"),
    Field("upid", "string", "the task's id", level="wide", title="UPID"),
    doc="Tasks, newest first.",
)

TASK_PAGE = item(
    Field("upid", "string", "the task's id", title="upid"),
    *_FIELDS,
    Field(
        "exitstatus", "string?", "what it ended with: OK, WARNINGS: n, or the error; null while it runs", title="result"
    ),
    Field("ended", "time?", "when it ended; null while it runs and where PVE no longer lists it"),
    Field("user", "string", "who started it"),
    Field("token", "string?", "the API token that started it"),
    Field("pid", "integer?", "its process on the node"),
    Field("log_lines", "integer?", "lines of its log"),
    Field("log", "string?", f"the last {TAIL} lines of its log", title="end of its log"),
    doc="One task.",
)

TASK_WAITED = item(
    Field("upid", "string", "the task's id", title="upid"),
    Field("node", "string", "the node it ran on"),
    Field("type", "string", "what it did"),
    Field("id", "string?", "what it worked on"),
    Field("status", "string", "ok or warnings", choices=("ok", "warnings")),
    Field("exitstatus", "string", "what it ended with", title="result"),
    Field("waited", "number", "how long was waited for it", unit="seconds"),
    doc="A task that ended well.",
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which tasks a list shows; ``guest`` is a vmid, ``since`` epoch seconds, ``limit`` 0 for all there are."""

    node: str | None = None
    guest: int | None = None
    type: str | None = None
    running: bool = False
    failed: bool = False
    since: float | None = None
    limit: int = 0

    def keeps(self, row: JsonObject) -> bool:
        """Return whether a row of TASK_ROWS is among them."""
        return (
            (self.node is None or row["node"] == self.node)
            and (self.guest is None or row["id"] == str(self.guest))
            and (self.type is None or row["type"] == self.type)
            and (not self.running or row["status"] == "running")
            and (not self.failed or row["status"] in ("failed", "unknown"))
            and (self.since is None or (row["started"] is not None and epoch(str(row["started"])) >= self.since))
        )


def list_tasks(source: Source, wanted: Wanted, now: Now) -> Reading[list[JsonObject]]:
    """Return tasks, newest first: the cluster's recent ones in one request, or with a node what its archive holds."""
    if wanted.node is not None and source.live:
        found, warnings = _of_node(source, wanted.node, wanted)
    else:
        found, warnings = as_rows(source.read("/cluster/tasks"), "/cluster/tasks"), ()
    kept = [row for row in recent_tasks(found, now) if wanted.keeps(row)]
    return Reading(kept[: wanted.limit] if wanted.limit else kept, warnings)


def recent_tasks(found: Iterable[JsonObject], now: Now) -> list[JsonObject]:
    """Turn tasks as PVE lists them into rows of TASK_ROWS, newest first."""
    # PVE lists one task twice while it passes from the active ones to the archive.
    tasks = {text(row, "upid") or "": row for row in sorted(found, key=lambda row: number(row, "endtime") or 0)}
    ordered = sorted(tasks.values(), key=lambda row: number(row, "starttime") or 0, reverse=True)
    return [task_row(row, now) for row in ordered]


def _of_node(source: Source, node: str, wanted: Wanted) -> tuple[list[JsonObject], tuple[Warn, ...]]:
    params: dict[str, Param] = {
        "source": "active" if wanted.running else "all",
        "vmid": wanted.guest,
        "typefilter": wanted.type,
        "errors": True if wanted.failed else None,
        "since": None if wanted.since is None else int(wanted.since),
        "limit": wanted.limit or 10_000_000,
    }
    try:
        answer = source.answer(api_path("nodes", node, "tasks"), params)
    except NotFound as error:
        raise no_such_node(node) from error
    found = as_rows(answer.data, "tasks")
    if wanted.limit and answer.total is not None and answer.total > len(found) >= wanted.limit:
        more = Warn(
            "more",
            f"these are the newest {len(found)} of {answer.total} tasks of {node}",
            "--limit 0 shows all",
            {"shown": len(found), "total": answer.total},
        )
        return found, (more,)
    return found, ()


def task_row(row: JsonObject, now: Now) -> JsonObject:
    """Turn one task as PVE lists it into a row of TASK_ROWS."""
    began, ended, status = number(row, "starttime"), number(row, "endtime"), text(row, "status")
    state = _listed_state(status, ended)
    return {
        "started": iso(began),
        "node": text(row, "node") or "",
        "type": text(row, "type") or "",
        "id": text(row, "id") or None,
        "status": state,
        "duration": _span(began, now() if state == "running" else ended),
        "exitstatus": None if state == "running" else status,
        "user": text(row, "user") or "",
        "ended": iso(ended),
        "token": text(row, "tokenid") or None,
        "upid": text(row, "upid") or "",
    }


def _listed_state(status: str | None, ended: float | None) -> str:
    # A running task has no status in /cluster/tasks, and RUNNING in the list of a node.
    if status == "RUNNING" or (not status and not ended):
        return "running"
    return end_state(status)


def end_state(exitstatus: str | None) -> str:
    """Return ok, warnings (which is a success), failed or unknown for what a task ended with."""
    if exitstatus == "OK":
        return "ok"
    if not exitstatus or exitstatus == "unexpected status":
        return "unknown"
    return "warnings" if exitstatus.startswith("WARNINGS") else "failed"


def _span(began: float | None, ended: float | None) -> int | None:
    return None if began is None or ended is None else max(0, int(ended - began))


def show_task(source: Source, named: str, now: Now) -> Reading[JsonObject]:
    """Return one task with the end of its log; raises UsageError for what is no UPID, and NotFound."""
    upid = Upid.parse(named)
    with known(upid):
        status = as_object(source.read(upid.path("status")), "the task")
    began = number(status, "starttime")
    running = text(status, "status") != "stopped"
    notes = Notes()
    ended = None if running else _ended(source, upid, notes)
    total, tail = _tail(source, upid, notes)
    exitstatus = None if running else text(status, "exitstatus")
    page: JsonObject = {
        "upid": upid.text,
        "started": iso(began),
        "node": upid.node,
        "type": upid.type,
        "id": upid.id or None,
        "user": text(status, "user") or upid.user,
        "status": "running" if running else end_state(exitstatus),
        "duration": _span(began, now() if running else ended),
        "exitstatus": exitstatus,
        "ended": iso(ended),
        "token": text(status, "tokenid"),
        "pid": integer(status, "pid"),
        "log_lines": total,
        "log": None if tail is None else "\n".join(tail),
    }
    return Reading(page, *notes.values())


@contextmanager
def known(upid: Upid) -> Iterator[None]:
    """Turn PVE's word that a task or its node does not exist into one that names what to do."""
    try:
        yield
    except NotFound as error:
        if "hostname lookup" in error.message:
            raise no_such_node(upid.node) from error
        raise NotFound(
            f"node {upid.node} knows no task {upid}", hint=f"pmpc task list --node {upid.node} shows what it knows"
        ) from error


def _ended(source: Source, upid: Upid, notes: Notes) -> float | None:
    """Look the end up in the node's list: a task's own status does not tell it."""
    window: dict[str, Param] = {"since": upid.started, "until": upid.started, "typefilter": upid.type, "limit": 500}
    query = Query(api_path("nodes", upid.node, "tasks"), {**window, "source": "all"})
    listed = as_rows(read_parts(source, {"the end of the task": query}, notes).get("the end of the task") or [])
    return next((number(row, "endtime") for row in listed if text(row, "upid") == upid.text), None)


def _tail(source: Source, upid: Upid, notes: Notes) -> tuple[int | None, list[str] | None]:
    path = upid.path("log")
    try:
        answer = source.answer(path, {"limit": TAIL})
        total = answer.total
        if total is not None and total > TAIL:
            answer = source.answer(path, {"start": total - TAIL, "limit": TAIL})
    except PmpcError as error:
        notes.failed("the log", error)
        return None, None
    return total, [str(row["text"]) for row in log_lines(answer.data)]


def log_lines(data: Json) -> list[JsonObject]:
    """Turn a task's log into rows; PVE answers a log without lines with the one line ``no content``."""
    found = [log_row(row) for row in as_rows(data, "the log")]
    return [] if len(found) == 1 and found[0]["text"] == "no content" else found


def task_log(source: Source, named: str) -> Reading[list[JsonObject]]:
    """Return the whole log of a task; raises UsageError for what is no UPID, and NotFound."""
    upid = Upid.parse(named)
    with known(upid):
        return Reading(log_lines(source.read(upid.path("log"), {"limit": 0})))


def waited(upid: Upid, exitstatus: str, seconds: float) -> Reading[JsonObject]:
    """Return what waiting for a task that ended well gave; its warnings are warned of."""
    state = end_state(exitstatus)
    warnings: tuple[Warn, ...] = ()
    if state == "warnings":
        warnings = (
            Warn(
                "task_warnings",
                f"the task ended with {exitstatus}",
                f"they are in its log: pmpc task log {quote(str(upid))}",
                {"upid": str(upid), "exitstatus": exitstatus},
            ),
        )
    page: JsonObject = {
        "upid": upid.text,
        "node": upid.node,
        "type": upid.type,
        "id": upid.id or None,
        "status": "warnings" if state == "warnings" else "ok",
        "exitstatus": exitstatus,
        "waited": round(seconds, 3),
    }
    return Reading(page, warnings)


def check_exclusive(flags: Mapping[str, bool]) -> None:
    """Raise UsageError when more than one of the flags is set."""
    chosen = [name for name, chosen in flags.items() if chosen]
    if len(chosen) > 1:
        raise UsageError(f"{' and '.join(chosen)} exclude each other")
