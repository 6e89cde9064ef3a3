"""A workspace on disk: where its parts are, and the checks that every use of it begins with."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from proxmox_mpc.domain.source import Warn
from proxmox_mpc.errors import WorkspaceError
from proxmox_mpc.workspace.files import PRIVATE_DIR

DIRECTORY = ".proxmox"
CONFIG = "config.yml"
EXCHANGE = "swap.json"
"""There while parts of a workspace are being exchanged (swap)."""
PRIVATE_PARTS = ("backups", "cache", "sim")
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class Workspace:
    """The paths of one workspace; ``root`` is resolved, so that two names of one directory are one workspace."""

    __slots__ = ("root",)

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    @property
    def directory(self) -> Path:
        """The private directory."""
        return self.root / DIRECTORY

    @property
    def config_file(self) -> Path:
        """The configuration, which may be committed."""
        return self.directory / CONFIG

    @property
    def state_db(self) -> Path:
        """The database of what was seen and done."""
        return self.directory / "state.db"

    @property
    def backups(self) -> Path:
        """Copies of the database and of the workspace."""
        return self.directory / "backups"

    @property
    def cache(self) -> Path:
        """What can be made again at any time."""
        return self.directory / "cache"

    @property
    def sim(self) -> Path:
        """Simulated worlds that this workspace talks to."""
        return self.directory / "sim"

    @property
    def history(self) -> Path:
        """What was typed in the console."""
        return self.directory / "console_history"

    @property
    def infra(self) -> Path:
        """The declared state, one file a guest."""
        return self.root / "infra"

    @property
    def templates(self) -> Path:
        """The user's own templates for generated code."""
        return self.root / "templates"


def is_workspace(root: Path) -> bool:
    """Say whether ``root`` holds something named ``.proxmox``, whatever it is."""
    return os.path.lexists(root / DIRECTORY)


def open_workspace(root: Path, uid: int) -> tuple[Workspace, tuple[Warn, ...]]:
    """Return the workspace in ``root`` after checking that only the user ``uid`` can have written it.

    The warnings name what is allowed and unwise. Raises WorkspaceError with the command that mends it.
    """
    workspace = Workspace(root)
    directory = workspace.directory
    status = _status(directory)
    if status is None:
        raise WorkspaceError(f"{root} is no workspace: it has no {DIRECTORY}/", hint=f"pmpc workspace init {root}")
    if not stat.S_ISDIR(status.st_mode):
        raise WorkspaceError(f"{directory} is {_kind(status)} and no directory, so it is not used")
    _owned(directory, status, uid)
    if status.st_mode & _OTHERS and not _fresh_clone(directory, status):
        raise WorkspaceError(
            f"{directory} is open to other users (mode {stat.S_IMODE(status.st_mode):04o})",
            hint=f"chmod 700 {directory}",
        )
    undone = _undo_exchange(directory)
    warnings = _check_config(workspace, uid)
    for name in ("state.db", *PRIVATE_PARTS):
        _check_part(directory / name, uid)
    return workspace, (*undone, *warnings)


def _undo_exchange(directory: Path) -> tuple[Warn, ...]:
    """Take back a restore or repair that was killed in the middle."""
    if not os.path.lexists(directory / EXCHANGE):
        return ()
    from proxmox_mpc.workspace.swap import recover

    if not recover(directory):
        return ()
    return (
        Warn("exchange_undone", "a restore or repair was cut off; all is as it was before it", hint="run it again"),
    )


def _check_config(workspace: Workspace, uid: int) -> tuple[Warn, ...]:
    path = workspace.config_file
    status = _status(path)
    if status is None:
        raise WorkspaceError(
            f"{workspace.directory} has no {CONFIG}",
            hint=f"restore it (pmpc workspace restore FILE {workspace.root}), or remove {workspace.directory} and run: "
            f"pmpc workspace init {workspace.root}",
        )
    if not stat.S_ISREG(status.st_mode):
        raise WorkspaceError(f"{path} is {_kind(status)} and no regular file, so it is not used")
    _owned(path, status, uid)
    mode = stat.S_IMODE(status.st_mode)
    if mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise WorkspaceError(f"{path} can be written by other users (mode {mode:04o})", hint=f"chmod 600 {path}")
    if mode & _OTHERS:
        message = f"{path} can be read by other users (mode {mode:04o})"
        return (Warn("config_readable", message, hint=f"chmod 600 {path}"),)
    return ()


def _check_part(path: Path, uid: int) -> None:
    status = _status(path)
    if status is None:
        return
    wanted = stat.S_ISREG if path.suffix else stat.S_ISDIR
    if not wanted(status.st_mode):
        raise WorkspaceError(f"{path} is {_kind(status)}, so it is not used", hint=f"move it away: mv {path} …")
    _owned(path, status, uid)
    mode = stat.S_IMODE(status.st_mode)
    if mode & _OTHERS:
        remedy = "600" if path.suffix else "700"
        raise WorkspaceError(f"{path} is open to other users (mode {mode:04o})", hint=f"chmod {remedy} {path}")


def _fresh_clone(directory: Path, status: os.stat_result) -> bool:
    """Close a directory that version control has just made and that holds nothing but the configuration.

    git knows no directory modes: every clone of a committed configuration arrives as 0755 (with umask 022).
    """
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) or [part.name for part in directory.iterdir()] != [CONFIG]:
        return False
    try:
        directory.chmod(PRIVATE_DIR)
    except OSError:
        return False
    return True


def _owned(path: Path, status: os.stat_result, uid: int) -> None:
    if status.st_uid != uid:
        raise WorkspaceError(
            f"{path} belongs to the user {status.st_uid} and not to you ({uid})",
            hint=f"run pmpc as its owner, or, if you trust what is in it: chown -R {uid} {path}",
        )


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.lstat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise WorkspaceError(f"cannot look at {path}: {error.strerror}") from error


def _kind(status: os.stat_result) -> str:
    if stat.S_ISLNK(status.st_mode):
        return "a symlink"
    return "a directory" if stat.S_ISDIR(status.st_mode) else "a special file"
