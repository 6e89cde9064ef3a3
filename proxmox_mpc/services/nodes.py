"""Nodes: the list in one request, and the page of one node."""

from __future__ import annotations

from collections import Counter

from proxmox_mpc.domain.json import Json, JsonObject, as_object, as_rows, boolean, inner, integer, number, text
from proxmox_mpc.domain.moments import iso
from proxmox_mpc.domain.shape import Field, item, rows
from proxmox_mpc.domain.source import STALE, Query, Reading, Source, Warn, api_path
from proxmox_mpc.services.reads import (
    STALE_SINCE,
    Notes,
    no_such_node,
    node_states,
    read_parts,
    resources,
    rows_of,
    silent_nodes,
)

STATES = ("online", "offline", "unknown")

NODE_ROWS = rows(
    Field("node", "string", "the node's name"),
    Field("status", "string", "online, offline; unknown before it has reported", choices=STATES),
    Field("cpus", "integer?", "CPU threads"),
    Field("cpu", "number?", "use of its CPUs", unit="fraction"),
    Field("memory", "integer?", "memory", unit="bytes"),
    Field("memory_used", "integer?", "memory in use", unit="bytes", title="MEM USED"),
    Field("uptime", "integer?", "time since it booted", unit="seconds"),
    Field("running", "integer", "guests that run on it"),
    Field("guests", "integer", "guests on it, templates too"),
    Field("disk", "integer?", "size of the root file system", unit="bytes"),
    Field("disk_used", "integer?", "root file system in use", unit="bytes"),
    Field("level", "string?", "subscription level", level="wide"),
    STALE_SINCE,
    doc="Nodes of the cluster, by name.",
)

_USAGE = (
    Field("storage", "string", "the storage"),
    Field("type", "string?", "its type"),
    Field("shared", "boolean", "whether every node sees the same content"),
    Field("status", "string", "available or unknown"),
    Field("total", "integer?", "its size", unit="bytes"),
    Field("used", "integer?", "in use", unit="bytes"),
    Field("used_fraction", "number?", "part of it in use", unit="fraction", title="USE"),
)

NODE_PAGE = item(
    Field("node", "string", "the node's name"),
    Field("status", "string", "online, offline or unknown", choices=STATES),
    Field("ip", "string?", "its address in the cluster network"),
    Field("nodeid", "integer?", "its number in the cluster"),
    Field("version", "string?", "release of Proxmox VE"),
    Field("kernel", "string?", "running kernel"),
    Field("boot_mode", "string?", "efi or legacy-bios"),
    Field("secure_boot", "boolean?", "whether secure boot is on"),
    Field("uptime", "integer?", "time since it booted", unit="seconds"),
    Field("time", "time?", "its clock when it was asked"),
    Field("timezone", "string?", "its time zone"),
    Field("cpu_model", "string?", "processor"),
    Field("sockets", "integer?", "processor sockets"),
    Field("cores", "integer?", "cores of all sockets"),
    Field("cpus", "integer?", "CPU threads"),
    Field("cpu", "number?", "use of its CPUs", unit="fraction"),
    Field("io_wait", "number?", "time spent waiting for I/O", unit="fraction"),
    Field("load", "list", "load averages of 1, 5 and 15 minutes"),
    Field("memory", "integer?", "memory", unit="bytes"),
    Field("memory_used", "integer?", "memory in use", unit="bytes"),
    Field("swap", "integer?", "swap space", unit="bytes"),
    Field("swap_used", "integer?", "swap in use", unit="bytes"),
    Field("ksm_shared", "integer?", "memory saved by page sharing", unit="bytes"),
    Field("disk", "integer?", "size of the root file system", unit="bytes"),
    Field("disk_used", "integer?", "root file system in use", unit="bytes"),
    Field("subscription", "string?", "state of the subscription: active, notfound, expired …"),
    Field("subscription_product", "string?", "the product subscribed to"),
    Field("subscription_due", "string?", "the day when it is due"),
    Field("fingerprint", "string?", "SHA-256 of its certificate"),
    Field("vms", "integer", "virtual machines on it"),
    Field("vms_running", "integer", "virtual machines that run"),
    Field("containers", "integer", "containers on it"),
    Field("containers_running", "integer", "containers that run"),
    Field("templates", "integer", "templates on it (counted in neither)"),
    STALE_SINCE,
    Field("storages", "rows", "storages that it sees", fields=_USAGE),
    doc="One node: hardware, load, release, subscription, guests and storages.",
)


def list_nodes(source: Source) -> Reading[list[JsonObject]]:
    """Return the nodes by name from one request; partial when one does not answer."""
    found = resources(source)
    guests = Counter(text(row, "node") for row in rows_of(found, "qemu", "lxc"))
    running = Counter(text(row, "node") for row in rows_of(found, "qemu", "lxc") if row.get("status") == "running")
    nodes = [_node_row(row, guests, running) for row in rows_of(found, "node") if text(row, "node")]
    warnings = silent_nodes(node_states(found), "what it does is unknown")
    return Reading(sorted(nodes, key=lambda row: str(row["node"])), warnings, bool(warnings))


def _node_row(row: JsonObject, guests: Counter[str | None], running: Counter[str | None]) -> JsonObject:
    name = text(row, "node")
    return {
        "node": name,
        "status": _state(row),
        "cpus": integer(row, "maxcpu"),
        "cpu": number(row, "cpu"),
        "memory": integer(row, "maxmem"),
        "memory_used": integer(row, "mem"),
        "uptime": integer(row, "uptime"),
        "running": running[name],
        "guests": guests[name],
        "disk": integer(row, "maxdisk"),
        "disk_used": integer(row, "disk"),
        "level": text(row, "level") or None,
        "stale_since": text(row, STALE),
    }


def _state(row: JsonObject) -> str:
    status = text(row, "status")
    return status if status in STATES else "unknown"


def show_node(source: Source, name: str) -> Reading[JsonObject]:
    """Return the page of one node; what cannot be read is null and warned of. Raises NotFound."""
    found = resources(source)
    row = next((row for row in rows_of(found, "node") if row.get("node") == name), None)
    if row is None:
        raise no_such_node(name)
    notes = Notes()
    state = _state(row)
    if state == "offline":
        notes.add(*silent_nodes({name: state}, "only what the cluster remembers of it is shown"))
    answers = read_parts(source, _parts(source, name, state), notes)
    member = next((one for one in _listed(answers, "cluster status") if one.get("name") == name), {})
    listed = next((one for one in _listed(answers, "nodes") if one.get("node") == name), {})
    page = {
        "node": name,
        "status": state,
        "ip": text(member, "ip") or text(row, "ip"),
        "nodeid": integer(member, "nodeid"),
        **_machine(row, as_object(answers.get("status") or {})),
        **_clock(as_object(answers.get("time") or {})),
        **_subscription(row, as_object(answers.get("subscription") or {})),
        "fingerprint": text(listed, "ssl_fingerprint"),
        **_guest_counts([one for one in rows_of(found, "qemu", "lxc") if one.get("node") == name]),
        "stale_since": text(row, STALE),
        "storages": _storages([one for one in rows_of(found, "storage") if one.get("node") == name]),
    }
    return Reading(page, *notes.values())


def _parts(source: Source, name: str, state: str) -> dict[str, Query]:
    parts = {"cluster status": Query("/cluster/status"), "nodes": Query("/nodes")}
    if source.live and state == "offline":
        return parts
    # The database keeps the status; the clock would be wrong, and the subscription is not recorded.
    told = ("status", "time", "subscription") if source.live else ("status",)
    return parts | {part: Query(api_path("nodes", name, part)) for part in told}


def _listed(answers: dict[str, Json], part: str) -> list[JsonObject]:
    return as_rows(answers.get(part) or [], part)


def _machine(row: JsonObject, status: JsonObject) -> JsonObject:
    """Read /nodes/NODE/status; for what it lacks, the node's row in /cluster/resources."""
    cpu, boot = inner(status, "cpuinfo"), inner(status, "boot-info")
    memory, swap, disk = inner(status, "memory"), inner(status, "swap"), inner(status, "rootfs")
    kernel = inner(status, "current-kernel")
    load = status.get("loadavg")
    return {
        "version": release(text(status, "pveversion") or text(row, "pveversion")),
        "kernel": text(kernel, "release") or text(status, "kversion") or text(row, "kversion"),
        "boot_mode": text(boot, "mode"),
        "secure_boot": boolean(boot, "secureboot") if "secureboot" in boot else None,
        "uptime": _first(integer(status, "uptime"), integer(row, "uptime")),
        "cpu_model": text(cpu, "model") or text(row, "cpu_model"),
        "sockets": integer(cpu, "sockets"),
        "cores": integer(cpu, "cores"),
        "cpus": _first(integer(cpu, "cpus"), integer(row, "maxcpu")),
        "cpu": _first(number(status, "cpu"), number(row, "cpu")),
        "io_wait": number(status, "wait"),
        "load": [str(one) for one in load] if isinstance(load, list) else [],
        "memory": _first(integer(memory, "total"), integer(row, "maxmem")),
        "memory_used": _first(integer(memory, "used"), integer(row, "mem")),
        "swap": integer(swap, "total"),
        "swap_used": integer(swap, "used"),
        "ksm_shared": integer(inner(status, "ksm"), "shared"),
        "disk": _first(integer(disk, "total"), integer(row, "maxdisk")),
        "disk_used": _first(integer(disk, "used"), integer(row, "disk")),
    }


def _first(*values: float | None) -> float | None:
    return next((value for value in values if value is not None), None)


def release(pveversion: str | None) -> str | None:
    """Return ``9.2.11`` for ``pve-manager/9.2.11/14a22df3``."""
    parts = (pveversion or "").split("/")
    return parts[1] if len(parts) > 1 else pveversion


def _clock(time: JsonObject) -> JsonObject:
    return {"time": iso(number(time, "time")), "timezone": text(time, "timezone")}


def _subscription(row: JsonObject, subscription: JsonObject) -> JsonObject:
    return {
        "subscription": text(subscription, "status"),
        "subscription_product": text(subscription, "productname") or text(row, "level") or None,
        "subscription_due": text(subscription, "nextduedate"),
    }


def _guest_counts(guests: list[JsonObject]) -> JsonObject:
    real = [row for row in guests if not boolean(row, "template")]

    def count(kind: str, *, running: bool = False) -> int:
        return sum(1 for row in real if row["type"] == kind and (not running or row.get("status") == "running"))

    return {
        "vms": count("qemu"),
        "vms_running": count("qemu", running=True),
        "containers": count("lxc"),
        "containers_running": count("lxc", running=True),
        "templates": len(guests) - len(real),
    }


def _storages(found: list[JsonObject]) -> list[Json]:
    return [
        {
            "storage": text(row, "storage"),
            "type": text(row, "plugintype"),
            "shared": boolean(row, "shared"),
            "status": text(row, "status") or "unknown",
            **usage(integer(row, "maxdisk"), integer(row, "disk")),
        }
        for row in sorted(found, key=lambda row: text(row, "storage") or "")
    ]


def usage(total: int | None, used: int | None) -> JsonObject:
    """Return total, used and their ratio; zero and absent sizes have none."""
    return {"total": total, "used": used, "used_fraction": used / total if total and used is not None else None}


def old_release(version: str | None) -> tuple[Warn, ...]:
    """Return a warning for a server older than 8.4, the oldest release that is supported."""
    parts = [int(part) for part in (version or "").split(".")[:2] if part.isdigit()]
    if not parts or tuple(parts) >= (8, 4):
        return ()
    return (
        Warn(
            "old_server",
            f"Proxmox VE {version} is older than 8.4, the oldest release that pmpc knows",
            "reads mostly work; upgrade before you let pmpc change anything",
            {"version": version},
        ),
    )
