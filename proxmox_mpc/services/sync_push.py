"""Declared to live: one plan for the guard, ordered by what needs what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from proxmox_mpc.declared.base import BaseEntry
from proxmox_mpc.domain.json import text
from proxmox_mpc.domain.plan import Cannot, Keep, Plan, Step, Target
from proxmox_mpc.domain.property_string import PropertyString
from proxmox_mpc.domain.source import Source, Warn
from proxmox_mpc.errors import PmpcError
from proxmox_mpc.services.read_once import ReadOnce
from proxmox_mpc.services.sync_compare import GUESTS, Merge
from proxmox_mpc.services.sync_kinds import SyncKind

FEW = 5
"""More guests than this, or more than a tenth of all, are pushed only when their number is said."""
_SHARE = 10
_UUID = "qemu uuid="
_ROOM = 10
"""Stages within one kind: templates before what is cloned from them."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which parts of the merges a push carries out.

    ``recreate``: what vanished from the cluster is created again; ``prune``: what was removed from infra/ is deleted;
    ``named``: the objects were named, so what is as declared is said of each.
    """

    recreate: bool = True
    prune: bool = False
    named: bool = False


def push_plan(
    source: Source, merges: Sequence[Merge], kinds: Mapping[str, SyncKind], wanted: Wanted, guests: int
) -> Plan:
    """Return the plan that makes the cluster as declared, conflicts left out; ``guests``: how many there are in all.

    What cannot be planned for one object stands in its place; the others go on.
    """
    doable = [one for one in merges if is_pushed(one, wanted)]
    once = ReadOnce(source)
    steps = [step for one in doable for step in _steps(once, one, kinds[one.kind], wanted)]
    if wanted.named:
        steps += [
            Keep(_target(one), f"{one.label} is as declared")
            for one in merges
            if one.state == "both" and not one.differs
        ]
    touched = sum(1 for one in doable if one.kind in GUESTS)
    many = touched > FEW or (touched > 1 and touched * _SHARE > guests)
    counted = f"it changes {touched} of {guests} guests" if many else ""
    return Plan(
        "push", tuple(steps), many=True, counted=counted, warnings=(*_left(merges, wanted), *_unapplied(doable))
    )


def _unapplied(doable: Iterable[Merge]) -> Iterator[Warn]:
    """Say whose network is only staged by a push: applying it reloads the node's network."""
    for node in sorted({one.ident.partition("/")[0] for one in doable if one.kind == "network"}):
        yield Warn(
            "staged", f"the network of {node} is staged by this, not applied", f"look, then: pmpc network apply {node}"
        )


def is_pushed(one: Merge, wanted: Wanted) -> bool:
    """Whether a push has something to do for an object."""
    if one.state == "both":
        return bool(one.of("push"))
    if one.state == "dropped":
        return wanted.prune and not one.conflicts
    return one.state == "new" or (one.state == "gone" and wanted.recreate)


def _steps(source: Source, one: Merge, kind: SyncKind, wanted: Wanted) -> list[Step]:
    stage = kind.stage * _ROOM
    try:
        if one.state == "dropped":
            assert one.live is not None
            return _staged(kind.deletion(source, one.live), -stage)
        assert one.declared is not None
        if one.live is None:
            keys = _as_it_was(one.declared.keys, one.base)
            return _staged(kind.creation(source, one.ident, keys, one.declared.track), stage)
        wishes = {key.key: key.declared for key in one.of("push")}
        return _staged(kind.changes(source, one.live, wishes), stage)
    except PmpcError as error:
        return [Cannot(_target(one, stage), error)]


def _as_it_was(keys: Mapping[str, str], base: BaseEntry | None) -> Mapping[str, str]:
    """Return the keys of a guest that is created again, with the uuid that it had: it is the same one to everybody.

    A container is known by its MACs, which its manifest says.
    """
    identity = base.identity or "" if base is not None else ""
    uuid = identity.removeprefix(_UUID) if identity.startswith(_UUID) else None
    said = keys.get("smbios1", "")
    if uuid is None or PropertyString.parse(said).get("uuid"):
        return keys
    return {**keys, "smbios1": f"uuid={uuid},{said}".rstrip(",")}


def _staged(steps: Sequence[Step], stage: int) -> list[Step]:
    return [replace(step, target=replace(step.target, stage=step.target.stage + stage)) for step in steps]


def _target(one: Merge, stage: int = 0) -> Target:
    node = text(one.live.row, "node") if one.live is not None else None
    return Target(one.kind, int(one.ident) if one.ident.isdecimal() else one.ident, one.name, node, stage=stage)


def _left(merges: Iterable[Merge], wanted: Wanted) -> Iterator[Warn]:
    """Say what is not pushed although it differs."""
    for one in merges:
        if one.state == "dropped" and not wanted.prune:
            yield Warn(
                "not_deleted",
                f"{one.label} is no longer in infra/ and stays on the cluster",
                hint="--prune deletes it; pmpc sync forget drops it; pmpc sync declare writes it again",
                details={"kind": one.kind, "id": one.ident},
            )
        elif one.state == "unknown":
            yield Warn(
                "unknown",
                f"{one.label} could not be confirmed by the last pull and is left alone",
                details={"kind": one.kind, "id": one.ident},
            )
