"""PVE's texts as the provider reads them: property lists, sizes, flags, devices in their natural order."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import TypeVar

from proxmox_mpc.domain.json import JsonObject
from tests.iac.provider.schema import Check, SuppressList, Value

_UNITS = {"": 1, "k": 1024, "m": 1024**2, "g": 1024**3, "t": 1024**4}
_SIZE = re.compile(r"(?i)(\d+(?:\.\d+)?)([kmgt]?)(?:i?b)?")
T = TypeVar("T")


def text(config: JsonObject, key: str) -> str | None:
    """Return a value of a configuration as text, None where it is not there."""
    found = config.get(key)
    if found is None:
        return None
    return str(int(found)) if isinstance(found, bool) else str(found)


def whole(config: JsonObject, key: str) -> int | None:
    """Return a value of a configuration as a whole number."""
    found = text(config, key)
    return int(float(found)) if found not in (None, "") else None


def flag(config: JsonObject, key: str) -> bool | None:
    """Return a flag of a configuration, None where it is not there."""
    found = text(config, key)
    return None if found is None else found in ("1", "true", "yes", "on")


class Pairs:
    """A property list: ``local:vm-1-disk-0,size=8G``; ``head`` is the part without a key."""

    def __init__(self, value: str) -> None:
        self.head: str | None = None
        self._pairs: dict[str, str] = {}
        for part in value.split(","):
            words = part.strip().split("=")
            if len(words) == 1 and words[0]:
                self.head = words[0]
            elif len(words) == 2:
                self._pairs[words[0]] = words[1]

    def __contains__(self, key: str) -> bool:
        return key in self._pairs

    def get(self, key: str) -> str | None:
        """Return the text of a key."""
        return self._pairs.get(key)

    def whole(self, key: str, default: T) -> int | T:
        """Return the number of a key."""
        found = self._pairs.get(key)
        return default if found is None else int(found)

    def flag(self, key: str, default: T) -> bool | T:
        """Return the flag of a key; only 1 is true."""
        found = self._pairs.get(key)
        return default if found is None else found == "1"

    def items(self) -> Iterable[tuple[str, str]]:
        """Return all keys and texts."""
        return self._pairs.items()


def gigabytes(size: str | None) -> int:
    """Return a size in whole gigabytes, as the provider cuts it down."""
    found = _SIZE.fullmatch(size or "0")
    if found is None:
        return 0
    return math.ceil(float(found[1]) * _UNITS[found[2].lower()]) // 1024**3


def natural(key: str) -> tuple[str, int]:
    """Return what devices are ordered by: their prefix, then their number."""
    found = re.fullmatch(r"(\D*)(\d*)", key)
    return (found[1], int(found[2] or 0)) if found else (key, 0)


def devices(config: JsonObject, prefix: str) -> dict[str, str]:
    """Return the entries ``prefixN`` of a configuration in their natural order."""
    pattern = re.compile(rf"{prefix}\d+")
    found = {key: str(value) for key, value in config.items() if pattern.fullmatch(key) and value is not None}
    return dict(sorted(found.items(), key=lambda pair: natural(pair[0])))


def tags(config: JsonObject) -> list[str]:
    """Return the tags of a guest, sorted."""
    return sorted(one.strip() for one in (text(config, "tags") or "").split(";") if one.strip())


def startup(config: JsonObject) -> list[Value]:
    """Return the startup block of a guest; what is not set is -1."""
    found = text(config, "startup")
    if found is None:
        return []
    pairs = Pairs(found)
    # `startup: 3` is short for `order=3`; the provider reads keys only
    return [
        {
            "order": pairs.whole("order", -1),
            "up_delay": pairs.whole("up", -1),
            "down_delay": pairs.whole("down", -1),
        }
    ]


def one_of(*allowed: str, fold: bool = False) -> Check:
    """Return a check that a text is one of some."""

    def check(value: Value) -> str | None:
        found = str(value).lower() if fold else str(value)
        words = [one.lower() for one in allowed] if fold else [*allowed]
        return None if found in words else f"to be one of {[*allowed]}, got {value}"

    return check


def between(low: float, high: float) -> Check:
    """Return a check that a number lies in a range."""
    return lambda value: None if low <= value <= high else f"to be in the range ({low} - {high}), got {value}"


def matching(pattern: str) -> Check:
    """Return a check that a text matches a pattern somewhere."""
    compiled = re.compile(pattern)
    return lambda value: None if compiled.search(str(value)) else f"to match {pattern}, got {value!r}"


FILE_ID = matching(r"(?i)^$|^[a-z\d\-_.]+:([a-z\d\-_]+/)?.+$")
MAC = matching(r"(?i)^$|^([0-9a-f]{2}:){5}[0-9a-f]{2}$")
GUEST_ID: Check = between(100, 2147483647)


def same_words(old: list[Value], new: list[Value]) -> bool:
    """Whether two lists hold the same, in any order."""
    return sorted(map(str, old)) == sorted(map(str, new))


def same_by(key: str, *ignored: str) -> SuppressList:
    """Return whether two lists of objects hold the same, in any order, told apart by a key."""

    def suppress(old: list[Value], new: list[Value]) -> bool:
        if len(old) != len(new):
            return False
        before, after = _by(old, key, ignored), _by(new, key, ignored)
        return all(name in after and after[name] == one for name, one in before.items())

    return suppress


def _by(items: list[Value], key: str, ignored: tuple[str, ...]) -> dict[str, Mapping[str, Value]]:
    return {one[key]: {name: value for name, value in one.items() if name not in ignored} for one in items}
