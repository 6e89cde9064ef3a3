"""A plan on disk: what a push would do, to be looked at by others and carried out only if it still holds."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from proxmox_mpc.domain.json import Json, JsonObject, as_object, as_rows, boolean, text
from proxmox_mpc.errors import ConfigError, Conflict, UnexpectedAnswer
from proxmox_mpc.services.sync_compare import Merge
from proxmox_mpc.services.sync_push import Wanted, is_pushed

VERSION = 1


def plan_document(merges: Iterable[Merge], wanted: Wanted, cluster: str) -> JsonObject:
    """Return a plan as it is kept: for every object that is pushed what it is now, and what it is to be."""
    objects: list[Json] = [_object(one) for one in merges if is_pushed(one, wanted)]
    return {"version": VERSION, "cluster": cluster, "prune": wanted.prune, "objects": objects}


def _object(one: Merge) -> JsonObject:
    keys: JsonObject = {}
    if one.state == "both":
        keys = {key.key: {"live": key.live, "declared": key.declared} for key in one.of("push")}
    elif one.declared is not None:
        keys = {key: {"live": None, "declared": value} for key, value in one.declared.keys.items()}
    elif one.live is not None:
        keys = {key: {"live": value, "declared": None} for key, value in one.live.keys.items()}
    return {
        "kind": one.kind,
        "id": one.ident,
        "name": one.name,
        "state": one.state,
        "identity": one.live.identity if one.live is not None else None,
        "keys": keys,
    }


def read_plan(path: Path) -> JsonObject:
    """Return a plan from a file; raises ConfigError for one that is none."""
    try:
        found = as_object(json.loads(path.read_text()), str(path))
        if found.get("version") != VERSION:
            raise ValueError(f"version {found.get('version')!r}, not {VERSION}")
        planned_keys(found)
    except OSError as error:
        raise ConfigError(f"--plan: cannot read {str(path)!r}: {error.strerror}") from error
    except (ValueError, UnexpectedAnswer) as error:
        raise ConfigError(
            f"--plan: {str(path)!r} is no plan: {error}", hint="pmpc sync plan --out FILE makes one"
        ) from error
    return found


def planned_wish(plan: JsonObject) -> Wanted:
    """Return what the plan was made for."""
    return Wanted(recreate=True, prune=boolean(plan, "prune"))


def planned_keys(plan: JsonObject) -> set[tuple[str, str, str]]:
    """Return kind, id and key of everything that the plan sets: whoever kept it has decided for the declared side."""
    return {
        (text(row, "kind") or "", text(row, "id") or "", key)
        for row in as_rows(plan.get("objects"), "objects")
        for key in as_object(row.get("keys") or {}, "keys")
    }


def still_holds(plan: JsonObject, merges: Sequence[Merge], cluster: str) -> list[Merge]:
    """Return the merges that a plan speaks of; raises Conflict where something has moved on since it was made."""
    if plan.get("cluster") != cluster:
        raise Conflict("the plan was made for another cluster", hint="make it again: pmpc sync plan --out FILE")
    wanted = planned_wish(plan)
    there = {(one.kind, one.ident): one for one in merges}
    chosen: list[Merge] = []
    moved: list[str] = []
    for row in as_rows(plan.get("objects"), "objects"):
        one = there.get((text(row, "kind") or "", text(row, "id") or ""))
        if one is None or not is_pushed(one, wanted) or _object(one) != row:
            moved.append(f"{row.get('kind')}/{row.get('id')}")
        else:
            chosen.append(one)
    if moved:
        raise Conflict(
            f"the plan does not hold any more: {', '.join(moved[:5])}{' …' if len(moved) > 5 else ''} moved on since",
            hint="look at it again: pmpc sync plan --out FILE",
            details={"moved": moved},
        )
    return chosen
