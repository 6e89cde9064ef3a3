"""Raw reads: any path of the API, its answer as it is."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import unquote

from proxmox_mpc.domain.json import Json
from proxmox_mpc.domain.source import Source, api_path
from proxmox_mpc.errors import UsageError

_ROOTS = ("api2/json/", "api2/extjs/")


def raw_path(text: str) -> str:
    """Return a path of the API from ``nodes``, ``/nodes`` or ``/api2/json/nodes``; raises UsageError.

    Segments may be percent-encoded already (a UPID, a volume). Nothing may leave the API or carry a query along.
    """
    if "://" in text.partition("?")[0]:
        raise UsageError(f"{text!r} is a URL", hint="give the path below /api2/json only: /cluster/resources")
    if "?" in text or "#" in text:
        raise UsageError(
            f"{text!r}: a query does not belong into the path", hint="give parameters as KEY=VALUE after the path"
        )
    path = text.strip("/")
    if path in ("api2/json", "api2/extjs"):
        path = ""
    for root in _ROOTS:
        path = path.removeprefix(root)
    segments = [unquote(segment) for segment in path.split("/") if segment]
    for segment in segments:
        if segment in (".", ".."):
            raise UsageError(f"{text!r}: {segment!r} in a path leads elsewhere", hint="write the whole path")
        if not segment.isprintable():
            raise UsageError(f"{text!r} holds control characters")
    return api_path(*segments)


def raw_params(pairs: Sequence[str]) -> dict[str, str | list[str]]:
    """Return the parameters from KEY=VALUE; a key that is repeated becomes an array. Raises UsageError."""
    found: dict[str, str | list[str]] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not key or not equals:
            raise UsageError(f"{pair!r} is no parameter", hint="write it as KEY=VALUE")
        before = found.get(key)
        if before is None:
            found[key] = value
        else:
            found[key] = [*([before] if isinstance(before, str) else before), value]
    return found


def raw_get(source: Source, path: str, pairs: Sequence[str]) -> Json:
    """Return the data of one GET."""
    return source.read(raw_path(path), raw_params(pairs))
