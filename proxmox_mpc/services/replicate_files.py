"""Replicated objects as manifests of the other workspace: what is written, what stands there already."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from proxmox_mpc.declared.edit import new_text
from proxmox_mpc.declared.names import path_of
from proxmox_mpc.declared.schema import write_schemas
from proxmox_mpc.declared.writing import save
from proxmox_mpc.domain.replica import Declared
from proxmox_mpc.errors import Conflict
from proxmox_mpc.services.replicate import GUESTS
from proxmox_mpc.services.sync_session import Session

Action: TypeAlias = Literal["written", "unchanged", "present"]


class Placed(NamedTuple):
    """What is to become of one object: ``written`` into ``path``, ``unchanged`` there, or ``present`` undeclared."""

    one: Declared
    source: Declared
    action: Action
    path: str | None


def placed(session: Session, ones: Sequence[Declared], sources: Sequence[Declared]) -> list[Placed]:
    """Return what is to become of objects in the workspace of ``session``; ``sources`` are they as declared here.

    Besides guests, what is on that cluster and not declared there is left as it is. Raises Conflict where something is
    declared otherwise there.
    """
    declared = session.declared()
    live = session.live({one.kind for one in ones if one.kind not in GUESTS})
    found: list[Placed] = []
    other: list[str] = []
    for one, source in zip(ones, sources, strict=True):
        there = declared.get((one.kind, one.ident))
        if there is not None:
            if dict(there.keys) != dict(one.keys) or there.track != one.track:
                other.append(f"{one.label} in {there.manifest.path}")
            found.append(Placed(one, source, "unchanged", there.manifest.path))
        elif (one.kind, one.ident) in live:
            found.append(Placed(one, source, "present", None))
        else:
            found.append(Placed(one, source, "written", path_of(one.kind, one.ident, one.name)))
    if other:
        raise Conflict(
            f"declared otherwise there: {', '.join(other[:3])}{f' and {len(other) - 3} more' if other[3:] else ''}",
            hint="forget it there (pmpc -w WORKSPACE sync forget), or leave it out here",
            details={"objects": other},
        )
    return found


def write(infra: Path, ones: Sequence[Placed]) -> None:
    """Write the manifests that are to be written below ``infra``; raises ManifestError."""
    for place in ones:
        if place.action == "written" and place.path is not None:
            one = place.one
            save(infra, place.path, new_text(one.kind, one.ident, one.keys, one.name, one.track), None)
    write_schemas(infra)
