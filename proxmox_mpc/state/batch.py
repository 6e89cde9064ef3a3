"""What a pull hands to the store, and what the store tells of it afterwards: plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from proxmox_mpc.domain.json import Json, JsonObject
from proxmox_mpc.state.documents import JsonText, KeyChange
from proxmox_mpc.state.kinds import Cell


@dataclass(slots=True)
class Item:
    """One object that was seen: its document (None where the kind has no history), columns, and moving values."""

    key: str
    doc: JsonText | None
    digest: str
    columns: dict[str, Cell]
    data: JsonText | None = None
    parts: Mapping[str, list[dict[str, Cell]]] = field(default_factory=dict)
    """Rows of dependent tables (disk, nic, pool_member) that replace those of this object."""
    replaced: bool = False
    """Another individual under the same key: history ends the old one and begins a new one."""


@dataclass(slots=True)
class Findings:
    """What a pull found out about one kind.

    ``seen`` were read, ``confirmed`` are as recorded, ``gone`` count as removed, ``stale`` could not be confirmed.
    A key may be both seen and stale: a guest whose node does not answer still shows where it is. Keys in
    none stay untouched.
    """

    kind: str
    seen: list[Item] = field(default_factory=list)
    confirmed: set[str] = field(default_factory=set)
    gone: set[str] = field(default_factory=set)
    stale: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Ran:
    """How a pull went: times as ``times.stamp`` writes them; ``scope`` has ``groups`` and ``node``."""

    started: str
    finished: str
    caller: str
    scope: JsonObject
    outcome: str
    requests: int = 0
    warnings: tuple[JsonObject, ...] = ()
    error: str | None = None


@dataclass(slots=True)
class Batch:
    """Everything that one pull stores, in one transaction."""

    ran: Ran
    findings: list[Findings]
    answers: dict[str, Json]
    coverage: list[tuple[str, str]]
    """(group, node) pairs that were read in full; node is empty for the whole cluster."""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run as the log shows it."""

    id: int
    ran: Ran
    added: int
    changed: int
    removed: int
    stale: int


@dataclass(frozen=True, slots=True)
class ObjectChange:
    """What one run found changed about one object: ``action`` is added, changed or removed.

    ``name`` is the guest's name where the object is, or belongs to, a guest.
    """

    kind: str
    key: str
    action: str
    name: str | None = None
    keys: tuple[KeyChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Version:
    """One state in an object's history; ``ended`` and ``until`` are None for the one that still holds."""

    kind: str
    key: str
    run: int
    since: str
    ended: int | None
    until: str | None
    born: int
    doc: JsonObject
