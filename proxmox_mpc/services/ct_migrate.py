"""Moving containers to other nodes; one that runs is stopped and started again: PVE knows no other way."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from proxmox_mpc.domain.call import Call, FormValue
from proxmox_mpc.domain.guest_config import strings
from proxmox_mpc.domain.guests import GuestRef
from proxmox_mpc.domain.json import JsonObject, as_object, boolean, text
from proxmox_mpc.domain.plan import Cannot, Keep, Plan, Probe, Send, Step, Target, Undo
from proxmox_mpc.domain.property_string import PropertyString
from proxmox_mpc.domain.source import Query, Source, Warn, api_path
from proxmox_mpc.errors import Conflict, NodeUnreachable, PmpcError, UsageError
from proxmox_mpc.services.guest_config_write import facts_of
from proxmox_mpc.services.move_checks import configs_of, destination, without_bridge, without_storage
from proxmox_mpc.services.reads import no_such_node, node_states, resources, unknown_to_server
from proxmox_mpc.services.vm_migrate import is_on

_MOUNT = re.compile(r"mp(\d+)")
_PATIENCE = 30.0
_HA_PATIENCE = 900.0


class MoveWish(NamedTuple):
    """Where to and how; ``restart`` allows stopping a container that runs, for ``timeout`` seconds at most."""

    node: str
    restart: bool = False
    storage: str | None = None
    timeout: int | None = None


def migrate_cts(source: Source, refs: Sequence[GuestRef], wish: MoveWish, *, many: bool = False) -> Plan:
    """Return the plan that moves containers to a node; raises NotFound and NodeUnreachable for the node."""
    found = resources(source)
    states = node_states(found)
    if wish.node not in states:
        raise no_such_node(wish.node)
    if states[wish.node] == "offline":
        raise NodeUnreachable(f"node {wish.node} does not answer", hint="pmpc cluster show")
    if wish.timeout is not None and not wish.restart:
        raise UsageError("--timeout is how long a restart may wait: it goes with --restart")
    moving = [ref for ref in refs if ref.node != wish.node]
    answers = source.read_many([Query(ref.path("migrate"), {"target": wish.node}) for ref in moving])
    told = {ref.vmid: answer for ref, answer in zip(moving, answers, strict=True)}
    steps: list[Step] = []
    warnings: list[Warn] = []
    there = destination(source, found, wish.node)
    configs = configs_of(source, moving)
    for ref in refs:
        target = Target.of(ref)
        if ref.node == wish.node:
            steps.append(Keep(target, f"{ref.label} is on {wish.node} already"))
            continue
        answer = told[ref.vmid]
        said: JsonObject = {}
        if not isinstance(answer, PmpcError):
            said = as_object(answer, "the preconditions")
        elif not unknown_to_server(answer) and not facts_of(ref).locked:
            # PVE 8 cannot be asked beforehand; it says in the task what stands in the way.
            steps.append(Cannot(target, answer))
            continue
        config = configs.get(ref.vmid)
        no_bridge, warned = without_bridge(ref, there, config, running=ref.status == "running")
        trouble = (
            None
            if facts_of(ref).locked  # which the guard says, with what to do
            else _barred(ref, said, wish)
            or _bound(ref, config or {})
            or without_storage(ref, there, wish.storage, "rootdir")
            or no_bridge
        )
        steps += [Cannot(target, trouble)] if trouble else _moved(ref, wish)
        warnings += warned
    return Plan("migrate", tuple(steps), many, warnings=tuple(warnings))


def _barred(ref: GuestRef, said: JsonObject, wish: MoveWish) -> Conflict | None:
    running = boolean(said, "running", default=ref.status == "running")
    if running and not wish.restart:
        return Conflict(
            f"{ref.label} is running, and a container moves only stopped",
            hint="--restart stops it, moves it and starts it there",
        )
    barred = as_object(said.get("not-allowed-nodes") or {}).get(wish.node)
    missing = barred.get("unavailable-storages") if isinstance(barred, dict) else None
    if isinstance(missing, list) and missing and wish.storage is None:
        named = ", ".join(str(one) for one in missing)
        return Conflict(
            f"{ref.label}: node {wish.node} has no storage {named}", hint="say where its volumes go: --storage STORAGE"
        )
    return None


def _bound(ref: GuestRef, config: JsonObject) -> Conflict | None:
    """Return why a container cannot leave its node: folders and devices of the node that it holds."""
    held = [
        key
        for key, _, value in strings(config, _MOUNT)
        if value.startswith("/") and not PropertyString.parse(value, "volume").flag("shared")
    ]
    if not held:
        return None
    return Conflict(
        f"{ref.label} holds folders of {ref.node} ({', '.join(held)}) and cannot leave it",
        hint="take them out, or mark those that every node has with shared=1 (on the node: pct set)",
        details={"mounts": [*held]},
    )


def _moved(ref: GuestRef, wish: MoveWish) -> list[Step]:
    running = ref.status == "running"
    form: dict[str, FormValue] = {"target": wish.node}
    back: dict[str, FormValue] = {"target": ref.node}
    if running:
        form["restart"] = back["restart"] = 1
    if wish.timeout is not None:
        form["timeout"] = wish.timeout
    if wish.storage is not None:
        form["target-storage"] = wish.storage
    target = Target.of(ref)
    undo = Undo(why_not="its volumes were put on another storage: migrate it back with --storage")
    if wish.storage is None:
        there = Target("ct", ref.vmid, ref.name, wish.node, ref.tags)
        call = Call("POST", api_path("nodes", wish.node, "lxc", ref.vmid, "migrate"), back)
        undo = Undo((Send(call, there, "migrate", f"migrate {ref.label} back to {ref.node}"),))
    how = ", with a restart," if running else ""
    send = Send(
        Call("POST", ref.path("migrate"), form),
        target,
        "migrate",
        f"migrate {ref.label}{how} from {ref.node} to {wish.node}",
        facts_of(ref),
        undo=undo,
    )
    patience = _HA_PATIENCE if text(dict(ref.row), "hastate") else _PATIENCE
    return [send, Probe(f"{ref.label} is on {wish.node}", is_on(ref, wish.node), target, patience)]
