"""Outcomes as the rows that a write prints, and plans as lines for people."""

from __future__ import annotations

import json
from collections.abc import Iterator

from proxmox_mpc.domain.json import Json, JsonObject
from proxmox_mpc.domain.plan import Cannot, Keep, Lane, Plan, Probe, Send, Take
from proxmox_mpc.errors import PmpcError
from proxmox_mpc.safety.lane import Outcome
from proxmox_mpc.safety.records import slot_value

NOT_NOW = "this would be refused now: "
"""How a plan says what cannot be done as things stand."""


def row_of(action: str, outcome: Outcome, operation: int | None, calls: list[Json] | None = None) -> JsonObject:
    """Return the row of one target."""
    target = outcome.lane.target
    return {
        "action": action,
        "kind": target.kind,
        "id": slot_value(target.id, outcome.known),
        "name": slot_value(target.name, outcome.known),
        "node": slot_value(target.node, outcome.known),
        "status": outcome.status,
        "changed": outcome.changed,
        "upid": outcome.upid,
        "duration": None if outcome.seconds is None else round(outcome.seconds, 3),
        "error": None if outcome.error is None else outcome.error.message,
        "operation": operation if outcome.lane.sends else None,
        "calls": calls,
    }


def planned(lane: Lane) -> Outcome:
    """Return what a dry run says of a target."""
    cannot = next((step.error for step in lane.steps if isinstance(step, Cannot)), None)
    status = "failed" if cannot else "planned" if lane.sends else "unchanged"
    return Outcome(lane, status, changed=False, error=cannot)


def not_now(error: PmpcError) -> PmpcError:
    """Return the error with which a command would end, as a plan tells it beforehand."""
    return type(error)(f"{NOT_NOW}{error.message}", hint=error.hint, details=dict(error.details))


def calls_of(lane: Lane) -> list[Json]:
    """Return what would be sent for a target, in order."""
    previews = lane.previews()
    return [send.call.shown(previews) for send in lane.sends]


def described(plan: Plan, lanes: list[Lane]) -> Iterator[str]:
    """Yield the plan in lines for people: each step, and under it the request."""
    yield from plan.notes
    for lane in lanes:
        previews = lane.previews()
        for step in lane.steps:
            match step:
                case Send():
                    shown = step.call.shown(previews)
                    params = shown["params"]
                    assert isinstance(params, dict)
                    said = "".join(f" {key}={_plain(value)}" for key, value in params.items())
                    yield step.says
                    yield f"    {shown['method']} {shown['path']}{said}"
                case Take() | Probe():
                    yield f"  {step.says}"
                case Keep():
                    label = lane.target.label
                    yield step.says if label in step.says else f"{label}: {step.says}"
                case Cannot():
                    label = lane.target.label
                    told = step.error.message if label in step.error.message else f"{label}: {step.error.message}"
                    yield f"{NOT_NOW}{told}"


def _plain(value: Json) -> str:
    if isinstance(value, str):
        return value if value and value.isprintable() and " " not in value else json.dumps(value, ensure_ascii=False)
    return json.dumps(value)
