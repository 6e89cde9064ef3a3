"""Checks an answer against the ``returns`` of PVE's published schema: types, limits, what is missing or unheard of."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]


def problems(schema: Schema, value: Any, at: str = "data") -> Iterator[str]:
    """Yield what is wrong with an answer; booleans are 0 and 1 on the wire, numbers may be texts."""
    kind = schema.get("type")
    if value is None:
        if kind not in {"null", None} and not _true(schema.get("optional")):
            yield f"{at}: null"
    elif kind == "null":
        yield f"{at}: something where nothing is promised"
    elif "properties" in schema or kind == "object":
        yield from _object(schema, value, at)
    elif kind == "array":
        if not isinstance(value, list):
            yield f"{at}: no list"
            return
        for number, item in enumerate(value):
            yield from problems(schema.get("items") or {}, item, f"{at}[{number}]")
    else:
        yield from _scalar(schema, value, at)


def _true(flag: object) -> bool:
    return str(flag) == "1"


def _object(schema: Schema, value: Any, at: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{at}: no object"
        return
    keys: Schema = schema.get("properties") or {}
    extra = schema.get("additionalProperties", 1)
    for key, spec in keys.items():
        if "[n]" not in key and value.get(key) is None and not _true(spec.get("optional")) and "oneOf" not in spec:
            yield f"{at}.{key}: missing"
    for key, item in value.items():
        spec = keys.get(key) or keys.get(re.sub(r"\d+$", "[n]", key))
        if spec is not None:
            yield from problems({**spec, "optional": 1}, item, f"{at}.{key}")
        elif isinstance(extra, Mapping):
            yield from problems(extra, item, f"{at}.{key}")
        elif str(extra) == "0":
            yield f"{at}.{key}: not promised"


def _scalar(schema: Schema, value: Any, at: str) -> Iterator[str]:
    kind, text = schema.get("type"), str(value)
    if kind in {"string", "integer", "number", "boolean"} and isinstance(value, dict | list):
        yield f"{at}: no {kind}"
        return
    if isinstance(value, bool) and at.count(".") < 2 and kind in {"boolean", "integer"}:
        yield f"{at}: true and false are not what the server writes"
    if kind == "boolean" and text not in {"0", "1"}:
        yield f"{at}: no boolean: {text}"
    if kind == "integer" and not re.fullmatch(r"-?\d+", text):
        yield f"{at}: no integer: {text}"
    if kind == "number" and not re.fullmatch(r"-?\d+(\.\d+)?(e-?\d+)?", text):
        yield f"{at}: no number: {text}"
    if schema.get("enum") and text not in map(str, schema["enum"]):
        yield f"{at}: {text} is none of {schema['enum']}"
    if kind in {"integer", "number"}:
        if "minimum" in schema and float(text) < float(schema["minimum"]):
            yield f"{at}: {text} is too small"
        if "maximum" in schema and float(text) > float(schema["maximum"]):
            yield f"{at}: {text} is too large"
    if len(text) > int(schema.get("maxLength", len(text))):
        yield f"{at}: too long"
