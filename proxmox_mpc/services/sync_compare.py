"""Declared, live and what they last agreed on, brought together object by object; nothing is read or written here."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Literal, NamedTuple, TypeAlias

from proxmox_mpc.declared.base import BaseEntry
from proxmox_mpc.declared.manifest import Ident, Resolved
from proxmox_mpc.domain.identity import same_individual
from proxmox_mpc.domain.merge import KeyMerge, Side, merge, settled
from proxmox_mpc.services.sync_kinds import LiveObject, SyncKind

State: TypeAlias = Literal["both", "new", "gone", "dropped", "other", "unknown", "over"]
"""``both``: declared and live. ``new``: declared, never live. ``gone``: declared and agreed, but no longer live.
``dropped``: agreed and live, but its file was removed. ``other``: another individual has the id (design: identity
before id). ``unknown``: the last pull could not confirm it. ``over``: only the base is left."""
GUESTS = ("vm", "ct")


class Merge(NamedTuple):
    """One object on its three sides; ``keys`` is filled where it is declared and live."""

    kind: str
    ident: str
    name: str | None
    state: State
    keys: tuple[KeyMerge, ...]
    live: LiveObject | None
    declared: Resolved | None
    base: BaseEntry | None

    def of(self, *verdicts: str) -> list[KeyMerge]:
        """Return the keys with one of these verdicts."""
        return [one for one in self.keys if one.verdict in verdicts]

    @property
    def ident_pair(self) -> Ident:
        """Its kind and id."""
        return self.kind, self.ident

    @property
    def conflicts(self) -> bool:
        """Whether somebody must decide."""
        if self.state == "dropped":
            return bool(self.of("pull", "conflict"))
        return self.state in ("gone", "other") or bool(self.of("conflict"))

    @property
    def differs(self) -> bool:
        """Whether the two sides are not the same."""
        return self.state not in ("both", "over") or bool(self.of("pull", "push", "conflict"))

    @property
    def label(self) -> str:
        """``VM 101 (web)``: how messages name it."""
        kind = self.kind.upper() if self.kind in GUESTS else self.kind
        return f"{kind} {self.ident}" + (f" ({self.name})" if self.name and self.name != self.ident else "")


def compare(
    declared: Mapping[Ident, Resolved],
    bases: Mapping[Ident, BaseEntry],
    live: Mapping[Ident, LiveObject],
    kinds: Mapping[str, SyncKind],
) -> list[Merge]:
    """Return every object that is declared or has a base, in the order of kinds and ids; what is only live is not."""
    places = {name: place for place, name in enumerate(kinds)}
    idents = sorted({*declared, *bases}, key=lambda one: (places.get(one[0], len(places)), _natural(one[1]), one[1]))
    return [_merged(one, declared.get(one), bases.get(one), live, kinds[one[0]]) for one in idents if one[0] in kinds]


def _merged(
    ident: Ident,
    resolved: Resolved | None,
    base: BaseEntry | None,
    lives: Mapping[Ident, LiveObject],
    kind: SyncKind,
) -> Merge:
    live = lives.get(ident) or _namesake(ident, lives)
    name = (resolved.keys.get("name") or resolved.keys.get("hostname")) if resolved is not None else None
    name = name or (live.name if live is not None else None)

    def made(state: State, keys: Iterable[KeyMerge] = ()) -> Merge:
        return Merge(*ident, name, state, tuple(keys), live, resolved, base)

    if live is None:
        if resolved is None:
            return made("over")
        return made("gone" if base is not None else "new")
    if live.kind != ident[0] or (base is not None and _another(base, live)):
        return made("other")
    if live.stale:
        return made("unknown")
    track = resolved.track if resolved is not None else ()
    there = _compared(live.keys, kind, track)
    if resolved is None:
        assert base is not None
        return made("dropped", merge(base.keys, there, _agreed(base), kind.same))
    wanted = _compared(resolved.keys, kind, track)
    keys = base.keys if base is not None else None
    if keys is not None:
        keys = {key: value for key, value in keys.items() if kind.compared(key, track)}
    return made("both", merge(keys, there, wanted, kind.same))


def _namesake(ident: Ident, lives: Mapping[Ident, LiveObject]) -> LiveObject | None:
    """Return the guest of the other kind that has a guest's id: ids are unique in a cluster."""
    if ident[0] not in GUESTS:
        return None
    return lives.get((GUESTS[1 - GUESTS.index(ident[0])], ident[1]))


def _another(base: BaseEntry, live: LiveObject) -> bool:
    return bool(base.identity and live.identity) and not same_individual(str(base.identity), str(live.identity))


def _agreed(base: BaseEntry) -> dict[str, str]:
    return {key: value for key, value in base.keys.items() if value is not None}


def _compared(keys: Mapping[str, str], kind: SyncKind, track: Collection[str]) -> dict[str, str]:
    return {key: value for key, value in keys.items() if kind.compared(key, track)}


def _natural(ident: str) -> tuple[int, str]:
    return (int(ident), "") if ident.isdecimal() and len(ident) < 19 else (-1, ident)


def decided(merges: Iterable[Merge], decide: Callable[[Merge, KeyMerge], Side | None]) -> list[Merge]:
    """Return the merges after conflicts over keys were decided; None leaves one a conflict."""
    found: list[Merge] = []
    for one in merges:
        sides = {key.key: side for key in one.of("conflict") if (side := decide(one, key)) is not None}
        found.append(one._replace(keys=tuple(settled(list(one.keys), sides))) if sides else one)
    return found


def taken(before: Iterable[Merge], after: Iterable[Merge]) -> list[Merge]:
    """Return the merges with those keys alone that were in conflict, and were decided for the cluster."""
    found: list[Merge] = []
    for was, one in zip(before, after, strict=True):
        open_keys = {key.key for key in was.of("conflict")}
        keys = tuple(key for key in one.of("pull") if key.key in open_keys)
        if keys:
            found.append(one._replace(keys=keys))
    return found
