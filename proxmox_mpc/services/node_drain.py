"""Emptying a node before maintenance: where its guests go, by free memory, and how they come back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from proxmox_mpc.domain.guests import GuestRef
from proxmox_mpc.domain.json import Json, JsonObject, as_object, integer, text
from proxmox_mpc.domain.plan import Cannot, Keep, Plan, Step, Target
from proxmox_mpc.domain.source import Query, Source, Warn
from proxmox_mpc.errors import Conflict, NodeUnreachable, PmpcError, UsageError
from proxmox_mpc.safety.history import History
from proxmox_mpc.services.ct_migrate import MoveWish, migrate_cts
from proxmox_mpc.services.guests import inventory
from proxmox_mpc.services.reads import no_such_node, node_states, resources, rows_of
from proxmox_mpc.services.vm_migrate import MoveOptions, migrate_vms

DRAIN, UNDRAIN = "node drain", "node undrain"


class Moving(NamedTuple):
    """How guests may be moved: containers with a ``restart``, VMs with their ``local`` disks, disks to ``storage``.

    ``running``: guests that are off stay where they are.
    """

    restart: bool = False
    local: bool = False
    storage: str | None = None
    running: bool = False


class Spread(NamedTuple):
    """Where guests go, by vmid; why some go nowhere; what memory is left on the nodes then, in bytes."""

    places: dict[int, str]
    nowhere: dict[int, str]
    left: dict[str, int]


def drain(source: Source, node: str, to: Sequence[str], how: Moving, only: frozenset[int] | None = None) -> Plan:
    """Return the plan that moves the guests of a node to others; ``only`` these, where given.

    What high availability manages is left to it, with the command that makes it move them. Raises NotFound,
    NodeUnreachable, UsageError.
    """
    found = resources(source)
    _check_nodes(found, node, to)
    here = [ref for ref in inventory(source).guests if ref.node == node and not ref.template]
    managed = [ref for ref in here if is_managed(ref)]
    moving = [ref for ref in here if ref not in managed and (only is None or ref.vmid in only)]
    if how.running:
        moving = [ref for ref in moving if ref.status != "stopped"]
    plan = _moved(source, DRAIN, moving, {name: free_memory(found, name) for name in to}, how)
    return replace(plan, warnings=(*plan.warnings, *_managed(node, managed)))


def undrain(source: Source, node: str, moved: Mapping[int, str], how: Moving) -> Plan:
    """Return the plan that brings back what a drain moved away; ``moved`` has where each guest went, by vmid.

    A guest that somebody has moved on since stays where it is.
    """
    found = resources(source)
    states = node_states(found)
    if node not in states:
        raise no_such_node(node)
    if states[node] == "offline":
        raise NodeUnreachable(f"node {node} does not answer", hint="pmpc cluster show")
    steps: list[Step] = []
    coming: list[GuestRef] = []
    for ref in inventory(source).guests:
        if ref.vmid not in moved:
            continue
        if ref.node == node:
            steps.append(Keep(Target.of(ref), f"it is on {node} already"))
        elif ref.node != moved[ref.vmid]:
            steps.append(Keep(Target.of(ref), f"it was moved on since, to {ref.node}, and stays there"))
        else:
            coming.append(ref)
    plan = _moved(source, UNDRAIN, coming, {node: free_memory(found, node)}, how)
    return Plan(UNDRAIN, (*steps, *plan.steps), True, plan.notes, plan.warnings)


def moved_away(histories: Iterable[History], node: str) -> dict[int, str]:
    """Return what drains of a node have moved, and where to, since it was last brought back; newest operation first."""
    moved: dict[int, str] = {}
    for told in histories:
        if told.action == UNDRAIN and told.status == "done" and _destinations(told) <= {node}:
            break
        if told.action != DRAIN:
            continue
        for step in told.steps.values():
            vmid, to = step.target.get("id"), _destination(step.intent)
            went = step.state in ("done", "running") and step.undoes is None and step.target.get("node") == node
            if went and isinstance(vmid, int) and to is not None:
                moved.setdefault(vmid, to)
    return moved


def spread(guests: Sequence[GuestRef], free: Mapping[str, int], allowed: Mapping[int, frozenset[str]]) -> Spread:
    """Return where guests go: the biggest first, each to the node with most memory left that may take it and can.

    ``allowed`` has the nodes a guest may go to, by vmid. A guest that is off needs no memory now.
    """
    left = dict(free)
    places: dict[int, str] = {}
    nowhere: dict[int, str] = {}
    for ref in sorted(guests, key=lambda one: (-memory_of(one), one.vmid)):
        needs = memory_of(ref)
        fit = [name for name in sorted(left) if name in allowed[ref.vmid]]
        best = max(fit, key=lambda name: left[name], default=None)
        if best is None:
            nowhere[ref.vmid] = f"it may go to none of {', '.join(sorted(left))}"
        elif needs and left[best] < needs:
            nowhere[ref.vmid] = f"it needs {_gib(needs)}, and {best} has {_gib(max(left[best], 0))} left"
        else:
            places[ref.vmid] = best
            left[best] -= needs
    return Spread(places, nowhere, left)


def memory_of(ref: GuestRef) -> int:
    """Return the memory that a guest may come to use, in bytes; none where it is off."""
    return 0 if ref.status == "stopped" else integer(dict(ref.row), "maxmem") or 0


def free_memory(found: Iterable[JsonObject], node: str) -> int:
    """Return the memory of a node that nothing uses, in bytes."""
    row = next((row for row in rows_of(found, "node") if row.get("node") == node), {})
    return (integer(row, "maxmem") or 0) - (integer(row, "mem") or 0)


def _gib(size: int) -> str:
    return f"{size / (1 << 30):.1f} GiB"


def is_managed(ref: GuestRef) -> bool:
    """Return whether high availability moves a guest by itself."""
    return text(dict(ref.row), "hastate") not in (None, "ignored")


def _moved(source: Source, action: str, moving: Sequence[GuestRef], free: Mapping[str, int], how: Moving) -> Plan:
    """Return the plan that moves guests to nodes with room; where each goes comes first among the notes."""
    allowed = _allowed(source, moving, frozenset(free), how)
    spreading = spread(moving, free, allowed)
    notes = [_note(name, free[name], spreading, moving) for name in sorted(free)]
    warnings: list[Warn] = []
    steps: list[Step] = []
    for ref in moving:
        if ref.vmid in spreading.nowhere:
            error = Conflict(
                f"{ref.label} stays: {spreading.nowhere[ref.vmid]}", hint="name more nodes, or free memory"
            )
            steps.append(Cannot(Target.of(ref), error))
    for name in sorted(free):
        going = [ref for ref in moving if spreading.places.get(ref.vmid) == name]
        vms = [ref for ref in going if ref.kind == "vm"]
        cts = [ref for ref in going if ref.kind == "ct"]
        if vms:
            plan = migrate_vms(source, vms, MoveOptions(name, storage=how.storage, local=how.local), many=True)
            notes += plan.notes
            steps += plan.steps
            warnings += plan.warnings
        if cts:
            plan = migrate_cts(source, cts, MoveWish(name, restart=how.restart, storage=how.storage), many=True)
            notes += plan.notes
            steps += plan.steps
            warnings += plan.warnings
    return Plan(action, tuple(steps), True, tuple(notes), tuple(warnings))


def _allowed(
    source: Source, moving: Sequence[GuestRef], nodes: frozenset[str], how: Moving
) -> dict[int, frozenset[str]]:
    """Return by vmid the nodes that PVE lets a guest go to; what it does not say beforehand its task will."""
    answers = source.read_many([Query(ref.path("migrate")) for ref in moving])
    allowed: dict[int, frozenset[str]] = {}
    for ref, answer in zip(moving, answers, strict=True):
        said: JsonObject = {} if isinstance(answer, PmpcError) else as_object(answer, "the preconditions")
        barred = said.get("not_allowed_nodes") or said.get("not-allowed-nodes")
        why = barred if isinstance(barred, dict) else {}
        allowed[ref.vmid] = frozenset(node for node in nodes if not _bars(why.get(node), how))
    return allowed


def _bars(why: Json, how: Moving) -> bool:
    """Whether what PVE says of a node keeps a guest away; that it lacks a storage does not, where another is named."""
    if not isinstance(why, dict):
        return False
    others = {key: value for key, value in why.items() if value and not key.startswith("unavailable")}
    return bool(others) or (how.storage is None and any(why.values()))


def _note(node: str, free: int, spreading: Spread, moving: Sequence[GuestRef]) -> str:
    taking = [ref for ref in moving if spreading.places.get(ref.vmid) == node]
    what = ", ".join(f"{ref.label} ({_gib(memory_of(ref))})" for ref in taking) or "nothing"
    return f"{node}: {_gib(free)} free, takes {what}; {_gib(max(spreading.left[node], 0))} left then"


def _managed(node: str, managed: Sequence[GuestRef]) -> tuple[Warn, ...]:
    if not managed:
        return ()
    return (
        Warn(
            "ha_managed",
            f"left to high availability, which would bring them back: {', '.join(ref.label for ref in managed)}",
            f"to have it move them, on any node: ha-manager crm-command node-maintenance enable {node}\n"
            f"and afterwards: ha-manager crm-command node-maintenance disable {node}",
            {"node": node, "vmids": [ref.vmid for ref in managed]},
        ),
    )


def _check_nodes(found: Sequence[JsonObject], node: str, to: Sequence[str]) -> None:
    states = node_states(found)
    for name in (node, *to):
        if name not in states:
            raise no_such_node(name)
        if states[name] == "offline":
            raise NodeUnreachable(f"node {name} does not answer", hint="pmpc cluster show", details={"node": name})
    if node in to:
        raise UsageError(f"--to: {node} is the node to be drained")


def _destination(intent: JsonObject) -> str | None:
    params = as_object(as_object(intent.get("call") or {}).get("params") or {})
    return text(params, "target")


def _destinations(told: History) -> set[str | None]:
    return {_destination(step.intent) for step in told.steps.values()}
