"""Taking an operation back: a plan like any other, made from what was journalled, or the reason why not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from proxmox_mpc.domain.json import Json, JsonObject, as_object, integer, text
from proxmox_mpc.domain.plan import Plan, Send, Step, Target
from proxmox_mpc.domain.risk import DESTROYS_GUEST, Facts
from proxmox_mpc.domain.source import Source, Warn
from proxmox_mpc.errors import Conflict, NotFound, PmpcError
from proxmox_mpc.safety import history
from proxmox_mpc.safety.history import History
from proxmox_mpc.safety.lookup import same, values_at
from proxmox_mpc.safety.records import restored_undo
from proxmox_mpc.services.guest_facts import backup_fact, now_of
from proxmox_mpc.services.guests import find_guest

_SERVER_KEYS = frozenset({"digest"})


def plan_undo(source: Source, told: History, later: Sequence[History] = ()) -> Plan:
    """Plan to take back what an operation did, last step first; ``later`` are the operations after it.

    Raises Conflict where nothing of it can be taken back, where it was taken back already, and where somebody has
    changed since what it changed.
    """
    _check_whole(told, later)
    steps: list[Step] = []
    why_not: list[str] = []
    removed: list[str] = []
    changed_later: set[tuple[str, str]] = set()
    for step in sorted(told.steps.values(), key=lambda one: one.number, reverse=True):
        if step.state != "done" or step.undoes is not None:
            continue
        undo = restored_undo(step.undo or {}, step.gives)
        if not undo.sends:
            why_not.append(f"{step.says}: {undo.why_not or 'it cannot be taken back'}")
            removed += _removed(step)
            continue
        if any(f"{send.call.path}/".startswith(f"{path}/") for send in undo.sends for path in removed):
            why_not.append(f"{step.says}: a later step removed it again")
            continue
        _check_unchanged(source, step, changed_later)
        steps += [_informed(source, send) for send in undo.sends]
    if not steps:
        raise Conflict(
            f"operation {told.number} cannot be taken back: {'; '.join(why_not) or 'nothing was done'}",
            hint=f"pmpc audit show {told.number}",
            details={"operation": told.number, "why_not": why_not},
        )
    warnings = tuple(Warn("not_undone", f"not taken back: {one}") for one in why_not)
    return Plan(f"undo {told.action}", tuple(steps), many=True, warnings=warnings)


def _removed(step: history.Step) -> list[str]:
    """Return the path of what a step deleted for good."""
    call = as_object(step.intent.get("call") or {})
    return [path] if text(call, "method") == "DELETE" and (path := text(call, "path")) else []


def _check_whole(told: History, later: Sequence[History]) -> None:
    if told.ended is None:
        raise Conflict(
            f"operation {told.number} has not ended yet", hint=f"pmpc audit show {told.number}; its tasks may still run"
        )
    for other in later:
        if other.begun.get("undo_of") == told.number and other.status == "done":
            raise Conflict(
                f"operation {told.number} was taken back already, by operation {other.number}",
                hint=f"pmpc audit show {other.number}",
            )
    if told.status == "undone":
        raise Conflict(
            f"operation {told.number} was taken back already, when a later step of it failed",
            hint=f"pmpc audit show {told.number}",
        )


def _check_unchanged(source: Source, step: history.Step, changed_later: set[tuple[str, str]]) -> None:
    """Raise Conflict when what the step left behind is not there as it left it.

    ``changed_later`` has the keys, by path, that later steps of the same operation left behind; this step's join them.
    """
    watch = text(step.intent, "watch")
    if watch is None:
        return
    now, after = values_at(source, watch), step.after
    if not isinstance(after, dict):
        # Nothing was there after a deletion, or it could not be read back.
        return
    if now is None:
        if text(as_object(step.intent.get("call") or {}), "method") == "DELETE":
            # Some deletions take their time (replication jobs): right afterwards it was still there.
            return
        raise Conflict(f"{step.says}: what it changed is gone", details={"path": watch})
    different: list[Json] = [
        key
        for key, value in after.items()
        if key not in _SERVER_KEYS and (watch, key) not in changed_later and not same(value, now.get(key))
    ]
    changed_later |= {(watch, key) for key in after}
    if different:
        keys = ", ".join(str(key) for key in different)
        raise Conflict(
            f"{step.says}: {keys} was changed since",
            hint="set it by hand to what you want",
            details={"path": watch, "keys": different},
        )


def _informed(source: Source, send: Send) -> Send:
    """Return the send with the facts of now, where it is about a guest."""
    if send.target.kind not in ("vm", "ct"):
        return send
    try:
        ref = find_guest(source, str(send.target.id))
        (now,) = now_of(source, [ref])
    except NotFound:
        return send
    if isinstance(now, PmpcError):
        return send
    destroys = send.effect in DESTROYS_GUEST
    facts = _facts(source, ref.path("config"), now.facts(backup=backup_fact(source, ref) if destroys else None))
    target = Target(send.target.kind, ref.vmid, ref.name, ref.node, ref.tags)
    return replace(send, facts=facts, target=target)


def _facts(source: Source, path: str, facts: Facts) -> Facts:
    try:
        config: JsonObject | None = values_at(source, path)
    except PmpcError:
        config = None
    return replace(facts, protection=bool(integer(config or {}, "protection")))
