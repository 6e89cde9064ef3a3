"""The homelab's four containers."""

from __future__ import annotations

from proxmox_mpc.simulator.json import JsonObject
from proxmox_mpc.simulator.worlds.builder import DAY, GIB, HOUR, Builder


def add_containers(build: Builder) -> None:
    """Add containers 200 to 203; 203 is a template."""
    mac = build.mac()
    build.ct(
        200,
        "pve1",
        {
            "hostname": "dns",
            "ostype": "alpine",
            "cores": 1,
            "memory": 512,
            "swap": 0,
            "unprivileged": 1,
            "rootfs": build.disk(200, "pve1", "tank", 4, kind="lxc", used=19),
            "net0": f"name=eth0,bridge=vmbr0,gw=10.10.0.1,hwaddr={mac},ip=10.10.0.53/24,type=veth",
            "onboot": 1,
            "startup": "order=1",
            "tags": "infra;network",
        },
        uptime=61 * DAY + 4 * HOUR,
        load=0.02,
        memory_used=143 << 20,
        disk_used=778 << 20,
        net_rate=22_000,
        disk_rate=900,
        interfaces=[_interface("eth0", mac, "10.10.0.53")],
    )
    mac = build.mac()
    proxy = build.ct(
        201,
        "pve2",
        {
            "hostname": "proxy",
            "cores": 2,
            "memory": 1024,
            "unprivileged": 1,
            "features": "nesting=1",
            "rootfs": build.disk(201, "pve2", "nas", 8, kind="lxc", used=41),
            "net0": f"name=eth0,bridge=vmbr0,firewall=1,hwaddr={mac},ip=dhcp,ip6=auto,tag=20,type=veth",
            "onboot": 1,
            "tags": "prod;web",
            "description": "nginx, Zertifikate per ACME 🔐\n",
        },
        uptime=12 * DAY + 2 * HOUR,
        load=0.08,
        memory_used=391 << 20,
        disk_used=3 * GIB,
        net_rate=700_000,
        disk_rate=12_000,
        interfaces=[_interface("eth0", mac, "10.10.20.77")],
    )
    proxy.pending = {"cores": 4}
    mac = build.mac()
    gitea = build.ct(
        202,
        "pve3",
        {
            "hostname": "gitea",
            "cores": 2,
            "cpulimit": 1,
            "memory": 2048,
            "unprivileged": 1,
            "rootfs": build.disk(202, "pve3", "local-lvm", 8, kind="lxc", used=57),
            "mp0": build.disk(202, "pve3", "local-lvm", 50, kind="lxc", mp="/var/lib/gitea", backup=1, used=66),
            "net0": f"name=eth0,bridge=vmbr0,hwaddr={mac},ip=10.10.20.202/24,gw=10.10.20.1,tag=20,type=veth",
            "net1": f"name=eth1,bridge=k8s,hwaddr={build.mac()},ip=10.50.0.90/24,type=veth",
            "onboot": 1,
            "tags": "dev;git",
        },
        uptime=2 * DAY,
        load=0.11,
        memory_used=1290 << 20,
        disk_used=int(4.6 * GIB),
        net_rate=61_000,
        disk_rate=44_000,
        interfaces=[_interface("eth0", mac, "10.10.20.202")],
    )
    build.snapshot(gitea, "before-1-24", 187 * DAY, "gitea 1.23 → 1.24", memory=1024)
    build.ct(
        203,
        "pve1",
        {
            "hostname": "debian-13-base",
            "template": 1,
            "cores": 1,
            "memory": 512,
            "unprivileged": 1,
            "rootfs": build.disk(203, "pve1", "nas", 4, kind="lxc", template=1, used=24),
            "net0": f"name=eth0,bridge=vmbr0,hwaddr={build.mac()},ip=dhcp,type=veth",
            "tags": "template",
        },
    )


def _interface(name: str, mac: str, address: str) -> JsonObject:
    return {
        "name": name, "hwaddr": mac.lower(), "hardware-address": mac.lower(), "inet": f"{address}/24",
        "ip-addresses": [{"ip-address": address, "ip-address-type": "inet", "prefix": "24"}],
    }  # fmt: skip
