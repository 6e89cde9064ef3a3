"""The file of a backup: a compressed tar whose first member lists the others with their SHA-256; maybe encrypted."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol, cast

from proxmox_mpc.domain.json import Json, JsonObject
from proxmox_mpc.errors import PmpcError, StateDamaged, WorkspaceError
from proxmox_mpc.workspace.contents import allowed
from proxmox_mpc.workspace.files import PRIVATE_DIR, PRIVATE_FILE
from proxmox_mpc.workspace.sealed import MARK, SealedReader, SealedWriter, is_sealed

MANIFEST = "manifest.json"
FORMAT = 1
_GZIP = b"\x1f\x8b"
_PIECE = 1 << 18
_LARGEST_MANIFEST = 1 << 26

Passphrase = Callable[[], str]
"""Gives the passphrase of an encrypted backup; called only for one."""


@dataclass(frozen=True, slots=True)
class FileEntry:
    """One file of a backup; ``mode`` are its permission bits."""

    size: int
    sha256: str
    mode: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds; ``about`` is everything else that it says of the workspace."""

    about: JsonObject
    files: Mapping[str, FileEntry]

    def dumped(self) -> bytes:
        """Return the text of the first member."""
        files: dict[str, Json] = {
            name: {"size": one.size, "sha256": one.sha256, "mode": one.mode} for name, one in self.files.items()
        }
        return json.dumps({"format": FORMAT, **self.about, "files": files}, indent=1).encode()

    @classmethod
    def loaded(cls, content: bytes) -> Manifest:
        """Read the text of the first member; raises StateDamaged for what is none, WorkspaceError for a newer form."""
        try:
            data = json.loads(content)
            form, raw = data.pop("format"), data.pop("files")
            if form != FORMAT:
                raise WorkspaceError(f"the backup has the form {form}, which this pmpc does not know")
            files = {
                str(name): FileEntry(int(one["size"]), str(one["sha256"]), int(one["mode"]))
                for name, one in raw.items()
            }
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise StateDamaged(f"its {MANIFEST} is damaged: {error}") from error
        return cls(data, files)


def take_in(source: Path, target: Path) -> FileEntry | None:
    """Copy a regular file into a private one and return its entry, None where it is gone; raises WorkspaceError."""
    try:
        with open(source, "rb", opener=_plain) as reader, _new_file(target) as writer:
            mode = os.fstat(reader.fileno()).st_mode & 0o755
            size, digest = _copy(reader, writer)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _unusable(error, source) from error
    return FileEntry(size, digest, mode)


def entry_of(path: Path) -> FileEntry:
    """Return the entry of a file that is where it is to be."""
    with path.open("rb") as reader:
        size, digest = _copy(reader, None)
    return FileEntry(size, digest, PRIVATE_FILE)


def pack(to: Path, manifest: Manifest, staged: Path, seal: Callable[[IO[bytes]], SealedWriter] | None) -> None:
    """Write the archive of the files in ``staged``, private, whole or not at all; raises WorkspaceError."""
    draft = to.with_name(f".{to.name}.{os.urandom(4).hex()}.tmp")
    try:
        with _new_file(draft) as file:
            sealer = seal(file) if seal else None
            _write(cast("IO[bytes]", sealer or file), manifest, staged)
            if sealer is not None:
                sealer.close()
            file.flush()
            os.fsync(file.fileno())
        draft.replace(to)
    except OSError as error:
        raise _unusable(error, to) from error
    finally:
        draft.unlink(missing_ok=True)


def read_manifest(path: Path, passphrase: Passphrase) -> Manifest:
    """Return what a backup says of itself; raises WorkspaceError, StateDamaged, SecretError."""
    with _opened(path, passphrase) as tar, _told(path, [MANIFEST]):
        return _manifest(tar)


def unpack(path: Path, passphrase: Passphrase, into: Path) -> Manifest:
    """Check a backup from its first byte to its last and write its files below ``into``.

    Raises StateDamaged naming the member, WorkspaceError for one that may not be there or cannot be written,
    SecretError for the passphrase. What was written until then is the caller's to remove.
    """
    at = [MANIFEST]
    with _opened(path, passphrase) as tar, _told(path, at):
        manifest = _manifest(tar)
        for name in manifest.files:
            if not allowed(name):
                raise _unsafe(path, name, "leads out of the workspace")
        left = dict(manifest.files)
        while (member := tar.next()) is not None:
            at[0] = member.name
            _check_member(path, member)
            entry = left.pop(member.name, None)
            if entry is None:
                raise _unsafe(path, member.name, f"is not in {MANIFEST}, or is there twice")
            _unpack_one(tar, member, entry, into)
        if left:
            at[0] = next(iter(left))
            raise StateDamaged("it is missing")
    return manifest


class Readable(Protocol):
    """What a tar can be read from."""

    def read(self, size: int = -1) -> bytes:
        """Return up to ``size`` bytes."""


@contextmanager
def _opened(path: Path, passphrase: Passphrase) -> Iterator[tarfile.TarFile]:
    try:
        file = path.open("rb")
    except OSError as error:
        raise WorkspaceError(f"the backup {path} cannot be read: {error.strerror}") from error
    with file:
        beginning = file.read(len(MARK))
        file.seek(0)
        if not is_sealed(beginning) and not beginning.startswith(_GZIP):
            raise StateDamaged(f"{path} is no backup of a workspace, or its beginning is damaged")
        stream: Readable = SealedReader(file, passphrase()) if is_sealed(beginning) else file
        try:
            with tarfile.open(fileobj=cast("IO[bytes]", stream), mode="r|gz") as tar:
                yield tar
        except tarfile.TarError as error:
            raise StateDamaged(f"{path} is damaged: {error}") from error
        while stream.read(_PIECE):
            pass  # what is encrypted proves its end by its last piece


@contextmanager
def _told(path: Path, at: list[str]) -> Iterator[None]:
    """Name the member at which something was wrong."""
    try:
        yield
    except StateDamaged as error:
        raise StateDamaged(
            f"{path} is damaged at {at[0]}: {error.message}",
            hint="use another backup: pmpc workspace verify FILE",
            details={"member": at[0]},
        ) from error
    except (tarfile.TarError, EOFError) as error:
        raise StateDamaged(
            f"{path} is damaged at {at[0]}: {error}",
            hint="use another backup: pmpc workspace verify FILE",
            details={"member": at[0]},
        ) from error


def _manifest(tar: tarfile.TarFile) -> Manifest:
    member = tar.next()
    if member is None or member.name != MANIFEST or not member.isreg() or member.size > _LARGEST_MANIFEST:
        raise StateDamaged(f"its first member is not {MANIFEST}")
    content = tar.extractfile(member)
    assert content is not None
    return Manifest.loaded(content.read())


def _check_member(path: Path, member: tarfile.TarInfo) -> None:
    if not allowed(member.name):
        raise _unsafe(path, member.name, "leads out of the workspace")
    if not member.isreg():
        raise _unsafe(path, member.name, "is a link or a special file")
    if member.uid not in (0, os.getuid()):
        raise _unsafe(path, member.name, f"belongs to the user {member.uid}")


def _unsafe(path: Path, name: str, why: str) -> PmpcError:
    return WorkspaceError(
        f"{path}: the member {name!r} {why}; pmpc makes no such archives, and nothing of it was used",
        details={"member": name},
    )


def _unpack_one(tar: tarfile.TarFile, member: tarfile.TarInfo, entry: FileEntry, into: Path) -> None:
    if member.size != entry.size:
        raise StateDamaged(f"it has {member.size} bytes and not {entry.size}")
    content = tar.extractfile(member)
    assert content is not None
    target = into / member.name
    try:
        with _new_file(target) as writer:
            size, digest = _copy(content, writer)
            os.fchmod(writer.fileno(), entry.mode & 0o755 if not member.name.startswith(".proxmox/") else PRIVATE_FILE)
    except tarfile.TarError:
        raise
    except OSError as error:
        raise _unusable(error, target) from error
    if (size, digest) != (entry.size, entry.sha256):
        raise StateDamaged("its SHA-256 is not the one that was written")


def _write(stream: IO[bytes], manifest: Manifest, staged: Path) -> None:
    with tarfile.open(fileobj=stream, mode="w|gz", format=tarfile.PAX_FORMAT) as tar:
        content = manifest.dumped()
        tar.addfile(_member(MANIFEST, len(content)), io.BytesIO(content))
        for name, entry in manifest.files.items():
            with (staged / name).open("rb") as reader:
                tar.addfile(_member(name, entry.size), reader)


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, PRIVATE_FILE
    return member


def _copy(reader: IO[bytes], writer: IO[bytes] | None) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    while piece := reader.read(_PIECE):
        digest.update(piece)
        size += len(piece)
        if writer is not None:
            writer.write(piece)
    return size, digest.hexdigest()


def _new_file(path: Path) -> IO[bytes]:
    path.parent.mkdir(PRIVATE_DIR, parents=True, exist_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, PRIVATE_FILE), "wb")


def _plain(name: str, flags: int) -> int:
    return os.open(name, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


def _unusable(error: OSError, path: Path) -> WorkspaceError:
    return WorkspaceError(
        f"{error.filename or path} cannot be used: {error.strerror}", hint="check owner, mode and free space"
    )
