"""Turning guests on and off: plans, one target for each guest, in PVE's startup order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias

from proxmox_mpc.domain.call import Call, FormValue, Known
from proxmox_mpc.domain.guests import GuestRef
from proxmox_mpc.domain.plan import Cannot, Keep, Plan, Probe, Send, Step, Target, Undo
from proxmox_mpc.domain.risk import Effect, Facts
from proxmox_mpc.domain.source import Source
from proxmox_mpc.errors import Conflict, NotFound, PmpcError, UsageError
from proxmox_mpc.services.guest_facts import Now, now_of
from proxmox_mpc.services.guest_order import chunks, stages
from proxmox_mpc.services.guests import find_guest

Action: TypeAlias = Literal["start", "shutdown", "stop", "reboot", "reset", "suspend", "resume"]
_STARTING = 120.0
"""Seconds until a guest must be seen running; high availability takes some rounds of 10 s."""
_SETTLED = 15.0
"""Seconds until a guest must be seen in its new state after a task that brought it there."""
_HA_STOPPING = 240.0
"""Seconds that the HA manager may take to stop a guest, beyond the guest's own time to shut down."""
_NO_UNDO = Undo(why_not="what a guest was doing cannot be brought back")


class How(NamedTuple):
    """What the command line says of the way; None and False leave it to PVE.

    ``timeout``: seconds the guest has to shut down. ``force``: stop it hard when they are over. ``to_disk``: keep the
    memory of a suspended VM on a disk (on ``state_storage``). ``overrule``: end a shutdown that still waits.
    """

    timeout: int | None = None
    force: bool = False
    to_disk: bool = False
    state_storage: str | None = None
    overrule: bool = False


AS_PVE_DOES = How()


class Doing(NamedTuple):
    """One guest, the target it is, and how it is to be done."""

    now: Now
    target: Target
    how: How

    @property
    def ref(self) -> GuestRef:
        """The guest."""
        return self.now.ref

    def asks(
        self,
        action: Action,
        effect: Effect,
        says: str,
        form: Mapping[str, FormValue] | None = None,
        *,
        undo: Undo = _NO_UNDO,
        facts: Facts | None = None,
    ) -> Send:
        """Return the step that asks for an action."""
        call = Call("POST", self.ref.path("status", action), form or {})
        return Send(call, self.target, effect, says, facts or self.now.facts(), undo=undo)

    def back(self, action: Action, effect: Effect, says: str, form: Mapping[str, FormValue] | None = None) -> Undo:
        """Return the undo that asks for an action."""
        call = Call("POST", self.ref.path("status", action), form or {})
        return Undo((Send(call, self.target, effect, says),))

    def becomes(self, status: str, patience: float, ha: float | None = None) -> Probe:
        """Return the step that waits for a state; the task of a guest under HA ends when it was asked for."""
        wait = ha if ha is not None and self.now.ha else patience
        return Probe(f"{self.ref.label} is {status}", until(self.ref, status), self.target, patience=wait)

    def keep(self, says: str) -> list[Step]:
        """Return the step of a guest that is as wanted."""
        return [Keep(self.target, says)]

    def cannot(self, error: PmpcError) -> list[Step]:
        """Return the step of a guest to which it cannot be done."""
        return [Cannot(self.target, error)]

    def not_running(self) -> list[Step]:
        """Return the step of a guest that would have to run."""
        ref = self.ref
        return self.cannot(Conflict(f"{ref.label} is not running", hint=f"pmpc {ref.kind} start {ref.vmid}"))


def power(source: Source, action: Action, refs: Sequence[GuestRef], how: How = AS_PVE_DOES, *, many: bool) -> Plan:
    """Return the plan that does ``action`` to guests; those that are as wanted already stay as they are."""
    order = stages(source, refs, stopping=action in ("shutdown", "stop", "suspend"))
    steps = _STEPS[action]

    def one(now: Now, target: Target) -> Sequence[Step]:
        return steps(Doing(now, target, how))

    return Plan(action, each(source, refs, one, order), many=many)


def each(
    source: Source,
    refs: Sequence[GuestRef],
    steps: Callable[[Now, Target], Sequence[Step]],
    order: Mapping[int, int] | None = None,
) -> tuple[Step, ...]:
    """Return the steps for every guest, made from its state now; one that cannot be read is a target that failed.

    ``order`` has the stages of the targets by vmid.
    """
    made: list[Step] = []
    for some in chunks(refs):
        for ref, now in zip(some, now_of(source, some), strict=True):
            target = Target.of(ref, (order or {}).get(ref.vmid, 0))
            made += [Cannot(target, now)] if isinstance(now, PmpcError) else steps(now, target)
    return tuple(made)


def until(ref: GuestRef, status: str) -> Callable[[Source, Known], str | None]:
    """Return a check that a guest has a state; high availability may have moved it to another node meanwhile."""
    where = [ref]

    def check(source: Source, _known: Known) -> str | None:
        (now,) = now_of(source, where)
        if isinstance(now, NotFound):
            where[0] = find_guest(source, str(ref.vmid))
            (now,) = now_of(source, where)
        if isinstance(now, PmpcError):
            raise now
        return None if now.status == status else f"{ref.label} is {now.status}"

    return check


def _start(doing: Doing) -> list[Step]:
    now, ref = doing.now, doing.ref
    if ref.template:
        hint = f"make a guest of it: pmpc {ref.kind} clone {ref.vmid}"
        return doing.cannot(Conflict(f"{ref.label} is a template, which is not started", hint=hint))
    if now.status == "paused":
        hint = f"pmpc {ref.kind} resume {ref.vmid}"
        return doing.cannot(Conflict(f"{ref.label} is paused: it is resumed, not started", hint=hint))
    if now.running:
        return doing.keep("it is running already")
    form: dict[str, FormValue] = {"forceStop": True, "timeout": 60}
    undo = doing.back("shutdown", "shutdown", f"shut {ref.label} down", form)
    return [
        doing.asks("start", "start", f"start {ref.label}", undo=undo, facts=_suspended_facts(now)),
        doing.becomes("running", _STARTING),
    ]


def _shutdown(doing: Doing) -> list[Step]:
    now, ref, how = doing.now, doing.ref, doing.how
    if not now.running:
        return doing.keep("it is off already")
    if now.status == "paused" and not how.force:
        hint = f"pmpc {ref.kind} resume {ref.vmid}, or --force-stop, which stops it hard"
        return doing.cannot(Conflict(f"{ref.label} is paused: it cannot shut itself down", hint=hint))
    form: dict[str, FormValue] = {}
    if how.timeout is not None:
        form["timeout"] = how.timeout
    if how.force:
        form["forceStop"] = True
    undo = doing.back("start", "start", f"start {ref.label}")
    return [
        doing.asks("shutdown", "shutdown", f"shut {ref.label} down", form, undo=undo),
        doing.becomes("stopped", _SETTLED, (how.timeout or 0) + _HA_STOPPING),
    ]


def _stop(doing: Doing) -> list[Step]:
    now, ref = doing.now, doing.ref
    if not now.running:
        return doing.keep("it is off already")
    form: dict[str, FormValue] = {"overrule-shutdown": True} if doing.how.overrule else {}
    undo = doing.back("start", "start", f"start {ref.label}")
    return [
        doing.asks("stop", "stop", f"stop {ref.label} hard", form, undo=undo),
        doing.becomes("stopped", _SETTLED, _HA_STOPPING),
    ]


def _reboot(doing: Doing) -> list[Step]:
    ref, how = doing.ref, doing.how
    if not doing.now.running:
        return doing.not_running()
    form: dict[str, FormValue] = {} if how.timeout is None else {"timeout": how.timeout}
    return [
        doing.asks("reboot", "reboot", f"reboot {ref.label}", form),
        doing.becomes("running", _STARTING),
    ]


def _reset(doing: Doing) -> list[Step]:
    ref = doing.ref
    if ref.kind == "ct":
        hint = f"pmpc ct reboot {ref.vmid}"
        return doing.cannot(UsageError(f"{ref.label} is a container, which cannot be reset", hint=hint))
    if not doing.now.running:
        return doing.not_running()
    return [
        doing.asks("reset", "reset", f"reset {ref.label}"),
        Probe(f"{ref.label} runs", _runs(ref), doing.target, patience=_SETTLED),
    ]


def _suspend(doing: Doing) -> list[Step]:
    now, ref, how = doing.now, doing.ref, doing.how
    if how.to_disk and ref.kind == "ct":
        return doing.cannot(UsageError(f"{ref.label} is a container: --to-disk is for virtual machines"))
    if now.lock == "suspended" or (now.status in ("paused", "suspended") and not how.to_disk):
        return doing.keep("it is suspended already")
    if not now.running:
        return doing.not_running()
    undo = doing.back("resume", "resume", f"resume {ref.label}")
    form: dict[str, FormValue] = {"todisk": True} if how.to_disk else {}
    if how.state_storage is not None:
        form["statestorage"] = how.state_storage
    says = f"suspend {ref.label}" + (" to disk" if how.to_disk else "")
    send = doing.asks("suspend", "suspend", says, form, undo=undo)
    # A container is checkpointed, which ends its processes: PVE then calls it stopped.
    return [send, doing.becomes("stopped" if how.to_disk or ref.kind == "ct" else "paused", _SETTLED)]


def _resume(doing: Doing) -> list[Step]:
    now, ref = doing.now, doing.ref
    if now.status == "running":
        return doing.keep("it is running already")
    if not now.running and now.lock != "suspended" and ref.kind == "vm":
        return doing.not_running()
    undo = doing.back("suspend", "suspend", f"suspend {ref.label}")
    return [
        doing.asks("resume", "resume", f"resume {ref.label}", undo=undo, facts=_suspended_facts(now)),
        doing.becomes("running", _STARTING),
    ]


def _suspended_facts(now: Now) -> Facts:
    """Return the facts without the lock of a VM that was suspended to disk: starting it is what takes that away."""
    facts = now.facts()
    return Facts(running=facts.running, ha=facts.ha) if now.lock == "suspended" else facts


def _runs(ref: GuestRef) -> Callable[[Source, Known], str | None]:
    """Return a check that a VM runs, be it paused: a reset leaves it so."""

    def check(source: Source, _known: Known) -> str | None:
        (now,) = now_of(source, [ref])
        if isinstance(now, PmpcError):
            raise now
        return None if now.running else f"{ref.label} is {now.status}"

    return check


_STEPS: Mapping[Action, Callable[[Doing], list[Step]]] = {
    "start": _start,
    "shutdown": _shutdown,
    "stop": _stop,
    "reboot": _reboot,
    "reset": _reset,
    "suspend": _suspend,
    "resume": _resume,
}
