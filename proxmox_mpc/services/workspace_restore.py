"""A backup put back: checked as a whole beside its place first, then exchanged with what is there, which is kept."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from proxmox_mpc.domain.json import Json, JsonObject
from proxmox_mpc.domain.shape import Field, item
from proxmox_mpc.domain.source import Reading, Warn
from proxmox_mpc.errors import CheckFailed, PmpcError, WorkspaceError
from proxmox_mpc.services.workspace_backup import LEFT_OUT
from proxmox_mpc.services.workspace_check import Findings
from proxmox_mpc.services.workspace_verify import check_parts, read_head
from proxmox_mpc.state import copying, migrate
from proxmox_mpc.state.files import caller
from proxmox_mpc.state.times import stamp
from proxmox_mpc.workspace.archive import Manifest, Passphrase, read_manifest, unpack
from proxmox_mpc.workspace.contents import AUDIT_HEAD, CONFIG_FILE, FROZEN, PARTS, STATE, part_of
from proxmox_mpc.workspace.files import PRIVATE_DIR
from proxmox_mpc.workspace.layout import DIRECTORY, PRIVATE_PARTS
from proxmox_mpc.workspace.swap import exclusive, replace, scratch

RESTORED = item(
    Field("action", "string", "restore"),
    Field("kind", "string", "workspace"),
    Field("name", "string?", "the workspace's name"),
    Field("path", "string", "its directory"),
    Field("changed", "boolean", "whether it was restored"),
    Field("file", "string", "the backup"),
    Field("made", "time?", "when the backup was made"),
    Field("schema", "string?", "revision of the database in it; null without one"),
    Field("files", "integer", "how many files were put there"),
    Field("replaced", "list", "what was there before"),
    Field("kept_aside", "string?", "where that is now"),
    LEFT_OUT,
    doc="A workspace was restored from a backup.",
)
_BESIDE = tuple(f"{STATE}{ending}" for ending in ("", "-wal", "-shm"))

Agreed = Callable[[Manifest], None]
"""Is asked before anything is exchanged; raises Refused."""


def restore(file: Path, root: Path, passphrase: Passphrase, agreed: Agreed, now: float) -> Reading[JsonObject]:
    """Restore a backup into ``root``, a workspace or not; raises PmpcError, and then nothing has changed there."""
    about = read_manifest(file, passphrase).about
    made = _make_place(root)
    directory = root / DIRECTORY
    try:
        with exclusive(directory), scratch(directory) as staged:
            manifest = unpack(file, passphrase, staged)
            on_server = about.get("state") == "url"
            _check(staged, file, on_server)
            agreed(manifest)
            _journal(staged, file, manifest, root, now)
            row = _exchange(root, staged, manifest, now)
    except BaseException:
        _discard(root, made)
        raise
    row |= {"file": str(file), "made": about.get("made"), "left_out": about.get("left_out") or []}
    return Reading(row, tuple(_warnings(row, manifest, on_server)))


def _make_place(root: Path) -> list[Path]:
    """Make what is missing of a workspace's directories and return it, outermost first."""
    made: list[Path] = []
    private = root / DIRECTORY
    if private.is_symlink() or (private.exists() and not (private.is_dir() and private.stat().st_uid == os.getuid())):
        raise WorkspaceError(f"{private} is no directory of yours, so nothing is restored into it")
    try:
        for directory in (*reversed(root.parents), root, root / DIRECTORY):
            if not os.path.lexists(directory):
                directory.mkdir(PRIVATE_DIR if directory.name == DIRECTORY else 0o777)
                made.append(directory)
    except OSError as error:
        _discard(root, made)
        raise WorkspaceError(f"{error.filename} cannot be made: {error.strerror}") from error
    return made


def _discard(root: Path, made: list[Path]) -> None:
    if root / DIRECTORY in made and not os.path.lexists(root / CONFIG_FILE):
        (root / DIRECTORY / "life.lock").unlink(missing_ok=True)
    for directory in reversed(made):
        try:
            directory.rmdir()
        except OSError:
            return  # somebody else has put something there


def _check(staged: Path, file: Path, on_server: bool) -> None:
    findings = Findings()
    check_parts(findings, staged, on_server)
    if not os.path.lexists(staged / CONFIG_FILE):
        raise WorkspaceError(f"{file} holds no {CONFIG_FILE}: it is no backup of a workspace")
    if findings.error is not None:
        raise CheckFailed(
            f"{file}: {findings.error.message}; nothing was changed",
            hint="look closer: pmpc workspace verify FILE",
            details={"cause": findings.error.code},
        )


def _journal(staged: Path, file: Path, manifest: Manifest, root: Path, now: float) -> None:
    """Say in the restored journal that it was put back, and what it has replaced."""
    state = staged / STATE
    if not state.exists() or copying.revision_of(state) != migrate.HEAD:
        return  # an older schema stays as it is, so that the older pmpc can use it
    from proxmox_mpc.state.journal import Journal
    from proxmox_mpc.state.store import StateStore

    try:
        before = read_head(root / AUDIT_HEAD)
    except PmpcError:
        before = None
    replaced: Json = None if before is None else {"count": before[0], "hash": before[1]}
    body: JsonObject = {
        "file": str(file),
        "made": manifest.about.get("made"),
        "replaced": replaced,
        "caller": caller(),
    }
    with StateStore.open(state, now=lambda: now) as store:
        Journal(store, state.parent, lambda: now).note(0, 0, "restored", body)


def _exchange(root: Path, staged: Path, manifest: Manifest, now: float) -> JsonObject:
    directory = root / DIRECTORY
    aside = _free(directory / "backups" / f"replaced-{stamp(now).replace(':', '')}")
    # A database on a server is not in the backup, and a file that is here is none of its business.
    beside = () if manifest.about.get("state") == "url" else _BESIDE
    # A freeze is lifted by nobody but the one who says so; rules of version control may have grown since.
    own = [part for part in PARTS if part not in (".gitignore", FROZEN)]
    parts = [*dict.fromkeys([*own, *(part_of(name) for name in manifest.files), *beside])]
    needed = [part for part in parts if os.path.lexists(root / part) or os.path.lexists(staged / part)]
    with copying.alone(root / STATE):
        replaced = replace(directory, staged, needed, aside)
    for name in PRIVATE_PARTS:
        (directory / name).mkdir(PRIVATE_DIR, exist_ok=True)
    (root / "infra").mkdir(exist_ok=True)
    for name in ("config.json", "identity.json"):
        (directory / "cache" / name).unlink(missing_ok=True)
    if not replaced:
        aside.rmdir()
    return {
        "action": "restore",
        "kind": "workspace",
        "name": manifest.about.get("name"),
        "path": str(root),
        "changed": True,
        "schema": manifest.about.get("schema"),
        "files": len(manifest.files),
        "replaced": list[Json](replaced),
        "kept_aside": str(aside) if replaced else None,
    }


def _free(path: Path) -> Path:
    number, free = 1, path
    while os.path.lexists(free):
        number += 1
        free = path.with_name(f"{path.name}-{number}")
    return free


def _warnings(row: JsonObject, manifest: Manifest, on_server: bool) -> list[Warn]:
    warnings = []
    missing = [str(one["path"]) for one in _rows(manifest.about.get("left_out")) if "secrets" in str(one["why"])]
    if missing:
        warnings.append(
            Warn(
                "secrets_missing",
                f"not in the backup, because they may hold secrets: {', '.join(missing)}",
                hint=f"put them back by hand; what was there before is in {row['kept_aside']}"
                if row["kept_aside"]
                else "put them back by hand",
            )
        )
    if on_server:
        warnings.append(
            Warn("state_left_out", "the database at state.url is as it is there", hint="restore it by psql if need be")
        )
    schema = row["schema"]
    if schema is not None and schema != migrate.HEAD:
        warnings.append(
            Warn(
                "old_schema",
                f"its database has schema {schema}; the next command of this pmpc brings it to {migrate.HEAD}",
                hint="to stay with an older pmpc, install that one before the next command",
            )
        )
    return warnings


def _rows(value: Json) -> list[JsonObject]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
