"""One at a time: what must not be done twice at once in a workspace, whichever database it uses."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from proxmox_mpc.domain.moments import iso
from proxmox_mpc.errors import Conflict, WorkspaceError
from proxmox_mpc.workspace.files import PRIVATE_FILE


@contextmanager
def turn(path: Path, what: str, now: float) -> Iterator[None]:
    """Hold the file ``path`` (made when missing) while ``what`` is done; raises Conflict saying who does it since when.

    The kernel gives it back when a process ends, however it ends.
    """
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, PRIVATE_FILE)
    except OSError as error:
        raise WorkspaceError(f"cannot lock {path}: {error.strerror}", hint="check its owner and mode") from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _held(what, os.pread(handle, 4096, 0)) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, json.dumps({"pid": os.getpid(), "since": iso(now)}).encode(), 0)
        yield
        os.ftruncate(handle, 0)
    finally:
        os.close(handle)


def _held(what: str, note: bytes) -> Conflict:
    try:
        holder = json.loads(note)
        who = f"process {holder['pid']} since {holder['since']}"
    except (ValueError, KeyError, TypeError):  # the holder has not written its note yet
        holder, who = {}, "another process"
    return Conflict(
        f"{what} is running already: {who}",
        hint="wait until it is done; a process that died holds nothing",
        details=dict(holder),
    )
