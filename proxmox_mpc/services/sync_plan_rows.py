"""A push plan as rows: object by object what would be done, in the order of doing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from proxmox_mpc.domain.json import Json, JsonObject
from proxmox_mpc.domain.plan import Cannot, Keep, Plan, Send
from proxmox_mpc.services.sync_compare import Merge
from proxmox_mpc.services.sync_push import Wanted, is_pushed


def plan_rows(plan: Plan, merges: Iterable[Merge], wanted: Wanted) -> Iterator[JsonObject]:
    """Yield a row for each lane of the plan."""
    there = {(_noun(one.kind), one.ident): one for one in merges if is_pushed(one, wanted)}
    for lane in plan.lanes():
        one = there.get((lane.target.kind, str(lane.target.id)))
        previews = lane.previews()
        says: list[Json] = [step.says for step in lane.steps if isinstance(step, (Send, Keep))]
        errors = [step.error.message for step in lane.steps if isinstance(step, Cannot)]
        calls: list[Json] = [send.call.shown(previews) for send in lane.sends]
        yield {
            "kind": lane.target.kind if one is None else one.kind,
            "id": str(lane.target.id),
            "name": one.name if one is not None else None,
            "action": "change" if one is None else _action(one),
            "keys": [] if one is None else _keys(one),
            "steps": says,
            "calls": calls,
            "error": "; ".join(errors) or None,
            "status": None,
            "warnings": None,
            "differs": None,
        }


def _noun(kind: str) -> str:
    """Return what targets of a kind of manifest are called."""
    return kind.removeprefix("sdn-").replace("-", " ")


def _action(one: Merge) -> str:
    return {"both": "change", "dropped": "delete"}.get(one.state, "create")


def _keys(one: Merge) -> list[Json]:
    if one.state == "both":
        return [key.key for key in one.of("push")]
    return [*(one.declared.keys if one.declared is not None else ())]
