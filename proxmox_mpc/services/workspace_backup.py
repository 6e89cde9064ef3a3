"""Backups of a workspace: taken while it is in use, listed, checked, and the old ones removed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import IO, NamedTuple

from proxmox_mpc import _version
from proxmox_mpc.domain.json import Json, JsonObject
from proxmox_mpc.domain.shape import Field, item, rows
from proxmox_mpc.domain.source import Reading, Warn
from proxmox_mpc.errors import ConfigError, PmpcError, WorkspaceError
from proxmox_mpc.state import copying
from proxmox_mpc.state.times import stamp
from proxmox_mpc.workspace.archive import FileEntry, Manifest, Passphrase, entry_of, pack, read_manifest, take_in
from proxmox_mpc.workspace.contents import STATE, contents
from proxmox_mpc.workspace.files import private_dir
from proxmox_mpc.workspace.layout import Workspace
from proxmox_mpc.workspace.sealed import SealedWriter, is_sealed
from proxmox_mpc.workspace.swap import exclusive, scratch

SUFFIX, SEALED_SUFFIX = ".tar.gz", ".tar.gz.pmpc"

LEFT_OUT = Field(
    "left_out",
    "rows",
    "what is not in it",
    fields=(Field("path", "string", "what"), Field("why", "string", "why")),
)
MADE = item(
    Field("action", "string", "backup"),
    Field("kind", "string", "workspace"),
    Field("name", "string?", "the workspace's name"),
    Field("file", "string", "the backup"),
    Field("changed", "boolean", "whether one was made"),
    Field("encrypted", "boolean", "whether it needs a passphrase"),
    Field("size", "integer", "its size", unit="bytes"),
    Field("files", "integer", "how many files it holds"),
    Field("schema", "string?", "revision of the database in it; null without a database"),
    LEFT_OUT,
    Field("removed", "list", "older backups that were removed (--keep)"),
    doc="A backup of the workspace was made.",
)
LISTED = rows(
    Field("file", "string", "the backup"),
    Field("made", "time?", "when it was made; null where that cannot be read without the passphrase"),
    Field("why", "string", "workspace (asked for), before-upgrade"),
    Field("encrypted", "boolean", "whether it needs a passphrase"),
    Field("size", "integer", "its size", unit="bytes"),
    Field("schema", "string?", "revision of the database in it"),
    Field("error", "string?", "why it cannot be used", level="filled"),
    doc="Backups of the workspace, newest first.",
)


class Wanted(NamedTuple):
    """How a backup is to be made; ``to`` is a file, a directory, or None for .proxmox/backups.

    ``seal`` makes the encryption of a stream. ``url`` says where the database is when it is no file.
    """

    to: Path | None = None
    seal: Callable[[IO[bytes]], SealedWriter] | None = None
    keep: int | None = None
    why: str = "workspace"
    url: str | None = None


def back_up(workspace: Workspace, config: JsonObject, wanted: Wanted, now: float) -> Reading[JsonObject]:
    """Make a backup and return the row of MADE; raises PmpcError, and then there is none."""
    with exclusive(workspace.directory):
        return make(workspace, config, wanted, now)


def make(workspace: Workspace, config: JsonObject, wanted: Wanted, now: float) -> Reading[JsonObject]:
    """Do so for a caller that is alone in the workspace."""
    moment = stamp(now)
    home = wanted.to if wanted.to is not None and wanted.to.is_dir() else private_dir(workspace.backups)
    name = f"{wanted.why}-{moment.replace(':', '')}{SEALED_SUFFIX if wanted.seal else SUFFIX}"
    file = wanted.to if wanted.to is not None and not wanted.to.is_dir() else _free(home / name)
    if file.exists():
        raise WorkspaceError(f"{file} is there already", hint="name another file, or a directory")
    found = contents(workspace, config, secrets=wanted.seal is not None)
    left_out: list[Json] = [{"path": path, "why": why} for path, why in found.left_out]
    warnings: list[Warn] = []
    with scratch(workspace.directory) as staged:
        # The journal's head first: what is written meanwhile may be in the database and not in the head, never the
        # other way round.
        # And a base before its manifest (.base sorts first): what is written meanwhile may be ahead of its base.
        taken = {one: take_in(workspace.root / one, staged / one) for one in found.files}
        files = {name: entry for name, entry in taken.items() if entry is not None}
        schema = None if wanted.url else _state(workspace, staged, files)
        if wanted.url:
            left_out.append({"path": "state.url", "why": "a database on a server: back it up by pg_dump"})
            warnings.append(
                Warn("state_left_out", "the database at state.url is not in the backup", hint=f"pg_dump {wanted.url}")
            )
        about: JsonObject = {
            "made": moment,
            "by": f"pmpc {_version.__version__}",
            "name": config.get("name"),
            "root": str(workspace.root),
            "config_version": config.get("version"),
            "schema": schema,
            "state": "url" if wanted.url else "file" if schema else "none",
            "left_out": left_out,
        }
        pack(file, Manifest(about, dict(sorted(files.items()))), staged, wanted.seal)
    row: JsonObject = {
        "action": "backup",
        "kind": "workspace",
        "name": config.get("name"),
        "file": str(file),
        "changed": True,
        "encrypted": wanted.seal is not None,
        "size": file.stat().st_size,
        "files": len(files),
        "schema": schema,
        "left_out": left_out,
        "removed": list[Json](_removed(home, wanted.keep)),
    }
    return Reading(row, tuple(warnings))


def list_backups(directory: Path) -> list[JsonObject]:
    """Return the backups in a directory, newest first; what an encrypted one holds needs its passphrase."""
    found = [*directory.glob(f"*{SUFFIX}"), *directory.glob(f"*{SEALED_SUFFIX}")]
    return [_listed(path) for path in sorted(found, key=lambda path: (path.stat().st_mtime, path.name), reverse=True)]


def newest_before_upgrade(directory: Path) -> Path | None:
    """Return the newest backup that an upgrade has made."""
    return max(directory.glob(f"before-upgrade-*{SUFFIX}"), default=None, key=lambda path: path.name)


def sealed(path: Path) -> bool:
    """Say whether a backup is encrypted; raises WorkspaceError where it cannot be read."""
    try:
        with path.open("rb") as file:
            return is_sealed(file.read(64))
    except OSError as error:
        raise WorkspaceError(f"the backup {path} cannot be read: {error.strerror}") from error


def _state(workspace: Workspace, staged: Path, files: dict[str, FileEntry]) -> str | None:
    """Copy the database into the backup; returns its revision, None where nothing was ever recorded."""
    if not workspace.state_db.exists():
        return None
    copying.copy(workspace.state_db, staged / STATE)
    revision = copying.examine(staged / STATE).revision
    files[STATE] = entry_of(staged / STATE)
    return revision


def _free(path: Path) -> Path:
    """Return the path, numbered where another backup was made in the same second."""
    stem, _, ending = path.name.partition(SUFFIX)
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_name(f"{stem}-{number}{SUFFIX}{ending}")
    return free


def _removed(home: Path, keep: int | None) -> list[str]:
    if keep is None:
        return []
    found = [*home.glob(f"workspace-*{SUFFIX}"), *home.glob(f"workspace-*{SEALED_SUFFIX}")]
    old = sorted(found, key=lambda path: (path.stat().st_mtime, path.name), reverse=True)[keep:]
    for path in old:
        try:
            path.unlink()
        except OSError as error:
            raise WorkspaceError(f"{path} cannot be removed: {error.strerror}") from error
    return [str(path) for path in old]


def _listed(path: Path) -> JsonObject:
    manifest, problem = None, None
    encrypted = sealed(path)
    if not encrypted:
        try:
            manifest = read_manifest(path, no_passphrase)
        except PmpcError as error:
            problem = error.message
    about: JsonObject = {} if manifest is None else manifest.about
    return {
        "file": str(path),
        "made": about.get("made"),
        "why": "before-upgrade" if path.name.startswith("before-upgrade-") else "workspace",
        "encrypted": encrypted,
        "size": path.stat().st_size,
        "schema": about.get("schema"),
        "error": problem,
    }


def no_passphrase() -> str:
    """Refuse to give one."""
    raise ConfigError("the backup is encrypted")


def passphrase_for(path: Path, ask: Passphrase) -> Passphrase:
    """Return a function that asks for the passphrase of an encrypted backup once."""
    known: list[str] = []

    def get() -> str:
        if not known:
            known.append(ask())
        return known[0]

    return get if sealed(path) else no_passphrase
