"""Parts of a workspace exchanged for others: all of them or none, whatever moment the process is killed at.

The new parts are made in a directory of their own first. A marker then says what is being moved; while it is there the
exchange is not done, and whoever comes next takes it back. The old parts are kept.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from proxmox_mpc.errors import Conflict, WorkspaceError
from proxmox_mpc.workspace.files import PRIVATE_DIR, PRIVATE_FILE, private_dir, write_private
from proxmox_mpc.workspace.layout import EXCHANGE

LOCK = "life.lock"
_SCRATCH = ".work-"


@contextmanager
def exclusive(directory: Path) -> Iterator[None]:
    """Be the only one that backs up, restores, upgrades or repairs here; raises Conflict, WorkspaceError.

    What a process that was killed has left is cleared away first, and an exchange that it had begun taken back.
    """
    handle = _lock(directory)
    try:
        take_back(directory)
        for leftover in directory.glob(f"{_SCRATCH}*"):
            shutil.rmtree(leftover, ignore_errors=True)
        yield
    finally:
        os.close(handle)


@contextmanager
def scratch(directory: Path) -> Iterator[Path]:
    """Lend a private directory on the same disk, and remove it afterwards."""
    made = directory / f"{_SCRATCH}{os.urandom(4).hex()}"
    try:
        made.mkdir(PRIVATE_DIR)
    except OSError as error:
        raise WorkspaceError(
            f"{directory} cannot be written: {error.strerror}", hint="check its owner, its mode and the free space"
        ) from error
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def replace(directory: Path, staged: Path, parts: Sequence[str], aside: Path) -> list[str]:
    """Put the parts in ``staged`` in the place of those that are there, which go to ``aside``; return which did.

    ``parts`` are paths relative to the parent of ``directory``, in all three places. A part that is not staged is
    taken away. Raises WorkspaceError, and then nothing has changed.
    """
    root = directory.parent
    moves = [
        {"part": part, "old": os.path.lexists(root / part), "new": os.path.lexists(staged / part)} for part in parts
    ]
    private_dir(aside)
    plan = {"staged": str(staged.relative_to(directory)), "aside": str(aside.relative_to(directory)), "moves": moves}
    write_private(directory / EXCHANGE, json.dumps(plan))
    _settle(directory)
    try:
        for move in moves:
            part = str(move["part"])
            if move["old"]:
                _move(root / part, aside / part)
            if move["new"]:
                _move(staged / part, root / part)
        _settle(root)
        _settle(directory)
        (directory / EXCHANGE).unlink()
        _settle(directory)
    except OSError as error:
        take_back(directory)
        raise WorkspaceError(f"{error.filename} cannot be moved: {error.strerror}; nothing was changed") from error
    return [str(move["part"]) for move in moves if move["old"]]


def recover(directory: Path) -> bool:
    """Take back an exchange whose process has died; says whether there was one. Raises Conflict while it runs."""
    if not os.path.lexists(directory / EXCHANGE):
        return False
    handle = _lock(directory)
    try:
        return take_back(directory)
    finally:
        os.close(handle)


def take_back(directory: Path) -> bool:
    """Undo what the marker says has been begun, however far it came; the caller is alone here."""
    marker, root = directory / EXCHANGE, directory.parent
    try:
        plan = json.loads(marker.read_text("utf-8"))
        staged, aside = directory / plan["staged"], directory / plan["aside"]
        for move in reversed(plan["moves"]):
            part = str(move["part"])
            if move["new"] and not os.path.lexists(staged / part) and os.path.lexists(root / part):
                _move(root / part, staged / part)
            if move["old"] and os.path.lexists(aside / part):
                _move(aside / part, root / part)
        _settle(root)
        marker.unlink()
        shutil.rmtree(aside, ignore_errors=True)
    except FileNotFoundError as error:
        if error.filename == str(marker):
            return False
        raise _stuck(marker, error) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _stuck(marker, error) from error
    return True


def _stuck(marker: Path, error: Exception) -> WorkspaceError:
    return WorkspaceError(
        f"an exchange of files was cut off and cannot be taken back: {error}",
        hint=f"{marker} says where each part is; move them back by hand, then remove it",
    )


def _lock(directory: Path) -> int:
    try:
        handle = os.open(directory / LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, PRIVATE_FILE)
    except OSError as error:
        raise WorkspaceError(
            f"{directory} cannot be written: {error.strerror}", hint="check its owner, its mode and the free space"
        ) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise Conflict(
            f"{directory.parent} is being backed up, restored, upgraded or repaired by another process",
            hint="wait until that is done",
        ) from None
    return handle


def _move(source: Path, target: Path) -> None:
    target.parent.mkdir(PRIVATE_DIR, parents=True, exist_ok=True)
    os.rename(source, target)  # noqa: PTH104


def _settle(directory: Path) -> None:
    """Bring the names in a directory to disk, so that a power failure does not reorder what was done."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
