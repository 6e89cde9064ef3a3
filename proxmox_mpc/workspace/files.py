"""Private files: written whole or not at all, 0600 in directories of 0700, and never through a symlink."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from proxmox_mpc.errors import WorkspaceError

PRIVATE_DIR = 0o700
PRIVATE_FILE = 0o600


def private_dir(path: Path) -> Path:
    """Make ``path`` and its missing parents as directories of 0700 and return it; raises WorkspaceError."""
    if path.is_dir():
        return path
    try:
        private_dir(path.parent)
        path.mkdir(PRIVATE_DIR, exist_ok=True)
    except OSError as error:
        raise WorkspaceError(f"cannot make the directory {path}: {error.strerror}") from error
    return path


def write_private(path: Path, content: str | bytes, mode: int = PRIVATE_FILE) -> None:
    """Replace ``path`` by ``content`` in one step, so that a reader or a crash sees the old or the new text.

    An existing file's permission bits are not taken over: ``mode`` is what it has afterwards. Raises WorkspaceError.
    """
    data = content.encode() if isinstance(content, str) else content
    beside = path.with_name(f".{path.name}.{os.urandom(6).hex()}.tmp")
    try:
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, PRIVATE_FILE)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fchmod(stream.fileno(), mode)
                os.fsync(stream.fileno())
            beside.replace(path)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise WorkspaceError(f"cannot write {path}: {error.strerror}") from error


def read_plain(path: Path, limit: int = 1 << 20) -> tuple[bytes, os.stat_result] | None:
    """Return the bytes and status of a regular file that is no symlink, or None where there is none.

    The status belongs to the very bytes that were read. Raises WorkspaceError for a symlink, another kind of file,
    one above ``limit`` bytes, or one that may not be read.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK):
            raise WorkspaceError(f"{path} is a symlink, which is not followed here", hint=f"rm {path}") from error
        raise WorkspaceError(f"cannot read {path}: {error.strerror}") from error
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise WorkspaceError(f"{path} is no regular file")
        if status.st_size > limit:
            raise WorkspaceError(f"{path} is larger than {limit} bytes")
        return _rest(handle, limit + 1), status
    finally:
        os.close(handle)


def _rest(handle: int, limit: int) -> bytes:
    content = b""
    while len(content) < limit and (piece := os.read(handle, limit - len(content))):
        content += piece
    return content


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on the file ``path`` (made when missing), so that two commands do not write at once."""
    private_dir(path.parent)
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, PRIVATE_FILE)
    except OSError as error:
        raise WorkspaceError(f"cannot lock {path}: {error.strerror}") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
