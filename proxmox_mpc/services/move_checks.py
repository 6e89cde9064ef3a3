"""What a node lacks that a guest needs there: PVE's own preconditions tell nothing of bridges and named storages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from proxmox_mpc.domain.guest_config import NIC, strings
from proxmox_mpc.domain.guests import GuestRef
from proxmox_mpc.domain.json import JsonObject, as_rows, text
from proxmox_mpc.domain.property_string import Nic
from proxmox_mpc.domain.source import Query, Source, Warn, api_path
from proxmox_mpc.errors import Conflict, PmpcError
from proxmox_mpc.services.vm_place import lacks_storage


class Destination(NamedTuple):
    """A node as a guest finds it: ``found`` are the rows of /cluster/resources, ``bridges`` None where not seen."""

    node: str
    found: Sequence[JsonObject]
    bridges: frozenset[str] | None


def destination(source: Source, found: Iterable[JsonObject], node: str) -> Destination:
    """Return what a node has; a token that may not see its networks sees no bridges."""
    try:
        rows = as_rows(source.read(api_path("nodes", node, "network"), {"type": "any_bridge"}), "the bridges")
    except PmpcError:
        return Destination(node, [*found], None)
    return Destination(node, [*found], frozenset(name for row in rows if (name := text(row, "iface"))))


def configs_of(source: Source, refs: Sequence[GuestRef]) -> dict[int, JsonObject]:
    """Return the configurations that can be read, by vmid."""
    answers = source.read_many([Query(ref.path("config")) for ref in refs])
    return {ref.vmid: one for ref, one in zip(refs, answers, strict=True) if isinstance(one, dict)}


def without_storage(ref: GuestRef, there: Destination, storages: str | None, content: str) -> Conflict | None:
    """Return why volumes cannot go where they are to go; ``storages`` is ``STORAGE`` or ``FROM:TO,FROM:TO``."""
    for pair in (storages or "").split(","):
        name = pair.rpartition(":")[2].strip()
        lacks = lacks_storage(there.found, there.node, name, content) if name not in ("", "1") else None
        if lacks:
            return Conflict(
                f"{ref.label}: node {there.node} {lacks}",
                hint=f"see: pmpc storage list --node {there.node}",
                details={"node": there.node, "storage": name},
            )
    return None


def without_bridge(
    ref: GuestRef, there: Destination, config: JsonObject | None, *, running: bool
) -> tuple[Conflict | None, tuple[Warn, ...]]:
    """Return why a running guest cannot go on there, or the warning that one that is off will not start."""
    used = {bridge for _, _, value in strings(config or {}, NIC) if (bridge := Nic.parse(value).bridge)}
    missing = sorted(used - there.bridges) if there.bridges is not None else []
    if not missing:
        return None, ()
    message = f"{ref.label}: node {there.node} has no bridge {', '.join(missing)}"
    hint = f"see: pmpc network list --node {there.node}; or change the card: pmpc {ref.kind} nic set"
    details: JsonObject = {"node": there.node, "bridges": [*missing]}
    if running:
        return Conflict(message, hint=hint, details=details), ()
    return None, (Warn("bridge_missing", f"{message}, so it will not start there", hint, details),)
