"""What two-way sync must know of a kind of object: how it reads it, when two values mean the same, how it writes it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from proxmox_mpc.domain.json import JsonObject
from proxmox_mpc.domain.plan import Step
from proxmox_mpc.domain.source import Source


class Inventory(Protocol):
    """Recorded documents, by kind (``state.kinds``); ``RecordedSource`` is one."""

    def objects(self, kind: str) -> Sequence[tuple[str, JsonObject]]:
        """Return key and document of every object of a kind, stale ones marked."""
        ...


class LiveObject(NamedTuple):
    """An object as the cluster has it: its keys as a manifest writes them, and who it is apart from its id.

    ``stale``: the last pull could not confirm it, so nothing is decided about it. ``row`` is its row of the recorded
    overview; ``config`` its document.
    """

    kind: str
    ident: str
    name: str | None
    keys: Mapping[str, str]
    identity: str | None = None
    stale: bool = False
    row: JsonObject = {}  # noqa: RUF012 -- a NamedTuple's default; nobody writes to it
    config: JsonObject = {}  # noqa: RUF012 -- likewise


class SyncKind(Protocol):
    """One kind of manifest. ``stage`` orders pushes: what others need comes first, and is deleted last."""

    @property
    def name(self) -> str: ...
    @property
    def stage(self) -> int: ...
    @property
    def groups(self) -> Collection[str]:
        """The groups of ``sync pull`` that record it."""
        ...

    def live(self, inventory: Inventory) -> Iterable[LiveObject]:
        """Yield every recorded object of the kind, without its untracked keys taken out."""
        ...

    def compared(self, key: str, track: Collection[str]) -> bool:
        """Whether a key takes part in the comparison."""
        ...

    def same(self, key: str, declared: str | None, live: str | None) -> bool:
        """Whether the live value is what the declared one asks for."""
        ...

    def creation(self, source: Source, ident: str, keys: Mapping[str, str], track: Collection[str]) -> Sequence[Step]:
        """Return the steps that create it; ``track`` are the keys of its state that are declared as well."""
        ...

    def changes(self, source: Source, live: LiveObject, wanted: Mapping[str, str | None]) -> Sequence[Step]:
        """Return the steps that change keys; None deletes one."""
        ...

    def deletion(self, source: Source, live: LiveObject) -> Sequence[Step]:
        """Return the steps that delete it."""
        ...
