"""The JSON Schema (2020-12) of a command's output, made from its declared shape."""

from __future__ import annotations

from collections.abc import Sequence

from proxmox_mpc.domain.json import Json, JsonObject
from proxmox_mpc.domain.shape import Field, Shape

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TYPES = {"string": "string", "time": "string", "integer": "integer", "number": "number", "boolean": "boolean"}


def schema_of(shape: Shape, title: str) -> JsonObject:
    """Return the schema that every JSON output of a command satisfies."""
    body: JsonObject
    match shape.kind:
        case "rows":
            body = {"type": "array", "items": _object(shape.fields, shape.open)}
        case "item":
            body = _object(shape.fields, shape.open)
        case "either":
            one = _object(shape.fields, shape.open)
            body = {"oneOf": [one, {"type": "array", "items": one}]}
        case "text":
            body = {"type": "string"}
        case _:
            body = {}
    return {"$schema": _DIALECT, "title": title, **({"description": shape.doc} if shape.doc else {}), **body}


def _object(fields: Sequence[Field], further: bool) -> JsonObject:
    properties: JsonObject = {field.key: _field(field) for field in fields}
    required: list[Json] = [field.key for field in fields]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": further}


def _field(field: Field) -> JsonObject:
    out: JsonObject = {"description": f"{field.doc} [{field.unit}]" if field.unit else field.doc}
    kind: Json
    extra: JsonObject = {}
    match field.base:
        case "any":
            return out
        case "list":
            kind, extra = "array", {"items": {"type": "string"}}
        case "rows":
            kind, extra = "array", {"items": _object(field.fields, not field.fields)}
        case "object":
            kind = "object"
            extra = {key: value for key, value in _object(field.fields, not field.fields).items() if key != "type"}
        case base:
            kind = _TYPES[base]
            if base == "time":
                extra = {"format": "date-time"}
    out["type"] = [kind, "null"] if field.nullable else kind
    if field.choices:
        choices: list[Json] = [*field.choices]
        out["enum"] = [*choices, None] if field.nullable else choices
    return {**out, **extra}
