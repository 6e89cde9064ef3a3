"""How parameters go over the wire: the one place that knows PVE's form decoding.

PVE splits forms on ``&`` and ``;`` and pairs on every ``=``, so all but unreserved characters are percent-encoded.
Booleans are ``1`` and ``0``, None is left out, a sequence repeats its key.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import quote

from proxmox_mpc.domain.connection import Secret
from proxmox_mpc.domain.json import Param
from proxmox_mpc.errors import UsageError


def encode(params: Mapping[str, Param | Secret]) -> str:
    """Return parameters as ``application/x-www-form-urlencoded`` text, for a body or a query."""
    return "&".join(f"{quote(key, safe='')}={quote(value, safe='')}" for key, value in pairs(params))


def pairs(params: Mapping[str, Param | Secret]) -> Iterator[tuple[str, str]]:
    """Yield keys and texts as they will be sent, secrets in clear."""
    for key, value in params.items():
        if value is None:
            continue
        if isinstance(value, Secret):
            yield key, value.reveal()
        elif isinstance(value, bool):
            yield key, "1" if value else "0"
        elif isinstance(value, (str, int, float)):
            yield key, str(value)
        else:
            for each in value:
                yield key, each


def checked_path(path: str) -> str:
    """Return ``path`` if it can stand in a URL as it is; raises UsageError.

    A ``..`` would be resolved by the HTTP library and an empty segment names the parent's list, so that a strange
    name would leave its place in the path.
    """
    if path == "/":
        return path
    segments = path[1:].split("/")
    plain = path.isascii() and path.isprintable() and not set(path) & set("?# \\")
    if not path.startswith("/") or not plain or not {"", ".", ".."}.isdisjoint(segments):
        raise UsageError(f"{path[:200]!r} is no API path", hint="a path looks like /nodes/pve1/qemu/101/config")
    return path


def node_of(path: str) -> str | None:
    """Return the node that a path leads to, or None."""
    segments = path.split("/", 3)
    return segments[2] if len(segments) > 2 and segments[1] == "nodes" else None
