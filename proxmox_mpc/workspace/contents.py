"""What of a workspace a backup holds: all that cannot be made again; a secret in clear only in an encrypted one."""

from __future__ import annotations

import fnmatch
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from proxmox_mpc.domain.json import Json, JsonObject
from proxmox_mpc.errors import WorkspaceError
from proxmox_mpc.workspace.layout import DIRECTORY, Workspace

STATE = f"{DIRECTORY}/state.db"
AUDIT_HEAD = f"{DIRECTORY}/audit.head"
CONFIG_FILE = f"{DIRECTORY}/config.yml"
FROZEN = f"{DIRECTORY}/frozen"
PARTS = (CONFIG_FILE, AUDIT_HEAD, FROZEN, f"{DIRECTORY}/sim", "infra", "templates", ".gitignore")
"""What is taken as it lies there; a directory with all below it. The database is copied by its own means."""
SECRET_PARTS = (f"{DIRECTORY}/console_history",)
SECRET_NAMES = ("*.secret", "*.token", ".env", "*.env", "*.key", "*.tfstate*", "*.tfplan")
GENERATED = ("terraform", "ansible")
_OWN = ("backups", "cache", "running")


class Found(NamedTuple):
    """The files to take, relative to the workspace, and what is left out with the reason."""

    files: list[str]
    left_out: list[tuple[str, str]]


def contents(workspace: Workspace, config: JsonObject, *, secrets: bool) -> Found:
    """Return what a backup takes; ``config`` names further files. Raises WorkspaceError."""
    found = Found([], [])
    named = {name for name in _named(config) if allowed(name)}
    for name in sorted(set(_named(config)) - named):
        found.left_out.append((name, "a secret that lies outside of the workspace"))
    # With a database on a server each workspace has a head of its own in the shared journal.
    heads = (f"{DIRECTORY}/{path.name}" for path in sorted(workspace.directory.glob("audit*.head")))
    seen: set[str] = set()
    for part in (*PARTS, *heads, *SECRET_PARTS, *sorted(named), *_authority(config)):
        for name in _below(workspace.root, part, found):
            if name in seen:
                continue
            seen.add(name)
            if _is_secret(name, named) and not secrets:
                found.left_out.append((name, "may hold secrets in clear: only in an encrypted backup"))
            else:
                found.files.append(name)
    for part in GENERATED:
        if os.path.lexists(workspace.root / part):
            found.left_out.append((part, "generated code and its state: pmpc iac, and Terraform's own backend"))
    return found


def part_of(name: str) -> str:
    """Return what is exchanged as a whole when the file is restored: a directory that is ours, or the file alone."""
    return next((part for part in PARTS if name.startswith(f"{part}/")), name)


def allowed(name: str) -> bool:
    """Say whether a file of an archive may be written at that place of a workspace."""
    parts = name.split("/")
    if name.startswith("/") or "\\" in name or "\0" in name or any(part in ("", ".", "..", ".git") for part in parts):
        return False
    if parts[0] != DIRECTORY:
        return True
    private = parts[1] if len(parts) > 1 else ""
    return private == "sim" or (
        len(parts) == 2
        and private not in _OWN
        and not private.startswith((".work-", "state.db-", "state.db."))
        and not private.endswith((".json", ".lock"))
    )


def _below(root: Path, part: str, found: Found) -> Iterator[str]:
    """Yield the regular files at or below a part; what is none is left out, and said."""
    try:
        status = (root / part).lstat()
    except FileNotFoundError:
        return
    except OSError as error:
        raise WorkspaceError(f"cannot look at {root / part}: {error.strerror}") from error
    if stat.S_ISREG(status.st_mode):
        yield part
    elif stat.S_ISDIR(status.st_mode):
        try:
            names = sorted(os.listdir(root / part))  # noqa: PTH208
        except OSError as error:
            raise WorkspaceError(f"cannot read {root / part}: {error.strerror}", hint=f"chmod u+rx {part}") from error
        for name in names:
            if name == ".git":
                found.left_out.append((f"{part}/.git", "version control keeps it"))
            elif not (part == f"{DIRECTORY}/sim" and name.startswith(".")):
                yield from _below(root, f"{part}/{name}", found)
    else:
        what = "a symlink" if stat.S_ISLNK(status.st_mode) else "no regular file"
        found.left_out.append((part, what))


def _is_secret(name: str, named: set[str]) -> bool:
    last = name.rpartition("/")[2]
    return name in named or name in SECRET_PARTS or any(fnmatch.fnmatch(last, one) for one in SECRET_NAMES)


def _named(config: Json) -> Iterator[str]:
    """Yield the files that secrets are read from."""
    if not isinstance(config, dict):
        return
    for value in config.values():
        if isinstance(value, dict) and len(value) == 1 and isinstance(file := value.get("file"), str):
            yield os.path.normpath(file)
        else:
            yield from _named(value)


def _authority(config: JsonObject) -> Iterator[str]:
    cluster = config.get("cluster")
    tls = cluster.get("tls") if isinstance(cluster, dict) else None
    file = tls.get("ca_file") if isinstance(tls, dict) else None
    if isinstance(file, str) and allowed(os.path.normpath(file)):
        yield os.path.normpath(file)
