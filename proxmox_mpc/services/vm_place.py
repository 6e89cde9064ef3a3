"""Where a new guest goes: the online node with most free memory that has the storages and bridges it needs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from proxmox_mpc.domain.json import JsonObject, integer, split_list, text
from proxmox_mpc.domain.source import Query, Source, api_path
from proxmox_mpc.errors import Conflict, NodeUnreachable, NotFound, PmpcError
from proxmox_mpc.services.reads import no_such_node, node_states, rows_of


class Needs(NamedTuple):
    """What a guest needs of its node: storages with the content they must take, and bridges."""

    storages: frozenset[tuple[str, str]]
    bridges: frozenset[str]


class Place(NamedTuple):
    """The node that was chosen, and a line that says why; empty where it was named."""

    node: str
    why: str = ""


def place(source: Source, found: Iterable[JsonObject], needs: Needs, wanted: str | None) -> Place:
    """Return the node for a new guest, ``wanted`` or the best one; raises NotFound, NodeUnreachable and Conflict.

    ``found`` are the rows of /cluster/resources.
    """
    rows = list(found)
    states = node_states(rows)
    if wanted is not None:
        if wanted not in states:
            raise no_such_node(wanted)
        if states[wanted] == "offline":
            raise NodeUnreachable(f"node {wanted} does not answer", hint="pmpc cluster show", details={"node": wanted})
        lacks = _lacks(rows, wanted, needs) or _bridges_missing(source, [wanted], needs).get(wanted)
        if lacks:
            raise NotFound(f"node {wanted} {lacks}", hint=_see(lacks, wanted), details={"node": wanted})
        return Place(wanted)
    free = {name: _free_memory(rows, name) for name, state in states.items() if state != "offline"}
    why = {name: lacks for name in free if (lacks := _lacks(rows, name, needs))}
    why |= _bridges_missing(source, [name for name in free if name not in why], needs)
    fit = [name for name in free if name not in why]
    if not fit:
        raise Conflict(
            "no node can take it",
            hint="; ".join(f"{name} {lacks}" for name, lacks in sorted(why.items())) or "no node is online",
            details={"nodes": dict(why)},
        )
    best = max(fit, key=lambda name: (free[name], name))
    gib = free[best] / (1 << 30)
    return Place(best, f"on {best}: of the nodes that have what it needs it has most memory free ({gib:.1f} GiB)")


def _free_memory(rows: list[JsonObject], node: str) -> int:
    row = next((row for row in rows_of(rows, "node") if row.get("node") == node), {})
    return (integer(row, "maxmem") or 0) - (integer(row, "mem") or 0)


def _lacks(rows: list[JsonObject], node: str, needs: Needs) -> str | None:
    """Return what a node lacks of the storages, None where it has all."""
    found = (lacks_storage(rows, node, name, content) for name, content in sorted(needs.storages))
    return next((lacks for lacks in found if lacks), None)


def lacks_storage(found: Iterable[JsonObject], node: str, name: str, content: str) -> str | None:
    """Return in words why a storage cannot take a kind of content on a node, None where it can."""
    here = (row for row in rows_of(found, "storage") if row.get("node") == node)
    row = next((row for row in here if row.get("storage") == name), None)
    if row is None:
        return f"has no storage {name}"
    if row.get("status") not in ("available", None):
        return f"has storage {name}, which is {text(row, 'status')}"
    takes = text(row, "content") or ""
    if takes and content not in split_list(takes):
        return f"has storage {name}, which takes no {content} but {takes}"
    return None


def _bridges_missing(source: Source, nodes: list[str], needs: Needs) -> dict[str, str]:
    """Return by node which bridge it has not; a node whose networks cannot be seen is taken to have them."""
    if not needs.bridges:
        return {}
    queries = [Query(api_path("nodes", node, "network"), {"type": "any_bridge"}) for node in nodes]
    missing: dict[str, str] = {}
    for node, answer in zip(nodes, source.read_many(queries), strict=True):
        if isinstance(answer, PmpcError) or not isinstance(answer, list):
            continue
        there = {text(row, "iface") for row in answer if isinstance(row, dict)}
        lacks = sorted(needs.bridges - {name for name in there if name})
        if lacks:
            missing[node] = f"has no bridge {', '.join(lacks)}"
    return missing


def _see(lacks: str, node: str) -> str:
    return f"see: pmpc network list --node {node}" if "bridge" in lacks else f"see: pmpc storage list --node {node}"
