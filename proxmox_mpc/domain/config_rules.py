"""What a configuration key may hold: types, bounds and property formats, checked before anything is sent.

A table of rules is text, a line a key: ``cores int(1..)``. Types: ``bool``, ``int``, ``num`` (each with bounds in
brackets), ``text``, ``size``, ``a|b|c`` for a choice, a name of ``_PATTERNS``, and ``@drive`` for a property format.
A format is words ``name:type``; ``*`` marks the default key, ``!`` what must be given, ``alias@name`` another name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from proxmox_mpc.domain.json import split_list
from proxmox_mpc.domain.property_string import PropertyString
from proxmox_mpc.domain.sizes import parse_size
from proxmox_mpc.errors import UsageError

Plain = str | int | float
# Kinds of values whose parts are separated by semicolons and may stand in any order.
_SETS = frozenset({"flags", "ranges", "mount-options", "mount-types"})
_TRUE, _FALSE = frozenset({"1", "on", "yes", "true"}), frozenset({"0", "off", "no", "false"})
_NUMBERS = {"int": re.compile(r"[+-]?[0-9]{1,18}"), "num": re.compile(r"[+-]?(?:[0-9]{1,18}(?:\.[0-9]*)?|\.[0-9]+)")}
_BOUNDS = re.compile(r"(int|num)(?:\((-?\d*)\.\.(-?\d*)\))?")

# PVE::JSONSchema's named formats; the hint says how such a value looks.
_PATTERNS: Mapping[str, tuple[re.Pattern[str], str]] = {
    "dns": (
        re.compile(r"(?=.{1,253}$)[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*"),
        "a DNS name: letters, digits and -",
    ),
    "tags": (
        re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9_+.-]*(?:[;, ]+|$))*"),
        "tags like prod;web: letters, digits and _ - + .",
    ),
    "storage": (re.compile(r"[A-Za-z][A-Za-z0-9._-]*[A-Za-z0-9]"), "a storage's name"),
    "pool": (re.compile(r"[A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+){0,2}"), "a pool's name"),
    "bridge": (re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,14}"), "a bridge or vnet such as vmbr0"),
    "mac": (re.compile(r"[0-9A-Fa-f][02468ACEace](?::[0-9A-Fa-f]{2}){5}"), "a MAC address such as BC:24:11:00:00:01"),
    "configid": (re.compile(r"[A-Za-z][A-Za-z0-9_-]+"), "at least two letters, digits, _ or -, a letter first"),
    "ranges": (re.compile(r"\d+(?:-\d+)?(?:;\d+(?:-\d+)?)*"), "numbers and ranges such as 0;2-5"),
    "cpuset": (re.compile(r"\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*"), "CPUs such as 0,2-5"),
    "urlencoded": (re.compile(r"(?:[A-Za-z0-9_.~*'()!+-]|%[0-9A-Fa-f]{2})*"), "percent-encoded text"),
    "ip4": (re.compile(r"dhcp|\d{1,3}(?:\.\d{1,3}){3}/\d{1,2}"), "dhcp, or an address such as 10.0.0.5/24"),
    "ip6": (re.compile(r"dhcp|auto|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*/\d{1,3}"), "dhcp, auto, or such as fd00::5/64"),
    "gw4": (re.compile(r"\d{1,3}(?:\.\d{1,3}){3}"), "an address such as 10.0.0.1"),
    "gw6": (re.compile(r"[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*"), "an address such as fd00::1"),
    "address-list": (re.compile(r"[^\s,;]+(?:[\s,;]+[^\s,;]+)*"), "addresses, separated by blanks"),
    "volume": (re.compile(r"[A-Za-z][A-Za-z0-9._-]*[A-Za-z0-9]:\S+"), "a volume such as local:snippets/user.yaml"),
    "uuid": (re.compile(r"[A-Fa-f0-9]{8}(?:-[A-Fa-f0-9]{4}){3}-[A-Fa-f0-9]{12}|[01]"), "a UUID"),
    "serial": (re.compile(r"/dev/[^,]+|socket"), "socket, or a device such as /dev/ttyS0"),
    "parallel": (re.compile(r"/dev/parport\d+|/dev/usb/lp\d+"), "a device such as /dev/parport0"),
    "wwn": (re.compile(r"0x[0-9A-Fa-f]{16}"), "0x and 16 hexadecimal digits"),
    "startdate": (re.compile(r"now|\d{4}-\d{1,2}-\d{1,2}(?:T\d{1,2}:\d{1,2}:\d{1,2})?"), "now, or 2026-01-31T12:00:00"),
    "machine": (
        re.compile(r"pc|q35|virt|(?:pc-i440fx|pc-q35|pc|virt)-\d+(?:\.\d+)+(?:\+pve\d+)?(?:\.pxe)?"),
        "pc, q35, virt, or one with its release such as pc-q35-10.1",
    ),
    "flags": (re.compile(r"[+-][A-Za-z0-9_.-]+(?:;[+-][A-Za-z0-9_.-]+)*"), "flags such as +aes;-pcid"),
    "base64": (re.compile(r"[A-Za-z0-9+/]+={0,2}"), "letters and digits, or base64"),
    "ct-ip4": (re.compile(r"dhcp|manual|\d{1,3}(?:\.\d{1,3}){3}/\d{1,2}"), "dhcp, manual, or such as 10.0.0.5/24"),
    "ct-ip6": (re.compile(r"auto|dhcp|manual|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*/\d{1,3}"), "auto, dhcp, or fd00::5/64"),
    "idmap": (
        re.compile(r"passthrough|[ug]:\d+:\d+:[1-9]\d*(?:;[ug]:\d+:\d+:[1-9]\d*)*"),
        "passthrough, or such as u:0:100000:65536;g:0:100000:65536",
    ),
    "mount-options": (
        re.compile(r"(?:(?:discard|lazytime|noatime|nodev|noexec|nosuid)(?:;(?=.)|$))+"),
        "some of discard;lazytime;noatime;nodev;noexec;nosuid",
    ),
    "mount-types": (re.compile(r"[A-Za-z0-9_; ]+"), "types of file systems such as nfs;cifs"),
    "mount-path": (re.compile(r"/[^:,]*"), "a path such as /srv"),
    "device": (re.compile(r"/dev/[^:,]+"), "a device such as /dev/ttyUSB0"),
    "mode": (re.compile(r"0[0-7]{3}"), "an octal mode such as 0660"),
    "timezone": (re.compile(r"[A-Za-z0-9_/+-]+"), "host, or a zone such as Europe/Berlin"),
    "hex4": (re.compile(r"0x[0-9A-Fa-f]{4}"), "0x and four hexadecimal digits"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rule:
    """What one key or property may hold; ``properties`` for a property format."""

    kind: str
    low: int | None = None
    high: int | None = None
    choices: tuple[str, ...] = ()
    properties: Mapping[str, Rule] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    default_key: str | None = None
    required: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of one kind of guest: ``single`` by key, ``numbered`` by the key without its number, and how many."""

    single: Mapping[str, Rule]
    numbered: Mapping[str, tuple[Rule, int]]

    def find(self, key: str) -> Rule | None:
        """Return the rule for a key (``net0`` has that of ``net``), or None."""
        stem = key.rstrip("0123456789")
        digits = key[len(stem) :]
        rule = self.single.get(key)
        if rule is not None or not digits or (len(digits) > 1 and digits[0] == "0"):
            return rule
        found = self.numbered.get(stem)
        return found[0] if found is not None and len(digits) < 6 and int(digits) < found[1] else None

    def names(self) -> list[str]:
        """Return every key, of numbered ones the first."""
        return sorted([*self.single, *(f"{stem}0" for stem in self.numbered)])


def read_rules(keys: str, formats: Mapping[str, str]) -> Rules:
    """Read a table: lines ``KEY TYPE``, where ``net[32]`` stands for net0 to net31."""
    made = {name: _format(text) for name, text in formats.items()}
    single: dict[str, Rule] = {}
    numbered: dict[str, tuple[Rule, int]] = {}
    for line in keys.split("\n"):
        name, _, kind = line.strip().partition(" ")
        if not name:
            continue
        rule = made[kind[1:]] if kind.startswith("@") else _rule(kind)
        stem, bracket, count = name.partition("[")
        if bracket:
            numbered[stem] = (rule, int(count.rstrip("]")))
        else:
            single[name] = rule
    return Rules(single, numbered)


def _rule(kind: str) -> Rule:
    bounds = _BOUNDS.fullmatch(kind)
    if bounds is not None:
        low, high = (int(text) if text else None for text in (bounds[2], bounds[3]))
        return Rule(bounds[1], low, high)
    if kind in ("bool", "text", "size") or kind in _PATTERNS:
        return Rule(kind)
    return Rule("choice", choices=tuple(kind.split("|")))


def _format(text: str) -> Rule:
    properties: dict[str, Rule] = {}
    aliases: dict[str, str] = {}
    required: set[str] = set()
    default = None
    for word in text.split():
        name, _, kind = word.partition(":")
        if name.startswith("*"):
            default = name.lstrip("*!")
        if "!" in name[:2]:
            required.add(name.lstrip("*!"))
        name = name.lstrip("*!")
        alias, at, meant = name.partition("@")
        if at:
            aliases[alias] = meant
        properties[alias] = _rule(kind or "text")
    return Rule("format", properties=properties, aliases=aliases, default_key=default, required=frozenset(required))


def checked(rules: Rules, key: str, value: str, where: str = "--set") -> Plain:
    """Return the value as PVE takes it: booleans as 1 and 0, numbers as numbers; raises UsageError."""
    rule = rules.find(key)
    if rule is None:
        raise unknown_key(rules, key, where)
    if rule.kind == "format":
        return _checked_format(rule, key, value)
    if key != "description" and any(ord(char) < 32 for char in value):
        raise UsageError(f"{key}: the value holds a control character", hint="only description can hold several lines")
    return _checked_plain(rule, key, value)


def pattern_of(kind: str) -> tuple[str, str] | None:
    """Return the expression of a named format and how such a value looks; None for the types without one."""
    found = _PATTERNS.get(kind)
    return (found[0].pattern, found[1]) if found is not None else None


def unknown_key(rules: Rules, key: str, where: str) -> UsageError:
    """Return the error for a key that PVE does not know, with the nearest ones."""
    from difflib import get_close_matches

    near = get_close_matches(key, rules.names(), n=3, cutoff=0.6)
    meant = f"did you mean {' or '.join(near)}?" if near else "see: pmpc vm config GUEST for the keys of a guest"
    return UsageError(f"{where}: Proxmox VE knows no setting {key!r}", hint=meant, details={"key": key})


def _checked_plain(rule: Rule, what: str, value: str) -> Plain:
    match rule.kind:
        case "bool":
            low = value.lower()
            if low not in _TRUE | _FALSE:
                raise UsageError(f"{what}: {value[:60]!r} is neither yes nor no", hint="write 1 or 0")
            return int(low in _TRUE)
        case "int" | "num":
            return _checked_number(rule, what, value)
        case "choice":
            if value not in rule.choices:
                raise UsageError(f"{what}: {value[:60]!r} is not one of {', '.join(rule.choices)}")
        case "size":
            parse_size(value)
        case "text":
            pass
        case pattern:
            expression, looks = _PATTERNS[pattern]
            if expression.fullmatch(value) is None:
                raise UsageError(f"{what}: {value[:60]!r} cannot be used", hint=f"it must be {looks}")
    return value


def _checked_number(rule: Rule, what: str, value: str) -> int | float:
    # Python reads 1_000, inf and other scripts' digits as numbers, PVE does not.
    if _NUMBERS[rule.kind].fullmatch(value) is None:
        raise UsageError(f"{what}: {value[:60]!r} is no {'whole ' if rule.kind == 'int' else ''}number")
    number: int | float = int(value) if rule.kind == "int" else float(value)
    if not (rule.low is None or number >= rule.low) or not (rule.high is None or number <= rule.high):
        low = f"at least {rule.low}" if rule.low is not None else ""
        high = f"at most {rule.high}" if rule.high is not None else ""
        raise UsageError(f"{what}: {value} must be {' and '.join(part for part in (low, high) if part)}")
    return int(number) if number == int(number) else number


def _checked_format(rule: Rule, key: str, value: str) -> str:
    if any(ord(char) < 32 for char in value):
        raise UsageError(f"{key}: the value holds a control character")
    parsed = PropertyString.parse(value, rule.default_key)
    seen: set[str] = set()
    for name, text in parsed:
        if not name:
            raise UsageError(
                f"{key}: {text[:60]!r} has no property's name",
                hint=f"write it as NAME={text[:20]}; properties: {_named(rule)}",
            )
        part = rule.properties.get(name)
        if part is None:
            raise _unknown_property(rule, key, name)
        meant = rule.aliases.get(name, name)
        if meant in seen:
            raise UsageError(f"{key}: {meant} is given twice")
        seen.add(meant)
        if not text:
            raise UsageError(f"{key}: {name} has no value")
        _checked_plain(part, f"{key}: {name}", text)
    missing = rule.required - seen
    if missing:
        raise UsageError(f"{key}: {', '.join(sorted(missing))} must be given", hint=f"properties: {_named(rule)}")
    return value


def _unknown_property(rule: Rule, key: str, name: str) -> UsageError:
    from difflib import get_close_matches

    near = get_close_matches(name, rule.properties, n=2, cutoff=0.6)
    meant = f"did you mean {' or '.join(near)}? " if near else ""
    return UsageError(f"{key} has no property {name!r}", hint=f"{meant}properties: {_named(rule)}")


def _named(rule: Rule) -> str:
    names = [name for name in rule.properties if name not in rule.aliases]
    return ", ".join(names[:24]) + (", …" if len(names) > 24 else "")


def meaning(rules: Rules, key: str, value: str) -> object:
    """Return what a value means: two spellings of the same are equal.

    That is: order of properties and of sets, default keys and aliases, booleans, sizes, numbers, case of tags and MACs,
    separators of lists, percent-encoding of SSH keys.
    """
    rule = rules.find(key)
    if key == "tags":
        return frozenset(tag.lower() for tag in split_list(value))
    if key == "description":
        return value.replace("\r\n", "\n").rstrip("\n")
    if key == "sshkeys":
        return tuple(line.strip() for line in unquote(value).splitlines() if line.strip())
    if rule is None:
        return value
    if rule.kind != "format":
        return _meant(rule, value)
    found: dict[str, object] = {}
    for name, text in PropertyString.parse(value, rule.default_key):
        part = rule.properties.get(name, Rule("text"))
        if part.kind == "mac" and rule.aliases.get(name) == "model":
            # virtio=MAC says model and address at once
            found |= {"model": name, "macaddr": text.upper()}
        else:
            found[rule.aliases.get(name, name)] = text.upper() if part.kind == "mac" else _meant(part, text)
    return found


def _meant(rule: Rule, value: str) -> object:
    if rule.kind == "bool":
        return value.lower() in _TRUE
    if rule.kind == "size":
        try:
            return parse_size(value)
        except UsageError:
            return value
    if rule.kind in ("int", "num"):
        try:
            return float(value)
        except ValueError:
            return value
    if rule.kind in _SETS:
        return frozenset(part for part in re.split(r"[;\s]+", value) if part)
    if rule.kind == "address-list":
        return tuple(split_list(value))
    return value
