"""Changing a guest's configuration: what is applied at once, what waits for the next start, what is kept."""

from __future__ import annotations

import re

from proxmox_mpc.simulator import disks, drives
from proxmox_mpc.simulator.errors import ApiError, TaskError, failed, invalid
from proxmox_mpc.simulator.json import Config
from proxmox_mpc.simulator.property_strings import normal_net, unique_tags
from proxmox_mpc.simulator.validation import parse_property_string
from proxmox_mpc.simulator.world import Guest, World

# Settings of a running VM that need no restart (PVE::QemuServer: fast-plug options, and those the host alone uses).
_QEMU_AT_ONCE = frozenset([
    "lock", "name", "onboot", "shares", "startup", "description", "protection", "vmstatestorage", "hookscript", "tags",
    "autostart", "cpuunits", "cpulimit", "migrate_downtime", "migrate_speed", "reboot", "freeze", "affinity", "balloon",
    "cipassword", "ciuser", "sshkeys", "nameserver", "searchdomain", "citype", "cicustom", "ciupgrade",
])  # fmt: skip
_LXC_PENDING = re.compile(r"arch|cmode|console|cores|features|rootfs|unprivileged|timezone|tty|entrypoint|env|lock")
_HOTPLUG_DISK = re.compile(r"(?:scsi|virtio)\d+")


class Edit:
    """One change of one guest; ``lines`` is what it logs.

    Disks are made while it is prepared, and thereafter everything goes through the pending changes, which a stopped
    guest takes over at once.
    """

    def __init__(self, world: World, guest: Guest, now: int) -> None:
        self.world = world
        self.guest = guest
        self.now = now
        self.lines: list[str] = []

    def run(self, settings: Config, delete: list[str], revert: list[str], *, force: bool) -> None:
        """Make the change; raises ApiError for what PVE answers with an error of its own."""
        guest = self.guest
        for name in revert:
            guest.pending.pop(name, None)
            if name in guest.pending_force:
                guest.pending_force.remove(name)
        for name in delete:
            self._delete(name, force=force)
        for name in _ordered(settings):
            self._set(name, settings[name])
        self._forget_unchanged()
        apply_pending(self.world, guest, hot_only=guest.running)

    def _delete(self, name: str, *, force: bool) -> None:
        guest = self.guest
        if name not in guest.config and guest.pending.get(name) is None:
            self.lines.append(f"cannot delete '{name}' - not set in current configuration!")
            return
        waiting = guest.pending.pop(name, None)
        if isinstance(waiting, str) and disks.is_disk(name, guest.kind):
            self._keep_volume(waiting)
        self._drop_from_boot(name)
        if disks.is_unused(name):
            self._protect(f"can't remove unused disk '{guest.config[name]}'")
            self._free(str(guest.config.pop(name)))
        elif name in guest.config:
            if disks.is_disk(name, guest.kind):
                self._protect(f"can't remove drive '{name}'")
            guest.pending[name] = None
            if force:
                guest.pending_force.append(name)

    def _protect(self, text: str) -> None:
        if str(self.guest.config.get("protection", "0")) == "1":
            raise failed(f"{text} - protection mode enabled")

    def _drop_from_boot(self, name: str) -> None:
        boot = str(self.guest.config.get("boot", ""))
        order = disks.boot_order(self.guest) if "order=" in boot else []
        if name in order:
            self.guest.pending["boot"] = "order=" + ";".join(device for device in order if device != name)

    def _free(self, value: str) -> None:
        volume = disks.volume_of(value)
        if volume is not None:
            if drives.in_snapshot(self.guest, volume):
                raise failed(f"volume '{volume}' is still in use (snapshot?)")
            try:
                drives.free(self.world, self.guest, volume)
            except TaskError as error:
                raise failed(str(error)) from error

    def _keep_volume(self, value: str) -> None:
        volume = disks.volume_of(value)
        if volume is not None and not disks.is_cdrom(value):
            drives.keep_unused(self.guest, volume)

    def _set(self, name: str, value: str | int | float) -> None:
        guest = self.guest
        if name == "cipassword":
            guest.config[name] = value
            return
        guest.pending[name] = self._stored(name, value)

    def _stored(self, name: str, value: str | int | float) -> str | int | float:
        """Return a setting as PVE stores it; makes the disk that it asks for."""
        kind, text = self.guest.kind, str(value)
        if disks.is_disk(name, kind):
            try:
                stored, lines = drives.make(self.world, self.guest, name, text, self.now)
            except TaskError as error:
                raise failed(str(error)) from error
            self.lines += lines
            return stored
        if re.fullmatch(r"net\d+", name):
            return normal_net(self.world, kind, text)
        if name == "tags":
            return unique_tags(self.world, text)
        if name == "boot":
            return self._boot(text)
        return value

    def _boot(self, text: str) -> str:
        order = parse_property_string("pve-qm-boot", text).get("order")
        if order is None:
            return text
        for device in order.split(";"):
            if device and device not in self.guest.config and self.guest.pending.get(device) is None:
                raise failed(f"invalid bootorder: device '{device}' does not exist'")
        return f"order={order}"

    def _forget_unchanged(self) -> None:
        guest = self.guest
        same = [name for name, value in guest.pending.items() if value is not None and guest.config.get(name) == value]
        for name in [*same, *(n for n, v in guest.pending.items() if v is None and n not in guest.config)]:
            del guest.pending[name]


def _ordered(settings: Config) -> list[str]:
    """Return disks first, so that a new boot order finds them."""
    return sorted(settings, key=lambda name: (name == "boot", name))


def apply_pending(world: World, guest: Guest, *, hot_only: bool) -> None:
    """Move pending changes into the configuration: all of them, or those a running guest can take."""
    for name in list(guest.pending):
        if hot_only and not _is_hot(guest, name):
            continue
        value = guest.pending.pop(name)
        old = guest.config.pop(name, None)
        if old is not None and disks.is_disk(name, guest.kind):
            _release(world, guest, name, str(old), None if value is None else str(value))
        if value is not None:
            guest.config[name] = value
    guest.pending_force = [name for name in guest.pending_force if name in guest.pending]
    used = {volume for key, volume in disks.volumes_of(guest) if not disks.is_unused(key)}
    for key in [k for k, v in guest.config.items() if disks.is_unused(k) and disks.volume_of(str(v)) in used]:
        del guest.config[key]


def _release(world: World, guest: Guest, name: str, old: str, new: str | None) -> None:
    """Keep the volume of a disk that was taken away or replaced, or destroy it when that was asked for."""
    volume = disks.volume_of(old)
    if volume is None or (disks.is_cdrom(old) and "-cloudinit" not in old):
        return
    if new is not None and disks.volume_of(new) == volume:
        return
    if name in guest.pending_force or "-cloudinit" in old:
        if not drives.in_snapshot(guest, volume):
            drives.free(world, guest, volume)
        return
    drives.keep_unused(guest, volume)


def _is_hot(guest: Guest, name: str) -> bool:
    """Return whether a running guest takes over a change of this setting."""
    if guest.kind == "lxc":
        value = guest.pending[name]
        grows = re.fullmatch(r"mp\d+", name) and value is not None and name not in guest.config
        return not _LXC_PENDING.fullmatch(name) and (not name.startswith("mp") or bool(grows))
    if name in _QEMU_AT_ONCE or name.startswith("ipconfig"):
        return True
    plugs = str(guest.config.get("hotplug", "network,disk,usb"))
    enabled = {"network", "disk", "usb"} if plugs == "1" else set(plugs.split(","))
    if re.fullmatch(r"net\d+", name):
        return "network" in enabled
    if re.fullmatch(r"usb\d+", name):
        return "usb" in enabled
    if disks.is_drive(name):
        media = disks.is_cdrom(str(guest.pending[name])) and name in guest.config
        return media or ("disk" in enabled and _HOTPLUG_DISK.fullmatch(name) is not None)
    if name in {"cores", "sockets", "vcpus"}:
        return name == "vcpus" and "cpu" in enabled
    if name == "boot":
        return True
    return name == "memory" and "memory" in enabled


def refuse_both(settings: Config, delete: list[str], revert: list[str], kind: str) -> None:
    """Raise PVE's 400 for a setting that is set and deleted (or reverted) at once."""
    for name in revert:
        if name in settings:
            key = "delete" if kind == "qemu" else "revert"
            tail = f"-revert {name}'" if kind == "qemu" else f"'-revert {name}'"
            raise invalid({key: f"you can't use '-{name}' and {tail} at the same time"})
    for name in delete:
        if name in settings:
            raise invalid({"delete": f"you can't use '-{name}' and -delete {name}' at the same time"})
        if name in revert:
            key = "revert" if kind == "qemu" else "delete"
            tail = f"-revert {name}'" if kind == "qemu" else f"'-revert {name}'"
            raise invalid({key: f"you can't use '-delete {name}' and {tail} at the same time"})


def as_task_error(error: ApiError) -> TaskError:
    """Return the failure of a task for what would have been an answer's error."""
    return TaskError(error.message.rstrip("\n"))
