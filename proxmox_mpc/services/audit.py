"""The journal as people read it: operations, one operation with all that belongs to it, and whether it is whole."""

from __future__ import annotations

import json
from collections.abc import Iterable

from proxmox_mpc.domain.journal import Entry
from proxmox_mpc.domain.json import Json, JsonObject, as_rows, inner, text
from proxmox_mpc.domain.shape import Field, item, rows
from proxmox_mpc.domain.source import Source
from proxmox_mpc.domain.upid import Upid
from proxmox_mpc.errors import PmpcError
from proxmox_mpc.safety.history import History, Step
from proxmox_mpc.services.tasks import log_lines

STATES = ("done", "part", "failed", "running", "unknown", "undone")
_LOG_LINES = 50

_OPERATION = (
    Field("operation", "integer", "its number"),
    Field("started", "time", "when it began"),
    Field("action", "string", "what was done"),
    Field(
        "status",
        "string",
        "done; part (some of it); failed; running (or cut off); unknown (what became of it); undone",
        choices=STATES,
    ),
    Field("risk", "string", "how dangerous it was"),
    Field("targets", "integer", "to how many targets"),
    Field("first", "string?", "the first of them", title="TARGET"),
    Field("caller", "string?", "who did it, and on which machine"),
    Field("ended", "time?", "when it ended", level="wide"),
    Field("command", "string?", "by which command", level="wide"),
    Field("undo_of", "integer?", "the operation that it took back", level="wide"),
)
AUDIT_ROWS = rows(*_OPERATION, doc="What pmpc has changed, newest first.")

_TARGET = (
    Field("kind", "string", "vm, ct, storage …"),
    Field("id", "any", "its id"),
    Field("name", "string?", "its name"),
    Field("node", "string?", "the node it was on"),
    Field("good", "boolean", "whether all of it was done"),
)
_STEP = (
    Field("step", "integer", "its number"),
    Field("at", "time", "when it was sent"),
    Field("says", "string", "what it did"),
    Field("state", "string", "done, failed, refused, not done, unknown, sent, intended, running"),
    Field("method", "string", "of the request"),
    Field("path", "string", "of the request"),
    Field("params", "object", "of the request; *** stands for a secret"),
    Field("upid", "string?", "the task"),
    Field("ended", "time?", "when its end was known"),
    Field("error", "string?", "what went wrong"),
    Field("before", "any", "what was there before", level="data"),
    Field("after", "any", "what was there afterwards", level="data"),
    Field("undo", "string", "how it is taken back, or why not"),
    Field("undoes", "integer?", "the step that it took back"),
    Field("log", "list", "the last lines of its task's log (--report)", level="data"),
)
AUDIT_PAGE = item(
    *(field for field in _OPERATION if field.key not in ("targets", "first")),
    Field("endpoint", "string?", "the cluster"),
    Field("allowed_by", "string?", "how it was confirmed"),
    Field("reasons", "list", "why it was dangerous"),
    Field("waived", "list", "what --without-backup overrode"),
    Field("targets", "rows", "what it was done to", fields=_TARGET),
    Field("steps", "rows", "what was sent, in order", fields=_STEP),
    Field("advice", "list", "what to do now (--report)"),
    doc="One operation.",
)

EXPORT_ROWS = rows(
    Field("seq", "integer", "number of the row"),
    Field("at", "time", "when it was written"),
    Field("operation", "integer", "the operation it belongs to"),
    Field("step", "integer", "the send it is about; 0: all of the operation"),
    Field("event", "string", "begun, intent, sent, outcome, ended …; anchor: the newest number and hash"),
    Field("body", "object", "what it says"),
    Field("hash", "string", "covers this row and the hash of the one before"),
    doc="The journal, row by row; the last one is an anchor.",
)

VERIFIED = item(
    Field("ok", "boolean", "whether the journal is whole"),
    Field("rows", "integer", "how many rows there are"),
    Field("first", "integer?", "number of the oldest"),
    Field("last", "integer?", "number of the newest"),
    Field("hash", "string", "hash of the newest"),
    Field("pruned", "integer", "how many older rows were pruned, by a checkpoint in the chain"),
    Field("lost", "integer", "how many were lost to damage, as workspace repair has recorded"),
    Field("anchors", "integer", "how many exported rows were compared"),
    doc="The journal was checked.",
)


def operation_row(told: History) -> JsonObject:
    """Return an operation's row of AUDIT_ROWS."""
    first = told.targets[0] if told.targets else {}
    undo_of = told.begun.get("undo_of")
    return {
        "operation": told.number,
        "started": told.at,
        "action": told.action,
        "status": told.status,
        "risk": text(told.begun, "risk") or "",
        "targets": len(told.targets),
        "first": text(first, "label"),
        "caller": text(told.begun, "caller"),
        "ended": told.ended,
        "command": text(told.begun, "command"),
        "undo_of": undo_of if isinstance(undo_of, int) else None,
    }


def operation_page(told: History, source: Source | None = None) -> JsonObject:
    """Return all that is known of an operation; with ``source`` the logs of its tasks, and what to do."""
    row = operation_row(told)
    steps: list[Json] = [_step(step, told, source) for step in told.steps.values()]
    targets: list[Json] = [
        {key: one.get(key) for key in ("kind", "id", "name", "node")} | {"good": (text(one, "id") or "") in told.good}
        for one in told.targets
    ]
    return {
        **{key: value for key, value in row.items() if key not in ("targets", "first")},
        "endpoint": text(told.begun, "endpoint"),
        "allowed_by": text(told.begun, "allowed_by"),
        "reasons": told.begun.get("reasons") or [],
        "waived": told.begun.get("waived") or [],
        "targets": targets,
        "steps": steps,
        "advice": [*advice(told)] if source is not None else [],
    }


def _step(step: Step, told: History, source: Source | None) -> JsonObject:
    request = inner(step.intent, "call")
    return {
        "step": step.number,
        "at": step.at,
        "says": step.says,
        "state": step.state,
        "method": text(request, "method") or "",
        "path": text(request, "path") or "",
        "params": request.get("params") or {},
        "upid": step.upid,
        "ended": step.ended,
        "error": text(step.error or {}, "message"),
        "before": step.intent.get("before"),
        "after": step.after,
        "undo": _undo(step),
        "undoes": step.undoes,
        "log": [*_log(step, source)] if source is not None else [],
    }


def _undo(step: Step) -> str:
    undo = step.undo or step.intent.get("undo")
    if not isinstance(undo, dict):
        return ""
    says = [text(row, "says") or "" for row in as_rows(undo.get("sends") or [])]
    return "; ".join(says) or f"cannot be taken back: {text(undo, 'why_not')}"


def _log(step: Step, source: Source) -> list[str]:
    if step.upid is None:
        return []
    try:
        path = Upid.parse(step.upid).path("log")
        return [str(row["text"]) for row in log_lines(source.read(path, {"limit": 0}))][-_LOG_LINES:]
    except PmpcError as error:
        return [f"(the log could not be read: {error.message})"]


def advice(told: History) -> Iterable[str]:
    """Yield what to do about an operation as it stands."""
    steps = told.steps.values()
    for step in steps:
        if step.state in ("sent", "running") and step.upid:
            yield f"wait for it: pmpc task wait {step.upid}"
        if step.state == "unknown":
            yield f"find out what became of it: {step.says} (pmpc task list; look at {text(step.target, 'label')})"
        if step.state in ("failed", "refused") and step.upid:
            yield f"read why it failed: pmpc task log {step.upid}"
    if told.failed_ids and told.ended is not None:
        yield f"once the cause is gone, repeat the command with --retry-failed {told.number}"
    if told.status in ("done", "part") and any(step.state == "done" and _can(step) for step in steps):
        yield f"take back what was done: pmpc audit undo {told.number}"
    irreversible = [step.says for step in steps if step.state == "done" and not _can(step)]
    if irreversible:
        yield f"what cannot be taken back is restored from a backup: {', '.join(irreversible)} (pmpc guest backups)"
    if told.status in ("part", "failed", "unknown"):
        yield "stop everything else meanwhile, here and in other processes: pmpc safety freeze"


def _can(step: Step) -> bool:
    undo = step.undo or {}
    return bool(undo.get("sends"))


def report_text(page: JsonObject) -> str:
    """Return the emergency report of an operation as text: timeline, calls, logs, what was affected, what to do."""
    lines = [
        f"operation {page['operation']}: {page['action']} ({page['status']}, {page['risk']} risk)",
        f"by {page['caller']} with {page['command']}, confirmed by {page['allowed_by']}, on {page['endpoint']}",
        "",
        "affected",
    ]
    for target in as_rows(page["targets"]):
        name = f" ({target['name']})" if target["name"] else ""
        where = f" on {target['node']}" if target["node"] else ""
        went = "as wanted" if target["good"] else "not done, or in part"
        lines.append(f"  {target['kind']} {target['id']}{name}{where}: {went}")
    lines += ["", "timeline", f"  {page['started']}  begun"]
    for step in as_rows(page["steps"]):
        error = f", {step['error']}" if step["error"] else ""
        lines.append(f"  {step['at']}  {step['says']}: {step['state']}{error}")
        lines.append(f"    {step['method']} {step['path']} {json.dumps(step['params'], ensure_ascii=False)}")
        if step["upid"]:
            lines.append(f"    {step['upid']}")
        log = step["log"]
        lines += [f"    | {line}" for line in log] if isinstance(log, list) else []
        lines.append(f"    to take it back: {step['undo']}")
    lines.append(f"  {page['ended']}  ended" if page["ended"] else "  not ended, or cut off")
    advised = page["advice"]
    if isinstance(advised, list) and advised:
        lines += ["", "what to do", *(f"  - {one}" for one in advised)]
    return "\n".join(lines)


def export_rows(entries: Iterable[Entry]) -> list[JsonObject]:
    """Return every row, and after them the anchor: the newest number and hash, to be kept where nobody can edit it."""
    out: list[JsonObject] = [
        {
            "seq": entry.seq,
            "at": entry.at,
            "operation": entry.operation,
            "step": entry.step,
            "event": entry.event,
            "body": entry.body,
            "hash": entry.hash,
        }
        for entry in entries
    ]
    if not out:
        return []
    anchor: JsonObject = {key: out[-1][key] for key in ("seq", "at", "hash")}
    return [*out, {**anchor, "operation": 0, "step": 0, "event": "anchor", "body": {}}]
