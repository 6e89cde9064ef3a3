"""Worlds with next to nothing in them: one node without a cluster."""

from __future__ import annotations

from proxmox_mpc.simulator.world import DOOR_SECRET, ApiToken, Node, Storage, User, World
from proxmox_mpc.simulator.worlds.builder import DAY, GIB, Builder
from proxmox_mpc.simulator.worlds.machine import disk_row, packages, services

PASSWORD = "simulated"  # noqa: S105 - the simulator's own, in no other place


def empty(created: int, name: str = "empty") -> World:
    """Return one node without a guest, with the storages of a fresh installation."""
    world = World(name, created, seed=1, options={"mac_prefix": "BC:24:11"}, config_version=1)
    build = Builder(world)
    node = Node("pve1", 1, "192.0.2.11", booted=created - 3 * DAY, fingerprint=build.fingerprint())
    node.services, node.disks = services(), [disk_row("/dev/sda", "QEMU HARDDISK", 512 * GIB, "ssd", "LVM")]
    node.dns, node.hosts = {"dns1": "192.0.2.1"}, "127.0.0.1 localhost\n192.0.2.11 pve1.example pve1\n"
    node.documents["apt/versions"] = packages(world.version, node.kernel)
    node.network = {
        "eno1": {"iface": "eno1", "type": "eth", "exists": 1, "active": 1, "method": "manual", "method6": "manual",
                 "families": ["inet"], "priority": 3},
        "vmbr0": {"iface": "vmbr0", "type": "bridge", "active": 1, "autostart": 1, "method": "static",
                  "method6": "manual", "families": ["inet"], "address": node.ip, "netmask": "24",
                  "cidr": f"{node.ip}/24", "gateway": "192.0.2.1", "bridge_ports": "eno1", "bridge_stp": "off",
                  "bridge_fd": "0", "priority": 4},
    }  # fmt: skip
    world.nodes["pve1"] = node
    world.storages["local"] = Storage("local", {"type": "dir", "path": "/var/lib/vz", "content": "iso,vztmpl,backup"})
    world.storages["local-lvm"] = Storage(
        "local-lvm", {"type": "lvmthin", "vgname": "pve", "thinpool": "data", "content": "images,rootdir"}, 400 * GIB
    )
    token = ApiToken("pmpc", DOOR_SECRET, privsep=False)
    world.door_token = ["root@pam!pmpc", token.secret]
    world.realms = {
        "pam": {"type": "pam", "comment": "Linux PAM standard authentication"},
        "pve": {"type": "pve", "comment": "Proxmox VE authentication server"},
    }
    world.users["root@pam"] = User("root@pam", PASSWORD, tokens={"pmpc": token})
    return world


def tiny(created: int) -> World:
    """Return one node with a running VM and a stopped container."""
    world = empty(created, "tiny")
    build = Builder(world)
    vm_disk = build.disk(100, "pve1", "local-lvm", 8)
    settings = {"name": "web", "memory": "1024", "ostype": "l26", "boot": "order=scsi0", "scsi0": vm_disk}
    build.vm(100, "pve1", {**settings, "net0": f"virtio={build.mac()},bridge=vmbr0"}, uptime=DAY, load=0.1)
    root = build.disk(101, "pve1", "local-lvm", 4, kind="lxc")
    net = f"name=eth0,bridge=vmbr0,hwaddr={build.mac()},ip=dhcp,type=veth"
    build.ct(101, "pve1", {"hostname": "dns", "cores": 1, "memory": 512, "rootfs": root, "net0": net})
    return world
