"""Which guests have no recent backup, and which no job covers."""

from __future__ import annotations

from collections.abc import Iterable

from proxmox_mpc.domain.guests import GuestRef
from proxmox_mpc.domain.json import JsonObject, as_rows, integer
from proxmox_mpc.domain.moments import Now, iso
from proxmox_mpc.domain.shape import Field, rows
from proxmox_mpc.domain.source import Reading, Source, Warn
from proxmox_mpc.errors import PmpcError
from proxmox_mpc.services.backup_archives import Archive, archive_of
from proxmox_mpc.services.guests import seconds_since
from proxmox_mpc.services.reads import resources, warning_of
from proxmox_mpc.services.storages import Place, places, read_content

COVERAGE_ROWS = rows(
    Field("guest", "integer", "the guest's id"),
    Field("name", "string?", "its name"),
    Field("type", "string", "vm or ct", choices=("vm", "ct")),
    Field("node", "string", "the node it is on", level="wide"),
    Field("newest", "time?", "when its newest backup was made; null: there is none that can be seen"),
    Field("age", "integer?", "time since then", unit="seconds"),
    Field("backups", "integer", "how many backups of it there are"),
    Field("verified", "string?", "what the backup server's verification said of the newest", level="wide"),
    Field("job", "boolean?", "whether a backup job covers it; null where that could not be read"),
    Field("recent", "boolean", "whether its newest backup is young enough"),
    Field("volid", "string?", "the newest backup", level="data"),
    doc="Guests without a recent backup, those without any first.",
)


def coverage(
    source: Source, guests: Iterable[GuestRef], oldest: float, now: Now, *, everything: bool = False
) -> Reading[list[JsonObject]]:
    """Return the guests whose newest backup is older than ``oldest`` seconds; all of them with ``everything``.

    What cannot be seen looks like what is not there: partial when a storage with backups could not be read.
    """
    found = resources(source)
    where = places(source, found, content="backup")
    volumes: Reading[list[tuple[Place, JsonObject]]] = Reading([])
    if where.value:
        volumes = read_content(source, where.value, "backup")
    held: dict[int, list[Archive]] = {}
    for place, row in volumes.value:
        archive = archive_of(place, row)
        if archive.vmid is not None:
            held.setdefault(archive.vmid, []).append(archive)
    warnings = [*where.warnings, *volumes.warnings]
    uncovered = _uncovered(source, warnings)
    asked = [ref for ref in guests if everything or not ref.template]
    listed = [_row(ref, held.get(ref.vmid, []), oldest, now, uncovered) for ref in asked]
    if not everything:
        listed = [row for row in listed if not row["recent"]]
    listed.sort(key=lambda row: (str(row["newest"] or ""), integer(row, "guest") or 0))
    return Reading(listed, tuple(warnings), where.partial or volumes.partial)


def _row(ref: GuestRef, held: list[Archive], oldest: float, now: Now, uncovered: frozenset[int] | None) -> JsonObject:
    newest = max(held, key=lambda one: one.created or 0, default=None)
    created = newest.created if newest else None
    return {
        "guest": ref.vmid,
        "name": ref.name,
        "type": ref.kind,
        "node": ref.node,
        "newest": iso(created),
        "age": seconds_since(created, now),
        "backups": len(held),
        "verified": newest.verified if newest else None,
        "job": None if uncovered is None else ref.vmid not in uncovered,
        "recent": created is not None and now() - created <= oldest,
        "volid": newest.volid if newest else None,
    }


def _uncovered(source: Source, warnings: list[Warn]) -> frozenset[int] | None:
    """Return the ids of the guests that no job covers; PVE tells them to Sys.Audit on / only."""
    path = "/cluster/backup-info/not-backed-up"
    try:
        answer = as_rows(source.read(path), path)
    except PmpcError as error:
        warnings.append(warning_of("which guests no job covers", error))
        return None
    return frozenset(vmid for row in answer if (vmid := integer(row, "vmid")) is not None)
