"""Checks an answer against the API schema: types, members that must be there, members that may be there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tests.contract.schema import SchemaNode

_INTEGER = re.compile(r"[+-]?\d+")
_NUMBER = re.compile(r"[+-]?(\d+\.\d+|\d+\.|\.\d+|\d+)([eE][+-]?\d+)?")


def problems(spec: SchemaNode, value: Any, at: str = "") -> Iterator[str]:
    """Yield where ``value`` is not what the schema of an answer says; numbers and booleans may come as texts."""
    if value is None:
        if spec.get("type") not in {"null", None} and not spec.get("optional"):
            yield f"{at}: null, not {spec.get('type')}"
        return
    kind = spec.get("type")
    kinds = kind if isinstance(kind, list) else [kind]
    if kind is not None and not any(_fits(str(one), value) for one in kinds):
        yield f"{at}: {value!r:.60} is no {kind}"
        return
    if isinstance(value, dict):
        yield from _members(spec, value, at)
    elif isinstance(value, list) and isinstance(spec.get("items"), dict):
        for number, item in enumerate(value):
            yield from problems(spec["items"], item, f"{at}[{number}]")
    elif spec.get("enum") and str(value) not in {str(one) for one in spec["enum"]}:
        yield f"{at}: {value!r} is none of {spec['enum']}"


def _fits(kind: str, value: Any) -> bool:
    text = str(int(value)) if isinstance(value, bool) else str(value)
    match kind:
        case "object":
            return isinstance(value, dict)
        case "array":
            return isinstance(value, list)
        case "null":
            return value is None
        case "boolean":
            return text in {"0", "1", ""}
        case "integer":
            return not isinstance(value, dict | list) and _INTEGER.fullmatch(text) is not None
        case "number":
            return not isinstance(value, dict | list) and _NUMBER.fullmatch(text) is not None
        case _:
            return kind == "any" or not isinstance(value, dict | list)


def _members(spec: SchemaNode, value: dict[str, Any], at: str) -> Iterator[str]:
    known = spec.get("properties") or {}
    for name, part in known.items():
        if name not in value and not part.get("optional") and "[n]" not in name:
            yield f"{at}.{name}: missing"
    for name, item in value.items():
        part = known.get(name) or known.get(re.sub(r"\d+$", "[n]", name))
        if part is not None:
            yield from problems(part, item, f"{at}.{name}")
        elif known and str(spec.get("additionalProperties", 1)) in {"0", ""}:
            yield f"{at}.{name}: not in the schema"
