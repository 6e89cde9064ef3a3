"""In which order many guests are turned on and off: PVE's startup order, as at a node's boot and shutdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from proxmox_mpc.domain.guests import GuestRef
from proxmox_mpc.domain.json import text
from proxmox_mpc.domain.source import Query, Source

T = TypeVar("T")

CHUNK = 50
"""Guests that are read together, so that of a thousand only a few whole answers are kept at a time."""
_LAST = 1 << 31


def chunks(refs: Sequence[T]) -> Iterator[Sequence[T]]:
    """Yield a long list in pieces."""
    return (refs[at : at + CHUNK] for at in range(0, len(refs), CHUNK))


def stages(source: Source, refs: Sequence[GuestRef], *, stopping: bool) -> Mapping[int, int]:
    """Return by vmid the stage of each guest, for ``Target.stage``; nothing is read for a single one.

    PVE starts by ascending ``order`` of the setting ``startup``, guests without one last, and stops the other way
    round. A guest whose configuration cannot be read counts as one without an order.
    """
    if len(refs) < 2:
        return {ref.vmid: 0 for ref in refs}
    orders: dict[int, int] = {}
    for some in chunks(refs):
        answers = source.read_many([Query(ref.path("config")) for ref in some])
        for ref, answer in zip(some, answers, strict=True):
            orders[ref.vmid] = startup_order(text(answer, "startup")) if isinstance(answer, dict) else _LAST
    ranks = {order: rank for rank, order in enumerate(sorted(set(orders.values()), reverse=stopping))}
    return {vmid: ranks[order] for vmid, order in orders.items()}


def startup_order(setting: str | None) -> int:
    """Return the order in ``startup``: ``order=2,up=30``, or ``2``, as old configurations have it."""
    for part in (setting or "").split(","):
        key, found, value = part.strip().partition("=")
        number = value if found else key
        if (not found or key == "order") and number.isdecimal():
            return int(number)
    return _LAST
