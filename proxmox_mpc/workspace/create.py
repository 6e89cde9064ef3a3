"""A new workspace on disk: everything is made beside its place and moved there whole, or nothing is left."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from proxmox_mpc.domain.json import Json, JsonObject
from proxmox_mpc.errors import WorkspaceError
from proxmox_mpc.workspace.files import PRIVATE_DIR, write_private
from proxmox_mpc.workspace.layout import CONFIG, DIRECTORY, PRIVATE_PARTS, Workspace, is_workspace
from proxmox_mpc.workspace.yaml_edit import scalar

IGNORED = f"""\
# Written by pmpc. Below {DIRECTORY} only the configuration is for version control: it holds no secret.
/{DIRECTORY}/*
!/{DIRECTORY}/{CONFIG}
# State and plans of Terraform hold secrets in clear.
*.tfstate*
*.tfplan
.terraform/
# Files that secrets are read from.
*.secret
*.token
.env
"""
_HEAD = """\
# Configuration of a pmpc workspace: pmpc workspace config show --origin
# No secret stands here, only where it comes from:
#   {env: NAME}  {file: PATH}  {keyring: NAME}  {command: "op read ..."}  {encrypted: ...}  {ask: true}
"""
_IDENTITY = "  # The cluster that this workspace belongs to; when another one answers, it is refused.\n"
_TAIL = """\
# What a command uses that is not told otherwise.
# defaults: {node: pve1, storage: local-lvm, bridge: vmbr0, output: table}
# safety:
#   mode: read-only
#   protected: [100, tag:production]
"""


@contextmanager
def building(root: Path, private: Sequence[str] = ()) -> Iterator[Path]:
    """Make the private directory of a workspace to be in ``root`` under another name, and give it.

    ``private`` are files below ``root`` that version control must not take. The directory gets its name when the
    block ends well; when it does not, all that was made is removed. Raises WorkspaceError where there is a workspace
    already, or the place cannot be written.
    """
    if is_workspace(root):
        raise WorkspaceError(f"{root} is a workspace already", hint=f"pmpc -w {root} workspace show")
    made = _make_parents(root)
    draft = root / f"{DIRECTORY}.{os.urandom(4).hex()}.tmp"
    ignore = root / ".gitignore"
    before = ignore.read_bytes() if ignore.exists() else None
    try:
        draft.mkdir(PRIVATE_DIR)
        for part in PRIVATE_PARTS:
            (draft / part).mkdir(PRIVATE_DIR)
        yield draft
        _ignore(ignore, before, private)
        if is_workspace(root):
            raise WorkspaceError(f"{root} has become a workspace meanwhile")
        draft.rename(root / DIRECTORY)
    except BaseException as error:
        shutil.rmtree(draft, ignore_errors=True)
        _restore(ignore, before)
        for directory in reversed(made):
            directory.rmdir()
        if isinstance(error, OSError):
            raise WorkspaceError(f"cannot make a workspace in {root}: {error.strerror}") from error
        raise
    Workspace(root).infra.mkdir(exist_ok=True)


def write_config(draft: Path, text: str) -> None:
    """Write the configuration of a workspace that is being built."""
    write_private(draft / CONFIG, text)


def config_text(name: str, cluster: JsonObject) -> str:
    """Return the text of a new config.yml; ``cluster`` is its section of that name."""
    return f"{_HEAD}version: 1\nname: {scalar(name)}\ncluster:\n{''.join(_lines(cluster, 2))}{_TAIL}"


def discard(workspace: Workspace) -> None:
    """Delete the private directory of a workspace; what the user wrote beside it stays. Raises WorkspaceError."""
    try:
        shutil.rmtree(workspace.directory)
    except OSError as error:
        raise WorkspaceError(f"cannot delete {workspace.directory}: {error.strerror}") from error


def surrounding(root: Path) -> Path | None:
    """Return the workspace that ``root`` would lie in, if any."""
    return next((parent for parent in root.parents if is_workspace(parent)), None)


def _lines(section: JsonObject, indent: int) -> Iterator[str]:
    for key, value in section.items():
        pad = " " * indent
        if key == "identity":
            yield _IDENTITY
        if isinstance(value, dict) and not _is_source(value):
            yield f"{pad}{key}:\n"
            yield from _lines(value, indent + 2)
        else:
            yield f"{pad}{key}: {scalar(value)}\n"


def _is_source(value: dict[str, Json]) -> bool:
    return len(value) == 1 and next(iter(value)) in ("env", "file", "keyring", "command", "encrypted", "ask")


def _make_parents(root: Path) -> list[Path]:
    """Make the directory ``root`` and return what had to be made, outermost first."""
    made: list[Path] = []
    try:
        for directory in (*reversed(root.parents), root):
            if not directory.is_dir():
                directory.mkdir()
                made.append(directory)
        if not os.access(root, os.W_OK | os.X_OK):
            raise WorkspaceError(f"cannot make a workspace in {root}: it cannot be written")
    except OSError as error:
        for directory in reversed(made):
            directory.rmdir()
        raise WorkspaceError(f"cannot make a workspace in {root}: {error.strerror}") from error
    return made


def _ignore(path: Path, before: bytes | None, private: Sequence[str]) -> None:
    """Write .gitignore, or put what it lacks at the end of the one that is there."""
    own = "".join(f"/{name}\n" for name in private)
    if before is None:
        path.write_text(IGNORED + own)
        return
    known = set(before.decode(errors="replace").splitlines())
    rules = [line for line in (IGNORED + own).splitlines() if not line.startswith("#")]
    missing = [line for line in rules if line not in known]
    if missing:
        text = "" if before.endswith(b"\n") or not before else "\n"
        with path.open("ab") as stream:
            stream.write((text + "\n".join(["# Added by pmpc.", *missing]) + "\n").encode())


def _restore(path: Path, before: bytes | None) -> None:
    if before is None:
        path.unlink(missing_ok=True)
    elif path.read_bytes() != before:
        path.write_bytes(before)
