"""A run as people read it: a summary, then a line for each object and each key that changed."""

from __future__ import annotations

from collections import Counter

from proxmox_mpc.domain.json import Json, JsonObject, as_rows, text
from proxmox_mpc.output.human import cell, moment, visible

_SIGNS = {"added": "+", "changed": "~", "removed": "-"}
_LONGEST = 200
"""Objects shown one by one; a first pull of a big cluster has tens of thousands."""


def run_text(page: JsonObject) -> str:
    """Return the page of a run; the first pull, to which all is new, is counted by kind."""
    lines = [_summary(page)]
    changes = as_rows(page.get("changes") or [])
    if page.get("first") or len(changes) > _LONGEST:
        lines += _counted(changes)
    else:
        for change in changes:
            lines += _object(change)
    lines += [f"> {visible(str(row['file']))}: {_keys(row)}" for row in as_rows(page.get("manifests") or [])]
    return "\n".join(lines)


def _summary(page: JsonObject) -> str:
    counts = [f"{page[name]} {name}" for name in ("added", "changed", "removed") if page[name]]
    if page["stale"]:
        counts.append(f"{page['stale']} as last seen")
    said = f"run {page['run']} {moment(str(page['finished']))}: "
    if page["outcome"] == "failed":
        return f"{said}failed: {visible(str(page['error']))}"
    ending = " (partial)" if page["outcome"] == "partial" else ""
    return said + (", ".join(counts) or "nothing changed") + ending


def _keys(row: JsonObject) -> str:
    keys = row.get("keys")
    return visible(", ".join(str(key) for key in keys)) if isinstance(keys, list) else ""


def _counted(changes: list[JsonObject]) -> list[str]:
    counted = Counter((str(change["kind"]), str(change["action"])) for change in changes)
    return [f"{_SIGNS[action]} {count:>6}  {kind.replace('_', ' ')}" for (kind, action), count in counted.items()]


def _object(change: JsonObject) -> list[str]:
    name = text(change, "name")
    title = f"{str(change['kind']).replace('_', ' ')} {visible(str(change['id']))}"
    lines = [f"{_SIGNS[str(change['action'])]} {title}" + (f" {visible(name)}" if name else "") + _by(change)]
    keys = as_rows(change.get("keys") or [])
    width = max((len(str(one["key"])) for one in keys), default=0)
    return [*lines, *(f"    {visible(str(one['key'])):<{width}}  {_changed(one)}" for one in keys)]


def _changed(row: JsonObject) -> str:
    return f"{_value(row['old'])} → {_value(row['new'])}{_by(row)}"


def _by(row: JsonObject) -> str:
    """Say who changed it, where that is known."""
    user = text(row, "user")
    return "" if user is None else f"  by {visible(user)}"


def _value(value: Json) -> str:
    return "(unset)" if value is None else cell(None, value)
