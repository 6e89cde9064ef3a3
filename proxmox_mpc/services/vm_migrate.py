"""Moving virtual machines to other nodes: what PVE says beforehand, the request, and the look where they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from proxmox_mpc.domain.call import Call, FormValue, Known
from proxmox_mpc.domain.guests import GuestRef
from proxmox_mpc.domain.json import Json, JsonObject, as_object, boolean, integer, text
from proxmox_mpc.domain.plan import Cannot, Keep, Plan, Probe, ProbeCheck, Send, Step, Target, Undo
from proxmox_mpc.domain.risk import Facts
from proxmox_mpc.domain.sizes import format_size
from proxmox_mpc.domain.source import Query, Source, Warn, api_path
from proxmox_mpc.errors import Conflict, Locked, NodeUnreachable, PmpcError
from proxmox_mpc.services.guest_config_write import facts_of
from proxmox_mpc.services.guests import find_guest
from proxmox_mpc.services.move_checks import configs_of, destination, without_bridge, without_storage
from proxmox_mpc.services.reads import no_such_node, node_states, resources

_HA_PATIENCE = 900.0


class MoveOptions(NamedTuple):
    """How to move: ``storage`` is where local disks go (``STORAGE`` or ``FROM:TO``), ``local`` whether they may."""

    node: str
    storage: str | None = None
    local: bool = False
    offline: bool = False


def migrate_vms(source: Source, refs: Sequence[GuestRef], options: MoveOptions, *, many: bool = False) -> Plan:
    """Return the plan that moves these VMs to a node, its preconditions as notes; raises NotFound, NodeUnreachable."""
    found = resources(source)
    states = node_states(found)
    if options.node not in states:
        raise no_such_node(options.node)
    if states[options.node] == "offline":
        raise NodeUnreachable(f"node {options.node} does not answer", hint="pmpc cluster show")
    moving = [ref for ref in refs if ref.node != options.node]
    answers = source.read_many([Query(ref.path("migrate"), {"target": options.node}) for ref in moving])
    told = {ref.vmid: answer for ref, answer in zip(moving, answers, strict=True)}
    steps: list[Step] = []
    notes: list[str] = []
    warnings: list[Warn] = []
    there = destination(source, found, options.node)
    configs = configs_of(source, moving)
    for ref in refs:
        target = Target.of(ref)
        if ref.node == options.node:
            steps.append(Keep(target, f"{ref.label} is on {options.node} already"))
            continue
        answer = told[ref.vmid]
        if facts_of(ref).locked or isinstance(answer, Locked):
            # The guard says what holds it, and what to do; PVE answers a locked guest in many ways.
            lock = str(facts_of(ref).locked or "unknown")
            steps += _moved(ref, {}, options, replace(facts_of(ref), locked=lock))
            continue
        if isinstance(answer, PmpcError):
            steps.append(Cannot(target, answer))
            continue
        said = as_object(answer, "the preconditions of a migration")
        notes += _conditions(ref, said)
        no_bridge, warned = without_bridge(ref, there, configs.get(ref.vmid), running=boolean(said, "running"))
        trouble = _barred(ref, said, options) or without_storage(ref, there, options.storage, "images") or no_bridge
        steps += [Cannot(target, trouble)] if trouble else _moved(ref, said, options, facts_of(ref))
        warnings += warned
    return Plan("migrate", tuple(steps), many, tuple(notes), tuple(warnings))


def _conditions(ref: GuestRef, said: JsonObject) -> list[str]:
    """Return lines that say what goes along with a VM."""
    parts = ["it runs" if boolean(said, "running") else "it is stopped"]
    local = _rows(said, "local_disks")
    if local:
        sizes = [f"{text(row, 'volid')} ({format_size(integer(row, 'size') or 0)})" for row in local]
        parts.append(f"local disks: {', '.join(sizes)}")
    devices = _texts(said, "local_resources")
    if devices:
        parts.append(f"local devices: {', '.join(devices)}")
    allowed = _texts(said, "allowed_nodes")
    if allowed:
        parts.append(f"can go to {', '.join(allowed)}")
    return [f"{ref.label} on {ref.node}: {'; '.join(parts)}"]


def _barred(ref: GuestRef, said: JsonObject, options: MoveOptions) -> Conflict | None:
    """Return why a VM cannot go there, as far as PVE tells beforehand."""
    running = boolean(said, "running")
    if running and options.offline:
        return Conflict(f"{ref.label} is running", hint=f"leave --offline out, or: pmpc vm shutdown {ref.vmid}")
    devices = _texts(said, "local_resources")
    if devices:
        return Conflict(
            f"{ref.label} uses devices of {ref.node} ({', '.join(devices)}) and cannot leave it",
            hint=f"take them out first: pmpc vm set {ref.vmid} --delete {','.join(devices)}",
        )
    barred = as_object(said.get("not_allowed_nodes") or {}).get(options.node)
    missing = _texts(barred, "unavailable_storages") if isinstance(barred, dict) else []
    if missing and options.storage is None:
        return Conflict(
            f"{ref.label}: node {options.node} has no storage {', '.join(missing)}",
            hint="say where its disks go: --storage STORAGE --with-local-disks",
            details={"storages": [*missing]},
        )
    blocking = _rows(barred, "blocking-ha-resources") if isinstance(barred, dict) else []
    if blocking:
        named = ", ".join(f"{text(row, 'sid')} ({text(row, 'cause')})" for row in blocking)
        return Conflict(f"{ref.label}: rules of high availability forbid {options.node}: {named}")
    if _rows(said, "local_disks") and running and not options.local:
        return Conflict(
            f"{ref.label} has disks that only {ref.node} sees",
            hint="--with-local-disks copies them while it runs; --storage says where to",
        )
    return None


def _moved(ref: GuestRef, said: JsonObject, options: MoveOptions, facts: Facts) -> list[Step]:
    running, local = boolean(said, "running"), bool(_rows(said, "local_disks"))
    form: dict[str, FormValue] = {"target": options.node}
    back: dict[str, FormValue] = {"target": ref.node}
    for body in (form, back):
        if running:
            body["online"] = True
        if local:
            body["with-local-disks"] = True
    if options.storage is not None:
        form["targetstorage"] = options.storage
    target = Target.of(ref)
    there = Target("vm", ref.vmid, ref.name, options.node, ref.tags)
    undo = Undo(why_not="its disks were put on another storage: migrate it back with --storage")
    if options.storage is None:
        call = Call("POST", api_path("nodes", options.node, "qemu", ref.vmid, "migrate"), back)
        undo = Undo((Send(call, there, "migrate", f"migrate {ref.label} back to {ref.node}"),))
    how = "while it runs " if running else ""
    send = Send(
        Call("POST", ref.path("migrate"), form),
        target,
        "migrate",
        f"migrate {ref.label} {how}from {ref.node} to {options.node}",
        facts,
        undo=undo,
    )
    managed = bool(ref.row.get("hastate"))
    probe = Probe(
        f"{ref.label} is on {options.node}", is_on(ref, options.node), target, _HA_PATIENCE if managed else 30
    )
    return [send, probe]


def is_on(ref: GuestRef, node: str) -> ProbeCheck:
    """Return the check that a guest is on a node; where high availability moves it, a task's end is only a request."""

    def check(source: Source, known: Known) -> str | None:
        now = find_guest(source, str(ref.vmid), ref.kind)
        return None if now.node == node else f"it is on {now.node}"

    return check


def _rows(said: JsonObject, key: str) -> list[JsonObject]:
    found: Json = said.get(key)
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def _texts(said: JsonObject, key: str) -> list[str]:
    found: Json = said.get(key)
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []
