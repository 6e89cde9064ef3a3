"""Checks parameters as PVE::JSONSchema does: every bad one is reported, in PVE's words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TypeAlias

from proxmox_mpc.simulator.errors import invalid
from proxmox_mpc.simulator.facts import Endpoint, Param, property_format
from proxmox_mpc.simulator.formats import check_simple

Raw: TypeAlias = Mapping[str, object]
"""Parameters as decoded from query, form or JSON: texts, numbers, booleans, lists."""
Value: TypeAlias = str | int | float | bool | list[str]

_INTEGER = re.compile(r"[+-]?\d+")
_NUMBER = re.compile(r"[+-]?(?:\d+\.\d+|\d+\.|\.\d+|\d+)(?:[eE][+-]?\d+)?")
_TRUE = re.compile(r"1|on|yes|true", re.I)
_FALSE = re.compile(r"0|off|no|false", re.I)
_MISSING = "property is missing and it is not optional"
_UNKNOWN = "property is not defined in schema and the schema does not allow additional properties"

# How many of each numbered setting PVE defines; one beyond is an unknown parameter.
_LAST_INDEX = {
    "net": 31, "ide": 3, "sata": 5, "scsi": 30, "virtio": 15, "usb": 13, "hostpci": 15, "serial": 3, "parallel": 2,
    "ipconfig": 31, "numa": 7, "unused": 255, "mp": 255, "dev": 255, "virtiofs": 9, "link": 7,
}  # fmt: skip
_INDEXED = re.compile(r"(.*?)(\d+)")


class FormatError(Exception):
    """A value is not of its format; the text is PVE's, with its line ends."""


def find_param(params: Mapping[str, Param], name: str) -> Param | None:
    """Return the parameter called ``name``, where ``net[n]`` stands for net0 to net31."""
    if name in params:
        return params[name]
    numbered = _INDEXED.fullmatch(name)
    if numbered is None or f"{numbered[1]}[n]" not in params or (numbered[2] != "0" and numbered[2][0] == "0"):
        return None
    return params[f"{numbered[1]}[n]"] if int(numbered[2]) <= _LAST_INDEX.get(numbered[1], 255) else None


def validate(endpoint: Endpoint, given: Raw) -> dict[str, Value]:
    """Return the parameters converted to their types; raises PVE's 400 that names every bad one."""
    prepared = {name: _prepare(find_param(endpoint.params, name), value) for name, value in given.items()}
    errors: dict[str, str] = {}
    check_object("", endpoint.params, prepared, errors, additional=endpoint.open)
    if errors:
        raise invalid(errors)
    return {name: _convert(find_param(endpoint.params, name), value) for name, value in prepared.items()}


def _prepare(param: Param | None, value: object) -> object:
    """Wrap a scalar for an array and join an array for a list in one text (PVE::RESTHandler)."""
    if param is None:
        return value
    if param.type == "array" and not isinstance(value, list):
        return [value]
    if isinstance(value, list) and param.type == "string" and (param.format or "").endswith("-list"):
        return ",".join(_text(item) for item in value)
    return value


def _convert(param: Param | None, value: object) -> Value:
    if isinstance(value, list):
        return [_text(item) for item in value]
    text = _text(value)
    match param.type if param else "string":
        case "integer":
            return int(text)
        case "number":
            return float(text) if not _INTEGER.fullmatch(text) else int(text)
        case "boolean":
            return text == "1"
        case _:
            return text


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return str(value)


def check_object(
    path: str,
    params: Mapping[str, Param],
    given: Mapping[str, object],
    errors: dict[str, str],
    *,
    additional: bool = False,
) -> None:
    """Check an object's members, adding to ``errors`` by path."""
    for name, param in params.items():
        if "[n]" not in name and given.get(name) is None:
            if not param.optional and param.alias is None:
                _add(errors, path, name, _MISSING)
            continue
    for name, value in given.items():
        known = find_param(params, name)
        if known is None:
            if not additional:
                _add(errors, path, name, _UNKNOWN)
            continue
        for where, problem in _value_problems(known, value, name, path):
            _add(errors, path, where, problem)
        if known.requires and given.get(known.requires) is None:
            where = f"{path}.{name}" if path else name
            _add(errors, path, known.requires, f"missing property - '{where}' requires this property")


def _add(errors: dict[str, str], path: str, name: str, problem: str) -> None:
    where = f"{path}.{name}" if path else name
    errors[where] = f"{errors[where]}\\n{problem}" if where in errors else problem


def _value_problems(param: Param, value: object, name: str, path: str) -> Iterator[tuple[str, str]]:
    """Yield a value's problems in PVE's words; the members of an array are named apart, ``name[0]``."""
    if value is None:
        return
    problem = _type_problem(param.type, value)
    if problem:
        yield name, problem
    elif isinstance(value, list):
        item = Param(name=name, type=param.items or "any", format=param.format, enum=param.enum)
        for number, member in enumerate(value):
            yield from _value_problems(item, member, f"{name}[{number}]", path)
    else:
        problem = _text_problem(param, _text(value), f"{path}.{name}" if path else name)
        if problem:
            yield name, problem


def _type_problem(kind: str, value: object) -> str | None:
    if kind == "any":
        return None
    if kind == "array":
        return None if isinstance(value, list) else "type check ('array') failed"
    if isinstance(value, list | dict):
        return f"type check ('{kind}') failed - got {'ARRAY' if isinstance(value, list) else 'HASH'}"
    text = _text(value)
    good = {
        "boolean": lambda: text in {"0", "1"},
        "integer": lambda: _INTEGER.fullmatch(text) is not None,
        "number": lambda: _NUMBER.fullmatch(text) is not None,
    }.get(kind, lambda: True)()
    return None if good else f"type check ('{kind}') failed - got '{text}'"


def _text_problem(param: Param, text: str, path: str) -> str | None:
    """Check in PVE's order: format, pattern, length, limits, enumeration; the first problem counts."""
    if param.format:
        try:
            check_format(param.format, text, path)
        except FormatError as problem:
            return f"invalid format - {problem}"
    if param.pattern is not None and not re.fullmatch(param.pattern, text):
        return "value does not match the regex pattern"
    if param.longest is not None and len(text) > param.longest:
        return f"value may only be {param.longest} characters long"
    if param.shortest is not None and len(text) < param.shortest:
        return f"value must be at least {param.shortest} characters long"
    if _NUMBER.fullmatch(text):
        if param.maximum is not None and float(text) > param.maximum:
            return f"value must have a maximum value of {param.maximum:.15g}"
        if param.minimum is not None and float(text) < param.minimum:
            return f"value must have a minimum value of {param.minimum:.15g}"
    if param.enum and text not in param.enum:
        return f"value '{text}' does not have a value in the enumeration '{', '.join(param.enum)}'"
    return None


def check_format(name: str, text: str, path: str) -> None:
    """Raise FormatError unless ``text`` is of the format ``name``."""
    keys = property_format(name)
    if keys is not None:
        parse_property_string(name, text, path)
        return
    problem = check_simple(name, text)
    if problem:
        raise FormatError(f"{problem}\n")


def parse_property_string(name: str, text: str, path: str = "") -> dict[str, str]:
    """Return the keys of a property string such as ``virtio,bridge=vmbr0`` (PVE::JSONSchema::parse_property_string).

    Aliases are resolved (``virtio=AA:…`` becomes model and macaddr), booleans become 1 and 0; raises FormatError.
    """
    keys = property_format(name)
    if keys is None:
        raise KeyError(name)
    found = _split_property_string(keys, text)
    errors: dict[str, str] = {}
    check_object(path, keys, found, errors)
    if errors:
        raise FormatError("format error\n" + "".join(f"{at}: {why}\n" for at, why in sorted(errors.items())))
    return found


def _split_property_string(keys: Mapping[str, Param], text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    default = next((key for key, param in keys.items() if param.default_key), None)
    for part in text.split(","):
        if not part.strip():
            continue
        key, equals, value = part.partition("=")
        if not equals:
            if default is None:
                raise FormatError("value without key, but schema does not define a default key\n")
            if default in found:
                raise FormatError(f"duplicate key in comma-separated list property: {default}\n")
            found[default] = part
            continue
        if not key or not value:
            raise FormatError("missing key in comma-separated list property\n")
        if key in found:
            raise FormatError(f"duplicate key in comma-separated list property: {key}\n")
        param = find_param(keys, key)
        if param is not None and param.alias is not None:
            if param.key_alias is not None:
                if param.key_alias in found:
                    raise FormatError(f"key alias '{param.key_alias}' is already defined\n")
                found[param.key_alias] = key
            key, param = param.alias, keys.get(param.alias)
        if param is not None and param.type == "boolean":
            value = "1" if _TRUE.fullmatch(value) else "0" if _FALSE.fullmatch(value) else value
        found[key] = value
    return found
