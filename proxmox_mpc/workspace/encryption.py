"""A secret kept in config.yml under a passphrase: scrypt for the key, AES-256-GCM for the text."""

from __future__ import annotations

import base64
import binascii

from proxmox_mpc.errors import SecretError

WORK = 1 << 15
"""scrypt's cost N: with r = 8 about 32 MiB and a tenth of a second, once in a command."""
_R, _P = 8, 1
MOST_WORK = 1 << 18
_VERSION = "v1"


def encrypt(secret: str, passphrase: str, entropy: bytes, work: int = WORK) -> str:
    """Return ``v1:N:salt:nonce:ciphertext``; ``entropy`` is 28 fresh random bytes (16 of salt, 12 of nonce)."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    salt, nonce = entropy[:16], entropy[16:28]
    header = f"{_VERSION}:{work}:{_encode(salt)}"
    sealed = AESGCM(derive_key(passphrase, salt, work)).encrypt(nonce, secret.encode(), header.encode())
    return f"{header}:{_encode(nonce)}:{_encode(sealed)}"


def decrypt(text: str, passphrase: str) -> str:
    """Return the secret; raises SecretError for a wrong passphrase and for a text that was tampered with."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        version, work_text, salt_text, nonce_text, sealed_text = text.split(":")
        work = int(work_text)
        salt, nonce, sealed = _decode(salt_text), _decode(nonce_text), _decode(sealed_text)
    except (ValueError, binascii.Error) as error:
        raise SecretError(
            "the encrypted secret is damaged", hint="set it again by: pmpc workspace config set"
        ) from error
    # A foreign file must not make this machine compute for hours or run out of memory.
    if version != _VERSION or not 2 <= work <= MOST_WORK or work & (work - 1) or len(nonce) != 12:
        raise SecretError("the encrypted secret was made in a way that this pmpc does not know")
    header = f"{version}:{work_text}:{salt_text}"
    try:
        return AESGCM(derive_key(passphrase, salt, work)).decrypt(nonce, sealed, header.encode()).decode()
    except InvalidTag:
        raise SecretError("the passphrase does not open the encrypted secret") from None


def derive_key(passphrase: str, salt: bytes, work: int) -> bytes:
    """Return the 32 bytes of a key; ``work`` is scrypt's cost."""
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    return Scrypt(salt=salt, length=32, n=work, r=_R, p=_P).derive(passphrase.encode())


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
