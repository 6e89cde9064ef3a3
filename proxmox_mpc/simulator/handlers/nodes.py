"""Nodes: the list, and what each says of itself."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from proxmox_mpc.simulator.call import Answer, Call, rows
from proxmox_mpc.simulator.cpu_models import CPU_MODELS
from proxmox_mpc.simulator.digests import digest_of
from proxmox_mpc.simulator.errors import failed, invalid
from proxmox_mpc.simulator.handlers.cluster import node_row
from proxmox_mpc.simulator.json import Json, JsonObject
from proxmox_mpc.simulator.metering import guest_use, node_cpu, node_memory, root_used
from proxmox_mpc.simulator.resources import Rows
from proxmox_mpc.simulator.router import Routes
from proxmox_mpc.simulator.world import World

routes = Routes()
routes.index(
    "/nodes/{node}", "apt", "capabilities", "certificates", "config", "disks", "dns", "firewall", "hardware", "hosts",
    "journal", "lxc", "netstat", "network", "qemu", "replication", "report", "rrddata", "scan", "sdn", "services",
    "status", "storage", "subscription", "syslog", "tasks", "time", "version", "vzdump", key="name",
)  # fmt: skip
routes.index("/nodes/{node}/apt", "changelog", "repositories", "update", "versions", key="id")
routes.index("/nodes/{node}/capabilities", "qemu", key="name")
routes.index("/nodes/{node}/capabilities/qemu", "cpu", "cpu-flags", "machines", "migration", key="name")
routes.index("/nodes/{node}/certificates", "acme", "custom", "info", key="name")
routes.index("/nodes/{node}/disks", "directory", "initgpt", "list", "lvm", "lvmthin", "smart", "zfs", key="name")
routes.index("/nodes/{node}/hardware", "pci", "usb", key="type")
routes.index("/nodes/{node}/services/{service}", "reload", "restart", "start", "state", "stop")


@routes.get("/nodes")
def index(call: Call) -> Json:
    """Return every node: the list needs no right, its figures need Sys.Audit on the node."""
    make = Rows(call.world, call.now)
    found = []
    for name, node in call.world.nodes.items():
        row = node_row(call, make, name)
        row.pop("cgroup-mode", None)
        found.append({**row, "ssl_fingerprint": node.fingerprint})
    return rows(found)


@routes.get("/nodes/{node}/status")
def status(call: Call) -> Json:
    """Return load, memory, root disk, kernel and processors."""
    node, world = call.node, call.world
    cpu, memory = node_cpu(node, call.now), node_memory(node, call.now)
    share = node.rootfs // 20  # what ext4 keeps for root: free, but not available
    rootfs_used = root_used(world, node)
    free = node.rootfs - rootfs_used
    version = f"#1 SMP PREEMPT_DYNAMIC PMX {node.kernel.rsplit('-', 1)[0]}"
    vendor = "GenuineIntel" if "Intel" in node.cpu_model else "AuthenticAMD"
    return {
        "uptime": max(0, call.now - node.booted),
        "cpu": cpu,
        "wait": round(cpu / 40, 6),
        "idle": 0,
        "loadavg": [f"{cpu * node.cores * factor:.2f}" for factor in (1.0, 0.97, 0.9)],
        "memory": {
            "total": node.memory, "used": memory, "free": node.memory - memory,
            "available": node.memory - memory * 9 // 10,
        },
        "swap": {"total": node.swap, "used": node.swap_used, "free": node.swap - node.swap_used},
        "rootfs": {
            "total": node.rootfs, "used": rootfs_used, "free": free, "avail": max(0, free - share),
        },
        "ksm": {"shared": 0},
        "cpuinfo": {
            "model": node.cpu_model, "cpus": node.cores, "cores": max(1, node.cores // node.sockets // 2),
            "sockets": node.sockets, "mhz": "3394.112", "hvm": "1", "user_hz": 100, "flags": "fpu vme sse sse2 aes svm",
            "vendor": vendor, "family": "6" if vendor == "GenuineIntel" else "25",
        },
        "kversion": f"Linux {node.kernel} {version}",
        "current-kernel": {"sysname": "Linux", "release": node.kernel, "version": version, "machine": "x86_64"},
        "boot-info": node.documents.get("boot-info", {"mode": "efi", "secureboot": 0}),
        "pveversion": f"pve-manager/{world.version}/{world.repoid}",
    }  # fmt: skip


@routes.get("/nodes/{node}/version")
def version(call: Call) -> Json:
    """Return the version of the API on a node."""
    return {"version": call.world.version, "release": call.world.release, "repoid": call.world.repoid}


@routes.get("/nodes/{node}/services")
def services(call: Call) -> Json:
    """Return the services of a node."""
    return rows(call.node.services)


@routes.get("/nodes/{node}/services/{service}/state")
def service_state(call: Call) -> Json:
    """Return one service."""
    name = call.text("service")
    found = next((row for row in call.node.services if name in {row["service"], row["name"]}), None)
    if found is None:
        raise failed(f"no such service '{name}'")
    return found


@routes.get("/nodes/{node}/disks/list")
def disks(call: Call) -> Json:
    """Return the physical disks; ``type=unused`` those that nothing holds, ``skipsmart`` without their health."""
    found = [dict(disk) for disk in call.node.disks]
    if call.text("type") == "unused":
        found = [disk for disk in found if not disk.get("used")]
    if call.flag("skipsmart"):
        for disk in found:
            disk |= {"health": "UNKNOWN", "wearout": "N/A"}
    return rows(found)


@routes.get("/nodes/{node}/disks/smart")
def smart(call: Call) -> Json:
    """Return the SMART values of one disk."""
    known = call.node.documents.get("disks/smart")
    found = known.get(call.text("disk")) if isinstance(known, dict) else None
    if not isinstance(found, dict):
        raise failed(f"Device {call.text('disk')} does not exist")
    return {"health": found["health"]} if call.flag("healthonly") else found


@routes.get("/nodes/{node}/syslog")
def syslog(call: Call) -> Answer:
    """Return a page of the system log, numbered from 1; ``total`` counts all lines that match."""
    service = call.text("service")
    since, until = _moment(call, "since"), _moment(call, "until")
    lines = [line for line in call.node.syslog if not service or f" {service}[" in line]
    if since or until:
        dated = [(_stamp(line, call.now), line) for line in lines]
        lines = [line for at, line in dated if (not since or at >= since) and (not until or at <= until)]
    start, limit = call.number("start"), call.number("limit", 50)
    page = [*enumerate(lines, 1)][start : start + limit] or [(1, "no content")]
    return Answer(rows({"n": at, "t": line} for at, line in page), {"total": len(lines)})


def _moment(call: Call, name: str) -> datetime | None:
    text = call.text(name)
    for form in ("%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d"):
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
    if text:
        raise invalid({name: "not a valid date"})
    return None


def _stamp(line: str, now: int) -> datetime:
    """Return the time of a line, which carries no year: the last such day that is not in the future."""
    today = datetime.fromtimestamp(now, UTC)
    found = re.match(r"\w{3} \d\d \d\d:\d\d:\d\d", line)
    text = f"{today.year} {found[0] if found else 'Jan 01 00:00:00'}"
    moment = datetime.strptime(text, "%Y %b %d %H:%M:%S").replace(tzinfo=UTC)
    return moment if moment <= today + timedelta(days=1) else moment.replace(year=today.year - 1)


@routes.get("/nodes/{node}/apt/update")
def updates(call: Call) -> Json:
    """Return the packages that could be updated."""
    return rows(call.node.updates)


@routes.get("/nodes/{node}/apt/versions")
def versions(call: Call) -> Json:
    """Return the versions of PVE's own packages."""
    return call.node.documents.get("apt/versions", [])


@routes.get("/nodes/{node}/certificates/info")
def certificates(call: Call) -> Json:
    """Return the authority's and the node's certificates; a node that names none has one for its fingerprint."""
    node = call.node
    found = [dict(row) for row in node.certificates]
    if not any(row.get("filename") == "pve-ssl.pem" for row in found) and node.fingerprint:
        made = call.world.created - 100 * 86_400
        subject = f"/OU=PVE Cluster Node/O=Proxmox Virtual Environment/CN={node.name}"
        found.append({
            "filename": "pve-ssl.pem", "fingerprint": node.fingerprint, "notbefore": made,
            "notafter": made + 730 * 86_400, "subject": subject,
            "issuer": _AUTHORITY, "public-key-bits": 2048, "public-key-type": "rsaEncryption",
            "san": ["127.0.0.1", "localhost", node.ip, node.name],
        })  # fmt: skip
    return rows([authority(call.world), *found])


_AUTHORITY = "/CN=Proxmox Virtual Environment/O=PVE Cluster Manager CA"


def authority(world: World) -> JsonObject:
    """Return the certificate of the cluster's own authority: one for all nodes, always the same in a world."""
    mark = hashlib.sha256(f"{world.name}/{world.cluster}/{world.seed}/{world.ticket_key}".encode()).hexdigest().upper()
    made = world.created - 500 * 86_400
    issuer = next((str(row["issuer"]) for node in world.nodes.values() for row in node.certificates
                   if row.get("filename") == "pve-ssl.pem"), _AUTHORITY)  # fmt: skip
    return {
        "filename": "pve-root-ca.pem", "fingerprint": ":".join(mark[at : at + 2] for at in range(0, 64, 2)),
        "subject": issuer, "issuer": issuer, "notbefore": made, "notafter": made + 3650 * 86_400,
        "public-key-bits": 4096, "public-key-type": "rsaEncryption", "san": [],
    }  # fmt: skip


@routes.get("/nodes/{node}/subscription")
def subscription(call: Call) -> Json:
    """Return the subscription: there is none, unless the world says otherwise."""
    missing: JsonObject = {
        "status": "notfound", "message": "There is no subscription key",
        "url": "https://www.proxmox.com/en/proxmox-virtual-environment/pricing",
    }  # fmt: skip
    return call.node.documents.get("subscription", missing)


@routes.get("/nodes/{node}/time")
def time(call: Call) -> Json:
    """Return the time and the time zone; ``localtime`` is the wall clock counted as if it were UTC."""
    zone = call.node.timezone
    try:
        offset = datetime.fromtimestamp(call.now, ZoneInfo(zone)).utcoffset() or timedelta()
    except ZoneInfoNotFoundError:  # the machine that simulates may have no time zone database
        offset = timedelta()
    return {"time": call.now, "localtime": call.now + int(offset.total_seconds()), "timezone": zone}


@routes.get("/nodes/{node}/dns")
def dns(call: Call) -> Json:
    """Return the name servers."""
    return call.node.dns


@routes.get("/nodes/{node}/hosts")
def hosts(call: Call) -> Json:
    """Return /etc/hosts."""
    return {"data": call.node.hosts, "digest": digest_of(call.node.hosts)}


@routes.get("/nodes/{node}/netstat")
def netstat(call: Call) -> Json:
    """Return traffic counters of each guest's interfaces on a node, as texts."""
    found: list[JsonObject] = []
    for guest in call.world.guests_on(call.node.name):
        if not guest.running:
            continue
        use = guest_use(guest, call.now)
        nets = [key for key in guest.config if key.startswith("net") and key[3:].isdigit()]
        for at, key in enumerate(nets):
            first = at == 0  # the first interface carries the traffic
            found.append({
                "vmid": str(guest.vmid), "dev": key, "in": str(use.netin if first else 0),
                "out": str(use.netout if first else 0),
            })  # fmt: skip
    return rows(found)


@routes.get("/nodes/{node}/hardware/pci")
def pci(call: Call) -> Json:
    """Return PCI devices; bridges, memory and processors are left out, as PVE does by default."""
    return call.node.documents.get("hardware/pci", [])


@routes.get("/nodes/{node}/hardware/usb")
def usb(call: Call) -> Json:
    """Return USB devices."""
    return call.node.documents.get("hardware/usb", [])


@routes.get("/nodes/{node}/capabilities/qemu/cpu")
def cpu_models(call: Call) -> Json:
    """Return the CPU models that a VM may have; those that name a level of the architecture are abstract."""
    return rows(
        {"name": name, "vendor": vendor, "custom": 0, **({"abstract": 1} if name.startswith("x86-64-v") else {})}
        for vendor, names in CPU_MODELS.items()
        for name in names
    )


@routes.get("/nodes/{node}/capabilities/qemu/machines")
def machines(call: Call) -> Json:
    """Return the machine types."""
    releases = ("9.2", "9.0", "8.2") if call.world.major < 9 else ("10.1", "10.0", "9.2")
    kinds = {"i440fx": "pc-i440fx", "q35": "pc-q35"}
    return rows(
        {"id": f"{stem}-{release}", "type": kind, "version": release}
        for kind, stem in kinds.items()
        for release in releases
    )


@routes.get("/nodes/{node}/aplinfo")
def appliances(call: Call) -> Json:
    """Return the container templates that the node knows to download."""
    return call.node.documents.get("aplinfo", [])
