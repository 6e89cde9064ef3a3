"""Checks a writing request against the API schema: the path exists, every parameter is known and may be as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache

from tests.contract.schema import SchemaNode, schema

_INTEGER = re.compile(r"[+-]?\d+")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_BOOLEANS = frozenset({"0", "1", "on", "off", "yes", "no", "true", "false"})
_FORMATS = {
    "pve-vmid": re.compile(r"[1-9][0-9]{2,8}"),
    "pve-node": re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?"),
    "pve-storage-id": re.compile(r"[A-Za-z][A-Za-z0-9._-]*[A-Za-z0-9]"),
    "pve-configid": re.compile(r"[A-Za-z][A-Za-z0-9_-]+"),
    "dns-name": re.compile(r"([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)*[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?"),
    "pve-bridge-id": re.compile(r"[-_.\w]+"),
    "mac-addr": re.compile(r"[A-Fa-f0-9][02468aceACE][:-]?([A-Fa-f0-9]{2}[:-]?){5}"),
    "pve-poolid": re.compile(r"[A-Za-z0-9._/-]+"),
}  # fmt: skip


@cache
def _templates() -> list[tuple[re.Pattern[str], str]]:
    """Return the schema's paths as patterns, those with fewer placeholders first."""
    found = sorted(schema(), key=lambda path: path.count("{"))
    return [(re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(path))), path) for path in found]


def request_problems(method: str, path: str, form: Mapping[str, object]) -> Iterator[str]:
    """Yield what the schema would not allow of a request; ``path`` as sent, percent-encoded, without /api2/json."""
    for pattern, template in _templates():
        match = pattern.fullmatch(path)
        if match is not None and method in schema()[template]:
            break
    else:
        yield f"{method} {path}: the API has no such call"
        return
    parameters = schema()[template][method].get("parameters") or {}
    known: dict[str, SchemaNode] = parameters.get("properties") or {}
    at = f"{method} {template}"
    for name, value in form.items():
        spec = known.get(name) or known.get(re.sub(r"\d+$", "[n]", name))
        if name in match.groupdict():
            yield f"{at}: {name} is given in the path already"
        elif spec is None:
            if str(parameters.get("additionalProperties", 1)) in {"0", ""}:
                yield f"{at}: there is no parameter {name}"
        else:
            for one in value if isinstance(value, list) else [value]:
                yield from (f"{at}: {name}: {said}" for said in _value_problems(spec, str(one)))
    for name, spec in known.items():
        if not spec.get("optional") and name not in form and name not in match.groupdict() and "[n]" not in name:
            yield f"{at}: {name} is missing"


def _value_problems(spec: SchemaNode, value: str) -> Iterator[str]:
    yield from _type_problems(str(spec.get("type", "string")), value)
    if spec.get("enum") and value not in {str(one) for one in spec["enum"]}:
        yield f"{value!r} is none of {spec['enum']}"
    if spec.get("pattern") and not re.fullmatch(_pattern(str(spec["pattern"])), value):
        yield f"{value!r:.60} does not match {spec['pattern']}"
    if _NUMBER.fullmatch(value):
        if "minimum" in spec and float(value) < float(spec["minimum"]):
            yield f"{value} is below {spec['minimum']}"
        if "maximum" in spec and float(value) > float(spec["maximum"]):
            yield f"{value} is above {spec['maximum']}"
    if "maxLength" in spec and len(value) > int(spec["maxLength"]):
        yield f"is longer than {spec['maxLength']} characters"
    form = spec.get("format")
    if isinstance(form, dict):
        yield from _property_problems(form, value)
    elif isinstance(form, str) and form in _FORMATS and not _FORMATS[form].fullmatch(value):
        yield f"{value!r:.60} is no {form}"


def _type_problems(kind: str, value: str) -> Iterator[str]:
    if kind == "integer" and not _INTEGER.fullmatch(value):
        yield f"{value!r:.60} is no integer"
    elif kind == "number" and not _NUMBER.fullmatch(value):
        yield f"{value!r:.60} is no number"
    elif kind == "boolean" and value.lower() not in _BOOLEANS:
        yield f"{value!r:.60} is no boolean"


def _property_problems(form: Mapping[str, SchemaNode], value: str) -> Iterator[str]:
    """Yield what is wrong in a property string (``virtio=…,bridge=vmbr0``) whose format the schema spells out."""
    default = next((name for name, spec in form.items() if spec.get("default_key")), None)
    seen: set[str] = set()
    for part in value.split(","):
        name, equals, said = part.partition("=")
        if not equals:
            name, said = default or part, part
        spec = form.get(name)
        if spec is None:
            yield f"{value!r:.80}: there is no property {name!r}"
            continue
        if "keyAlias" in spec:
            seen |= {str(spec["keyAlias"]), str(spec.get("alias"))}
            spec = form.get(str(spec.get("alias")), {})
        elif "alias" in spec:
            name = str(spec["alias"])
            spec = form.get(name, {})
        seen.add(name)
        yield from (f"{name}: {said}" for said in _value_problems(spec, said))
    for name, spec in form.items():
        if not {"optional", "alias", "keyAlias"} & set(spec) and name not in seen:
            yield f"{value!r:.80}: the property {name} is missing"


def _pattern(perl: str) -> str:
    """Return a Perl pattern as Python takes it."""
    return re.sub(r"\(\?\^([a-z]*):", lambda match: f"(?{match[1]}:" if match[1] else "(?:", perl)


def takes(method: str, path: str, name: str) -> bool:
    """Whether the call at a path (slots may stand in it) has a parameter of that name."""
    for pattern, template in _templates():
        if pattern.fullmatch(path) and method in schema()[template]:
            properties = (schema()[template][method].get("parameters") or {}).get("properties") or {}
            return name in properties
    return False
