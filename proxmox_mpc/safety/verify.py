"""Whether the journal is whole: an edit, a hole, another order and a cut at either end show in the chain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from proxmox_mpc.domain.journal import START, Entry, chained
from proxmox_mpc.domain.json import JsonObject, as_rows


@dataclass(slots=True)
class Verdict:
    """What a walk along the chain found; ``problems`` are (number of the row, what is wrong there).

    ``lost`` counts the rows that damage took and a repair has recorded as lost.
    """

    rows: int = 0
    first: int | None = None
    last: int = 0
    hash: str = START
    pruned: int = 0
    compared: int = 0
    lost: int = 0
    problems: list[tuple[int, str]] = field(default_factory=list)


def verify(
    entries: Iterable[tuple[Entry, str]],
    head: tuple[int, str] | None,
    *,
    checkpoints: Mapping[int, str],
    exported: Mapping[int, str],
    shared: bool = False,
    lost: Mapping[int, int] = MappingProxyType({}),
) -> Verdict:
    """Walk the chain, rows with their stored text in the order of their numbers.

    ``head`` is number and hash from audit.head, None where the file is missing. ``checkpoints`` are the pruned rows'
    last numbers and hashes, as rows of the chain name them; ``exported`` numbers and hashes from an export.
    ``shared``: other workspaces write the chain too, so that one which has not written or checked it has no head yet.
    ``lost`` are gaps that a repair has recorded: the first number of each, and its last.
    """
    found = Verdict()
    before: str | None = START
    for entry, body in entries:
        if found.first is None:
            before = _beginning(found, entry.seq, checkpoints, lost)
        elif lost.get(found.last + 1) == entry.seq - 1:
            found.lost += entry.seq - 1 - found.last
            before = None
        elif entry.seq != found.last + 1:
            found.problems.append((entry.seq, _missing(found.last + 1, entry.seq - 1)))
            before = None
        if before is not None and entry.hash != chained(before, entry, body):
            found.problems.append((entry.seq, f"row {entry.seq} was edited, or another row was put in its place"))
        _compare(found, entry, head, exported)
        found.rows, found.last, found.hash, before = found.rows + 1, entry.seq, entry.hash, entry.hash
    if head is not None and head[0] in checkpoints and checkpoints[head[0]] != head[1]:
        found.problems.append((head[0], f"audit.head has another hash for row {head[0]}, which was pruned"))
    if head is None and found.rows and not shared:
        found.problems.append((found.last, "audit.head is missing: whether the end was cut off cannot be seen"))
    _end(found, head, exported)
    return found


def lost_rows(body: JsonObject) -> dict[int, int]:
    """Return the gaps that a row ``repaired`` records: first number and last."""
    found: dict[int, int] = {}
    for row in as_rows(body.get("lost") or []):
        first, last = row.get("first"), row.get("last")
        if isinstance(first, int) and isinstance(last, int):
            found[first] = last
    return found


def gaps_of(entries: Iterable[tuple[Entry, str]]) -> dict[int, int]:
    """Return all gaps that rows of the journal record."""
    found: dict[int, int] = {}
    for entry, _ in entries:
        if entry.event == "repaired":
            found |= lost_rows(entry.body)
    return found


def _beginning(found: Verdict, seq: int, checkpoints: Mapping[int, str], lost: Mapping[int, int]) -> str | None:
    found.first = seq
    if seq == 1:
        return START
    if seq - 1 in checkpoints:
        found.pruned = seq - 1
        return checkpoints[seq - 1]
    for pruned in (0, *checkpoints):
        if lost.get(pruned + 1) == seq - 1:
            found.pruned, found.lost = pruned, seq - 1 - pruned
            return None
    found.problems.append((1, _missing(1, seq - 1) + ", and no checkpoint says that they were pruned"))
    return None


def _compare(found: Verdict, entry: Entry, head: tuple[int, str] | None, exported: Mapping[int, str]) -> None:
    if entry.seq in exported:
        found.compared += 1
        if exported[entry.seq] != entry.hash:
            found.problems.append((entry.seq, f"row {entry.seq} is not the one that was exported"))
    if head is not None and head[0] == entry.seq and head[1] != entry.hash:
        found.problems.append((entry.seq, f"audit.head has another hash for row {entry.seq}"))


def _end(found: Verdict, head: tuple[int, str] | None, exported: Mapping[int, str]) -> None:
    if head is not None and head[0] > found.last:
        found.problems.append((found.last + 1, f"{_missing(found.last + 1, head[0])} at the end, says audit.head"))
    newest = max(exported, default=0)
    if newest > found.last:
        found.problems.append((found.last + 1, f"{_missing(found.last + 1, newest)} at the end: they were exported"))


def _missing(first: int, last: int) -> str:
    return f"row {first} is missing" if first == last else f"rows {first} to {last} are missing"
