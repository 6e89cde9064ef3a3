"""Turning guests on and off: plans, one target for each guest."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from proxmox_mpc.domain.call import Call, Known
from proxmox_mpc.domain.guests import GuestRef
from proxmox_mpc.domain.plan import Cannot, Keep, Plan, Probe, Send, Step, Target, Undo
from proxmox_mpc.domain.source import Source
from proxmox_mpc.errors import PmpcError
from proxmox_mpc.services.guest_facts import Now, now_of

_PATIENCE = 120.0
"""Seconds until a guest must be seen running; high availability takes some rounds of 10 s."""


def start(source: Source, refs: Sequence[GuestRef], *, many: bool) -> Plan:
    """Plan to start guests; one that runs stays as it is."""
    return Plan("start", each(source, refs, _start), many=many)


def each(source: Source, refs: Sequence[GuestRef], steps: Callable[[Now], Sequence[Step]]) -> tuple[Step, ...]:
    """Return the steps for every guest, made from its state now; one that cannot be read is a target that failed."""
    made: list[Step] = []
    for ref, now in zip(refs, now_of(source, refs), strict=True):
        made += [Cannot(Target.of(ref), now)] if isinstance(now, PmpcError) else steps(now)
    return tuple(made)


def _start(now: Now) -> Sequence[Step]:
    ref, target = now.ref, Target.of(now.ref)
    if now.running and now.status != "paused":
        return [Keep(target, "it is running already")]
    stop = Call("POST", ref.path("status", "shutdown"), {"forceStop": True, "timeout": 60})
    return [
        Send(
            Call("POST", ref.path("status", "start")),
            target,
            "start",
            f"start {ref.label}",
            now.facts(),
            undo=Undo((Send(stop, target, "shutdown", f"shut {ref.label} down"),)),
        ),
        Probe(f"{ref.label} is running", until(ref, "running"), target, patience=_PATIENCE),
    ]


def until(ref: GuestRef, status: str) -> Callable[[Source, Known], str | None]:
    """Return a check that a guest has a state; with high availability a task's end says only that it was asked for."""

    def check(source: Source, _known: Known) -> str | None:
        (now,) = now_of(source, [ref])
        if isinstance(now, PmpcError):
            raise now
        return None if now.status == status else f"{ref.label} is {now.status}"

    return check
