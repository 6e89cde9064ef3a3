"""The backups of a guest on the storages that its node can see; nothing found is told apart from not allowed to see."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from proxmox_mpc.domain.guests import GuestRef
from proxmox_mpc.domain.json import Json, JsonObject, Param, as_rows, boolean, integer, split_list, text
from proxmox_mpc.domain.moments import iso
from proxmox_mpc.domain.shape import Field, rows
from proxmox_mpc.domain.source import Query, Source, api_path
from proxmox_mpc.errors import PmpcError

BACKUP_FIELDS = (
    Field("volid", "string", "the backup's volume"),
    Field("storage", "string", "the storage it is on"),
    Field("created", "time?", "when it was made"),
    Field("size", "integer?", "its size", unit="bytes"),
    Field("format", "string?", "its format", level="wide"),
    Field("protected", "boolean", "whether it is protected from removal"),
    Field("verified", "string?", "what the backup server's verification said: ok, failed", level="wide"),
    Field("notes", "string?", "its notes"),
)

BACKUP_ROWS = rows(*BACKUP_FIELDS, doc="The backups of a guest, newest first.")


class Backups(NamedTuple):
    """A guest's backups, newest first.

    ``complete``: all storages that take backups could be read with the right to see this guest's; without it an
    empty list proves nothing, and ``reasons`` say what is missing. ``storages`` are those that were read.
    """

    rows: tuple[JsonObject, ...]
    storages: tuple[str, ...]
    complete: bool
    reasons: tuple[str, ...] = ()


def backups_of(source: Source, ref: GuestRef, storages: Json = None) -> Backups:
    """Return the backups of a guest.

    ``storages`` is the answer of ``/nodes/NODE/storage``, where the caller has it already. One request for each
    storage with backups; when there is none at all, two or more to learn whether the token may see them.
    """
    if storages is None:
        storages = source.read(api_path("nodes", ref.node, "storage"), {"content": "backup", "enabled": 1})
    names, silent = _storages(as_rows(storages, "the list of storages"))
    params: dict[str, Param] = {"content": "backup", "vmid": ref.vmid}
    answers = source.read_many(
        [Query(api_path("nodes", ref.node, "storage", name, "content"), params) for name in names]
    )
    found: list[JsonObject] = []
    reasons = [f"storage {name} does not answer" for name in silent]
    for name, answer in zip(names, answers, strict=True):
        if isinstance(answer, PmpcError):
            reasons.append(f"storage {name} could not be read: {answer.message}")
        else:
            found += [_backup(name, row) for row in as_rows(answer, "the list of backups") if _is_of(row, ref.vmid)]
    found.sort(key=lambda row: str(row["created"] or ""), reverse=True)
    if not names and not silent:
        reasons.append("no storage for backups is visible")
    if not found and names and not reasons and source.live:
        reasons += _blind(source, ref, names)
    return Backups(tuple(found), tuple(names), not reasons, tuple(reasons))


def _storages(found: Sequence[JsonObject]) -> tuple[list[str], list[str]]:
    """Return the storages that take backups, and those of them that are not active; the database answers all."""
    names: list[str] = []
    silent: list[str] = []
    for row in found:
        name = text(row, "storage")
        if name and "backup" in split_list(text(row, "content")) and boolean(row, "enabled", default=True):
            (names if boolean(row, "active", default=True) else silent).append(name)
    return sorted(names), sorted(silent)


def _is_of(row: JsonObject, vmid: int) -> bool:
    return integer(row, "vmid") == vmid and text(row, "content") in (None, "backup")


def _backup(storage: str, row: JsonObject) -> JsonObject:
    verification = row.get("verification")
    return {
        "volid": text(row, "volid") or "",
        "storage": storage,
        "created": iso(integer(row, "ctime")),
        "size": integer(row, "size"),
        "format": text(row, "format"),
        "protected": boolean(row, "protected"),
        "verified": text(verification, "state") if isinstance(verification, dict) else None,
        "notes": text(row, "notes"),
    }


def _blind(source: Source, ref: GuestRef, storages: Sequence[str]) -> list[str]:
    """Return what keeps the token from seeing backups: PVE leaves them out of the list without a word.

    A guest's own backups need VM.Backup on it and Datastore.AllocateSpace on the storage, or Datastore.Allocate
    (pve-storage, PVE/Storage.pm, check_volume_access).
    """
    paths = [f"/vms/{ref.vmid}", *(f"/storage/{name}" for name in storages)]
    answers = source.read_many([Query("/access/permissions", {"path": path}) for path in paths])
    held = [_privileges(answer, path) for answer, path in zip(answers, paths, strict=True)]
    may_backup = held[0] is None or "VM.Backup" in held[0]
    missing: dict[str, list[str]] = {}
    for name, privileges in zip(storages, held[1:], strict=True):
        if privileges is None or "Datastore.Allocate" in privileges:
            continue
        if not may_backup:
            missing.setdefault(f"VM.Backup on /vms/{ref.vmid}", []).append(name)
        elif "Datastore.AllocateSpace" not in privileges:
            missing.setdefault(f"Datastore.AllocateSpace on /storage/{name}", []).append(name)
    return [f"those on {', '.join(names)} are hidden without {privilege}" for privilege, names in missing.items()]


def _privileges(answer: Json | PmpcError, path: str) -> frozenset[str] | None:
    if not isinstance(answer, dict):
        return None
    held = answer.get(path)
    return frozenset(held) if isinstance(held, dict) else frozenset()
