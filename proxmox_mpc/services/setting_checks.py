"""Checking settings before anything is sent: known keys, numbers in range, property strings with known properties.

A table maps PVE's keys to what they take; a key that ends in ``[n]`` stands for one with a number (``net[n]``).
Errors name the key, the value and what would be right.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from types import MappingProxyType
from typing import Literal, NamedTuple

from proxmox_mpc.domain.property_string import PropertyString
from proxmox_mpc.domain.sizes import parse_size
from proxmox_mpc.errors import UsageError

_YES = frozenset({"1", "on", "yes", "true"})
_NO = frozenset({"0", "off", "no", "false"})
_NONE: Mapping[str, Setting] = MappingProxyType({})


class Setting(NamedTuple):
    """What one key takes: ``low`` and ``high`` bound a number, or the length of a text.

    ``example`` is shown when a value does not fit. ``parts`` are the properties of a property string, ``bare`` the one
    whose key may be left out; ``needs`` are those that must be there.
    """

    kind: Literal["text", "int", "num", "bool", "size", "properties"] = "text"
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    pattern: str | None = None
    example: str = ""
    parts: Mapping[str, Setting] = _NONE
    bare: str | None = None
    needs: tuple[str, ...] = ()


Table = Mapping[str, Setting]
FLAG = Setting("bool")
TEXT = Setting()
SIZE = Setting("size", example="8G")
DNS_NAME = r"(?:(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)\.)*[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"


def setting_of(key: str, table: Table) -> Setting | None:
    """Return what a key takes; None for a key that the table does not know."""
    found = table.get(key)
    if found is None and (match := re.fullmatch(r"([a-z_]+)(?:0|[1-9][0-9]{0,2})", key)):
        found = table.get(f"{match[1]}[n]")
    return found


def known_key(key: str, table: Table, what: str) -> str:
    """Return the key; raises UsageError with near ones where ``what`` (a container) has no such setting."""
    if setting_of(key, table) is None:
        names = [name.replace("[n]", "0") for name in table]
        near = get_close_matches(key, names, n=3, cutoff=0.6)
        meant = f"did you mean {' or '.join(near)}?" if near else f"known are: {', '.join(sorted(table))}"
        raise UsageError(f"{key}: {what} has no such setting", hint=meant, details={"key": key})
    return key


def pairs(given: Iterable[str], option: str) -> dict[str, str]:
    """Read ``KEY=VALUE`` words; raises UsageError for one without ``=`` and for a key that comes twice."""
    read: dict[str, str] = {}
    for word in given:
        key, equals, value = word.partition("=")
        if not equals or not key.strip():
            raise UsageError(f"{option}: {word[:60]!r} is no KEY=VALUE", hint=f"as in: {option} cores=2")
        if key.strip() in read:
            raise UsageError(f"{option}: {key.strip()} is given twice")
        read[key.strip()] = value
    return read


def checked(settings: Mapping[str, object], table: Table, what: str) -> dict[str, str]:
    """Return settings as PVE takes them; raises UsageError for the first that it would refuse."""
    return {key: check(known_key(key, table, what), str(_plain(value)), table) for key, value in settings.items()}


def check(key: str, value: str, table: Table) -> str:
    """Return one value as PVE takes it: booleans as 0 or 1."""
    setting = setting_of(key, table)
    return value if setting is None else _check(key, value, setting)


def _plain(value: object) -> object:
    return int(value) if isinstance(value, bool) else value


def _check(key: str, value: str, setting: Setting) -> str:
    match setting.kind:
        case "int" | "num":
            return _number(key, value, setting)
        case "bool":
            return _flag(key, value)
        case "size":
            parse_size(value, "G")
            return value
        case "properties":
            return _properties(key, value, setting)
        case _:
            return _text(key, value, setting)


def _number(key: str, value: str, setting: Setting) -> str:
    form = r"[+-]?\d{1,18}" if setting.kind == "int" else r"[+-]?\d{1,18}(\.\d{1,9})?"
    if not re.fullmatch(form, value.strip(), re.ASCII):
        raise _wrong(key, value, "a whole number" if setting.kind == "int" else "a number", setting)
    number = float(value)
    low, high = setting.low, setting.high
    if (low is not None and number < low) or (high is not None and number > high):
        span = f"from {low:g}" + (f" to {high:g}" if high is not None else "") if low is not None else f"up to {high:g}"
        raise _wrong(key, value, f"a number {span}", setting)
    return value.strip()


def _flag(key: str, value: str) -> str:
    plain = value.strip().lower()
    if plain not in _YES | _NO:
        raise UsageError(f"{key}: {value[:60]!r} is neither yes nor no", hint=f"{key}=1 or {key}=0")
    return "1" if plain in _YES else "0"


def _text(key: str, value: str, setting: Setting) -> str:
    if setting.choices and value not in setting.choices:
        near = get_close_matches(value, setting.choices, n=1)
        meant = f"did you mean {near[0]}? " if near else ""
        raise UsageError(f"{key}: {value[:60]!r} is not possible", hint=f"{meant}one of: {', '.join(setting.choices)}")
    if setting.pattern and not re.fullmatch(setting.pattern, value):
        raise _wrong(key, value, "what it takes", setting)
    if setting.high is not None and len(value) > setting.high:
        raise UsageError(f"{key}: the text is {len(value)} characters long, and {setting.high:g} are possible")
    return value


def _properties(key: str, value: str, setting: Setting) -> str:
    read = PropertyString.parse(value, setting.bare)
    seen: set[str] = set()
    written: list[tuple[str | None, str]] = []
    for name, part in read.items:
        full = name if name is not None else setting.bare
        if full is None:
            raise UsageError(f"{key}: {part[:60]!r} is no PROPERTY=VALUE", hint=_possible(setting))
        if full not in setting.parts:
            near = get_close_matches(full, setting.parts, n=2)
            meant = f"did you mean {' or '.join(near)}?" if near else _possible(setting)
            raise UsageError(f"{key}: there is no property {full!r}", hint=meant)
        if full in seen:
            raise UsageError(f"{key}: {full} is given twice")
        seen.add(full)
        written.append((name, _check(f"{key}: {full}", part, setting.parts[full])))
    missing = [name for name in setting.needs if name not in seen]
    if missing:
        hint = f"as in: {key}={setting.example}" if setting.example else _possible(setting)
        raise UsageError(f"{key}: {', '.join(missing)} is missing in {value[:80]!r}", hint=hint)
    return str(PropertyString(tuple(written), setting.bare))


def _possible(setting: Setting) -> str:
    return f"possible are: {', '.join(sorted(setting.parts))}"


def _wrong(key: str, value: str, what: str, setting: Setting) -> UsageError:
    hint = f"as in: {setting.example}" if setting.example else None
    return UsageError(f"{key}: {value[:60]!r} is not {what}", hint=hint, details={"key": key})
