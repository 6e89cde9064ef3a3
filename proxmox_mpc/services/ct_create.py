"""Making containers: from a template or as a clone, under an id that is free when it is needed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from proxmox_mpc.domain.call import Call, FormValue, Slot
from proxmox_mpc.domain.config_rules import checked
from proxmox_mpc.domain.connection import Secret
from proxmox_mpc.domain.ct_keys import ct_rules
from proxmox_mpc.domain.ct_options import CtOptions, keys_of
from proxmox_mpc.domain.guest_config import NIC, strings
from proxmox_mpc.domain.guests import GuestRef
from proxmox_mpc.domain.json import JsonObject, text
from proxmox_mpc.domain.plan import Keep, Plan, Probe, Send, Step, Target, Undo
from proxmox_mpc.domain.property_string import Disk, Nic
from proxmox_mpc.domain.source import Source, api_path
from proxmox_mpc.errors import AlreadyExists, Conflict, UsageError
from proxmox_mpc.services.backup_restore import removal, there
from proxmox_mpc.services.ct_config import MOUNT
from proxmox_mpc.services.ct_templates import Template, find_template
from proxmox_mpc.services.guest_config_write import checked_vmid, facts_of, is_free, next_vmid, read_config
from proxmox_mpc.services.guests import inventory
from proxmox_mpc.services.reads import resources, rows_of
from proxmox_mpc.services.storages import content_kinds
from proxmox_mpc.services.vm_place import Needs, place

NEW_ID = Slot("vmid", "next free id")
DEFAULT_SIZE = "8"
_SHORTEST_PASSWORD = 5


class CreateWish(NamedTuple):
    """What a new container is besides its configuration; ``storage`` is where its root goes if that is not said.

    ``ssh_keys`` are public keys, one a line.
    """

    template: str
    vmid: int | None = None
    node: str | None = None
    storage: str | None = None
    pool: str | None = None
    password: Secret | None = None
    ssh_keys: str | None = None
    start: bool = False
    ha: bool = False
    if_missing: bool = False
    default_storage: str | None = None


def plan_create(source: Source, options: CtOptions, wish: CreateWish) -> Plan:
    """Return the plan that makes a container; raises PmpcError for what PVE would refuse, before anything is sent."""
    if options.hostname is None and not wish.if_missing and wish.vmid is None:
        raise UsageError("a container needs a name", hint="as in: pmpc ct create web --template debian-13")
    present = _present(source, options.hostname, wish)
    if present is not None:
        return Plan("create", (Keep(Target.of(present), f"{present.label} is there already"),))
    found = resources(source)
    copies = find_template(source, wish.template)
    keys = _with_root(found, options, wish)
    node, template, note = _placed(source, found, copies, keys, wish)
    form: dict[str, FormValue] = {"vmid": wish.vmid or NEW_ID, "ostemplate": template.volid, **keys}
    form.setdefault("unprivileged", 1)
    form |= _beside(wish)
    target = Target("ct", wish.vmid or NEW_ID, options.hostname, node)
    notes = tuple(line for line in (note,) if line)
    return Plan("create", tuple(_steps(node, form, target, f"create {target.label}", wish.start)), notes=notes)


def _present(source: Source, hostname: str | None, wish: CreateWish) -> GuestRef | None:
    """Return the guest that is there already, where --if-missing allows for one; raises AlreadyExists."""
    if wish.vmid is not None:
        checked_vmid(wish.vmid)
    known = inventory(source).guests
    by_id = next((ref for ref in known if ref.vmid == wish.vmid), None)
    if by_id is not None:
        if wish.if_missing and by_id.kind == "ct" and hostname in (None, by_id.name):
            return by_id
        raise AlreadyExists(f"{by_id.label} has the id {wish.vmid} already", hint="leave --vmid out for a free one")
    if wish.vmid is not None and not is_free(source, wish.vmid):
        raise AlreadyExists(f"the id {wish.vmid} is taken by a guest that you cannot see")
    if not wish.if_missing:
        return None
    named = [ref for ref in known if ref.kind == "ct" and hostname is not None and ref.name == hostname]
    if len(named) > 1:
        raise UsageError(f"--if-missing: {len(named)} containers are called {hostname}", hint="say --vmid too")
    return named[0] if named and wish.vmid is None else None


def _with_root(found: list[JsonObject], options: CtOptions, wish: CreateWish) -> dict[str, FormValue]:
    """Return PVE's keys, the root's volume among them: a bare size goes to --storage or the only place there is."""
    if "rootfs" in options.settings:
        return keys_of(options)
    root = options.rootfs or DEFAULT_SIZE
    if ":" not in root.partition(",")[0]:
        root = f"{_root_storage(found, wish)}:{root}"
    return keys_of(options._replace(rootfs=root))


def _root_storage(found: list[JsonObject], wish: CreateWish) -> str:
    takers = sorted(
        {text(row, "storage") or "" for row in rows_of(found, "storage") if "rootdir" in content_kinds(row)}
    )
    wanted = wish.storage or (wish.default_storage if wish.default_storage in takers else None)
    if wanted is not None:
        return wanted
    if len(takers) == 1:
        return takers[0]
    raise UsageError(
        f"where does its root go? for containers there are: {', '.join(takers) or 'no storages'}",
        hint="say --storage STORAGE, or --rootfs STORAGE:SIZE",
    )


def _placed(
    source: Source, found: list[JsonObject], copies: list[Template], keys: Mapping[str, FormValue], wish: CreateWish
) -> tuple[str, Template, str]:
    """Return the node, the template as that node sees it, and why that node."""
    storages = {
        (storage, "rootdir")
        for key, value in keys.items()
        if (key == "rootfs" or MOUNT.fullmatch(key)) and (storage := Disk.parse(str(value)).storage)
    }
    bridges = {bridge for key, value in keys.items() if NIC.fullmatch(key) and (bridge := Nic.parse(str(value)).bridge)}
    shared = next((one for one in copies if one.place.shared), None)
    needs = Needs(frozenset(storages), frozenset(bridges))
    if shared is not None:
        chosen = place(
            source, found, needs._replace(storages=needs.storages | {(shared.place.storage, "vztmpl")}), wish.node
        )
        return chosen.node, shared, chosen.why
    nodes = {one.place.node: one for one in copies}
    if wish.node is not None and wish.node not in nodes:
        raise Conflict(
            f"node {wish.node} does not have the template {copies[0].volid}",
            hint=f"it is on {', '.join(sorted(nodes))}; to have it there too: pmpc ct template download",
        )
    if wish.node is None and len(nodes) == 1:
        only = next(iter(nodes))
        return place(source, found, needs, only).node, nodes[only], f"on {only}, which has the template"
    here = [row for row in found if row.get("type") not in ("node", "storage") or text(row, "node") in nodes]
    chosen = place(source, here, needs, wish.node)
    return chosen.node, nodes[chosen.node], chosen.why


def _beside(wish: CreateWish) -> dict[str, FormValue]:
    form: dict[str, FormValue] = {}
    if wish.pool is not None:
        form["pool"] = wish.pool
    if wish.password is not None:
        if len(wish.password.reveal()) < _SHORTEST_PASSWORD:
            raise UsageError(f"--password-from: the password is shorter than {_SHORTEST_PASSWORD} characters")
        form["password"] = wish.password
    if wish.ssh_keys is not None:
        form["ssh-public-keys"] = public_keys(wish.ssh_keys)
    if wish.start:
        form["start"] = 1
    if wish.ha:
        form["ha-managed"] = 1
    return form


def public_keys(content: str) -> str:
    """Return public keys, one a line; raises UsageError for what is none. A container's are sent as they are."""
    lines = [line.strip() for line in content.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if not lines:
        raise UsageError("--ssh-keys: the file holds no key")
    for line in lines:
        if "PRIVATE KEY" in line:
            raise UsageError("--ssh-keys: the file holds a private key", hint="name the public one, which ends in .pub")
        if len(line.split()) < 2 or not line.isprintable():
            raise UsageError(f"--ssh-keys: {line[:30]!r} is no public key", hint="as in: ssh-ed25519 AAAA… me@host")
    return "\n".join(lines) + "\n"


def _steps(node: str, form: dict[str, FormValue], target: Target, says: str, running: bool) -> list[Step]:
    vmid = target.id
    assert not isinstance(vmid, str)
    path = api_path("nodes", node, "lxc", vmid)
    send = Send(
        Call("POST", api_path("nodes", node, "lxc"), form),
        target,
        "create",
        says,
        undo=Undo((removal(path, target, f"remove {target.label} again"),)),
    )
    taking: list[Step] = [next_vmid(vmid, target)] if isinstance(vmid, Slot) else []
    state = "runs" if running else "is there"
    return [*taking, send, Probe(f"{target.label} {state}", there(node, "ct", vmid, running), target, 60)]


class CloneWish(NamedTuple):
    """How to clone; ``full`` None leaves it to PVE: linked from a template, else whole."""

    hostname: str | None = None
    vmid: int | None = None
    full: bool | None = None
    snapshot: str | None = None
    node: str | None = None
    storage: str | None = None
    pool: str | None = None
    description: str | None = None


def plan_clone(source: Source, ref: GuestRef, wish: CloneWish) -> Plan:
    """Return the plan that clones a container; the target, and the row, is the clone."""
    config = read_config(source, ref)
    linked = wish.full is False or (wish.full is None and ref.template)
    _check_clone(ref, wish, linked=linked)
    if wish.vmid is not None and not is_free(source, checked_vmid(wish.vmid)):
        raise AlreadyExists(f"the id {wish.vmid} is taken", hint="leave --vmid out for a free one")
    name = None if wish.hostname is None else str(checked(ct_rules(), "hostname", wish.hostname, "NAME"))
    vmid: int | Slot = wish.vmid or NEW_ID
    node = wish.node or ref.node
    target = Target("ct", vmid, name, node)
    form: dict[str, FormValue] = {"newid": vmid, "hostname": name, "description": wish.description}
    form |= {"full": wish.full, "snapname": wish.snapshot, "storage": wish.storage, "pool": wish.pool}
    form |= {"target": wish.node if wish.node != ref.node else None}
    path = api_path("nodes", node, "lxc", vmid)
    send = Send(
        Call("POST", ref.path("clone"), {key: value for key, value in form.items() if value is not None}),
        target,
        "clone",
        f"make a {'linked' if linked else 'full'} clone of {ref.label}",
        facts_of(ref, config),
        undo=Undo((removal(path, target, f"remove {target.label} again"),)),
    )
    taking: list[Step] = [next_vmid(NEW_ID, target)] if isinstance(vmid, Slot) else []
    taken = ", ".join(key for key, _, value in strings(config, NIC) if "ip=" in value and "ip=dhcp" not in value)
    notes = (f"the clone has the same addresses as {ref.label}: {taken}",) if taken else ()
    steps = (*taking, send, Probe("the clone is there", there(node, "ct", vmid), target, 10))
    return Plan("clone", steps, notes=notes)


def _check_clone(ref: GuestRef, wish: CloneWish, *, linked: bool) -> None:
    if linked and not ref.template:
        raise Conflict(
            f"{ref.label} is no template: there is nothing to link a clone to",
            hint=f"--full copies it; pmpc ct template create {ref.vmid} makes it one",
        )
    if linked and wish.storage:
        raise UsageError("a linked clone stays on its template's storage", hint="with --storage say --full")
    if not linked and ref.status == "running" and wish.snapshot is None:
        raise Conflict(
            f"{ref.label} is running, and only a snapshot of a running container can be copied",
            hint=f"--snapshot NAME (pmpc ct snapshot create NAME {ref.vmid}), or: pmpc ct shutdown {ref.vmid}",
        )
