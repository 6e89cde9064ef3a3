"""What every node of any world has: services, packages, disks with their SMART values."""

from __future__ import annotations

from proxmox_mpc.simulator.json import Json, JsonObject

_SERVICES = {
    "chrony": "chrony, an NTP client/server",
    "corosync": "Corosync Cluster Engine",
    "cron": "Regular background program processing daemon",
    "ksmtuned": "Kernel Samepage Merging (KSM) Tuning Daemon",
    "lxcfs": "FUSE filesystem for LXC",
    "postfix": "Postfix Mail Transport Agent",
    "proxmox-firewall": "Proxmox nftables firewall",
    "pve-cluster": "The Proxmox VE cluster filesystem",
    "pve-firewall": "Proxmox VE firewall",
    "pve-ha-crm": "PVE Cluster HA Resource Manager Daemon",
    "pve-ha-lrm": "PVE Local HA Resource Manager Daemon",
    "pve-lxc-syscalld": "Proxmox VE LXC Syscall Daemon",
    "pvedaemon": "PVE API Daemon",
    "pvefw-logger": "Proxmox VE firewall logger",
    "pveproxy": "PVE API Proxy Server",
    "pvescheduler": "Proxmox VE scheduler",
    "pvestatd": "PVE Status Daemon",
    "qmeventd": "PVE Qemu Event Daemon",
    "spiceproxy": "PVE SPICE Proxy Server",
    "sshd": "OpenBSD Secure Shell server",
    "syslog": "System Logging Service",
    "systemd-journald": "Journal Service",
}
_STATIC = {"systemd-journald"}


def services() -> list[JsonObject]:
    """Return the rows of /nodes/{node}/services of a healthy node."""
    return [
        {
            "service": name,
            "name": name,
            "desc": text,
            "state": "running",
            "active-state": "active",
            "unit-state": "static" if name in _STATIC else "enabled",
        }
        for name, text in _SERVICES.items()
    ]


def packages(version: str, kernel: str) -> list[Json]:
    """Return the rows of /nodes/{node}/apt/versions."""
    names = {
        "proxmox-ve": version.rsplit(".", 1)[0] + ".0",
        "pve-manager": version,
        "pve-qemu-kvm": "10.1.2-4",
        "qemu-server": "9.1.2",
        "pve-container": "6.0.18",
        "libpve-storage-perl": "9.1.0",
        "lxc-pve": "6.0.5-3",
        "zfsutils-linux": "2.3.4-pve1",
        "corosync": "3.1.9-pve2",
    }
    return [
        {
            "Package": name,
            "Title": name,
            "Description": f"{name} of this system",
            "Version": text,
            "OldVersion": text,
            "Origin": "Proxmox",
            "Section": "admin",
            "Priority": "optional",
            "Arch": "amd64",
            "CurrentState": "Installed",
            **({"RunningKernel": kernel} if name == "proxmox-ve" else {}),
            **({"ManagerVersion": version} if name == "pve-manager" else {}),
        }
        for name, text in names.items()
    ]


def appliances() -> list[Json]:
    """Return the rows of /nodes/{node}/aplinfo: container templates to download."""
    names = [
        ("debian-13-standard", "13.1-2", "debian-13", "Debian 13 Trixie (standard)"),
        ("alpine-3.22-default", "20250617", "alpine", "Alpine 3.22 (default)"),
        ("ubuntu-24.04-standard", "24.04-2", "ubuntu-24.04", "Ubuntu 24.04 Noble (standard)"),
    ]
    return [
        {
            "template": f"{name}_{version}_amd64.tar.zst",
            "package": name,
            "version": version,
            "os": system,
            "headline": text,
            "description": text,
            "section": "system",
            "type": "lxc",
            "architecture": "amd64",
            "source": "http://download.proxmox.com/images",
            "location": f"http://download.proxmox.com/images/system/{name}_{version}_amd64.tar.zst",
            "infopage": "https://pve.proxmox.com/wiki/Linux_Container",
            "maintainer": "Proxmox Support Team <support@proxmox.com>",
        }
        for name, version, system, text in names
    ]


def disk_row(
    path: str, model: str, size: int, kind: str, used: str | None, *, wear: int | None = None, rpm: int = 0,
    health: str = "PASSED",
) -> JsonObject:  # fmt: skip
    """Return one row of /nodes/{node}/disks/list; ``wear`` is the life that is left, in percent."""
    serial = f"S{sum(map(ord, path + model)) * 7919 % 10**10:010d}"
    row: JsonObject = {
        "devpath": path,
        "model": model,
        "serial": serial,
        "size": size,
        "type": kind,
        "gpt": 1,
        "health": health,
        "vendor": "unknown" if kind == "nvme" else "ATA     ",
        "wwn": f"0x5{int(serial[1:]) * 131071 % 16**15:015x}",
        "rpm": rpm if kind == "hdd" else 0,
        "wearout": "N/A" if wear is None else wear,
        "by_id_link": f"/dev/disk/by-id/{'nvme' if kind == 'nvme' else 'ata'}-{model.replace(' ', '_')}_{serial}",
        "mounted": 0,
        "osdid": -1,
        "osdid-list": [],
    }
    if used:
        row["used"] = used
    return row


def smart_of(disk: JsonObject) -> JsonObject:
    """Return the answer of /nodes/{node}/disks/smart for a disk."""
    health = str(disk["health"])
    if disk["type"] == "nvme":
        left = disk["wearout"]
        spent = 100 - int(str(left))
        text = f"\nSMART/Health Information (NVMe Log 0x02)\nCritical Warning: 0x00\nPercentage Used: {spent}%\n"
        return {"health": health, "type": "text", "text": text, "wearout": left}
    if disk["type"] == "usb":
        return {"health": health, "type": "text", "text": "Unknown USB bridge\n"}
    bad = health != "PASSED"
    attributes: list[Json] = [
        _attribute("5", "Reallocated_Sector_Ct", "8" if bad else "100", "10", "3112" if bad else "0", bad=bad),
        _attribute("9", "Power_On_Hours", "71", "0", "26013"),
        _attribute("194", "Temperature_Celsius", "114", "0", "36"),
        _attribute("197", "Current_Pending_Sector", "97" if bad else "100", "0", "48" if bad else "0"),
    ]
    return {"health": health, "type": "ata", "attributes": attributes}


def _attribute(number: str, name: str, value: str, threshold: str, raw: str, *, bad: bool = False) -> JsonObject:
    return {
        "id": number.rjust(3),
        "name": name,
        "value": value.rjust(3),
        "worst": value.rjust(3),
        "threshold": threshold.rjust(3),
        "raw": raw,
        "flags": "PO--CK",
        "fail": "FAILING_NOW" if bad else "-",
        "normalized": int(value),
    }
