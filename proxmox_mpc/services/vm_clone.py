"""Cloning virtual machines, whole or linked, and turning them into templates."""

from __future__ import annotations

from typing import NamedTuple

from proxmox_mpc.domain.call import Call, FormValue, Known, Slot
from proxmox_mpc.domain.config_rules import checked
from proxmox_mpc.domain.guest_config import disks
from proxmox_mpc.domain.guests import GuestRef
from proxmox_mpc.domain.json import JsonObject, boolean, text
from proxmox_mpc.domain.plan import Cannot, Keep, Plan, Probe, ProbeCheck, Send, Step, Target, Undo
from proxmox_mpc.domain.risk import Effect
from proxmox_mpc.domain.source import Source, api_path
from proxmox_mpc.domain.vm_keys import vm_rules
from proxmox_mpc.errors import AlreadyExists, Conflict, NotFound, PmpcError, UsageError
from proxmox_mpc.services.guest_config_write import checked_vmid, facts_of, is_free, next_vmid, read_config
from proxmox_mpc.services.guest_facts import now_of

NEW_ID = Slot("vmid", "next free id")
"""The place of a new guest's id."""


class CloneOptions(NamedTuple):
    """How to clone: ``full`` None leaves it to PVE (linked from a template, else whole)."""

    name: str | None = None
    vmid: int | None = None
    full: bool | None = None
    snapshot: str | None = None
    node: str | None = None
    storage: str | None = None
    form: str | None = None
    pool: str | None = None
    description: str | None = None


def clone_vm(source: Source, ref: GuestRef, options: CloneOptions) -> Plan:
    """Return the plan that clones a VM; the target, and the row, is the clone."""
    return Plan("clone", tuple(clone_steps(source, ref, options)))


def clone_steps(source: Source, ref: GuestRef, options: CloneOptions) -> list[Step]:
    """Return the steps of a clone; raises UsageError, AlreadyExists and Conflict for what PVE would refuse."""
    config = read_config(source, ref)
    linked = options.full is False or (options.full is None and ref.template)
    if linked and not ref.template:
        raise Conflict(
            f"{ref.label} is no template: there is nothing to link a clone to",
            hint=f"--full copies it; pmpc vm template {ref.vmid} makes it one",
        )
    if linked and (options.storage or options.form):
        raise UsageError(
            "a linked clone stays on its template's storage", hint="with --storage and --format say --full"
        )
    name = None if options.name is None else str(checked(vm_rules(), "name", options.name, "--name"))
    node = options.node or ref.node
    new = new_target(source, options.vmid, name, node)
    ident = new.id
    assert not isinstance(ident, str)
    form: dict[str, FormValue] = {"newid": ident, "name": name, "description": options.description}
    form |= {"full": options.full, "snapname": options.snapshot, "storage": options.storage, "format": options.form}
    form |= {"pool": options.pool, "target": options.node if options.node != ref.node else None}
    kind = "linked clone" if linked else "full clone"
    send = Send(
        Call("POST", ref.path("clone"), {key: value for key, value in form.items() if value is not None}),
        new,
        "clone",
        f"make a {kind} of {ref.label}",
        facts_of(ref, config),
        undo=undo_creation(new, node, ident),
    )
    return [*taking(new), send, Probe("the clone is there", _is_there(node, ident), new, 10)]


def new_target(source: Source, vmid: int | None, name: str | None, node: str) -> Target:
    """Return the target that a new VM is: of the id asked for, which must be free, or of the next free one."""
    if vmid is None:
        return Target("vm", NEW_ID, name, node)
    checked_vmid(vmid)
    if not is_free(source, vmid):
        raise AlreadyExists(
            f"there is a guest {vmid} already", hint=f"see: pmpc guest show {vmid}; or leave --vmid out"
        )
    return Target("vm", vmid, name, node)


def taking(new: Target) -> list[Step]:
    """Return the step that takes a free id, none where an id was asked for."""
    return [next_vmid(new.id, new)] if isinstance(new.id, Slot) else []


def undo_creation(new: Target, node: str, ident: int | Slot) -> Undo:
    """Return how a new VM is taken back: it is deleted with its disks."""
    call = Call("DELETE", api_path("nodes", node, "qemu", ident), {"purge": True, "destroy-unreferenced-disks": True})
    return Undo((Send(call, new, "guest_delete", f"delete {new.label} again"),))


def vmid_in(known: Known, ident: int | Slot) -> int | str:
    """Return a new guest's id once it is known."""
    return str(known[ident.name]) if isinstance(ident, Slot) else ident


def _is_there(node: str, ident: int | Slot) -> ProbeCheck:
    def check(source: Source, known: Known) -> str | None:
        try:
            config = source.read(api_path("nodes", node, "qemu", vmid_in(known, ident), "config"))
        except NotFound:
            return "it is not there yet"
        lock = text(config, "lock") if isinstance(config, dict) else None
        return f"it is locked ({lock})" if lock else None

    return check


def make_template(source: Source, ref: GuestRef) -> Plan:
    """Return the plan that turns a stopped guest without snapshots into a template, which cannot be taken back."""
    target = Target.of(ref)
    if ref.template:
        return Plan("template", (Keep(target, f"{ref.label} is a template already"),))
    config = read_config(source, ref)
    trouble = _untemplatable(source, ref, config)
    if trouble is not None:
        return Plan("template", (Cannot(target, trouble),))
    effect: Effect = "template"
    send = Send(
        Call("POST", ref.path("template")),
        target,
        effect,
        f"turn {ref.label} into a template",
        facts_of(ref, config),
        before={"template": None},
        watch=ref.path("config"),
        undo=Undo(why_not="a template cannot be turned back; a full clone of it is a guest like before"),
    )

    def check(source: Source, known: Known) -> str | None:
        return None if boolean(read_config(source, ref), "template") else "it is no template"

    names = ", ".join(str(row["key"]) for row in disks(config) if row["media"] == "disk")
    note = f"{ref.label} cannot be started any more; its disks become read-only bases: {names or 'none'}"
    return Plan("template", (send, Probe(f"{ref.label} is a template", check, target, 10)), notes=(note,))


def _untemplatable(source: Source, ref: GuestRef, config: JsonObject) -> PmpcError | None:
    (now,) = now_of(source, [ref])
    if isinstance(now, PmpcError):
        return now
    if now.running:
        return Conflict(f"{ref.label} is running", hint=f"stop it first: pmpc {ref.kind} shutdown {ref.vmid}")
    if config.get("parent"):
        return Conflict(
            f"{ref.label} has snapshots, and a template can have none",
            hint=f"see: pmpc {ref.kind} snapshot list {ref.vmid}",
        )
    return None
