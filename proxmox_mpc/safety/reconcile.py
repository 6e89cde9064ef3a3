"""Operations whose process died, or that were not waited for: what became of them is looked up at the next occasion."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Protocol

from proxmox_mpc.domain.json import JsonObject, as_object, text
from proxmox_mpc.domain.moments import epoch
from proxmox_mpc.domain.source import Source, Warn
from proxmox_mpc.domain.upid import Upid
from proxmox_mpc.errors import InvalidValue, NotFound, PmpcError
from proxmox_mpc.safety.history import OPEN, History, Step, read_history
from proxmox_mpc.safety.lookup import look
from proxmox_mpc.safety.ports import Clock, Journal


class OrphanJournal(Journal, Protocol):
    """A journal whose abandoned operations can be taken over."""

    def taken_over(self, operation: int) -> AbstractContextManager[bool]:
        """Hold an operation; False when somebody else does."""


def reconcile(journal: OrphanJournal, source: Source, now: Clock) -> Iterator[Warn]:
    """Look up and record what became of every operation that has no end, and yield what is to be said of them.

    A cluster that does not answer, and tasks that still run, leave them for the next time.
    """
    for operation in journal.orphans():
        with journal.taken_over(operation) as mine:
            told = read_history(journal.entries(operation), operation) if mine else None
            # Another process may have been quicker.
            if told is not None and told.ended is None:
                yield from _one(journal, source, now, told)


def _one(journal: OrphanJournal, source: Source, now: Clock, told: History) -> Iterator[Warn]:
    waited_for = not any(step.state == "running" for step in told.steps.values())
    for step in told.steps.values():
        if step.state not in OPEN:
            continue
        try:
            outcome = _became(journal, source, now, step)
        except PmpcError as error:
            yield Warn(
                "unfinished",
                f"what became of operation {told.number} cannot be looked up now: {error.message}",
                f"pmpc audit show {told.number}",
                {"operation": told.number},
            )
            return
        if outcome is None:
            return
        journal.note(told.number, step.number, "outcome", outcome)
    told = read_history(journal.entries(told.number), told.number)
    journal.note(told.number, 0, "reconciled", _ending(told))
    bad = [step for step in told.steps.values() if step.state != "done"]
    if waited_for or bad:
        said = "; ".join(f"{step.says}: {step.state}" for step in told.steps.values()) or "nothing was sent"
        what = "was cut off" if waited_for else "was not waited for"
        yield Warn(
            "reconciled",
            f"operation {told.number} ({told.action}) {what}: {said}",
            f"pmpc audit show {told.number}",
            {
                "operation": told.number,
                "steps": [{"says": one.says, "state": one.state} for one in told.steps.values()],
            },
        )


def _ending(told: History) -> JsonObject:
    """Return what is journalled at the end: a target is good when it was begun and all that was sent for it was done.

    Which steps were still to come is not known to anybody any more; they count where an outcome says they are missing.
    """
    states: dict[str, list[str]] = {}
    for step in told.steps.values():
        states.setdefault(text(step.target, "id") or "", []).append(step.state)
    good = [one for one, found in states.items() if all(state == "done" for state in found)]
    every = [step.state for step in told.steps.values()]
    return {"counts": {state: every.count(state) for state in sorted(set(every))}, "good": [*good]}


def _became(journal: OrphanJournal, source: Source, now: Clock, step: Step) -> JsonObject | None:
    """Return the outcome to journal; None while the task runs. Raises PmpcError where nobody answers."""
    undo = step.undo or as_object(step.intent.get("undo") or {})
    upid = step.upid
    if step.state == "intended":
        sent = epoch(step.at)
        found = look(source, step.intent, sent=sent, now=now(), known_tasks=journal.upids())
        if found.became != "done":
            return {"status": found.became, "error": {"code": "cut_off", "message": "pmpc ended before the answer"}}
        upid = found.upid.text if found.upid else None
    if upid is None:
        return {"status": "done", "undo": undo, "after": None}
    return _of_task(source, Upid.parse(upid), undo)


def _of_task(source: Source, upid: Upid, undo: JsonObject) -> JsonObject | None:
    try:
        status = as_object(source.read(upid.path("status")), "a task's status")
    except (NotFound, InvalidValue):
        error: JsonObject = {"code": "not_found", "message": f"its node knows no task {upid} any more"}
        return {"status": "unknown", "upid": upid.text, "error": error}
    if text(status, "status") != "stopped":
        return None
    exitstatus = text(status, "exitstatus") or "unexpected status"
    if exitstatus == "OK" or exitstatus.startswith("WARNINGS"):
        return {"status": "done", "upid": upid.text, "undo": undo, "after": None}
    return {"status": "failed", "upid": upid.text, "error": {"code": "task_failed", "message": exitstatus}}
