"""Pruning: removing the backups that a retention does not keep."""

from __future__ import annotations

import re
from collections.abc import Sequence

from proxmox_mpc.domain.call import Call, FormValue, Known
from proxmox_mpc.domain.json import JsonObject, Param, as_rows, integer, text
from proxmox_mpc.domain.moments import iso
from proxmox_mpc.domain.plan import Keep, Plan, Probe, ProbeCheck, Send, Step, Target, Undo
from proxmox_mpc.domain.source import Source, api_path
from proxmox_mpc.errors import NotFound, UsageError
from proxmox_mpc.services.reads import resources
from proxmox_mpc.services.storages import Place, places

KEEPS = ("last", "hourly", "daily", "weekly", "monthly", "yearly")
_KEEP = re.compile(r"keep-(all=[01]|(?:last|hourly|daily|weekly|monthly|yearly)=\d{1,6})")


def checked_keep(value: str, option: str = "--keep") -> str:
    """Return a retention as PVE takes it; ``last=3,daily=7`` may leave the ``keep-`` out. Raises UsageError."""
    parts = [part.strip() if part.strip().startswith("keep-") else f"keep-{part.strip()}" for part in value.split(",")]
    wrong = next((part for part in parts if not _KEEP.fullmatch(part)), None)
    names = [part.partition("=")[0] for part in parts]
    if wrong is not None or len(set(names)) != len(names):
        raise UsageError(
            f"{option}: {value[:80]!r} is no retention",
            hint=f"as in: {option} last=3,weekly=4 ({', '.join(KEEPS)}; all=1 keeps everything)",
        )
    if "keep-all=1" in parts and len(parts) > 1:
        raise UsageError(f"{option}: all=1 goes with nothing else")
    return ",".join(part for part in parts)


def plan_prune(
    source: Source, storages: Sequence[str], node: str | None, guest: int | None, keep: str | None, *, many: bool
) -> Plan:
    """Return the plan that prunes storages; its notes name each backup that goes, and how many stay."""
    found = resources(source)
    retention = checked_keep(keep) if keep is not None else None
    steps: list[Step] = []
    notes: list[str] = []
    for storage in dict.fromkeys(storages):
        for place in _places(source, found, storage, node):
            params: dict[str, Param] = {"prune-backups": retention, "vmid": guest}
            path = api_path("nodes", place.node, "storage", place.storage, "prunebackups")
            marked = as_rows(source.read(path, params), "what a prune would do")
            going = [row for row in marked if text(row, "mark") == "remove"]
            notes += _told(place, marked, going)
            target = Target("storage", place.storage, None, None if place.shared else place.node)
            steps += _steps(place, path, params, going, target)
    return Plan("backup prune", tuple(steps), many, tuple(notes))


def _places(source: Source, found: list[JsonObject], storage: str, node: str | None) -> list[Place]:
    where = places(source, found, storage, node, "backup")
    if not where.value:
        raise NotFound(
            f"there is no storage {storage!r} with backups" + (f" on {node}" if node else ""),
            hint="pmpc storage list shows the storages",
        )
    return where.value


def _told(place: Place, marked: list[JsonObject], going: list[JsonObject]) -> list[str]:
    protected = sum(1 for row in marked if text(row, "mark") == "protected")
    kept = len(marked) - len(going) - protected
    where = place.storage if place.shared else f"{place.storage} on {place.node}"
    said = [f"{where}: {len(going)} backups go, {kept} stay, {protected} are protected"]
    going = sorted(going, key=lambda row: (integer(row, "vmid") or 0, integer(row, "ctime") or 0))
    said += [f"  goes: {text(row, 'volid')} ({iso(integer(row, 'ctime'))})" for row in going]
    return said


def _steps(place: Place, path: str, params: dict[str, Param], going: list[JsonObject], target: Target) -> list[Step]:
    if not going:
        return [Keep(target, f"nothing is to be pruned on {place.storage}")]
    form: dict[str, FormValue] = {key: value for key, value in params.items() if value is not None}
    send = Send(
        Call("DELETE", path, form),
        target,
        "backup_delete",
        f"remove {len(going)} backups from {place.storage}",
        undo=Undo(why_not="a backup that was removed cannot be brought back"),
    )
    volids = frozenset(text(row, "volid") or "" for row in going)
    return [send, Probe(f"the pruned backups are gone from {place.storage}", _gone(place, volids), target)]


def _gone(place: Place, volids: frozenset[str]) -> ProbeCheck:
    def check(source: Source, known: Known) -> str | None:
        query = place.query({"content": "backup"})
        left = [row for row in as_rows(source.read(query.path, query.params)) if text(row, "volid") in volids]
        return f"{len(left)} of them are still there" if left else None

    return check
