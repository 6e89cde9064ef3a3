"""A stream under a passphrase: scrypt for the key, AES-256-GCM piece by piece, so that no piece is used unproven.

A header (mark, cost, salt, nonce) and a check of the passphrase come first, then pieces of one size. A piece's nonce
holds its number and whether it is the last, so pieces can be neither exchanged nor cut off at the end.
"""

from __future__ import annotations

import struct
from typing import IO, TYPE_CHECKING

from proxmox_mpc.errors import SecretError, StateDamaged
from proxmox_mpc.workspace.encryption import MOST_WORK, WORK, derive_key

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

MARK = b"pmpc sealed 1\n"
ENTROPY = 23
"""Random bytes that sealing takes: 16 of salt, 7 of nonce."""
PIECE = 1 << 16
_TAG = 16
_HEAD = struct.Struct(f">{len(MARK)}sI16s7s")
_CHECK = 2**32 - 1
"""The number of the empty piece that proves the passphrase; a stream of that many pieces would be 256 TiB."""


class SealedWriter:
    """Encrypts what is written to it; without ``close`` the stream has no end and will not open."""

    def __init__(self, stream: IO[bytes], passphrase: str, entropy: bytes, work: int = WORK) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        salt, self._nonce = entropy[:16], entropy[16:ENTROPY]
        self._stream = stream
        self._head = _HEAD.pack(MARK, work, salt, self._nonce)
        self._cipher = AESGCM(derive_key(passphrase, salt, work))
        self._number = 0
        self._rest = bytearray()
        stream.write(self._head + self._cipher.encrypt(_nonce(self._nonce, _CHECK, False), b"", self._head))

    def write(self, data: bytes) -> int:
        """Take data; raises OSError."""
        self._rest += data
        while len(self._rest) > PIECE:
            self._put(bytes(self._rest[:PIECE]), last=False)
            del self._rest[:PIECE]
        return len(data)

    def close(self) -> None:
        """Write the last piece; the stream below stays open."""
        self._put(bytes(self._rest), last=True)

    def _put(self, piece: bytes, *, last: bool) -> None:
        self._stream.write(self._cipher.encrypt(_nonce(self._nonce, self._number, last), piece, self._head))
        self._number += 1


class SealedReader:
    """Decrypts a stream; every byte that ``read`` returns was proven to be what was written there."""

    def __init__(self, stream: IO[bytes], passphrase: str) -> None:
        """Raises SecretError for a passphrase that does not open it, StateDamaged."""
        self._stream = stream
        self._cipher, self._head, self._nonce = _opened(stream, passphrase)
        self._number = 0
        self._ahead = stream.read(PIECE + _TAG)
        self._rest = b""
        self._ended = False

    def read(self, size: int = -1) -> bytes:
        """Return up to ``size`` bytes, empty at the end; raises StateDamaged."""
        parts = []
        wanted = size if size >= 0 else 1 << 62
        while wanted and (self._rest or not self._ended):
            if not self._rest:
                self._rest = self._next()
            part, self._rest = self._rest[:wanted], self._rest[wanted:]
            parts.append(part)
            wanted -= len(part)
        return b"".join(parts)

    def _next(self) -> bytes:
        from cryptography.exceptions import InvalidTag

        sealed, self._ahead = self._ahead, self._stream.read(PIECE + _TAG)
        self._ended = not self._ahead
        try:
            piece = self._cipher.decrypt(_nonce(self._nonce, self._number, self._ended), sealed, self._head)
        except (InvalidTag, ValueError):
            raise StateDamaged(f"the encrypted backup is damaged at byte {self._number * (PIECE + _TAG)}") from None
        self._number += 1
        return piece


def is_sealed(beginning: bytes) -> bool:
    """Say whether a file that begins so is encrypted."""
    return beginning.startswith(MARK)


def _opened(stream: IO[bytes], passphrase: str) -> tuple[AESGCM, bytes, bytes]:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    head = stream.read(_HEAD.size)
    check = stream.read(_TAG)
    if len(head) < _HEAD.size or len(check) < _TAG:
        raise StateDamaged("the encrypted backup ends in its header")
    _, work, salt, nonce = _HEAD.unpack(head)
    # A foreign file must not make this machine compute for hours or run out of memory.
    if not 2 <= work <= MOST_WORK or work & (work - 1):
        raise StateDamaged("the header of the encrypted backup is damaged")
    cipher = AESGCM(derive_key(passphrase, salt, work))
    try:
        cipher.decrypt(_nonce(nonce, _CHECK, False), check, head)
    except InvalidTag:
        raise SecretError("the passphrase does not open the backup") from None
    return cipher, head, nonce


def _nonce(prefix: bytes, number: int, last: bool) -> bytes:
    return prefix + struct.pack(">IB", number, last)
