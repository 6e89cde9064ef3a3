"""Documents as history keeps them: canonical text, digest, difference; no secret and nothing that changes by itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from proxmox_mpc.domain.json import Json, JsonObject

MASK = "**********"
"""What PVE itself answers for a password that is set."""

_SECRET_NAMES = frozenset({"password", "passwd", "cipassword", "secret", "token", "keyring", "apikey", "passphrase"})
_SECRET_ENDINGS = ("-password", "_password", "-secret", "_secret", "-key", "_key")
_PUBLIC_NAMES = frozenset({"master-pub-key", "public-key", "default_key"})
_MISSING = object()
# json.dumps with arguments of its own would build an encoder at every call.
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode


class JsonText(str):
    """JSON that is already written; the store hands it to the database as it is."""

    __slots__ = ()


class KeyChange(NamedTuple):
    """One key of a document, before and after; None stands for absent, as PVE writes no null into a config."""

    key: str
    old: Json
    new: Json


def canonical(value: Json) -> JsonText:
    """Write a value so that equal values give equal text (PVE sends keys in random order)."""
    return JsonText(_encode(value))


def digest(text: str) -> str:
    """Return the digest of canonical text, 32 hex digits of its SHA-256."""
    # Loading OpenSSL costs every list from the database more than its rows do.
    from hashlib import sha256

    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


@lru_cache(maxsize=4096)
def is_secret(name: str) -> bool:
    """Say whether a key of that name holds a secret; tokenid, sshkeys and fingerprints are public."""
    lowered = name.lower()
    if lowered in _PUBLIC_NAMES:
        return False
    return lowered in _SECRET_NAMES or lowered.endswith("password") or lowered.endswith(_SECRET_ENDINGS)


def without_secrets(value: Json, also: frozenset[str] = frozenset()) -> Json:
    """Return the value with every secret masked, at any depth; ``also`` names keys that are secret in this kind.

    What holds no secret is returned as it is, not copied: a pull cleans tens of thousands of rows.
    """
    if isinstance(value, list):
        return [without_secrets(part, also) for part in value]
    if not isinstance(value, dict):
        return value
    cleaned: dict[str, Json] = {}
    for key, part in value.items():
        if is_secret(key) or key in also:
            cleaned[key] = _masked(part)
        elif isinstance(part, (dict, list)):
            cleaned[key] = without_secrets(part, also)
    return {**value, **cleaned} if cleaned else value


def _masked(value: Json) -> Json:
    """Mask every leaf that says something, so that set and unset stay apart."""
    if isinstance(value, dict):
        return {key: _masked(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_masked(part) for part in value]
    return value if value is None or value == "" else MASK


def difference(old: Mapping[str, Json], new: Mapping[str, Json], prefix: str = "") -> list[KeyChange]:
    """Return what changed between two documents, key by key in order of name; nested keys are joined by a dot."""
    changes: list[KeyChange] = []
    for key in sorted(old.keys() | new.keys()):
        before, after = old.get(key, _MISSING), new.get(key, _MISSING)
        if before is not _MISSING and after is not _MISSING and _same(before, after):
            continue
        if isinstance(before, dict) and isinstance(after, dict):
            changes += difference(before, after, f"{prefix}{key}.")
        else:
            changes.append(KeyChange(prefix + key, _or_none(before), _or_none(after)))
    return changes


def _same(before: object, after: object) -> bool:
    """Compare as JSON does: 1 and true are two values."""
    if isinstance(before, (dict, list)) or isinstance(after, (dict, list)):
        return json.dumps(before, sort_keys=True) == json.dumps(after, sort_keys=True)
    return type(before) is type(after) and before == after


def _or_none(value: object) -> Json:
    return None if value is _MISSING else value  # type: ignore[return-value] # all else came out of JSON


def parsed(text: object) -> JsonObject:
    """Read a document as a database gives it: text from SQLite, an object already from PostgreSQL."""
    value = json.loads(text) if isinstance(text, (str, bytes)) else text
    return value if isinstance(value, dict) else {}
