"""Raw calls: any path of the API, its answer as it is; writes go through the guard like all others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import unquote

from proxmox_mpc.domain.call import Call, FormValue, Method
from proxmox_mpc.domain.connection import Secret
from proxmox_mpc.domain.json import Json, JsonObject
from proxmox_mpc.domain.plan import Plan, Send, Target, Undo
from proxmox_mpc.domain.source import Source, api_path
from proxmox_mpc.errors import PmpcError, UsageError
from proxmox_mpc.services.api_params import check
from proxmox_mpc.services.api_schema import ApiSchema

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


def raw_get(source: Source, path: str, pairs: Sequence[str], schema: ApiSchema | None = None) -> Json:
    """Return the data of one GET; ``schema`` is what its parameters are held against first."""
    where, params = raw_path(path), raw_params(pairs)
    if schema is not None:
        check(schema.method("GET", where), params)
    return source.read(where, params)


def raw_write(
    source: Source,
    method: Method,
    path: str,
    pairs: Sequence[str],
    secrets: Mapping[str, Secret] | None = None,
    schema: ApiSchema | None = None,
) -> Plan:
    """Plan one writing call as it is given; what stood at the path before is journalled where it can be read.

    What it does is unknown here, so it is high risk, a DELETE critical, and nothing takes it back. ``schema`` is what
    path and parameters are held against first.
    """
    where = raw_path(path)
    given: dict[str, str | list[str] | Secret] = {**raw_params(pairs)}
    for key, secret in (secrets or {}).items():
        if key in given:
            raise UsageError(f"{key} is given twice", hint="as KEY=VALUE and by --secret")
        given[key] = secret
    if schema is not None:
        check(schema.method(method, where), given)
    form: dict[str, FormValue] = {**given}
    before = _stands(source, where) if method != "POST" else None
    send = Send(
        Call(method, where, form),
        Target("api", where),
        "raw_delete" if method == "DELETE" else "raw",
        f"{method} {where}",
        before=before,
        watch=None if before is None else where,
        undo=Undo(why_not="what a raw call did is not known here"),
    )
    return Plan({"POST": "create", "PUT": "set", "DELETE": "delete"}[method], (send,))


def _stands(source: Source, path: str) -> JsonObject | None:
    try:
        found = source.read(path)
    except PmpcError:
        return None
    return found if isinstance(found, dict) else None
