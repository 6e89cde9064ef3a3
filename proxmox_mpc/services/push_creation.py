"""Creating a guest from what a manifest says: one request with every key, under the id that the manifest names."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from proxmox_mpc.domain.call import Call, FormValue, Known
from proxmox_mpc.domain.config_rules import checked
from proxmox_mpc.domain.connection import Secret
from proxmox_mpc.domain.declared_guest import DISK, FIXED_SIZE, NO_ORDER, Volume, volume
from proxmox_mpc.domain.guest_config import NIC, SECRETS, natural
from proxmox_mpc.domain.guest_defaults import rules_of
from proxmox_mpc.domain.guests import Kind
from proxmox_mpc.domain.json import as_object, boolean
from proxmox_mpc.domain.plan import Cannot, Probe, ProbeCheck, Send, Step, Target, Undo
from proxmox_mpc.domain.property_string import Disk, Nic
from proxmox_mpc.domain.source import Source, api_path
from proxmox_mpc.domain.vm_options import encoded_keys, gibibytes
from proxmox_mpc.errors import InvalidValue, NodeUnreachable, NotFound, PmpcError
from proxmox_mpc.services.backup_restore import removal, there
from proxmox_mpc.services.ct_templates import templates
from proxmox_mpc.services.reads import no_such_node, node_states, resources
from proxmox_mpc.services.vm_place import Needs, place

OSTEMPLATE = "ostemplate"
"""The key that only a container's creation takes: the template from which its files come."""
BESIDE = frozenset({"node", "status", "pool", "vmid", "template", OSTEMPLATE})
"""Keys of a manifest that are no settings of the guest's configuration, or are made by other calls."""
_TYPES: Mapping[Kind, str] = {"vm": "qemu", "ct": "lxc"}
_PATIENCE = 60.0


def creation(
    source: Source,
    kind: Kind,
    vmid: int,
    keys: Mapping[str, str],
    *,
    track: Collection[str] = (),
    stage: int = 0,
) -> tuple[Step, ...]:
    """Return the steps that create a guest with these keys; Cannot where that is not possible.

    Volumes that PVE names itself are made anew, empty, with the size and on the storage that the keys say. A guest is
    started where ``track`` names status and the keys say that it runs.
    """
    name = keys.get("name") or keys.get("hostname")
    try:
        node = _node(source, kind, keys)
        target = Target(kind, vmid, name, node, stage=stage)
        return tuple(_steps(source, kind, vmid, keys, target, node, start="status" in track))
    except PmpcError as error:
        return (Cannot(Target(kind, vmid, name, keys.get("node"), stage=stage), error),)


def _steps(
    source: Source, kind: Kind, vmid: int, keys: Mapping[str, str], target: Target, node: str, *, start: bool
) -> list[Step]:
    form: dict[str, FormValue] = {"vmid": vmid}
    if kind == "ct":
        if "rootfs" not in keys:
            raise InvalidValue("rootfs: a container needs one", hint="as in: rootfs: local-lvm:8")
        form[OSTEMPLATE] = _template(source, keys, node)
    empty: list[str] = []
    for key in sorted(keys.keys() - BESIDE, key=natural):
        if keys[key] not in ("", NO_ORDER):
            form[key] = _sent(kind, vmid, key, keys[key], empty)
    if pool := keys.get("pool"):
        form["pool"] = pool
    convert = boolean(dict(keys), "template")
    runs = start and keys.get("status") == "running" and not convert
    if runs:
        form["start"] = 1
    path = api_path("nodes", node, _TYPES[kind], vmid)
    undo = Undo((removal(path, target, f"remove {target.label} again"),))
    if boolean(dict(keys), "protection"):
        undo = Undo(why_not="it is protected: take the protection away and delete it")
    says = f"create {target.label} on {node}" + (f" with new, empty disks: {', '.join(empty)}" if empty else "")
    send = Send(Call("POST", api_path("nodes", node, _TYPES[kind]), form), target, "create", says, undo=undo)
    look = Probe(f"{target.label} {'runs' if runs else 'is there'}", there(node, kind, vmid, runs), target, _PATIENCE)
    return [send, look, *(_conversion(path, target) if convert else [])]


def _node(source: Source, kind: Kind, keys: Mapping[str, str]) -> str:
    """Return the node that the keys name, which must answer, else the best one for what they need."""
    found = resources(source)
    node = keys.get("node")
    if node is None:
        return place(source, found, _needs(kind, keys), None).node
    states = node_states(found)
    if node not in states:
        raise no_such_node(node)
    if states[node] == "offline":
        raise NodeUnreachable(f"node {node} does not answer", hint="pmpc cluster show", details={"node": node})
    return node


def _needs(kind: Kind, keys: Mapping[str, str]) -> Needs:
    storages: set[tuple[str, str]] = set()
    bridges: set[str] = set()
    for key, value in keys.items():
        if DISK.fullmatch(key) and (storage := volume(value).storage):
            disc = volume(value).what == "other" and "iso/" in value
            storages.add((storage, "iso" if disc else "images" if kind == "vm" else "rootdir"))
        elif NIC.fullmatch(key) and (bridge := Nic.parse(value).bridge):
            bridges.add(bridge)
    return Needs(frozenset(storages), frozenset(bridges))


def _sent(kind: Kind, vmid: int, key: str, value: str, empty: list[str]) -> FormValue:
    """Return a key's value as creation takes it; the disks that are made empty are noted in ``empty``."""
    if key in SECRETS:
        return Secret(value)
    if key == "sshkeys" and " " in value.strip():
        return encoded_keys(value)
    if DISK.fullmatch(key):
        held = volume(value)
        value = new_value(kind, key, value, vmid)
        if held.what == "own" and value.partition(",")[0] != held.text:
            empty.append(f"{key} {value.partition(',')[0]}")
    return checked(rules_of(kind), key, value, "manifest")


def new_value(kind: Kind, key: str, value: str, vmid: int) -> str:
    """Return a disk's value with which PVE makes it; raises InvalidValue for a volume whose size is not said.

    A disc stays what it is. A volume of another guest is refused: PVE would attach it, and two guests that write to one
    disk destroy it, as would the deletion of one of them. A copied manifest names such volumes.
    """
    held, disk = volume(value), Disk.parse(value)
    if held.what == "other":
        return _text(held.text, str(disk.properties.without("file", "volume", "size"))) if disk.cdrom else value
    if held.what == "cloudinit":
        return f"{held.storage}:cloudinit"
    if held.what == "new":
        return value
    if held.owner != vmid:
        size = _gib(key, held) if held.size is not None or FIXED_SIZE.fullmatch(key) else "32"
        raise InvalidValue(
            f"{key}: {held.text} is a volume of guest {held.owner}, not of {vmid}",
            hint=f"a disk of its own: {key}: {held.storage}:{size}; a copy of the guest: pmpc {kind} clone",
            details={"key": key},
        )
    options = disk.properties.without("file", "volume", "size", "format")
    if kind == "vm" and held.form is not None:
        options = options.with_("format", held.form)
    return _text(f"{held.storage}:{_gib(key, held)}", str(options))


def _gib(key: str, held: Volume) -> str:
    if FIXED_SIZE.fullmatch(key):
        return "1"
    if held.size is None:
        raise InvalidValue(
            f"{key}: {held.text} is to be made anew, but nothing says how large",
            hint=f"write its size: {key}: {held.storage}:32, or {held.text},size=32G",
            details={"key": key},
        )
    return gibibytes(f"{held.size}B")


def _text(head: str, options: str) -> str:
    return f"{head},{options}" if options else head


def _template(source: Source, keys: Mapping[str, str], node: str) -> str:
    """Return the template that the keys name, else the newest on the node's storages for the declared system."""
    named = keys.get(OSTEMPLATE)
    if named is not None:
        return named
    system = keys.get("ostype")
    known = templates(source, node).value
    fitting = [one for one in known if system and one.name.startswith(f"{system}-")]
    if not fitting:
        there_are = ", ".join(dict.fromkeys(one.volid for one in known)) or "none"
        raise NotFound(
            f"{OSTEMPLATE}: node {node} has no template for {system or 'a system that is not declared'}",
            hint=f"write {OSTEMPLATE}: VOLUME into the manifest; there are: {there_are}",
            details={"key": OSTEMPLATE},
        )
    newest = max(fitting, key=lambda one: ([natural(part) for part in re.split(r"[-_.]", one.name)], one.volid))
    return newest.volid


def _conversion(path: str, target: Target) -> list[Step]:
    send = Send(
        Call("POST", f"{path}/template"),
        target,
        "template",
        f"turn {target.label} into a template",
        undo=Undo(why_not="a template cannot be turned back; it is removed as a whole"),
    )
    return [send, Probe(f"{target.label} is a template", _is_template(path), target, _PATIENCE)]


def _is_template(path: str) -> ProbeCheck:
    def check(source: Source, known: Known) -> str | None:
        config = as_object(source.read(f"{path}/config"), "its configuration")
        return None if boolean(config, "template") else "it is no template"

    return check
