"""Backups by their volume ids: where each is, of which guest, and what it holds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from proxmox_mpc.domain.guest_config import without_secrets
from proxmox_mpc.domain.guests import NOUNS, GuestType, Kind
from proxmox_mpc.domain.json import Json, JsonObject, as_rows, boolean, inner, integer, number, text
from proxmox_mpc.domain.moments import iso
from proxmox_mpc.domain.plan import Target
from proxmox_mpc.domain.shape import Field, item
from proxmox_mpc.domain.source import Source, api_path
from proxmox_mpc.errors import NodeUnreachable, NotFound, PermissionDenied, PmpcError, UnexpectedAnswer, UsageError
from proxmox_mpc.services.backups import kind_of
from proxmox_mpc.services.reads import resources
from proxmox_mpc.services.storages import Place, places

ARCHIVE_PAGE = item(
    Field("volid", "string", "the backup's volume"),
    Field("storage", "string", "the storage it is on"),
    Field("node", "string?", "the node it is on; null on a shared storage"),
    Field("guest", "integer?", "the guest it is of"),
    Field("type", "string?", "vm or ct; null where the volume does not tell"),
    Field("created", "time?", "when it was made"),
    Field("size", "integer?", "its size", unit="bytes"),
    Field("format", "string?", "its format"),
    Field("protected", "boolean", "whether it is protected from removal"),
    Field("encrypted", "boolean", "whether it is encrypted"),
    Field("verified", "string?", "what the backup server's verification said: ok, failed"),
    Field("notes", "string?", "its notes"),
    Field("config", "object?", "the guest's configuration in it, under PVE's own names; null where it cannot be read"),
    Field("problem", "string?", "why the configuration cannot be read"),
    doc="One backup and the configuration that it holds.",
)
_VOLID = re.compile(r"(?P<storage>[A-Za-z][A-Za-z0-9._-]+):(?P<name>\S+)")


class Archive(NamedTuple):
    """One backup as its storage lists it; ``created`` in epoch seconds, ``size`` in bytes."""

    volid: str
    place: Place
    vmid: int | None
    kind: Kind | None
    size: int
    created: float | None
    protected: bool
    notes: str | None
    verified: str | None
    format: str | None
    encrypted: bool

    @property
    def path(self) -> str:
        """The API path of the volume."""
        return api_path("nodes", self.place.node, "storage", self.place.storage, "content", self.volid)

    @property
    def type(self) -> GuestType:
        """PVE's word for the kind of guest; raises UsageError where the volume does not tell."""
        if self.kind is None:
            raise UsageError(f"{self.volid} does not tell whether it is of a VM or of a container")
        return "qemu" if self.kind == "vm" else "lxc"

    @property
    def target(self) -> Target:
        """What a step about the backup itself works on."""
        return Target("backup", self.volid, None, self.place.node)

    @property
    def label(self) -> str:
        """``backup nas:backup/… of VM 101``: how messages name it."""
        of = f" of {(self.kind or 'guest').upper()} {self.vmid}" if self.vmid else ""
        return f"backup {self.volid}{of}"

    @property
    def noun(self) -> str:
        """Virtual machine, container or guest."""
        return NOUNS[self.kind]


def archive_of(place: Place, row: JsonObject) -> Archive:
    """Turn one row of a storage's content into an archive."""
    volid = text(row, "volid") or ""
    return Archive(
        volid=volid,
        place=place,
        vmid=integer(row, "vmid"),
        kind=kind_of(row),
        size=integer(row, "size") or 0,
        created=number(row, "ctime"),
        protected=boolean(row, "protected"),
        notes=text(row, "notes"),
        verified=text(inner(row, "verification"), "state"),
        format=text(row, "format"),
        encrypted=bool(row.get("encrypted")),
    )


def storage_of(volid: str) -> str:
    """Return the storage that a volume id names; raises UsageError for what is none."""
    match = _VOLID.fullmatch(volid)
    if match is None:
        raise UsageError(
            f"{volid[:100]!r} is no volume id", hint="as `pmpc backup list --wide` shows them: STORAGE:backup/…"
        )
    return match["storage"]


def find_archives(
    source: Source, volids: Sequence[str], node: str | None = None, *, missing_ok: bool = False
) -> list[Archive]:
    """Return the backups of these volume ids in their order; raises NotFound, unless ``missing_ok``.

    ``node`` says where, for a storage that every node has one of its own of.
    """
    wanted = list(dict.fromkeys(volids))
    storages = list(dict.fromkeys(storage_of(volid) for volid in wanted))
    rows = resources(source)
    found: dict[str, list[Archive]] = {}
    for storage in storages:
        for archive in _on(source, rows, storage, node):
            found.setdefault(archive.volid, []).append(archive)
    chosen: list[Archive] = []
    for volid in wanted:
        here = found.get(volid, [])
        if len(here) > 1:
            nodes = ", ".join(one.place.node for one in here)
            raise UsageError(f"{volid} is on several nodes: {nodes}", hint="say which: --node NODE")
        if here:
            chosen.append(here[0])
        else:
            _check_sight(source, volid)
        if not here and not missing_ok:
            raise NotFound(
                f"there is no backup {volid}", hint="pmpc backup list --wide shows them", details={"volid": volid}
            )
    return chosen


def _check_sight(source: Source, volid: str) -> None:
    """Raise PermissionDenied where a backup may be there: PVE leaves hidden ones out of lists without a word."""
    path = f"/storage/{storage_of(volid)}"
    answer = source.read("/access/permissions", {"path": path})
    held = answer.get(path) if isinstance(answer, dict) else None
    if isinstance(held, dict) and not {"Datastore.AllocateSpace", "Datastore.Allocate"} & held.keys():
        raise PermissionDenied(
            f"whether there is a backup {volid} cannot be seen without Datastore.AllocateSpace on {path}",
            hint="pmpc access check shows what is missing",
            details={"volid": volid},
        )


def find_archive(source: Source, volid: str, node: str | None = None) -> Archive:
    """Return one backup; raises NotFound and UsageError."""
    return find_archives(source, [volid], node)[0]


def _on(source: Source, rows: list[JsonObject], storage: str, node: str | None) -> list[Archive]:
    if not any(row.get("type") == "storage" and row.get("storage") == storage for row in rows):
        raise NotFound(f"there is no enabled storage {storage!r}", hint="pmpc storage list shows the storages")
    where = places(source, rows, storage, node)
    if not where.value:
        message = where.warnings[0].message if where.warnings else f"node {node} has no storage {storage!r}"
        raise NodeUnreachable(message) if where.warnings else NotFound(message)
    return [archive for place in where.value for archive in archives_at(source, place)]


def archives_at(source: Source, place: Place, vmid: int | None = None) -> list[Archive]:
    """Return the backups on a storage as one node sees it."""
    query = place.query({"content": "backup", "vmid": vmid})
    rows = as_rows(source.read(query.path, query.params), f"the content of {place.storage}")
    found = [archive_of(place, row) for row in rows if text(row, "content") in (None, "backup")]
    return [one for one in found if vmid in (None, one.vmid)]


def archive_config(source: Source, archive: Archive) -> JsonObject:
    """Return the guest configuration that a backup holds, under PVE's own keys; raises PmpcError where it has none."""
    path = api_path("nodes", archive.place.node, "vzdump", "extractconfig")
    answer = source.read(path, {"volume": archive.volid})
    config = parse_config(answer if isinstance(answer, str) else "")
    if not config:
        raise UnexpectedAnswer(f"{archive.label} holds no configuration")
    return config


def parse_config(content: str) -> JsonObject:
    """Read a guest's configuration file up to its first section (snapshots follow); ``#`` lines are the description."""
    found: dict[str, Json] = {}
    remarks: list[str] = []
    for line in content.splitlines():
        if line.startswith("["):
            break
        if line.startswith("#"):
            remarks.append(line[1:])
            continue
        key, colon, value = line.partition(":")
        if colon and re.fullmatch(r"[a-z][a-z_0-9]*", key):
            found[key] = value.strip()
    if remarks:
        found["description"] = "\n".join(remarks)
    return found


def show_archive(source: Source, volid: str, node: str | None) -> JsonObject:
    """Return one backup with the configuration that it holds, for ``backup show``."""
    archive = find_archive(source, volid, node)
    problem: str | None = None
    config: JsonObject | None = None
    try:
        config = without_secrets(archive_config(source, archive))
    except PmpcError as error:
        problem = error.message
    return {
        "volid": archive.volid,
        "storage": archive.place.storage,
        "node": None if archive.place.shared else archive.place.node,
        "guest": archive.vmid,
        "type": archive.kind,
        "created": iso(archive.created),
        "size": archive.size,
        "format": archive.format,
        "protected": archive.protected,
        "encrypted": archive.encrypted,
        "verified": archive.verified,
        "notes": archive.notes,
        "config": config,
        "problem": problem,
    }
