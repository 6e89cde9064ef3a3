"""Manifests looked at without the cluster: what is wrong, how they resolve, how they are written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from proxmox_mpc.declared.manifest import Ident, Resolved
from proxmox_mpc.domain.json import Json, JsonObject
from proxmox_mpc.domain.shape import Field, rows
from proxmox_mpc.errors import ManifestError

PROBLEM_ROWS = rows(
    Field("file", "string", "the file, below infra/"),
    Field("line", "integer?", "the line, from 1"),
    Field("column", "integer?", "the column, from 1"),
    Field("key", "string?", "the key"),
    Field("value", "string?", "its value", level="wide"),
    Field("problem", "string", "what is wrong"),
    Field("remedy", "string?", "what to do"),
    doc="What is wrong with the manifests, by file and line.",
)
RENDER_ROWS = rows(
    Field("kind", "string", "vm, ct, pool, …"),
    Field("id", "string", "the object's id"),
    Field("name", "string?", "its name"),
    Field("file", "string", "the manifest, below infra/", level="wide"),
    Field("key", "string", "the key"),
    Field("value", "string", "its value, with variables replaced"),
    Field("origin", "string", "the file that gives it: the manifest, a file of defaults or an include"),
    doc="Manifests with defaults, includes and variables applied, key by key.",
)


def problem_row(error: ManifestError) -> JsonObject:
    """Return what is wrong as a row of PROBLEM_ROWS."""
    details = error.details
    return {
        "file": error.file,
        "line": error.line,
        "column": error.column,
        "key": error.key,
        "value": _text(details.get("value")),
        "problem": error.problem,
        "remedy": error.hint,
    }


def _text(value: object) -> Json:
    return value if isinstance(value, str) else None


def render_rows(resolved: Iterable[Resolved]) -> list[JsonObject]:
    """Return resolved manifests as rows of RENDER_ROWS."""
    return [row for one in resolved for row in _rendered(one)]


def _rendered(one: Resolved) -> list[JsonObject]:
    name = one.keys.get("name") or one.keys.get("hostname")
    origin = one.origin
    return [
        {
            "kind": one.kind,
            "id": one.ident,
            "name": name,
            "file": one.manifest.path,
            "key": key,
            "value": value,
            "origin": origin[key],
        }
        for key, value in one.keys.items()
    ]


def unsupported(resolved: Mapping[Ident, Resolved], kinds: Iterable[str]) -> list[ManifestError]:
    """Return an error for every manifest of a kind that sync does not carry."""
    known = frozenset(kinds)
    return [
        ManifestError(
            f"{one.kind} cannot be declared by this release",
            file=one.manifest.path,
            remedy=f"remove the file; what can be declared: {', '.join(kinds)}",
        )
        for one in resolved.values()
        if one.kind not in known
    ]
