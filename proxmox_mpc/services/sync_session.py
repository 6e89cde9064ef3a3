"""Two-way sync at work: manifests, their base and what was recorded, brought together; what was agreed is kept."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

from proxmox_mpc.declared.base import Base, BaseEntry
from proxmox_mpc.declared.check import Checker
from proxmox_mpc.declared.manifest import Ident, Resolved
from proxmox_mpc.declared.tree import Tree
from proxmox_mpc.domain.json import JsonObject
from proxmox_mpc.domain.merge import advanced
from proxmox_mpc.errors import ManifestError
from proxmox_mpc.services.sync_check import unsupported
from proxmox_mpc.services.sync_compare import Merge, compare
from proxmox_mpc.services.sync_guests import GuestKind
from proxmox_mpc.services.sync_kinds import Inventory, LiveObject
from proxmox_mpc.services.sync_network import NetworkKind
from proxmox_mpc.services.sync_objects import NounKind, PoolKind, object_kinds
from proxmox_mpc.services.sync_select import Candidate, select

Declarable: TypeAlias = GuestKind | PoolKind | NounKind | NetworkKind


def sync_kinds() -> dict[str, Declarable]:
    """Return every kind that can be declared, guests first."""
    found: list[Declarable] = [GuestKind("vm"), GuestKind("ct"), *object_kinds(), NetworkKind()]
    return {kind.name: kind for kind in found}


class Session:
    """One run of sync: manifests are read once, the recorded state as often as ``inventory`` makes a new one."""

    def __init__(self, infra: Path, inventory: Callable[[], Inventory]) -> None:
        self.kinds = sync_kinds()
        self.infra = infra
        self._inventory = inventory
        self.base = Base(infra)

    @cached_property
    def tree(self) -> Tree:
        """The manifests."""
        return Tree(self.infra)

    def declared(self) -> Mapping[Ident, Resolved]:
        """Return every manifest resolved; raises ManifestError, with all that is wrong in its details."""
        loaded = self.tree.load()
        wrong = loaded.errors or unsupported(loaded.resolved, self.kinds)
        if wrong:
            raise all_wrong(wrong)
        return loaded.resolved

    def resolved(self, words: Sequence[str] = ()) -> list[Resolved]:
        """Return the manifests that the words mean, resolved; raises ManifestError and NotFound."""
        declared = self.declared()
        names = {ident: one.keys.get("name") or one.keys.get("hostname") for ident, one in declared.items()}
        chosen = select(words, (Candidate(*ident, name) for ident, name in names.items()), self.kinds)
        return [one for ident, one in declared.items() if ident in chosen]

    def problems(self, of: Iterable[Resolved] | None = None) -> list[ManifestError]:
        """Return what is wrong with manifests: what their keys may not hold, and of all also what cannot be read."""
        found: list[ManifestError] = []
        if of is None:
            loaded = self.tree.load()
            found = [*loaded.errors, *unsupported(loaded.resolved, self.kinds)]
            of = loaded.resolved.values()
        checker = Checker({kind.name: kind.check for kind in self.kinds.values() if not isinstance(kind, GuestKind)})
        found += [problem for one in of for problem in checker.problems(one)]
        return sorted(found, key=lambda error: (error.file, error.line or 0, error.column or 0))

    def groups(self, kinds: Collection[str] | None = None) -> list[str]:
        """Return the groups of a pull that record these kinds; without: all that have a manifest or a base."""
        wanted = kinds if kinds is not None else self.tree_kinds()
        return sorted(
            {group for name in wanted if name in self.kinds for group in self.kinds[name].groups} or {"guest"}
        )

    def tree_kinds(self) -> set[str]:
        """Return the kinds that have a manifest or a base."""
        return {kind for kind, _ in (*self.tree.load().present, *self.base.read_all())}

    def live(self, kinds: Collection[str] | None = None) -> dict[Ident, LiveObject]:
        """Return the recorded objects of these kinds, of all without."""
        inventory = Once(self._inventory())
        return {
            (one.kind, one.ident): one
            for name, kind in self.kinds.items()
            if kinds is None or name in kinds
            for one in kind.live(inventory)
        }

    def look(self, words: Sequence[str] = ()) -> list[Merge]:
        """Return the merges of what the words mean; raises ManifestError, NotFound for a word that means nothing."""
        declared = self.declared()
        bases = self.base.read_all()
        needed = {kind for kind, _ in (*declared, *bases)}
        if needed & {"vm", "ct"}:
            needed |= {"vm", "ct"}
        merges = compare(declared, bases, self.live(needed), self.kinds)
        if not words:
            return merges
        chosen = select(words, (Candidate(one.kind, one.ident, one.name) for one in merges), self.kinds)
        return [one for one in merges if one.ident_pair in chosen]

    def settle(self, merges: Iterable[Merge], made: Collection[Ident] = ()) -> int:
        """Move the base to where both sides are equal now, and return for how many objects it moved.

        ``made`` were created just now: what Proxmox VE has set in them beyond what is declared is the cluster's change.
        """
        found: dict[Ident, BaseEntry] = {}
        over: list[Ident] = []
        for one in merges:
            if one.state == "over":
                over.append(one.ident_pair)
            elif one.state == "both" and one.live is not None:
                keys = advanced(list(one.keys), one.base.keys if one.base else None)
                if one.ident_pair in made:
                    keys = {key: value for key, value in keys.items() if value is not None or key in _declared(one)}
                entry = BaseEntry(one.live.identity, keys)
                if entry != one.base:
                    found[one.ident_pair] = entry
        self.base.write_all(found)
        self.base.remove_all(over)
        return len(found) + len(over)


def _declared(one: Merge) -> Collection[str]:
    return one.declared.keys if one.declared is not None else ()


class Once:
    """An inventory that is asked for each kind once."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._known: dict[str, Sequence[tuple[str, JsonObject]]] = {}

    def objects(self, kind: str) -> Sequence[tuple[str, JsonObject]]:
        """Return key and document of every object of a kind."""
        if kind not in self._known:
            self._known[kind] = self._inventory.objects(kind)
        return self._known[kind]


def all_wrong(errors: Sequence[ManifestError]) -> ManifestError:
    """Return one error that carries all: the first is said, the others are in its details."""
    first = errors[0]
    if len(errors) > 1:
        first.details["errors"] = [{**one.details, "message": one.message, "hint": one.hint} for one in errors]
        first.hint = f"{first.hint + chr(10) if first.hint else ''}and {len(errors) - 1} more: pmpc sync validate"
    return first
