"""Backups: what was kept, of all guests and on all storages, and the jobs that make them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from proxmox_mpc.domain.guests import KINDS, Kind
from proxmox_mpc.domain.json import Json, JsonObject, as_object, as_rows, boolean, integer, number, split_list, text
from proxmox_mpc.domain.moments import Now, iso
from proxmox_mpc.domain.shape import Field, item, rows
from proxmox_mpc.domain.source import Query, Reading, Source, api_path
from proxmox_mpc.errors import NotFound
from proxmox_mpc.services.guests import guest_id, seconds_since
from proxmox_mpc.services.reads import Notes, read_parts, resources, rows_of
from proxmox_mpc.services.storages import Place, places, read_content, volume_row

BACKUP_ROWS = rows(
    Field("guest", "integer?", "the guest it is of"),
    Field("name", "string?", "the guest's name today; null when it no longer exists"),
    Field("type", "string?", "vm or ct; null where the volume does not tell", level="wide"),
    Field("created", "time?", "when it was made"),
    Field("age", "integer?", "time since then", unit="seconds"),
    Field("size", "integer?", "its size", unit="bytes"),
    Field("storage", "string", "the storage it is on"),
    Field("node", "string?", "the node it is on; null on a shared storage", level="wide"),
    Field("notes", "string?", "its notes"),
    Field("protected", "boolean", "whether it is protected from removal"),
    Field("verified", "string?", "what the backup server's verification said: ok, failed", level="wide"),
    Field("encrypted", "boolean", "whether it is encrypted", level="wide"),
    Field("format", "string?", "its format", level="wide"),
    Field("volid", "string", "the volume", level="wide"),
    doc="Backups, newest first.",
)

_JOB = (
    Field("id", "string", "the job's id"),
    Field("enabled", "boolean", "whether it runs"),
    Field("schedule", "string?", "calendar events when it runs"),
    Field("next_run", "time?", "when it runs next"),
    Field("storage", "string?", "where the backups go"),
    Field("selection", "string", "which guests: all, a pool, or vmids"),
    Field("mode", "string", "snapshot, suspend or stop"),
)

JOB_ROWS = rows(
    *_JOB,
    Field("node", "string?", "only guests on this node", level="wide"),
    Field("exclude", "list", "vmids left out", level="wide"),
    Field("retention", "string?", "which backups it keeps", level="wide"),
    Field("comment", "string?", "comment"),
    doc="Backup jobs, by id.",
)

JOB_PAGE = item(
    *_JOB,
    Field("node", "string?", "only guests on this node"),
    Field("exclude", "list", "vmids left out"),
    Field("compress", "string?", "compression"),
    Field("retention", "string?", "which backups it keeps"),
    Field("notes_template", "string?", "notes that its backups get"),
    Field("comment", "string?", "comment"),
    Field("config", "object", "the rest of its settings, under PVE's own names"),
    Field(
        "guests",
        "rows?",
        "the guests that it covers now; null where that could not be read",
        fields=(
            Field("guest", "integer", "the guest's id"),
            Field("name", "string?", "its name"),
            Field("type", "string?", "vm or ct"),
            Field("included", "list", "its volumes that are backed up"),
            Field("left_out", "list", "its volumes that are not, with PVE's reason"),
        ),
    ),
    doc="One backup job and the guests that it covers.",
)

_KIND = re.compile(r"(?:vzdump-|:backup/)(qemu|lxc|openvz|vm|ct)\b")
_KINDS: Mapping[str, Kind] = {"qemu": "vm", "vm": "vm", "lxc": "ct", "openvz": "ct", "ct": "ct"}


def list_backups(source: Source, named: str | None, now: Now) -> Reading[list[JsonObject]]:
    """Return the backups on all storages, of one guest or of all; a shared storage is asked once.

    ``named`` is a guest's id, also of one that no longer exists, or the name of one that does.
    """
    found = resources(source)
    names = {integer(row, "vmid"): text(row, "name") for row in rows_of(found, *KINDS)}
    guest = guest_id(source, named)
    where = places(source, found, content="backup")
    volumes = read_content(source, where.value, "backup", guest)
    listed = [_backup_row(place, row, names, now) for place, row in volumes.value]
    listed.sort(key=lambda row: (str(row["created"] or ""), str(row["volid"])), reverse=True)
    return Reading(listed, where.warnings + volumes.warnings, where.partial or volumes.partial)


def _backup_row(place: Place, row: JsonObject, names: Mapping[int | None, str | None], now: Now) -> JsonObject:
    volume = volume_row(place, row)
    guest = integer(row, "vmid")
    return {
        "guest": guest,
        "name": names.get(guest),
        "type": kind_of(row),
        "created": volume["created"],
        "age": seconds_since(number(row, "ctime"), now),
        "size": volume["size"],
        "storage": place.storage,
        "node": volume["node"],
        "protected": volume["protected"],
        "verified": volume["verified"],
        "encrypted": bool(volume["encrypted"]),
        "format": volume["format"],
        "notes": volume["notes"],
        "volid": volume["volid"],
    }


def kind_of(row: JsonObject) -> Kind | None:
    """Return vm or ct from ``subtype``, else from the volume's name (vzdump-qemu-… on files, backup/vm/… on PBS)."""
    match = _KIND.search(text(row, "volid") or "")
    return _KINDS.get(text(row, "subtype") or (match[1] if match else ""))


def list_jobs(source: Source) -> Reading[list[JsonObject]]:
    """Return the backup jobs; PVE shows them to Sys.Audit on / only."""
    jobs = as_rows(source.read("/cluster/backup"), "/cluster/backup")
    keys = [field.key for field in JOB_ROWS.fields]
    found: list[JsonObject] = []
    for job in jobs:
        row = _job(job)
        found.append({key: row[key] for key in keys})
    return Reading(sorted(found, key=lambda row: str(row["id"])))


def show_job(source: Source, name: str) -> Reading[JsonObject]:
    """Return one job with the guests that it covers; raises NotFound."""
    jobs = as_rows(source.read("/cluster/backup"), "/cluster/backup")
    job = next((row for row in jobs if text(row, "id") == name), None)
    if job is None:
        raise NotFound(f"there is no backup job {name!r}", hint="pmpc backup job list shows the jobs")
    notes = Notes()
    parts = {"the guests that it covers": Query(api_path("cluster", "backup", name, "included_volumes"))}
    answers = read_parts(source, parts, notes) if source.live else {}
    covered: list[Json] | None = None
    for answer in answers.values():
        children = as_rows(as_object(answer).get("children") or [])
        covered = [_covered(one) for one in sorted(children, key=lambda one: integer(one, "id") or 0)]
    return Reading({**_job(job), "guests": covered}, *notes.values())


_OWN_KEYS = frozenset(
    {"id", "enabled", "schedule", "next-run", "storage", "all", "pool", "vmid", "mode", "node", "exclude", "compress"}
    | {"prune-backups", "notes-template", "comment", "digest", "type", "dow", "starttime"}
)


def _job(job: JsonObject) -> JsonObject:
    exclude: list[Json] = [*split_list(text(job, "exclude"))]
    return {
        "id": text(job, "id") or "",
        "enabled": boolean(job, "enabled", default=True),
        # Jobs of old installations have a day and a time instead.
        "schedule": text(job, "schedule") or " ".join(filter(None, (text(job, "dow"), text(job, "starttime")))) or None,
        "next_run": iso(number(job, "next-run")),
        "storage": text(job, "storage"),
        "selection": _selection(job),
        "mode": text(job, "mode") or "snapshot",
        "node": text(job, "node"),
        "exclude": exclude,
        "compress": text(job, "compress"),
        "retention": property_text(job.get("prune-backups")),
        "notes_template": text(job, "notes-template"),
        "comment": text(job, "comment"),
        "config": {key: value for key, value in sorted(job.items()) if key not in _OWN_KEYS},
    }


def _selection(job: JsonObject) -> str:
    if pool := text(job, "pool"):
        return f"pool {pool}"
    if boolean(job, "all"):
        return "all"
    return text(job, "vmid") or "none"


def property_text(value: Json) -> str | None:
    """Return ``keep-last=3,keep-weekly=4`` for what PVE sends as such a text or, elsewhere, as an object."""
    if isinstance(value, dict):
        return ",".join(f"{key}={value[key]}" for key in sorted(value)) or None
    return value if isinstance(value, str) and value else None


def _covered(row: JsonObject) -> Json:
    volumes = as_rows(row.get("children") or [])
    included: list[Json] = [text(one, "id") or "" for one in volumes if boolean(one, "included")]
    left: list[Json] = [
        f"{text(one, 'id')} ({text(one, 'reason') or 'left out'})" for one in volumes if not boolean(one, "included")
    ]
    return {
        "guest": integer(row, "id") or 0,
        "name": text(row, "name"),
        "type": KINDS.get(text(row, "type") or ""),
        "included": included,
        "left_out": left,
    }
