"""The settings of a container and what each takes (pve-container PVE/LXC/Config.pm)."""

from __future__ import annotations

from proxmox_mpc.services.setting_checks import DNS_NAME, FLAG, SIZE, TEXT, Setting, Table

_IPV4 = r"(?:\d{1,3}\.){3}\d{1,3}"
_IPV6 = r"[0-9a-fA-F:.]*:[0-9a-fA-F:.]*"
_ADDRESS4 = Setting(pattern=rf"dhcp|manual|{_IPV4}/\d{{1,2}}", example="192.0.2.7/24, dhcp or manual")
_ADDRESS6 = Setting(pattern=rf"auto|dhcp|manual|{_IPV6}/\d{{1,3}}", example="2001:db8::7/64, auto, dhcp or manual")
_MAP = r"passthrough|[ug]:\d+:\d+:[1-9]\d*(?:;[ug]:\d+:\d+:[1-9]\d*)*"
_MOUNT = r"(?:discard|lazytime|noatime|nodev|noexec|nosuid)"
_VOLUME = {
    "acl": FLAG,
    "idmap": Setting(pattern=_MAP, example="u:0:100000:65536;g:0:100000:65536"),
    "mountoptions": Setting(pattern=rf"{_MOUNT}(?:;{_MOUNT})*", example="noatime;discard"),
    "quota": FLAG,
    "replicate": FLAG,
    "ro": FLAG,
    "shared": FLAG,
    "size": SIZE,
    "volume": TEXT,
}
NET_PARTS = {
    "bridge": Setting(pattern=r"[-_.\w]+", example="vmbr0"),
    "firewall": FLAG,
    "gw": Setting(pattern=_IPV4, example="192.0.2.1"),
    "gw6": Setting(pattern=_IPV6, example="2001:db8::1"),
    "host-managed": FLAG,
    "hwaddr": Setting(pattern=r"(?i)[0-9a-f][02468ace](?::[0-9a-f]{2}){5}", example="BC:24:11:00:00:01"),
    "ip": _ADDRESS4,
    "ip6": _ADDRESS6,
    "link_down": FLAG,
    "mtu": Setting("int", 64, 65535),
    "name": Setting(pattern=r"[-_.\w]+", example="eth0"),
    "rate": Setting("num", 0),
    "tag": Setting("int", 1, 4094, example="a VLAN from 1 to 4094"),
    "trunks": Setting(pattern=r"\d+(?:;\d+)*", example="20;30"),
    "type": Setting(choices=("veth",)),
}
FEATURES = {
    "force_rw_sys": FLAG,
    "fuse": FLAG,
    "keyctl": FLAG,
    "mknod": FLAG,
    "mount": Setting(pattern=r"[a-zA-Z0-9_; ]+", example="nfs;cifs"),
    "nesting": FLAG,
}
_STARTUP = {"order": Setting("int", 0), "up": Setting("int", 0), "down": Setting("int", 0)}
_DEVICE = {
    "deny-write": FLAG,
    "gid": Setting("int", 0),
    "mode": Setting(pattern="0[0-7]{3}", example="0660"),
    "path": Setting(pattern="/dev/.+", example="/dev/ttyUSB0"),
    "uid": Setting("int", 0),
}
OS_TYPES = (
    *("debian", "devuan", "ubuntu", "centos", "fedora", "opensuse", "archlinux", "alpine", "gentoo", "nixos"),
    "unmanaged",
)
CT_SETTINGS: Table = {
    "arch": Setting(choices=("amd64", "i386", "arm64", "armhf", "riscv32", "riscv64")),
    "cmode": Setting(choices=("shell", "console", "tty")),
    "console": FLAG,
    "cores": Setting("int", 1, 8192),
    "cpulimit": Setting("num", 0, 8192),
    "cpuunits": Setting("int", 0, 500000),
    "debug": FLAG,
    "description": Setting(high=8192),
    "dev[n]": Setting("properties", parts=_DEVICE, bare="path", needs=("path",), example="/dev/ttyUSB0,mode=0660"),
    "entrypoint": TEXT,
    "env": TEXT,
    "features": Setting("properties", parts=FEATURES),
    "hookscript": Setting(pattern=r"[^:]+:snippets/.+", example="local:snippets/hook.pl"),
    "hostname": Setting(high=255, pattern=DNS_NAME, example="web-01 (letters, digits, hyphens)"),
    "memory": Setting("int", 16, example="512 (MiB)"),
    "mp[n]": Setting(
        "properties",
        parts={**_VOLUME, "backup": FLAG, "keepattrs": FLAG, "mp": Setting(pattern="/.+", example="/srv")},
        bare="volume",
        needs=("volume", "mp"),
        example="local-lvm:8,mp=/srv",
    ),
    "nameserver": Setting(pattern=r"[0-9a-fA-F:.%\w]+(?:[ ,;]+[0-9a-fA-F:.%\w]+)*", example="192.0.2.53"),
    "net[n]": Setting("properties", parts=NET_PARTS, needs=("name",), example="name=eth0,bridge=vmbr0,ip=dhcp"),
    "onboot": FLAG,
    "ostype": Setting(choices=OS_TYPES),
    "protection": FLAG,
    "rootfs": Setting("properties", parts=_VOLUME, bare="volume", needs=("volume",), example="local-lvm:8"),
    "searchdomain": Setting(pattern=rf"{DNS_NAME}(?:[ ,;]+{DNS_NAME})*", example="lab.example"),
    "startup": Setting("properties", parts=_STARTUP, bare="order", example="order=1,up=30"),
    "swap": Setting("int", 0, example="512 (MiB)"),
    "tags": Setting(pattern=r"(?i)[a-z0-9_][a-z0-9_\-+.]*(?:[;, ]+[a-z0-9_][a-z0-9_\-+.]*)*|", example="prod;web"),
    "timezone": Setting(pattern=r"[\w/+-]+", example="Europe/Berlin or host"),
    "tty": Setting("int", 0, 6),
    "unprivileged": FLAG,
    "unused[n]": Setting("properties", parts={"volume": TEXT}, bare="volume"),
}
"""What ``PUT …/lxc/VMID/config`` takes, without ``lock`` and ``template``, which other calls set."""
FIXED = frozenset({"unprivileged", "ostype", "arch"})
"""What a container is made with and never changes (ostype and arch are written by PVE itself)."""
