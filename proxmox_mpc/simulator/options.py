"""Settings of guests: which exist, and which privilege changes which."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from proxmox_mpc.simulator import facts
from proxmox_mpc.simulator.call import Call
from proxmox_mpc.simulator.disks import is_drive
from proxmox_mpc.simulator.errors import failed
from proxmox_mpc.simulator.validation import find_param

# Parameters of PUT config that are no settings.
_NO_SETTINGS = frozenset(
    ["node", "vmid", "digest", "delete", "revert", "force", "skiplock", "cdrom", "background_delay"]
)
# Settings that files hold though no parameter sets them.
_KEPT = frozenset(["meta", "parent", "vmstate", "runningmachine", "runningcpu", "lock"])

_QEMU_GROUPS: dict[str, tuple[str, ...]] = {
    "VM.Config.CPU": ("cores", "cpu", "runningcpu", "cpulimit", "cpuunits", "numa", "smp", "sockets", "vcpus"),
    "VM.Config.Memory": ("memory", "balloon", "shares", "allow-ksm"),
    "VM.Config.HWType": (
        "acpi", "hotplug", "kvm", "machine", "runningmachine", "scsihw", "smbios1", "tablet", "vga", "watchdog",
        "audio0", "rng0",
    ),
    "VM.Config.Options": (
        "agent", "autostart", "bios", "description", "keyboard", "localtime", "migrate_downtime", "migrate_speed",
        "name", "onboot", "ostype", "protection", "reboot", "startdate", "startup", "tdf", "template",
    ),
    "VM.PowerMgmt": ("freeze",),
    "VM.Config.Disk": ("boot", "bootdisk", "vmstatestorage", "vmstate"),
}  # fmt: skip
_QEMU_PRIVILEGE = {name: privilege for privilege, names in _QEMU_GROUPS.items() for name in names}
_CLOUDINIT = frozenset(
    ["cicustom", "cipassword", "citype", "ciuser", "ciupgrade", "nameserver", "searchdomain", "sshkeys"]
)
_ELSEWHERE = re.compile(r"(?:unused|serial|usb|hostpci|virtiofs)\d+|cdrom|tags")

_LXC_GROUPS: dict[str, tuple[str, ...]] = {
    "VM.Config.CPU": ("cores", "cpulimit", "cpuunits"),
    "VM.Config.Memory": ("memory", "swap"),
    "VM.Config.Network": ("hostname", "nameserver", "searchdomain"),
    "VM.Config.Options": (
        "arch", "cmode", "console", "debug", "description", "entrypoint", "env", "onboot", "ostype", "protection",
        "startup", "tags", "template", "timezone", "tty",
    ),
}  # fmt: skip
_LXC_PRIVILEGE = {name: privilege for privilege, names in _LXC_GROUPS.items() for name in names}


@cache
def _settings(kind: str) -> dict[str, facts.Param]:
    return facts.endpoint(kind, "PUT", f"/nodes/{{node}}/{kind}/{{vmid}}/config").params


def exists(kind: str, name: str) -> bool:
    """Return whether ``name`` is a setting of a VM (qemu) or container (lxc)."""
    return name in _KEPT or (name not in _NO_SETTINGS and find_param(_settings(kind), name) is not None)


def check_privileges(call: Call, kind: str, vmid: int, names: Iterable[str], pool: str = "") -> None:
    """Raise what PVE raises when the caller may not change one of the settings."""
    if call.caller.is_root:
        return
    for name in names:
        _check_one(call, kind, vmid, name, pool)


def _check_one(call: Call, kind: str, vmid: int, name: str, pool: str) -> None:
    if kind == "qemu" and (is_drive(name) or _ELSEWHERE.fullmatch(name)):
        return
    wanted = _wanted(kind, name)
    if not wanted:
        raise failed(f"only root can set '{name}' config")
    if pool and all(call.may(f"/pool/{pool}", privilege) for privilege in wanted):
        return
    if kind == "qemu" and (name in _CLOUDINIT or name.startswith("ipconfig")):
        call.require_any(f"/vms/{vmid}", *wanted)
    else:
        call.require(f"/vms/{vmid}", *wanted)
    if name == "startup":
        call.require("/", "Sys.Modify")


def _wanted(kind: str, name: str) -> tuple[str, ...]:
    if re.fullmatch(r"net\d+", name):
        return ("VM.Config.Network",)
    if kind == "lxc":
        if re.fullmatch(r"rootfs|(?:mp|unused)\d+", name):
            return ("VM.Config.Disk",)
        if name in {"unprivileged", "features"}:
            return ("VM.Allocate",)
        return (_LXC_PRIVILEGE[name],) if name in _LXC_PRIVILEGE else ()
    if re.fullmatch(r"numa\d+", name):
        return ("VM.Config.CPU",)
    if name in _CLOUDINIT or name.startswith("ipconfig"):
        return ("VM.Config.Cloudinit", "VM.Config.Network")
    return (_QEMU_PRIVILEGE[name],) if name in _QEMU_PRIVILEGE else ()
