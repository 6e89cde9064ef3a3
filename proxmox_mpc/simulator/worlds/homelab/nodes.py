"""The homelab's nodes: a big one, a middle one and a small one, and what each says of itself."""

from __future__ import annotations

from datetime import UTC, datetime

from proxmox_mpc.simulator.json import Json, JsonObject
from proxmox_mpc.simulator.world import Node
from proxmox_mpc.simulator.worlds.builder import DAY, GIB, HOUR, Builder
from proxmox_mpc.simulator.worlds.machine import appliances, disk_row, packages, services, smart_of

_HOSTS = (
    "127.0.0.1 localhost.localdomain localhost\n"
    "10.10.0.11 pve1.lab.example pve1\n10.10.0.12 pve2.lab.example pve2\n10.10.0.13 pve3.lab.example pve3\n"
)


def add_nodes(build: Builder) -> None:
    """Add pve1 (12 cores, ZFS), pve2 (8 cores, ZFS, GPU) and pve3 (4 cores, one disk that is failing)."""
    world, now = build.world, build.now
    world.nodes["pve1"] = Node(
        "pve1", 1, "10.10.0.11", cores=12, sockets=1, cpu_model="AMD Ryzen 9 5900X 12-Core Processor",
        memory=64 * GIB, memory_used=29 * GIB, swap=8 * GIB, rootfs=94 * GIB, rootfs_used=21 * GIB, load=0.14,
        booted=now - 61 * DAY - 5 * HOUR,
        disks=[
            disk_row("/dev/nvme0n1", "Samsung SSD 980 PRO 1TB", 1_000_204_886_016, "nvme", "LVM", wear=93),
            disk_row("/dev/sda", "WDC WD40EFRX-68N32N0", 4_000_787_030_016, "hdd", "ZFS", rpm=5400),
            disk_row("/dev/sdb", "WDC WD40EFRX-68N32N0", 4_000_787_030_016, "hdd", "ZFS", rpm=5400),
        ],
    )  # fmt: skip
    world.nodes["pve2"] = Node(
        "pve2", 2, "10.10.0.12", cores=8, sockets=1, cpu_model="Intel(R) Core(TM) i7-10700 CPU @ 2.90GHz",
        memory=32 * GIB, memory_used=28 * GIB, swap=8 * GIB, swap_used=GIB // 4, rootfs=94 * GIB,
        rootfs_used=35 * GIB, load=0.41, booted=now - 12 * DAY - 3 * HOUR,
        disks=[
            disk_row("/dev/nvme0n1", "CT1000P3SSD8", 1_000_204_886_016, "nvme", "LVM", wear=99),
            disk_row("/dev/sda", "ST4000VN008-2DR166", 4_000_787_030_016, "hdd", "ZFS", rpm=5980),
            disk_row("/dev/sdb", "ST4000VN008-2DR166", 4_000_787_030_016, "hdd", "ZFS", rpm=5980),
        ],
    )  # fmt: skip
    world.nodes["pve3"] = Node(
        "pve3", 3, "10.10.0.13", cores=4, sockets=1, cpu_model="Intel(R) N100",
        memory=16 * GIB, memory_used=9 * GIB, swap=4 * GIB, swap_used=GIB, rootfs=58 * GIB, rootfs_used=42 * GIB,
        load=0.42, booted=now - 2 * DAY - HOUR,
        disks=[
            disk_row("/dev/sda", "KINGSTON SA400S37960G", 960_197_124_096, "ssd", "LVM", wear=11, health="FAILED"),
            disk_row("/dev/sdb", "SanDisk Ultra Fit", 61_530_439_680, "usb", None, health="UNKNOWN"),
        ],
    )  # fmt: skip
    for node in world.nodes.values():
        _describe(build, node)
    _trouble(build)


def _describe(build: Builder, node: Node) -> None:
    world = build.world
    node.kernel = "6.8.12-15-pve" if world.major == 8 else "6.17.2-2-pve"
    node.timezone, node.hosts = "Europe/Vienna", _HOSTS
    node.dns = {"dns1": "10.10.0.53", "dns2": "9.9.9.9", "search": "lab.example"}
    node.services = services()
    node.network = _interfaces(node)
    node.certificates = [_certificate(build, node)]
    node.fingerprint = str(node.certificates[0]["fingerprint"])
    node.documents["subscription"] = {
        "status": "notfound", "message": "There is no subscription key",
        "serverid": build.uuid().replace("-", "").upper(),
        "url": "https://www.proxmox.com/en/proxmox-virtual-environment/pricing",
    }  # fmt: skip
    node.documents["apt/versions"] = [*packages(world.version, node.kernel)]
    node.documents["disks/smart"] = {str(disk["devpath"]): smart_of(disk) for disk in node.disks}
    node.documents["aplinfo"] = [*appliances()]
    node.documents["hardware/pci"] = _pci(node)
    node.documents["hardware/usb"] = _usb(node)
    node.syslog = _syslog(build, node)


def _interfaces(node: Node) -> dict[str, JsonObject]:
    """Two NICs bonded under the VLAN-aware vmbr0 (one on pve3), the storage VLAN 40, and vmbr1 without address."""
    last = node.ip.rsplit(".", 1)[1]
    nics = ["eno1", "eno2", "enp5s0"] if node.name != "pve3" else ["enp1s0", "enp2s0"]
    eth: JsonObject = {"type": "eth", "exists": 1, "active": 1, "method": "manual", "method6": "manual"}
    rows: list[JsonObject] = [{"iface": name, **eth, "families": ["inet"]} for name in nics]
    uplink = nics[0]
    if node.name != "pve3":
        uplink = "bond0"
        rows.append({
            "iface": "bond0", "type": "bond", "active": 1, "autostart": 1, "method": "manual", "method6": "manual",
            "families": ["inet"], "slaves": "eno1 eno2", "bond_mode": "802.3ad", "bond_miimon": "100",
            "bond_xmit_hash_policy": "layer3+4",
        })  # fmt: skip
    rows += [
        {
            "iface": "vmbr0", "type": "bridge", "active": 1, "autostart": 1, "method": "static", "method6": "manual",
            "families": ["inet"], "address": node.ip, "netmask": "24", "cidr": f"{node.ip}/24",
            "gateway": "10.10.0.1", "bridge_ports": uplink, "bridge_stp": "off", "bridge_fd": "0",
            "bridge_vlan_aware": 1, "bridge_vids": "2-4094", "comments": "management and guests\n",
        },
        {
            "iface": "vmbr1", "type": "bridge", "active": 1, "autostart": 1, "method": "manual", "method6": "manual",
            "families": ["inet"], "bridge_ports": nics[-1], "bridge_stp": "off", "bridge_fd": "0",
            "comments": "WAN\n",
        },
        {
            "iface": "vmbr0.40", "type": "vlan", "active": 1, "autostart": 1, "method": "static", "method6": "manual",
            "families": ["inet"], "address": f"10.10.40.{last}", "netmask": "24", "cidr": f"10.10.40.{last}/24",
            "vlan-raw-device": "vmbr0", "vlan-id": 40, "mtu": 9000, "comments": "storage\n",
        },
    ]  # fmt: skip
    return {str(row["iface"]): {**row, "priority": at} for at, row in enumerate(rows, 3)}


def _certificate(build: Builder, node: Node) -> JsonObject:
    """A certificate of the cluster's own CA; that of pve1 ends in 19 days."""
    left = 19 * DAY if node.name == "pve1" else (400 + 30 * node.nodeid) * DAY
    return {
        "filename": "pve-ssl.pem", "fingerprint": build.fingerprint(),
        "issuer": "/CN=Proxmox Virtual Environment/OU=8d2ff30a-46a1-4b4a-9a63-1fe0a61bb1d4/O=PVE Cluster Manager CA",
        "subject": f"/OU=PVE Cluster Node/O=Proxmox Virtual Environment/CN={node.name}.lab.example",
        "notbefore": build.now + left - 730 * DAY, "notafter": build.now + left,
        "public-key-bits": 2048, "public-key-type": "rsaEncryption",
        "san": ["127.0.0.1", "0000:0000:0000:0000:0000:0000:0000:0001", "localhost", node.ip, node.name,
                f"{node.name}.lab.example"],
    }  # fmt: skip


def _pci(node: Node) -> list[Json]:
    rows: list[Json] = [{
        "id": "0000:02:00.0", "class": "0x020000", "vendor": "0x8086", "device": "0x15f3", "iommugroup": 16,
        "vendor_name": "Intel Corporation", "device_name": "Ethernet Controller I225-V",
        "subsystem_vendor": "0x8086", "subsystem_device": "0x0000",
    }]  # fmt: skip
    if node.name == "pve2":
        rows.append({
            "id": "0000:01:00.0", "class": "0x030000", "vendor": "0x10de", "device": "0x1f82", "iommugroup": 1,
            "vendor_name": "NVIDIA Corporation", "device_name": "TU117 [GeForce GTX 1650]",
            "subsystem_vendor": "0x1458", "subsystem_device": "0x3ff9",
        })  # fmt: skip
    return rows


def _usb(node: Node) -> list[Json]:
    rows: list[Json] = [{
        "busnum": 1, "devnum": 1, "class": 9, "level": 0, "port": 0, "prodid": "0002", "vendid": "1d6b",
        "speed": "480", "product": "xHCI Host Controller", "manufacturer": "Linux xhci-hcd",
    }]  # fmt: skip
    if node.name == "pve1":
        rows.append({
            "busnum": 1, "devnum": 3, "class": 0, "level": 1, "port": 3, "prodid": "ea60", "vendid": "10c4",
            "speed": "12", "usbpath": "4", "product": "Sonoff Zigbee 3.0 USB Dongle Plus", "manufacturer": "ITead",
        })  # fmt: skip
    return rows


def _syslog(build: Builder, node: Node) -> list[str]:
    pairs = [
        (5 * HOUR, "systemd[1]: Starting logrotate.service - Rotate log files..."),
        (5 * HOUR - 1, "systemd[1]: logrotate.service: Deactivated successfully."),
        (4 * HOUR, "smartd[712]: Device: /dev/sda [SAT], SMART Usage Attribute: 194 Temperature_Celsius changed"),
        (3 * HOUR, "pvedaemon[1402]: <root@pam> successful auth for user 'root@pam'"),
        (2 * HOUR, "corosync[1189]:   [KNET  ] link: host: 3 link: 0 is down"),
        (2 * HOUR - 3, "corosync[1189]:   [KNET  ] rx: host: 3 link: 0 is up"),
        (HOUR, "pvescheduler[39114]: replication: start"),
        (900, "pmxcfs[1044]: [status] notice: received log"),
        (120, "pveproxy[1410]: worker 220511 finished"),
        (119, "pveproxy[1410]: worker 220871 started"),
    ]
    return [f"{_stamp(build.now - age)} {node.name} {text}" for age, text in pairs]


def _stamp(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%b %d %H:%M:%S")


def _trouble(build: Builder) -> None:
    """Give pve3 what a neglected node has: a stopped time service, a failed unit, updates left undone."""
    pve3 = build.world.nodes["pve3"]
    states = {"chrony": ("dead", "inactive"), "postfix": ("failed", "failed")}
    for service in pve3.services:
        if str(service["service"]) in states:
            service["state"], service["active-state"] = states[str(service["service"])]
    slow = "pvestatd[1377]: status update time ({}.{:03d} seconds)"
    lines = [(HOUR - at * 55, slow.format(5 + at % 4, at * 37 % 1000)) for at in range(60)]
    pve3.syslog += [f"{_stamp(build.now - age)} pve3 {text}" for age, text in lines]
    pve3.syslog.sort(key=lambda line: line[4:15])
    for node, count in (("pve2", 2), ("pve3", 4)):
        build.world.nodes[node].updates = _updates(count)


def _updates(count: int) -> list[JsonObject]:
    names = [
        ("openssl", "3.5.4-1~deb13u1", "3.5.4-1~deb13u2", "Debian", "utils"),
        ("pve-qemu-kvm", "10.1.2-4", "10.1.2-5", "Proxmox", "admin"),
        ("qemu-server", "9.1.2", "9.1.4", "Proxmox", "admin"),
        ("libpve-common-perl", "9.1.1", "9.1.2", "Proxmox", "perl"),
    ]
    return [
        {
            "Package": name, "Title": name, "Description": f"{name} for this system", "OldVersion": old, "Version": new,
            "Origin": origin, "Section": section, "Arch": "amd64", "Priority": "optional",
        }
        for name, old, new, origin, section in names[:count]
    ]  # fmt: skip
