"""Taking, deleting and going back to snapshots, of virtual machines and containers."""

from __future__ import annotations

import re
from collections.abc import Sequence

from proxmox_mpc.domain.call import Call, FormValue, Known
from proxmox_mpc.domain.guest_config import disks
from proxmox_mpc.domain.guests import GuestRef
from proxmox_mpc.domain.json import JsonObject, as_rows, boolean, integer, text
from proxmox_mpc.domain.moments import iso
from proxmox_mpc.domain.plan import Cannot, Keep, Plan, Probe, ProbeCheck, Send, Step, Target, Undo
from proxmox_mpc.domain.source import Query, Source
from proxmox_mpc.errors import AlreadyExists, Conflict, PmpcError, UsageError
from proxmox_mpc.services.guest_config_write import facts_of
from proxmox_mpc.services.guest_details import no_such_snapshot
from proxmox_mpc.services.snapshots import CURRENT

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{1,39}")


def checked_name(name: str) -> str:
    """Return a name that PVE takes (pve-configid, at most 40 characters); raises UsageError."""
    if _NAME.fullmatch(name) is None or name.lower() in (CURRENT, "pending"):
        raise UsageError(
            f"{name[:60]!r} cannot be a snapshot's name",
            hint="a letter, then letters, digits, _ and -: 2 to 40 characters, and neither current nor pending",
        )
    return name


def create_snapshots(
    source: Source,
    refs: Sequence[GuestRef],
    name: str,
    *,
    description: str | None = None,
    memory: bool = False,
    if_missing: bool = False,
    many: bool = False,
) -> Plan:
    """Return the plan that takes a snapshot of each guest; ``memory``: of running VMs with the state of memory."""
    checked_name(name)
    steps: list[Step] = []
    for ref, found in _each(source, refs, steps):
        if name in found and if_missing:
            steps.append(Keep(Target.of(ref), f"{ref.label} has a snapshot {name}"))
        elif name in found:
            steps.append(Cannot(Target.of(ref), _taken(ref, name)))
        elif ref.template:
            steps.append(Cannot(Target.of(ref), Conflict(f"{ref.label} is a template, which has no snapshots")))
        elif memory and ref.type == "lxc":
            steps.append(Cannot(Target.of(ref), UsageError(f"{ref.label}: a container's memory cannot be kept")))
        else:
            form: dict[str, FormValue] = {"snapname": name, "description": description}
            if memory:
                form["vmstate"] = True
            steps += _creation(ref, name, {key: value for key, value in form.items() if value is not None})
    return Plan("snapshot create", tuple(steps), many)


def _creation(ref: GuestRef, name: str, form: dict[str, FormValue]) -> list[Step]:
    target = Target.of(ref)
    back = Send(
        Call("DELETE", ref.path("snapshot", name)),
        target,
        "snapshot_delete",
        f"delete the snapshot {name} of {ref.label}",
    )
    send = Send(
        Call("POST", ref.path("snapshot"), form),
        target,
        "snapshot",
        f"take the snapshot {name} of {ref.label}",
        facts_of(ref),
        before=None,
        watch=ref.path("snapshot", name, "config"),
        undo=Undo((back,)),
    )
    return [send, Probe(f"{ref.label} has the snapshot {name}", _has(ref, name, True), target, 10)]


def _taken(ref: GuestRef, name: str) -> AlreadyExists:
    return AlreadyExists(
        f"{ref.label} already has a snapshot {name}",
        hint=f"see: pmpc {ref.kind} snapshot list {ref.vmid}; --if-missing takes only those that are not there",
        details={"vmid": ref.vmid, "snapshot": name},
    )


def delete_snapshots(
    source: Source,
    refs: Sequence[GuestRef],
    name: str,
    *,
    force: bool = False,
    ignore_missing: bool = False,
    many: bool = False,
) -> Plan:
    """Return the plan that deletes a snapshot of each guest; ``force``: from the configuration even if disks refuse."""
    steps: list[Step] = []
    for ref, found in _each(source, refs, steps):
        if name not in found and ignore_missing:
            steps.append(Keep(Target.of(ref), f"{ref.label} has no snapshot {name}"))
        elif name not in found:
            steps.append(Cannot(Target.of(ref), no_such_snapshot(ref, name)))
        else:
            target = Target.of(ref)
            form: dict[str, FormValue] = {"force": True} if force else {}
            send = Send(
                Call("DELETE", ref.path("snapshot", name), form),
                target,
                "snapshot_delete",
                f"delete the snapshot {name} of {ref.label}",
                facts_of(ref),
                before={"name": name},
                watch=ref.path("snapshot", name, "config"),
                undo=Undo(why_not="a deleted snapshot cannot be brought back"),
            )
            steps += [send, Probe(f"{ref.label} has no snapshot {name}", _has(ref, name, False), target, 10)]
    return Plan("snapshot delete", tuple(steps), many)


def rollback(source: Source, ref: GuestRef, name: str, *, start: bool = False) -> Plan:
    """Return the plan that puts a guest back to a snapshot; all that came after is lost, and it is stopped for it."""
    steps: list[Step] = []
    notes: list[str] = []
    for _, found in _each(source, [ref], steps):
        if name not in found:
            steps.append(Cannot(Target.of(ref), no_such_snapshot(ref, name)))
            continue
        row = found[name]
        when = iso(integer(row, "snaptime"))
        notes.append(f"{ref.label} goes back to {name}, taken {when or 'at an unknown time'}; all since then is lost")
        if ref.status != "stopped":
            runs = "and goes on with the memory of then" if boolean(row, "vmstate") else "and is stopped for it"
            notes.append(f"{ref.label} is running {runs}")
        steps += _rolled_back(source, ref, name, start=start)
    return Plan("snapshot rollback", tuple(steps), notes=tuple(notes))


def _rolled_back(source: Source, ref: GuestRef, name: str, *, start: bool) -> list[Step]:
    target = Target.of(ref)
    config = source.read(ref.path("config"))
    known = config if isinstance(config, dict) else {}
    loses = [str(row["key"]) for row in disks(known) if row["media"] == "unused"]
    why = "what was written since the snapshot is lost" + (f"; unused: {', '.join(loses)}" if loses else "")
    send = Send(
        Call("POST", ref.path("snapshot", name, "rollback"), {"start": True} if start else {}),
        target,
        "rollback",
        f"put {ref.label} back to the snapshot {name}",
        facts_of(ref, known),
        undo=Undo(why_not=why),
    )

    def check(source: Source, known: Known) -> str | None:
        rows = as_rows(source.read(ref.path("snapshot")), "the list of snapshots")
        current: JsonObject = next((row for row in rows if row.get("name") == CURRENT), {})
        parent = text(current, "parent")
        return None if parent == name else f"its state is based on {parent or 'no snapshot'}"

    return [send, Probe(f"{ref.label} is based on {name}", check, target, 10)]


def _each(source: Source, refs: Sequence[GuestRef], steps: list[Step]) -> list[tuple[GuestRef, dict[str, JsonObject]]]:
    """Return each guest with its snapshots by name; one that could not be asked becomes a step that cannot be."""
    answers = source.read_many([Query(ref.path("snapshot")) for ref in refs])
    found: list[tuple[GuestRef, dict[str, JsonObject]]] = []
    for ref, answer in zip(refs, answers, strict=True):
        if isinstance(answer, PmpcError):
            steps.append(Cannot(Target.of(ref), answer))
            continue
        rows = as_rows(answer, "the list of snapshots")
        found.append((ref, {str(row.get("name")): row for row in rows if row.get("name") != CURRENT}))
    return found


def _has(ref: GuestRef, name: str, wanted: bool) -> ProbeCheck:
    def check(source: Source, known: Known) -> str | None:
        rows = as_rows(source.read(ref.path("snapshot")), "the list of snapshots")
        there = any(row.get("name") == name for row in rows)
        return None if there is wanted else f"the snapshot is {'still there' if there else 'not there'}"

    return check
