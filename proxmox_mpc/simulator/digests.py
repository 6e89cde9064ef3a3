"""Digests of what PVE keeps in files: the SHA-1 that guards against two people editing at once."""

from __future__ import annotations

import hashlib
import json

from proxmox_mpc.simulator.errors import failed
from proxmox_mpc.simulator.json import Json


def digest_of(content: Json) -> str:
    """Return the digest of a file with this content; one that is empty has that of no text at all."""
    text = json.dumps(content, sort_keys=True) if content else ""
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def check_digest(given: str, content: Json) -> None:
    """Raise PVE's 500 when the caller saw an older content; no digest means no check."""
    if given and given != digest_of(content):
        raise failed("detected modified configuration - file changed by other user? Try again.")
