"""Whether the journal is whole: an edit, a hole, another order and a cut at either end show in the chain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from proxmox_mpc.domain.journal import START, Entry, chained


@dataclass(slots=True)
class Verdict:
    """What a walk along the chain found; ``problems`` are (number of the row, what is wrong there)."""

    rows: int = 0
    first: int | None = None
    last: int = 0
    hash: str = START
    pruned: int = 0
    compared: int = 0
    problems: list[tuple[int, str]] = field(default_factory=list)


def verify(
    entries: Iterable[tuple[Entry, str]],
    head: tuple[int, str] | None,
    *,
    checkpoints: Mapping[int, str],
    exported: Mapping[int, str],
) -> Verdict:
    """Walk the chain, rows with their stored text in the order of their numbers.

    ``head`` is number and hash from audit.head, None where the file is missing. ``checkpoints`` are the pruned rows'
    last numbers and hashes, as rows of the chain name them; ``exported`` numbers and hashes from an export.
    """
    found = Verdict()
    before: str | None = START
    for entry, body in entries:
        if found.first is None:
            before = _beginning(found, entry.seq, checkpoints)
        elif entry.seq != found.last + 1:
            found.problems.append((entry.seq, _missing(found.last + 1, entry.seq - 1)))
            before = None
        if before is not None and entry.hash != chained(before, entry, body):
            found.problems.append((entry.seq, f"row {entry.seq} was edited, or another row was put in its place"))
        _compare(found, entry, head, exported)
        found.rows, found.last, found.hash, before = found.rows + 1, entry.seq, entry.hash, entry.hash
    _end(found, head, exported)
    return found


def _beginning(found: Verdict, seq: int, checkpoints: Mapping[int, str]) -> str | None:
    found.first = seq
    if seq == 1:
        return START
    if seq - 1 in checkpoints:
        found.pruned = seq - 1
        return checkpoints[seq - 1]
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
    if head is None and found.rows:
        found.problems.append((found.last, "audit.head is missing: whether the end was cut off cannot be seen"))
    if head is not None and head[0] > found.last:
        found.problems.append((found.last + 1, f"{_missing(found.last + 1, head[0])} at the end, says audit.head"))
    newest = max(exported, default=0)
    if newest > found.last:
        found.problems.append((found.last + 1, f"{_missing(found.last + 1, newest)} at the end: they were exported"))


def _missing(first: int, last: int) -> str:
    return f"row {first} is missing" if first == last else f"rows {first} to {last} are missing"
