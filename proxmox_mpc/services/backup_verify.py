"""Whether backups can be relied on: they exist, are not empty, hold a configuration, and the backup server agrees."""

from __future__ import annotations

from collections.abc import Sequence

from proxmox_mpc.domain.json import Json, JsonObject
from proxmox_mpc.domain.moments import Now, iso
from proxmox_mpc.domain.shape import Field, rows
from proxmox_mpc.domain.source import Source
from proxmox_mpc.errors import CheckFailed, NotFound, PermissionDenied, PmpcError
from proxmox_mpc.services.backup_archives import (
    Archive,
    archive_config,
    archives_at,
    find_archive,
    storage_of,
)
from proxmox_mpc.services.guest_backups import backups_of
from proxmox_mpc.services.guests import guest_id, inventory, seconds_since
from proxmox_mpc.services.reads import resources
from proxmox_mpc.services.storages import places

VERIFY_ROWS = rows(
    Field("volid", "string", "the backup's volume; empty where a guest has none"),
    Field("guest", "integer?", "the guest it is of"),
    Field("type", "string?", "vm or ct"),
    Field("created", "time?", "when it was made"),
    Field("age", "integer?", "time since then", unit="seconds"),
    Field("size", "integer?", "its size", unit="bytes"),
    Field("exists", "boolean", "whether it is there", level="wide"),
    Field("config", "boolean", "whether it gives the guest's configuration back"),
    Field("verified", "string?", "what the backup server's verification said: ok, failed; null: nothing yet"),
    Field("restored", "boolean?", "whether a restore of it ran (--restore-test); null: not tried"),
    Field("ok", "boolean", "whether nothing speaks against it"),
    Field("problems", "list", "what does"),
    Field("calls", "rows?", "what the restore test would send (--dry-run)", level="data"),
    doc="What was found about backups, in the order asked for.",
)


def resolve_archive(source: Source, word: str, node: str | None = None) -> Archive:
    """Return the backup that a word means: a volume id, or the newest backup of a guest. Raises NotFound."""
    if ":" in word:
        return find_archive(source, word, node)
    return newest_archive(source, word, node)


def newest_archive(source: Source, named: str, node: str | None = None) -> Archive:
    """Return the newest backup of a guest by its id, also of one that is gone, or by its name."""
    vmid = guest_id(source, named)
    where = places(source, resources(source), node=node, content="backup")
    found: list[Archive] = []
    for place in where.value:
        found += archives_at(source, place, vmid)
    if not found:
        _check_sight(source, vmid)
        unread = f" ({'; '.join(warn.message for warn in where.warnings)})" if where.warnings else ""
        raise NotFound(
            f"there is no backup of guest {named}{unread}",
            hint="a token sees a backup only with VM.Backup on the guest and Datastore.AllocateSpace on the storage",
            details={"guest": named},
        )
    return max(found, key=lambda one: one.created or 0)


def _check_sight(source: Source, vmid: int | None) -> None:
    """Raise PermissionDenied where backups of a guest may be there and the token must not see them."""
    ref = next((one for one in inventory(source).guests if one.vmid == vmid), None)
    if ref is None or not ref.answers:
        return
    seen = backups_of(source, ref)
    if not seen.complete:
        raise PermissionDenied(
            f"whether there are backups of {ref.label} cannot be seen: {'; '.join(seen.reasons)}",
            hint="pmpc access check shows what is missing",
            details={"vmid": ref.vmid},
        )


def verify(source: Source, words: Sequence[str], node: str | None, now: Now) -> list[tuple[JsonObject, Archive | None]]:
    """Return a row of VERIFY_ROWS for each backup, with the backup where there is one to look at."""
    found: list[tuple[JsonObject, Archive | None]] = []
    for word in dict.fromkeys(words):
        if ":" in word:
            storage_of(word)
        try:
            archive = resolve_archive(source, word, node)
        except NotFound as error:
            found.append((_absent(word, error), None))
            continue
        found.append((_examined(source, archive, now), archive))
    return found


def _absent(word: str, error: NotFound) -> JsonObject:
    row: JsonObject = dict.fromkeys((field.key for field in VERIFY_ROWS.fields), None)
    named = int(word) if word.isdecimal() and len(word) < 10 else None
    return row | {
        "volid": word if ":" in word else "",
        "guest": named,
        "exists": False,
        "config": False,
        "ok": False,
        "problems": [error.message],
    }


def _examined(source: Source, archive: Archive, now: Now) -> JsonObject:
    problems: list[str] = []
    if archive.size <= 0:
        problems.append("it is empty")
    readable = True
    try:
        archive_config(source, archive)
    except PmpcError as error:
        readable = False
        problems.append(f"its configuration cannot be read: {error.message}")
    if archive.verified not in (None, "ok"):
        problems.append(f"the backup server's verification says: {archive.verified}")
    return {
        "volid": archive.volid,
        "guest": archive.vmid,
        "type": archive.kind,
        "created": iso(archive.created),
        "age": seconds_since(archive.created, now),
        "size": archive.size,
        "exists": True,
        "config": readable,
        "verified": archive.verified,
        "restored": None,
        "ok": not problems,
        "problems": [*problems],
        "calls": None,
    }


def with_trial(row: JsonObject, done: JsonObject | None) -> JsonObject:
    """Return a row with what its restore test (a row of a write) came to; None where it was not tried."""
    if done is None or done.get("status") == "planned":
        return row | {"calls": done.get("calls") if done else None}
    problems = as_list(row["problems"])
    passed = done.get("status") == "done"
    if not passed:
        problems.append(f"the restore test failed: {done.get('error') or done.get('status')}")
    return row | {"restored": passed, "ok": not problems, "problems": problems}


def as_list(value: Json) -> list[Json]:
    """Return a copy of a list, an empty one for anything else."""
    return [*value] if isinstance(value, list) else []


def failure(found: Sequence[JsonObject]) -> CheckFailed | None:
    """Return the error with which the command ends when a backup cannot be relied on."""
    bad = [row for row in found if not row["ok"]]
    if not bad:
        return None
    named = ", ".join(str(row["volid"] or f"guest {row['guest']}") for row in bad)
    return CheckFailed(
        f"{len(bad)} of {len(found)} backups cannot be relied on: {named}",
        hint="make new ones: pmpc backup create GUEST",
        details={"failed": [str(row["volid"]) for row in bad]},
    )
