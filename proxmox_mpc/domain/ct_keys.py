"""The configuration keys of a container and what they may hold (pve-container 6, PVE/LXC/Config.pm)."""

from __future__ import annotations

from functools import cache

from proxmox_mpc.domain.config_rules import Rules, read_rules

_KEYS = """
arch amd64|i386|arm64|armhf|riscv32|riscv64
cmode shell|console|tty
console bool
cores int(1..8192)
cpulimit num(0..8192)
cpuunits int(0..500000)
debug bool
description text
dev[256] @device
entrypoint text
env text
features @features
hookscript volume
hostname dns
memory int(16..)
mp[256] @mount
nameserver address-list
net[32] @net
onboot bool
ostype debian|devuan|ubuntu|centos|fedora|opensuse|archlinux|alpine|gentoo|nixos|unmanaged
protection bool
rootfs @rootfs
searchdomain address-list
startup @startup
swap int(0..)
tags tags
timezone timezone
tty int(0..6)
unprivileged bool
unused[256] @unused
"""
_VOLUME = (
    "*!volume:text acl:bool idmap:idmap mountoptions:mount-options quota:bool replicate:bool ro:bool shared:bool"
    " size:size"
)
_FORMATS = {
    "device": "*!path:device deny-write:bool gid:int(0..) mode:mode uid:int(0..)",
    "features": "force_rw_sys:bool fuse:bool keyctl:bool mknod:bool mount:mount-types nesting:bool",
    "mount": f"{_VOLUME} !mp:mount-path backup:bool keepattrs:bool",
    "net": (
        "!name:bridge bridge:bridge firewall:bool gw:gw4 gw6:gw6 host-managed:bool hwaddr:mac ip:ct-ip4 ip6:ct-ip6"
        " link_down:bool mtu:int(64..65535) rate:num(0..) tag:int(1..4094) trunks:ranges type:veth"
    ),
    "rootfs": _VOLUME,
    "startup": "*order:int(0..) up:int(0..) down:int(0..)",
    "unused": "*!volume:text",
}
FIXED = frozenset({"unprivileged", "ostype", "arch"})
"""What a container is made with; changing it afterwards breaks the owners of its files, or is PVE's own business."""


@cache
def ct_rules() -> Rules:
    """Return the rules of a container's keys; ``lock`` and ``template`` are set by other calls."""
    return read_rules(_KEYS, _FORMATS)
