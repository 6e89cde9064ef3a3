"""Making live guests what manifests declare: created, changed and deleted by the services that do it for the verbs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from proxmox_mpc.domain.call import Call, FormValue, Joined, Slot
from proxmox_mpc.domain.config_rules import checked, unknown_key
from proxmox_mpc.domain.ct_keys import FIXED
from proxmox_mpc.domain.declared_guest import (
    DISK,
    FIXED_SIZE,
    NO_ORDER,
    equal,
    merged_value,
    same,
    same_options,
    same_place,
    same_size,
    volume,
)
from proxmox_mpc.domain.guest_config import NIC, SECRETS
from proxmox_mpc.domain.guest_defaults import rules_of
from proxmox_mpc.domain.guests import GuestRef
from proxmox_mpc.domain.identity import identity, same_individual
from proxmox_mpc.domain.json import JsonObject, boolean, text
from proxmox_mpc.domain.plan import Cannot, Keep, Plan, Probe, Send, Step, Take, Target, Undo
from proxmox_mpc.domain.property_string import Disk
from proxmox_mpc.domain.risk import Effect
from proxmox_mpc.domain.sizes import format_size
from proxmox_mpc.domain.source import Source
from proxmox_mpc.domain.vm_options import encoded_keys
from proxmox_mpc.errors import Conflict, InvalidValue, PmpcError
from proxmox_mpc.services.ct_config import change_ct
from proxmox_mpc.services.ct_migrate import MoveWish, migrate_cts
from proxmox_mpc.services.ct_volumes import move_volume, resize_volume
from proxmox_mpc.services.guest_config_write import read_config
from proxmox_mpc.services.pools_write import add_members, remove_members
from proxmox_mpc.services.power import AS_PVE_DOES, power, until
from proxmox_mpc.services.push_creation import BESIDE, OSTEMPLATE, creation, new_value
from proxmox_mpc.services.push_volumes import kept_volume, volume_now
from proxmox_mpc.services.vm_clone import make_template
from proxmox_mpc.services.vm_config import Wish, at_once, change_vm
from proxmox_mpc.services.vm_delete import delete_guests
from proxmox_mpc.services.vm_disks import move_disk, resize_disk
from proxmox_mpc.services.vm_migrate import MoveOptions, migrate_vms

__all__ = ["OSTEMPLATE", "changes", "creation", "deletion"]

# What a running container takes over only when it starts again (PVE/LXC/Config.pm, vmconfig_hotplug_pending).
_CT_LATER = re.compile(r"arch|cmode|console|cores|entrypoint|env|features|rootfs|timezone|tty|unprivileged")
_STARTING = 120.0


def changes(
    source: Source, ref: GuestRef, wanted: Mapping[str, str | None], seen: JsonObject | None = None
) -> tuple[Step, ...]:
    """Return the steps that give a live guest these values, None for a key to be unset; Cannot where one is impossible.

    The configuration is read now, and its digest guards the first request. ``seen`` is the one on which the wish rests:
    where it is another guest's by now, or a wanted key has changed since, nothing is planned. Nor is anything planned
    for a guest of which one key cannot be had.
    """
    target = Target.of(ref)
    try:
        config = read_config(source, ref)
        if seen:
            _check_unchanged(ref, wanted, seen, config)
        made = _Changes(source, ref, config).steps(wanted)
    except PmpcError as error:
        return (Cannot(target, error),)
    barred = next((step for step in made if isinstance(step, Cannot)), None)
    if barred is not None:
        return (Cannot(target, barred.error),)
    found = [replace(step, target=target) for step in made if not isinstance(step, Keep)]
    return tuple(_guarded_once(found)) or (Keep(target, f"{ref.label} is so already"),)


def deletion(source: Source, ref: GuestRef) -> tuple[Step, ...]:
    """Return the steps that delete a guest with its disks; Cannot where it runs."""
    return delete_guests(source, [ref], many=True).steps


def _check_unchanged(ref: GuestRef, wanted: Mapping[str, str | None], seen: JsonObject, config: JsonObject) -> None:
    """Raise Conflict where a guest is no longer the one that was seen, or not as it was seen."""
    if not same_individual(identity(ref.type, seen), identity(ref.type, config)):
        raise Conflict(f"{ref.kind.upper()} {ref.vmid} is another guest by now", hint="pmpc sync diff shows who")
    moved = [key for key in wanted if not equal(ref.kind, key, text(seen, key), text(config, key))]
    if moved:
        raise Conflict(
            f"{ref.label}: {', '.join(moved)} changed on the cluster since it was read",
            hint="pull again: pmpc sync diff",
            details={"keys": [*moved]},
        )


class _Changes:
    """What becomes of one guest, sorted by the calls that do it."""

    def __init__(self, source: Source, ref: GuestRef, config: JsonObject) -> None:
        self.source = source
        self.ref = ref
        self.config = config
        self.sets: dict[str, FormValue] = {}
        self.gone: list[str] = []
        self.moves: list[tuple[str, str, str | None]] = []
        self.sizes: list[tuple[str, str]] = []
        self.afterwards: dict[str, str] = {}
        """Values of disks that are moved or grown: their volume and size are known only then."""

    def steps(self, wanted: Mapping[str, str | None]) -> list[Step]:
        for key, value in wanted.items():
            if key not in BESIDE and key not in SECRETS:
                self._key(key, value)
        ref, made = self.ref, list[Step]()
        if wanted.get("status") == "stopped" and ref.status != "stopped":
            made += power(self.source, "shutdown", [ref], AS_PVE_DOES, many=True).steps
            ref = ref._replace(status="stopped")
        made += self._pool(wanted)
        if self.sets or self.gone:
            made += self._configured(ref, self.config, self.sets, self.gone)
        for key, storage, form in self.moves:
            made += self._moved(ref, key, storage, form).steps
        for key, size in self.sizes:
            made += (resize_disk if ref.kind == "vm" else resize_volume)(self.source, ref, key, size).steps
        for key, value in self.afterwards.items():
            made += self._settled(ref, key, value)
        made += self._template(ref, wanted)
        node = wanted.get("node")
        if node and node != ref.node:
            made += self._migrated(ref, node)
            ref = ref._replace(node=node)
        if wanted.get("status") == "running" and ref.status != "running":
            made += self._started(ref)
        return made

    def _key(self, key: str, value: str | None) -> None:
        kind, live = self.ref.kind, text(self.config, key)
        if same(kind, key, value, live):
            return
        if rules_of(kind).find(key) is None:
            raise unknown_key(rules_of(kind), key, "manifest")
        if kind == "ct" and key in FIXED:
            raise Conflict(
                f"{self.ref.label}: {key} is decided when a container is made: it is {live}, not {value}",
                hint=f"declare {key}: {live}, or declare the container under another id and move its data",
                details={"key": key},
            )
        if value in (None, "", NO_ORDER):
            if key == "rootfs":
                raise InvalidValue(f"{self.ref.label}: a container cannot be without its rootfs", details={"key": key})
            self.gone.append(key)
        elif DISK.fullmatch(key) and live is not None:
            self._disk(key, value, live)
        elif DISK.fullmatch(key):
            self._new_disk(key, value)
        elif key == "sshkeys" and " " in value.strip():
            self._set(key, encoded_keys(value))
        else:
            self._set(key, merged_value(kind, key, value, live or ""))

    def _set(self, key: str, value: str) -> None:
        self.sets[key] = checked(rules_of(self.ref.kind), key, value, "manifest")

    def _new_disk(self, key: str, value: str) -> None:
        """Take a volume back that was taken out of the guest, else have PVE make one."""
        one = volume(value)
        kept = kept_volume(self.source, self.ref, self.config, one.text) if one.what == "own" else None
        if kept is None:
            self._set(key, new_value(self.ref.kind, key, value, self.ref.vmid))
            return
        asked, there = one.size, kept.size
        if not same_size(asked, there):
            assert asked is not None and there is not None
            raise Conflict(
                f"{self.ref.label}: {key}: {kept.text} is there, taken out of it, and has {format_size(there)}",
                hint=f"declare size={format_size(there)} to have it back, then make it larger",
                details={"key": key},
            )
        self._set(key, value)

    def _disk(self, key: str, value: str, live: str) -> None:
        kind, one, other = self.ref.kind, volume(value), volume(live)
        own = ("new", "own")
        foreign = one.what == "own" and one.owner != self.ref.vmid
        if one.what not in own or other.what not in own or foreign:
            if same_place(one, other):
                self._set(key, merged_value(kind, key, value, live))
            else:
                self._set(key, new_value(kind, key, value, self.ref.vmid))  # leaves another guest's volume as it is
            return
        if not same_place(one, other):
            form = one.form if kind == "vm" and one.form != other.form else None
            self.moves.append((key, one.storage or "", form))
        if not FIXED_SIZE.fullmatch(key) and not same_size(one.size, other.size):
            assert one.size is not None and other.size is not None
            if one.size < other.size:
                raise InvalidValue(
                    f"{self.ref.label}: {key} has {format_size(other.size)} and cannot be made smaller",
                    hint=f"declare {format_size(other.size)}, or copy what is on it to a new, smaller disk",
                    details={"key": key},
                )
            self.sizes.append((key, format_size(one.size)))
        if not same_options(kind, key, value, live):
            if key in {one[0] for one in (*self.moves, *self.sizes)}:
                self.afterwards[key] = value
            else:
                self._set(key, merged_value(kind, key, value, live))

    def _configured(
        self, ref: GuestRef, config: JsonObject, sets: dict[str, FormValue], gone: Sequence[str]
    ) -> list[Step]:
        keys = [*sets, *gone]
        later = [key for key in keys if _waits(ref, key, config)]
        named = ", ".join([*sets, *(f"no {key}" for key in gone)])
        says = f"change {ref.label}: {named}" + (f" (after a restart: {', '.join(later)})" if later else "")
        cards = any(NIC.fullmatch(key) and key in config for key in sets) and not any(map(NIC.fullmatch, gone))
        effect: Effect | None = "network" if cards else None
        if ref.kind == "vm":
            return change_vm(ref, config, Wish(sets, gone), says=says, effect=effect)
        return change_ct(ref, config, sets, gone, says=says)

    def _moved(self, ref: GuestRef, key: str, storage: str, form: str | None) -> Plan:
        # What a snapshot holds cannot be deleted: the old volume then stays, as an unused one.
        keep = "parent" in self.config
        if ref.kind == "vm":
            return move_disk(self.source, ref, key, storage, form=form, keep=keep)
        return move_volume(self.source, ref, key, storage, keep=keep)

    def _settled(self, ref: GuestRef, key: str, value: str) -> list[Step]:
        """Return the steps that set the options of a disk which was moved or grown before."""
        slot = Slot(f"volume-{key}", f"volume and size of {key} by then")
        options = Disk.parse(value).properties.without("file", "volume", "size", "format", "import-from")
        checked(rules_of(ref.kind), key, new_value(ref.kind, key, value, ref.vmid), "manifest")
        sets: dict[str, FormValue] = {key: Joined((slot, f",{options}" if str(options) else ""))}
        taken = Take(slot, volume_now(ref, key), f"look under which name {key} is now", Target.of(ref))
        return [taken, *self._configured(ref, self.config, sets, [])]

    def _pool(self, wanted: Mapping[str, str | None]) -> Sequence[Step]:
        if "pool" not in wanted or wanted["pool"] == self.ref.pool:
            return ()
        pool = wanted["pool"]
        if pool:
            return add_members(self.source, pool, [self.ref], [], move=True, coming=True).steps
        return remove_members(self.source, self.ref.pool, [self.ref.vmid], []).steps if self.ref.pool else ()

    def _template(self, ref: GuestRef, wanted: Mapping[str, str | None]) -> Sequence[Step]:
        if "template" not in wanted or same(ref.kind, "template", wanted["template"], text(self.config, "template")):
            return ()
        if boolean(self.config, "template"):
            raise Conflict(
                f"{ref.label} is a template and cannot be turned back",
                hint=f"declare template: 1; a full clone of it is a guest like before: pmpc {ref.kind} clone --full",
                details={"key": "template"},
            )
        return make_template(self.source, ref).steps

    def _migrated(self, ref: GuestRef, node: str) -> Sequence[Step]:
        if ref.kind == "vm":
            return migrate_vms(self.source, [ref], MoveOptions(node, local=True)).steps
        return migrate_cts(self.source, [ref], MoveWish(node, restart=True)).steps

    def _started(self, ref: GuestRef) -> Sequence[Step]:
        """Return the steps that start the guest, where it is by then."""
        if ref.node == self.ref.node:
            return power(self.source, "start", [ref], AS_PVE_DOES, many=True).steps
        target = Target.of(ref)
        off = Send(Call("POST", ref.path("status", "shutdown"), {"forceStop": True}), target, "shutdown", "stop it")
        call = Call("POST", ref.path("status", "start"))
        send = Send(call, target, "start", f"start {ref.label} on {ref.node}", undo=Undo((off,)))
        return [send, Probe(f"{ref.label} is running", until(ref, "running"), target, _STARTING)]


def _waits(ref: GuestRef, key: str, config: JsonObject) -> bool:
    if ref.status == "stopped":
        return False
    return not at_once(key, config) if ref.kind == "vm" else _CT_LATER.fullmatch(key) is not None


def _guarded_once(steps: Sequence[Step]) -> list[Step]:
    """Return the steps with PVE's digest on the first request alone: that one changes it."""
    made: list[Step] = []
    guarded = False
    for step in steps:
        if isinstance(step, Send) and "digest" in step.call.form:
            if guarded:
                form = {key: value for key, value in step.call.form.items() if key != "digest"}
                step = replace(step, call=replace(step.call, form=form))
            guarded = True
        made.append(step)
    return made
