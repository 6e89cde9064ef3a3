"""Files below infra/: written whole or not at all, never through a symlink, never outside."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from proxmox_mpc.declared.reading import read_text
from proxmox_mpc.errors import ManifestError

_FILE = 0o644
_DIRECTORY = 0o755


def write_file(infra: Path, path: str, text: str) -> bool:
    """Replace a file in one step, directories made as needed; False where it holds the text already.

    An existing file keeps its permission bits. Raises ManifestError.
    """
    _refuse_links(infra, path)
    if read_text(infra, path) == text:
        return False
    target = infra / path
    beside = target.with_name(f".{target.name[:100]}.{os.urandom(6).hex()}.tmp")
    try:
        target.parent.mkdir(_DIRECTORY, parents=True, exist_ok=True)
        mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else _FILE & ~_umask(infra)
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(text.encode())
                stream.flush()
                os.fchmod(stream.fileno(), mode)
                os.fsync(stream.fileno())
            beside.replace(target)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise ManifestError(f"cannot be written: {error.strerror}", file=path) from error
    return True


def remove_file(infra: Path, path: str) -> bool:
    """Remove a file; False where there is none. Raises ManifestError."""
    _refuse_links(infra, path)
    try:
        (infra / path).unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise ManifestError(f"cannot be removed: {error.strerror}", file=path) from error
    return True


def _refuse_links(infra: Path, path: str) -> None:
    """Raise ManifestError where the way to a file leads out of infra/."""
    parts = path.split("/")
    if path.startswith("/") or any(part in ("", ".", "..") or "\0" in part for part in parts):
        raise ManifestError("this is no path below infra/", file=path)
    here = infra
    for part in parts:
        here = here / part
        if here.is_symlink():
            raise ManifestError("symlinks are not followed below infra/", file=path, remedy=f"rm {here}")


def _umask(infra: Path) -> int:
    """Return which bits the owner of infra/ takes from others: a private workspace has private manifests."""
    try:
        return ~stat.S_IMODE(infra.stat().st_mode) & 0o077
    except OSError:
        return 0o022
