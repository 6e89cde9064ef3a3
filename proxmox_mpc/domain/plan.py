"""A plan: what a command would do, as flat data; services make it, the guard alone carries it out.

The steps of one target run in their order, targets in parallel. Nothing here sends or reads: ``Take`` and ``Probe``
carry functions that the guard calls with the live source when their turn comes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from proxmox_mpc.domain.call import Call, Known, Slot, Value
from proxmox_mpc.domain.guests import GuestRef
from proxmox_mpc.domain.json import JsonObject
from proxmox_mpc.domain.risk import NO_FACTS, Effect, Facts
from proxmox_mpc.domain.source import Source, Warn
from proxmox_mpc.errors import PmpcError

TakeRead: TypeAlias = Callable[[Source, Known, frozenset[Value]], Value]
"""Gets the source, the slots known so far and the values that were refused; returns the slot's value."""
ProbeCheck: TypeAlias = Callable[[Source, Known], str | None]
"""Returns None when it is as it should be, else in words what it is instead; a PmpcError it raises fails the target."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a step works on; ``kind`` is pmpc's noun (vm, ct, storage …), ``id`` a vmid or the object's own id.

    ``stage`` orders targets: those of a lower stage end before those of a higher one begin.
    """

    kind: str
    id: int | str | Slot
    name: str | Slot | None = None
    node: str | Slot | None = None
    tags: tuple[str, ...] = ()
    stage: int = 0

    @classmethod
    def of(cls, ref: GuestRef, stage: int = 0) -> Target:
        """Return the target that a guest is."""
        return cls(ref.kind, ref.vmid, ref.name, ref.node, ref.tags, stage)

    @property
    def label(self) -> str:
        """How messages name it: ``VM 101 (web)``, ``storage backup``, ``VM <next free id> (web)``."""
        kind = self.kind.upper() if self.kind in ("vm", "ct") else self.kind
        shown = f"<{self.id.preview}>" if isinstance(self.id, Slot) else str(self.id)
        name = f" ({self.name})" if isinstance(self.name, str) and self.name != shown else ""
        return f"{kind} {shown}{name}"


@dataclass(frozen=True, slots=True)
class Undo:
    """How a finished step is taken back: what to send, in order, or why that cannot be done."""

    sends: tuple[Send, ...] = ()
    why_not: str = ""


NO_UNDO = Undo(why_not="there is nothing to take back")


@dataclass(frozen=True, slots=True)
class Give:
    """Which part of an answer fills a slot: the value at ``key``, or the answer itself without one."""

    slot: Slot
    key: str = ""
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Take:
    """Look a value up just before it is needed, and again without those that were refused."""

    slot: Slot
    read: TakeRead
    says: str
    target: Target


@dataclass(frozen=True, slots=True)
class Send:
    """Send one call and wait for its task. ``says`` is an imperative: ``start VM 101 (web)``.

    ``watch`` is a path whose value the call changes: ``before`` is what it was there (the keys that matter; None where
    there was nothing). Both are journalled; a lost answer is looked up there, and an undo checks there that nobody has
    changed it since. Give both, or neither where a task tells all. ``expects`` is what is there afterwards, where the
    call's own parameters do not say it: the keys that matter (domain/seen.py), None for one that goes. ``patience``:
    seconds the task may take, None for as long as the node answers.
    """

    call: Call
    target: Target
    effect: Effect
    says: str
    facts: Facts = NO_FACTS
    gives: tuple[Give, ...] = ()
    before: JsonObject | None = None
    watch: str | None = None
    expects: JsonObject | None = None
    undo: Undo = NO_UNDO
    patience: float | None = None


@dataclass(frozen=True, slots=True)
class Probe:
    """Read until it is as it should be, or ``patience`` seconds are over (0: look once). ``says``: ``VM 101 runs``."""

    says: str
    check: ProbeCheck
    target: Target
    patience: float = 60.0


@dataclass(frozen=True, slots=True)
class Keep:
    """The target is as wanted already: nothing is sent, and its row says ``changed: false``."""

    target: Target
    says: str


@dataclass(frozen=True, slots=True)
class Cannot:
    """The target's part cannot even be planned; its row carries the error, the other targets go on."""

    target: Target
    error: PmpcError


Step: TypeAlias = Take | Send | Probe | Keep | Cannot


@dataclass(frozen=True, slots=True)
class Plan:
    """What one command does. ``action`` names it in rows and journal (``start``, ``disk resize``).

    ``many``: argv can name several targets, so that rows are printed as an array. ``notes`` are lines that people see
    before they are asked: preconditions, a diff, how to undo it at the console. ``counted``: why the number of its
    targets must be said, whatever the policy asks otherwise.
    """

    action: str
    steps: tuple[Step, ...] = ()
    many: bool = False
    notes: tuple[str, ...] = ()
    warnings: tuple[Warn, ...] = ()
    counted: str = ""

    def lanes(self) -> list[Lane]:
        """Return the steps by target, in the order in which targets are first named, lower stages first."""
        found: dict[Target, list[Step]] = {}
        for step in self.steps:
            found.setdefault(step.target, []).append(step)
        return [Lane(target, tuple(steps)) for target, steps in sorted(found.items(), key=lambda one: one[0].stage)]

    def sends(self) -> Iterator[Send]:
        """Yield every step that would send something."""
        return (step for step in self.steps if isinstance(step, Send))


@dataclass(frozen=True, slots=True)
class Lane:
    """The steps of one target."""

    target: Target
    steps: tuple[Step, ...]

    @property
    def sends(self) -> list[Send]:
        """Those that would send something."""
        return [step for step in self.steps if isinstance(step, Send)]

    def previews(self) -> dict[str, str]:
        """Return what people see for the slots of this lane."""
        seen = {step.slot.name: step.slot.preview for step in self.steps if isinstance(step, Take)}
        return seen | {give.slot.name: give.slot.preview for step in self.sends for give in step.gives}


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """What the command line says about how a write is to be done; times in seconds.

    ``confirm`` is the name or count that stands for a typed confirmation; ``stages`` the sizes of a staged roll-out,
    None for the rest.
    """

    dry_run: bool = False
    yes: bool = False
    confirm: str | None = None
    no_wait: bool = False
    wait_timeout: float | None = None
    without_backup: bool = False
    rollback: bool = False
    parallel: int | None = None
    max_failures: int | None = None
    stages: tuple[int | None, ...] = field(default=())
