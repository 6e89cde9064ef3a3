"""Sizes as people and PVE write them; output.human writes them for people.

PVE counts in powers of 1024 under every spelling (``32G``, memory in MiB, disks in GiB), and so does this module.
"""

from __future__ import annotations

import re

from proxmox_mpc.errors import UsageError

UNITS = "BKMGTPE"
_SIZE = re.compile(r"(?P<whole>\d+)(?:\.(?P<part>\d+))?\s*(?P<unit>[KMGTPE]?)(?:i?B)?", re.IGNORECASE | re.ASCII)
_BYTES = re.compile(r"\d+\s*B", re.IGNORECASE | re.ASCII)


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
