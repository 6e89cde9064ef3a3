"""What a node says of itself: services, disks, pending updates, certificates; of one node or of all that answer."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from proxmox_mpc.domain.json import Json, JsonObject, as_rows, boolean, integer, number, text
from proxmox_mpc.domain.moments import Now, iso
from proxmox_mpc.domain.shape import Field, rows
from proxmox_mpc.domain.source import Reading, Source
from proxmox_mpc.services.reads import over_nodes

_NODE = Field("node", "string", "the node")

SERVICE_ROWS = rows(
    _NODE,
    Field("service", "string", "the service, as PVE names it"),
    Field("state", "string", "running, dead, exited …"),
    Field("active", "string?", "systemd's active state: active, inactive, failed …"),
    Field("unit", "string?", "systemd's unit state: enabled, disabled, masked …"),
    Field("description", "string?", "what it does"),
    doc="Services that Proxmox VE watches, by node and name.",
)

DISK_ROWS = rows(
    _NODE,
    Field("device", "string", "the device"),
    Field("type", "string?", "ssd, hdd, nvme, usb or unknown"),
    Field("size", "integer?", "its size", unit="bytes"),
    Field("used", "string?", "what it is used for: LVM, ZFS, partitions …; null where it is free"),
    Field("health", "string?", "SMART: PASSED, FAILED, UNKNOWN …"),
    Field("wearout", "number?", "part of its rated life that is used up (SSD)", unit="percent"),
    Field("model", "string?", "model"),
    Field("vendor", "string?", "vendor", level="wide"),
    Field("serial", "string?", "serial number", level="wide"),
    Field("gpt", "boolean", "whether it has a GPT partition table", level="wide"),
    Field("mounted", "boolean", "whether it is mounted", level="wide"),
    Field("rpm", "integer?", "revolutions a minute; 0 for an SSD", level="data"),
    Field("wwn", "string?", "world wide name", level="data"),
    Field("osd", "integer?", "the Ceph OSD on it", level="data"),
    doc="Physical disks, by node and device.",
)

UPDATE_ROWS = rows(
    _NODE,
    Field("package", "string", "the package"),
    Field("installed", "string?", "the version that is installed; null for a package that would be new"),
    Field("version", "string?", "the version that is available"),
    Field("title", "string?", "what it is"),
    Field("origin", "string?", "where it comes from", level="wide"),
    Field("section", "string?", "its section", level="wide"),
    Field("priority", "string?", "its priority", level="data"),
    Field("arch", "string?", "architecture", level="data"),
    doc="Packages that can be updated, as of the node's last `apt update`, by node and package.",
)

CERTIFICATE_ROWS = rows(
    _NODE,
    Field("filename", "string", "the certificate's file"),
    Field("subject", "string?", "whom it names"),
    Field("issuer", "string?", "who signed it", level="wide"),
    Field("valid_from", "time?", "begin of its validity", level="wide"),
    Field("valid_until", "time?", "end of its validity"),
    Field("days_left", "integer?", "whole days until it expires; negative when it has"),
    Field("names", "list", "names and addresses that it is good for", level="wide"),
    Field("key_type", "string?", "type of its public key", level="data"),
    Field("key_bits", "integer?", "size of its public key in bits", level="data"),
    Field("fingerprint", "string?", "SHA-256", level="wide"),
    doc="Certificates of the nodes, by node and file.",
)


def list_services(source: Source, node: str | None) -> Reading[list[JsonObject]]:
    """Return the services of a node, or of all that answer."""

    def row(name: str, found: JsonObject) -> JsonObject:
        return {
            "node": name,
            "service": text(found, "service") or text(found, "name") or "",
            "state": text(found, "state") or "unknown",
            "active": text(found, "active-state"),
            "unit": text(found, "unit-state"),
            "description": text(found, "desc"),
        }

    return _listed(source, node, "services", ("services",), row, "service")


def list_disks(source: Source, node: str | None) -> Reading[list[JsonObject]]:
    """Return the physical disks with their SMART health; PVE asks the disks while it answers."""
    return _listed(source, node, "disks", ("disks", "list"), _disk_row, "device")


def _disk_row(name: str, found: JsonObject) -> JsonObject:
    # PVE sends what is left of the rated life in percent, or N/A; its web interface shows the part that is used up.
    left = number(found, "wearout")
    osd = integer(found, "osdid")
    return {
        "node": name,
        "device": text(found, "devpath") or "",
        "type": text(found, "type"),
        "size": integer(found, "size"),
        "used": text(found, "used") or None,
        "health": text(found, "health"),
        "wearout": None if left is None else 100 - left,
        "model": _known(text(found, "model")),
        "vendor": _known(text(found, "vendor")),
        "serial": _known(text(found, "serial")),
        "gpt": boolean(found, "gpt"),
        "mounted": boolean(found, "mounted"),
        "rpm": integer(found, "rpm"),
        "wwn": _known(text(found, "wwn")),
        "osd": osd if osd is not None and osd >= 0 else None,
    }


def _known(value: str | None) -> str | None:
    """PVE writes "unknown" for what the disk does not say."""
    stripped = (value or "").strip()
    return stripped if stripped and stripped != "unknown" else None


def list_updates(source: Source, node: str | None) -> Reading[list[JsonObject]]:
    """Return the packages that can be updated."""

    def row(name: str, found: JsonObject) -> JsonObject:
        return {
            "node": name,
            "package": text(found, "Package") or "",
            "installed": text(found, "OldVersion") or None,
            "version": text(found, "Version"),
            "title": text(found, "Title"),
            "origin": text(found, "Origin"),
            "section": text(found, "Section"),
            "priority": text(found, "Priority"),
            "arch": text(found, "Arch"),
        }

    return _listed(source, node, "updates", ("apt", "update"), row, "package")


def list_certificates(source: Source, node: str | None, now: Now) -> Reading[list[JsonObject]]:
    """Return the certificates with the days that they have left."""
    return _listed(source, node, "certificates", ("certificates", "info"), partial(_certificate_row, now), "filename")


def certificate_rows(node: str, answer: Json, now: Now) -> list[JsonObject]:
    """Turn one node's answer into rows of CERTIFICATE_ROWS."""
    return [_certificate_row(now, node, row) for row in as_rows(answer, "certificates")]


def _certificate_row(now: Now, node: str, found: JsonObject) -> JsonObject:
    until = number(found, "notafter")
    names = found.get("san")
    return {
        "node": node,
        "filename": text(found, "filename") or "",
        "subject": text(found, "subject"),
        "issuer": text(found, "issuer"),
        "valid_from": iso(number(found, "notbefore")),
        "valid_until": iso(until),
        "days_left": None if until is None else int((until - now()) // 86400),
        "names": [str(one) for one in names] if isinstance(names, list) else [],
        "key_type": text(found, "public-key-type"),
        "key_bits": integer(found, "public-key-bits"),
        "fingerprint": text(found, "fingerprint"),
    }


def _listed(
    source: Source,
    node: str | None,
    what: str,
    below: tuple[str, ...],
    row: Callable[[str, JsonObject], JsonObject],
    key: str,
) -> Reading[list[JsonObject]]:
    answers = over_nodes(source, node, what, *below)
    found = [row(name, one) for name, answer in answers.value for one in as_rows(answer, what)]
    return Reading(sorted(found, key=lambda one: _order(one, key)), answers.warnings, answers.partial)


def _order(row: JsonObject, key: str) -> tuple[str, str]:
    first: Json = row["node"]
    return (str(first), str(row[key]))
