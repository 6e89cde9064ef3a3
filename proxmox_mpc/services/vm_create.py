"""Creating virtual machines: new, from an image, or as a clone; then high availability and the first start."""

from __future__ import annotations

import re
from collections.abc import Mapping

from proxmox_mpc.domain.call import Call, FormValue, Known, Slot
from proxmox_mpc.domain.connection import Secret
from proxmox_mpc.domain.guests import GuestRef
from proxmox_mpc.domain.json import JsonObject, as_object, text
from proxmox_mpc.domain.plan import Keep, Plan, Probe, ProbeCheck, Send, Step, Target, Undo
from proxmox_mpc.domain.source import Query, Source, Warn, api_path
from proxmox_mpc.domain.vm_options import VmOptions, keys_of
from proxmox_mpc.errors import NotFound, UsageError
from proxmox_mpc.services.guest_config_write import read_config
from proxmox_mpc.services.guests import ref_of
from proxmox_mpc.services.reads import resources, rows_of
from proxmox_mpc.services.vm_clone import CloneOptions, clone_steps, new_target, taking, undo_creation, vmid_in
from proxmox_mpc.services.vm_config import DRIVE
from proxmox_mpc.services.vm_create_keys import NewVm, keys_for, name_in, needs_of, with_image
from proxmox_mpc.services.vm_image import Image, check_volume, image_from_url, image_volume
from proxmox_mpc.services.vm_place import place

_START = 120.0


def create_vm(source: Source, new: NewVm) -> Plan:
    """Return the plan that creates a VM; raises UsageError, NotFound and Conflict for what cannot be."""
    found = resources(source)
    there = _existing(source, found, new)
    if there is not None:
        return Plan("create", (Keep(Target.of(there), f"{there.label} is there already"),))
    if new.image is not None and new.storage is None:
        raise UsageError("--image: on which storage is the disk to be?", hint="say --storage, or set defaults.storage")
    sets = keys_for(new)
    spot = place(source, found, needs_of(sets, new), new.node)
    target = new_target(source, new.vmid, name_in(sets), spot.node)
    if new.options.iso is not None:
        check_volume(source, new.options.iso, spot.node, "--iso")
    image = _image(source, found, new, spot.node, target)
    if image is not None:
        sets = with_image(sets, new, image)
    ident = target.id
    assert not isinstance(ident, str)
    form: dict[str, FormValue] = {"vmid": ident, **sets}
    if new.pool is not None:
        form["pool"] = new.pool
    create = Send(
        Call("POST", api_path("nodes", spot.node, "qemu"), form),
        target,
        "create",
        f"create {target.label} on {spot.node}",
        undo=undo_creation(target, spot.node, ident),
    )
    steps: list[Step] = [
        *([image.download] if image is not None and image.download is not None else []),
        *taking(target),
        create,
        Probe("it is there, with its disks", _made(spot.node, ident, sets), target, 10),
        *_grown(new, image, target, spot.node, ident),
        *afterwards(target, spot.node, ident, ha=new.ha, start=new.start),
    ]
    notes = (spot.why,) if spot.why else ()
    warnings = (image.warning,) if image is not None and image.warning is not None else ()
    return Plan("create", tuple(steps), notes=notes, warnings=(*warnings, *_same_name(found, sets)))


def create_from_clone(source: Source, new: NewVm, ref: GuestRef, *, full: bool | None) -> Plan:
    """Return the plan that clones a VM or template, changes the clone as the options say, and starts it."""
    there = _existing(source, resources(source), new)
    if there is not None:
        return Plan("create", (Keep(Target.of(there), f"{there.label} is there already"),))
    config = read_config(source, ref)
    # A card of the template is replaced, not added to; disks come in addition.
    sets = {
        **keys_of(VmOptions(settings=new.base)),
        **keys_of(new.options, [key for key in config if DRIVE.fullmatch(key)]),
    }
    name = sets.pop("name", None)
    named = str(name) if name is not None else None
    cloning = clone_steps(source, ref, CloneOptions(named, new.vmid, full, None, new.node, new.storage, None, new.pool))
    target, node = cloning[-1].target, new.node or ref.node
    ident = target.id
    assert not isinstance(ident, str)
    steps = [*cloning]
    if sets:
        path = api_path("nodes", node, "qemu", ident, "config")
        send = Send(
            Call("POST", path, sets),
            target,
            "config",
            f"change the clone: {', '.join(sets)}",
            undo=Undo(why_not="the clone is deleted as a whole"),
        )
        steps += [send, Probe("the clone is configured so", _made(node, ident, sets), target, 10)]
    steps += afterwards(target, node, ident, ha=new.ha, start=new.start)
    return Plan("create", tuple(steps))


def _existing(source: Source, found: list[JsonObject], new: NewVm) -> GuestRef | None:
    """Return the guest that makes the creation unnecessary (--if-missing): of the same id, else of the same name."""
    name = new.options.name or new.base.get("name")
    if not new.if_missing:
        return None
    if name is None and new.vmid is None:
        raise UsageError("--if-missing needs a name or --vmid: what else would be missing?")
    refs = [ref_of(row) for row in rows_of(found, "qemu", "lxc")]
    for ref in [*refs, *_named(source, refs)]:
        if ref.vmid == new.vmid or (new.vmid is None and ref.name == name and ref.type == "qemu"):
            return ref
    return None


def _named(source: Source, refs: list[GuestRef]) -> list[GuestRef]:
    """Return the VMs that were made just now, of which /cluster/resources knows no name yet, with their names."""
    young = [ref for ref in refs if ref.name is None and ref.type == "qemu"]
    configs = source.read_many([Query(ref.path("config")) for ref in young])
    return [
        ref._replace(name=text(config, "name"))
        for ref, config in zip(young, configs, strict=True)
        if isinstance(config, dict)
    ]


def _same_name(found: list[JsonObject], sets: Mapping[str, FormValue]) -> tuple[Warn, ...]:
    name = name_in(sets)
    same = [ref_of(row) for row in rows_of(found, "qemu", "lxc") if name and text(row, "name") == name]
    if not same:
        return ()
    message = f"{', '.join(ref.label for ref in same)} has this name too: only ids tell them apart then"
    return (Warn("same_name", message, details={"vmids": [ref.vmid for ref in same]}),)


def _image(source: Source, found: list[JsonObject], new: NewVm, node: str, target: Target) -> Image | None:
    if new.image is None:
        if new.checksum or new.image_storage:
            raise UsageError("--checksum and --image-storage belong to --image")
        return None
    if "://" in new.image:
        return image_from_url(source, found, new.image, node, target, storage=new.image_storage, checksum=new.checksum)
    if new.checksum:
        raise UsageError("--checksum: only what is downloaded can be checked")
    return image_volume(source, new.image, node)


def _grown(new: NewVm, image: Image | None, target: Target, node: str, ident: int | Slot) -> list[Step]:
    """Return the step that grows the imported disk to the size that was asked for."""
    if new.disk_size is None:
        return []
    if image is None:
        raise UsageError("--disk-size belongs to --image", hint="of a new disk the size stands in --disk STORAGE:SIZE")
    from proxmox_mpc.domain.sizes import format_size, parse_size

    size = format_size(parse_size(new.disk_size, "G"))
    call = Call("PUT", api_path("nodes", node, "qemu", ident, "resize"), {"disk": "scsi0", "size": size})
    undo = Undo(why_not="a disk cannot be made smaller; the VM is deleted as a whole")
    return [Send(call, target, "config", f"grow scsi0 to {size}", undo=undo)]


def afterwards(target: Target, node: str, ident: int | Slot, *, ha: bool, start: bool) -> list[Step]:
    """Return the steps that put a new VM under high availability and start it."""
    steps: list[Step] = []
    if ha:
        # A path segment with a slot in it: the colon of vm:ID is the only character that must be encoded.
        back = Call("DELETE", f"/cluster/ha/resources/vm%3A{ident}")
        form: dict[str, FormValue] = {"sid": ident, "state": "started" if start else "stopped"}
        undo = Undo((Send(back, target, "remove", "take it out of high availability"),))
        steps.append(Send(Call("POST", "/cluster/ha/resources", form), target, "add", "manage it by HA", undo=undo))
    if start and not ha:
        halt = Call("POST", api_path("nodes", node, "qemu", ident, "status", "stop"))
        undo = Undo((Send(halt, target, "stop", "stop it"),))
        call = Call("POST", api_path("nodes", node, "qemu", ident, "status", "start"))
        steps.append(Send(call, target, "start", "start it", undo=undo))
    if start:
        steps.append(Probe("it runs", _runs(node, ident), target, _START))
    return steps


def _runs(node: str, ident: int | Slot) -> ProbeCheck:
    def check(source: Source, known: Known) -> str | None:
        path = api_path("nodes", node, "qemu", vmid_in(known, ident), "status", "current")
        status = text(as_object(source.read(path), "the status"), "status")
        return None if status == "running" else f"it is {status}"

    return check


def _made(node: str, ident: int | Slot, sets: Mapping[str, FormValue]) -> ProbeCheck:
    """Return the check that a VM is there and has the disks and network cards that were asked for."""
    wanted = [key for key, value in sets.items() if not isinstance(value, Secret) and re.search(r"\d$", key)]

    def check(source: Source, known: Known) -> str | None:
        path = api_path("nodes", node, "qemu", vmid_in(known, ident), "config")
        try:
            config = as_object(source.read(path), "the configuration")
        except NotFound:
            return "it is not there yet"
        if lock := text(config, "lock"):
            return f"it is locked ({lock})"
        missing = [key for key in wanted if key not in config]
        return f"it has no {', '.join(missing)}" if missing else None

    return check
