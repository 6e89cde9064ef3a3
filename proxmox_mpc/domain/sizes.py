"""Sizes, durations and other quantities: read as people and PVE write them, written for people.

PVE counts in powers of 1024 under every spelling (``32G``, memory in MiB, disks in GiB), and so does this module.
"""

from __future__ import annotations

import re

from proxmox_mpc.errors import UsageError

UNITS = "BKMGTPE"
_SIZE = re.compile(r"(?P<whole>\d+)(?:\.(?P<part>\d+))?\s*(?P<unit>[KMGTPE]?)(?:i?B)?", re.IGNORECASE | re.ASCII)
_BYTES = re.compile(r"\d+\s*B", re.IGNORECASE | re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_DURATION = re.compile(r"(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", re.IGNORECASE | re.ASCII)


def unit_bytes(unit: str) -> int:
    """Return how many bytes a unit letter (``B K M G T P E``) stands for."""
    return 1 << 10 * UNITS.index(unit.upper())


def parse_size(text: str, unit: str = "B") -> int:
    """Return bytes for ``32``, ``1.5G``, ``512MiB``; a bare number counts in ``unit``. Raises UsageError."""
    stripped = text.strip()
    match = _SIZE.fullmatch(stripped)
    if match is None:
        raise UsageError(f"{text[:60]!r} is no size", hint="write it like 512M, 32G or 1.5T, in powers of 1024")
    letter = "B" if _BYTES.fullmatch(stripped) else match["unit"] or unit
    factor, part = unit_bytes(letter), match["part"] or ""
    return (int(match["whole"] + part) * factor) // int("1" + "0" * len(part))


def whole(size: int, unit: str, what: str = "the size") -> int:
    """Return bytes as a count of ``unit``; raises UsageError where that would lose something."""
    count, rest = divmod(size, unit_bytes(unit))
    if rest:
        raise UsageError(f"{what} must be a whole number of {unit}iB, not {size} bytes")
    return count


def format_size(size: int) -> str:
    """Write bytes as PVE does in a disk's ``size=``: the largest unit that leaves no rest (``32G``, ``1536M``)."""
    letter = "B"
    for candidate in "KMGTPE":
        if size == 0 or size % unit_bytes(candidate):
            break
        letter = candidate
    count = size // unit_bytes(letter)
    return str(count) if letter == "B" else f"{count}{letter}"


def human_size(size: float) -> str:
    """Write bytes for people: ``0 B``, ``512 MiB``, ``1.5 TiB``."""
    value, letter = float(size), "B"
    for candidate in "KMGTPE":
        # 1023.96 would print as 1024.0 of the smaller unit.
        if abs(value) < 1023.95:
            break
        value, letter = value / 1024, candidate
    number = f"{value:.1f}".removesuffix(".0")
    return f"{number} B" if letter == "B" else f"{number} {letter}iB"


def human_fraction(fraction: float) -> str:
    """Write a fraction as a percentage: 0.125 is ``12.5%``."""
    return f"{fraction * 100:.1f}%"


def parse_duration(text: str) -> int:
    """Return seconds for ``90``, ``30d``, ``1h30m``, ``2w``. Raises UsageError."""
    stripped = text.strip()
    if stripped.isdecimal() and stripped.isascii():
        return int(stripped)
    match = _DURATION.fullmatch(stripped)
    if match is None or not stripped:
        raise UsageError(f"{text[:60]!r} is no duration", hint="write it like 90s, 15m, 12h, 30d, 2w or 1h30m")
    return sum(int(count) * _SECONDS[letter] for count, letter in zip(match.groups(), "wdhms", strict=True) if count)


def human_duration(seconds: float) -> str:
    """Write seconds for people by the two largest units that count: ``45s``, ``3m 20s``, ``12d 4h``."""
    rest = int(seconds)
    if rest < 0:
        return f"-{human_duration(-rest)}"
    parts: list[str] = []
    for letter in "dhms":
        count, rest = divmod(rest, _SECONDS[letter])
        if count or (letter == "s" and not parts):
            parts.append(f"{count}{letter}")
        elif parts:
            break
        if len(parts) == 2:
            break
    return " ".join(parts)
