"""What the settings of storages, users, zones and the like may hold: tables of keys, checked before anything is sent.

A line of a table is ``KEY TYPE FLAGS``. Types are those of ``domain.config_rules`` and, with ``~``, the patterns below.
Flags: ``!`` can only be given at creation, ``*`` a list without order, ``[]`` an array, ``?`` a secret.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from proxmox_mpc.domain.call import FormValue
from proxmox_mpc.domain.config_rules import Rules, checked, read_rules
from proxmox_mpc.domain.connection import Secret
from proxmox_mpc.domain.json import Json, split_list
from proxmox_mpc.errors import UsageError

Given = str | int | float | bool | Secret | Sequence[str] | None

_PART = r"[A-Za-z0-9][A-Za-z0-9._-]*"
_BYTE = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
_IP4 = rf"{_BYTE}(?:\.{_BYTE}){{3}}"
_IP6 = r"[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*"
# PVE::JSONSchema's named formats, and patterns of the API's parameters; the text says how such a value looks.
PATTERNS: Mapping[str, tuple[re.Pattern[str], str]] = {
    "names": (re.compile(rf"{_PART}(?:[,; ]+{_PART})*"), "names, separated by commas"),
    "name": (re.compile(_PART), "a name of letters, digits and . _ -"),
    "groupid": (re.compile(r"[A-Za-z0-9._-]+"), "a name of letters, digits and . _ -"),
    "iface": (re.compile(r"[A-Za-z][A-Za-z0-9_]{1,20}(?:[:.]\d+)?"), "an interface such as vmbr0, eno1 or vmbr0.40"),
    "ifaces": (
        re.compile(r"(?:none|[A-Za-z][A-Za-z0-9_.:]{0,40}(?:[,; ]+[A-Za-z][A-Za-z0-9_.:]{0,40})*)?"),
        "interfaces, separated by blanks, or none",
    ),
    "vlans": (re.compile(r"\d{1,4}(?:-\d{1,4})?(?:[,; ]+\d{1,4}(?:-\d{1,4})?)*"), "VLANs such as 2-4094 or 10 20-30"),
    "path": (re.compile(r"/[^\n]*"), "a path that begins with /"),
    "host": (re.compile(rf"{_IP4}|{_IP6}|{_PART}"), "a host's name or address"),
    "hosts": (re.compile(r"[^\s,;]+(?:[\s,;]+[^\s,;]+)*"), "hosts, separated by blanks"),
    "ip": (re.compile(rf"{_IP4}|{_IP6}"), "an address such as 10.0.0.1 or fd00::1"),
    "ip4": (re.compile(_IP4), "an address such as 10.0.0.1"),
    "ip6": (re.compile(_IP6), "an address such as fd00::1"),
    "ips": (re.compile(rf"(?:{_IP4}|{_IP6})(?:[,; ]+(?:{_IP4}|{_IP6}))*"), "addresses, separated by commas"),
    "cidr": (re.compile(rf"{_IP4}(?:/\d{{1,2}})?|{_IP6}(?:/\d{{1,3}})?"), "an address or network such as 10.0.0.0/24"),
    "cidr4": (re.compile(rf"{_IP4}/\d{{1,2}}"), "an address with its prefix such as 10.0.0.1/24"),
    "cidr6": (re.compile(rf"{_IP6}/\d{{1,3}}"), "an address with its prefix such as fd00::1/64"),
    "mac": (re.compile(r"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}"), "a MAC address such as BC:24:11:00:00:01"),
    "macprefix": (re.compile(r"[0-9A-Fa-f][02468ACEace](?::[0-9A-Fa-f]{2}){1,4}:?"), "such as BC:24:11"),
    "fingerprint": (re.compile(r"(?:[A-Fa-f0-9]{2}:){31}[A-Fa-f0-9]{2}"), "32 bytes in hex, separated by colons"),
    "email": (re.compile(r"[^\s@]+@[^\s@]+|"), "a mail address"),
    "privs": (
        re.compile(r"(?:[A-Za-z]+\.[A-Za-z.]+(?:[,; ]+[A-Za-z]+\.[A-Za-z.]+)*)?"),
        "privileges such as VM.Audit,VM.Console",
    ),
    "hanodes": (
        re.compile(rf"{_PART}(?::\d+)?(?:[,; ]+{_PART}(?::\d+)?)*"),
        "nodes with their priorities, such as pve1:2,pve2:1",
    ),
    "sids": (
        re.compile(r"(?:(?:vm|ct):)?\d+(?:[,; ]+(?:(?:vm|ct):)?\d+)*"),
        "resources such as vm:101,ct:200",
    ),
    "calendar": (re.compile(r"[A-Za-z0-9*/:,.\- ]{1,128}"), "a calendar event such as */15 or mon..fri 02:00"),
    "ports": (
        re.compile(r"[A-Za-z0-9-]+(?::\d+)?(?:,[A-Za-z0-9-]+(?::\d+)?)*"),
        "ports such as 22, 80,443, 8000:8010 or https",
    ),
    "fwaddr": (
        re.compile(r"\+?[A-Za-z0-9_./:-]+(?:,[A-Za-z0-9_./:-]+)*"),
        "addresses, networks, ranges, an alias, or +IPSET",
    ),
    "word": (re.compile(r"[A-Za-z0-9._-]+"), "one word"),
    "url": (re.compile(r"https?://\S+"), "a URL that begins with http:// or https://"),
    "dns": (re.compile(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*"), "a DNS name"),
    "tagslist": (re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9_.+-]*;?)*"), "tags, separated by semicolons"),
    "dhcprange": (
        re.compile(r"start-address=[0-9A-Fa-f.:]+,end-address=[0-9A-Fa-f.:]+"),
        "start-address=ADDRESS,end-address=ADDRESS",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Keys:
    """The settings of one kind of object."""

    rules: Rules
    patterns: Mapping[str, str]
    create_only: frozenset[str]
    unordered: frozenset[str]
    arrays: frozenset[str]
    secret: frozenset[str]

    def names(self) -> list[str]:
        """Return every key."""
        return self.rules.names()


def read_keys(table: str, formats: Mapping[str, str] | None = None) -> Keys:
    """Read a table."""
    plain: list[str] = []
    patterns: dict[str, str] = {}
    flagged: dict[str, set[str]] = {"!": set(), "*": set(), "[]": set(), "?": set()}
    for line in table.strip().splitlines():
        name, kind, *flags = line.split()
        if kind.startswith("~"):
            patterns[name] = kind[1:]
            kind = "text"
        plain.append(f"{name} {kind}")
        for flag in flags:
            flagged[flag].add(name)
    sets = {flag: frozenset(names) for flag, names in flagged.items()}
    return Keys(read_rules("\n".join(plain), formats or {}), patterns, sets["!"], sets["*"], sets["[]"], sets["?"])


def checked_setting(keys: Keys, key: str, value: str, where: str) -> str | int | float:
    """Return a value as PVE takes it; raises UsageError naming key, value and remedy."""
    if keys.rules.find(key) is None:
        raise _unknown(keys, key, where)
    made = checked(keys.rules, key, value, where)
    name = keys.patterns.get(key)
    if name is not None:
        matched(name, key, value)
    return made


def matched(pattern: str, what: str, value: str) -> str:
    """Return ``value`` when it is of a pattern's form; raises UsageError."""
    expression, looks = PATTERNS[pattern]
    if expression.fullmatch(value) is None:
        raise UsageError(f"{what}: {value[:60]!r} cannot be used", hint=f"it must be {looks}")
    return value


def gathered(
    keys: Keys, options: Mapping[str, Given], pairs: Sequence[str] = (), *, creating: bool = True
) -> dict[str, FormValue]:
    """Return the form that options and ``--set KEY=VALUE`` ask for, checked; raises UsageError.

    ``options`` maps keys to what a command's own options say, None where they say nothing.
    """
    form: dict[str, FormValue] = {}
    for key, value in options.items():
        if value is None or value == []:
            continue
        if isinstance(value, Secret):
            form[key] = value
        elif isinstance(value, (str, int, float)):
            form[key] = checked_setting(
                keys, key, str(int(value)) if isinstance(value, bool) else str(value), f"--{key}"
            )
        else:
            form[key] = _listed(keys, key, list(value), f"--{key}")
    for key, found in _pairs(pairs).items():
        if key in keys.secret:
            raise UsageError(f"--set {key}: a secret does not belong on the command line", hint="use: --password-from")
        if key in form:
            raise UsageError(f"{key} is given twice", hint=f"by its own option and by --set {key}=…")
        many = key in keys.arrays or len(found) > 1
        form[key] = _listed(keys, key, found, "--set") if many else checked_setting(keys, key, found[0], "--set")
    fixed = sorted(keys.create_only & form.keys())
    if fixed and not creating:
        raise UsageError(f"{', '.join(fixed)} cannot be changed later", hint="create another one, and delete this")
    return form


def checked_deletes(keys: Keys, deletes: Sequence[str], form: Mapping[str, FormValue]) -> list[str]:
    """Return the keys that ``--delete`` names (commas separate); raises UsageError for what cannot be deleted."""
    named = [name for word in deletes for name in split_list(word)]
    for name in named:
        if keys.rules.find(name) is None:
            raise _unknown(keys, name, "--delete")
        if name in keys.create_only:
            raise UsageError(f"--delete: {name} must stay")
        if name in form:
            raise UsageError(f"{name} is set and deleted at once")
    return list(dict.fromkeys(named))


def same(keys: Keys, key: str, now: Json, wanted: FormValue) -> bool:
    """Whether a setting is as wanted: numbers and booleans in any spelling, lists in any order."""
    if now is None or isinstance(wanted, Secret):
        return False
    return _meant(keys, key, now) == _meant(keys, key, wanted)


def as_form(keys: Keys, key: str, value: Json) -> FormValue:
    """Return a value that was read in the form in which it is sent."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, list):
        texts = [_element(one) for one in value]
        return texts if key in keys.arrays else ",".join(texts)
    if isinstance(value, dict):
        return ",".join(f"{name}={_element(one)}" for name, one in sorted(value.items()))
    return value


def _element(value: Json) -> str:
    if isinstance(value, dict):
        return ",".join(f"{name}={one}" for name, one in sorted(value.items(), reverse=True))
    return str(int(value)) if isinstance(value, bool) else str(value)


def _meant(keys: Keys, key: str, value: object) -> object:
    if isinstance(value, bool):
        value = int(value)
    if isinstance(value, (list, tuple)):
        return frozenset(_element(one) for one in value)
    if isinstance(value, dict):
        return frozenset(f"{name}={_element(one)}" for name, one in value.items())
    # PVE ends the comments of interfaces and the descriptions of nodes with a newline.
    text = str(value).rstrip("\n")
    rule = keys.rules.find(key)
    if rule is not None and rule.kind == "bool":
        return text.lower() in ("1", "on", "yes", "true")
    if key in keys.unordered or key in keys.arrays:
        return frozenset(split_list(text))
    if "=" in text:
        return frozenset(text.split(","))
    return text


def _listed(keys: Keys, key: str, values: Sequence[str], where: str) -> FormValue:
    for value in values:
        checked_setting(keys, key, value, where)
    if key in keys.arrays:
        return list(values)
    if key not in keys.unordered and len(values) > 1:
        raise UsageError(f"{where}: {key} is given twice")
    return ",".join(values)


def _pairs(pairs: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not key or not equals:
            raise UsageError(f"--set {pair[:60]!r} is no setting", hint="write it as --set KEY=VALUE")
        found.setdefault(key, []).append(value)
    return found


def _unknown(keys: Keys, key: str, where: str) -> UsageError:
    from difflib import get_close_matches

    near = get_close_matches(key, keys.names(), n=3, cutoff=0.6)
    meant = f"did you mean {' or '.join(near)}?" if near else f"there are: {', '.join(keys.names())}"
    return UsageError(f"{where}: Proxmox VE knows no setting {key!r} here", hint=meant, details={"key": key})
