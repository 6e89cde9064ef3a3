"""Values as people read them: units, durations, moments, and text that cannot move the cursor."""

from __future__ import annotations

import unicodedata
from datetime import datetime

from proxmox_mpc.domain.json import Json
from proxmox_mpc.domain.shape import Field

_SPANS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))
_STEPS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
# Explicit bidirectional controls re-order what stands around them (CVE-2021-42574), so they are shown, not obeyed.
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def visible(text: str) -> str:
    """Make control characters visible, so that text from a server can neither colour, move nor hide anything."""
    if text.isprintable() and text.isascii():
        return text
    return "".join(_escape(char) if _moves(char) else char for char in text)


def _moves(char: str) -> bool:
    return unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") or char in _BIDI


def _escape(char: str) -> str:
    code = ord(char)
    return _ESCAPES.get(char) or (f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}")


def byte_size(value: float) -> str:
    """Return 1024-based units with three digits that count: 512 MiB, 1.5 GiB."""
    size, step = float(value), 0
    while abs(size) >= 1024 and step < len(_STEPS) - 1:
        size, step = size / 1024, step + 1
    if step and abs(size) >= 1023.5 and step < len(_STEPS) - 1:
        size, step = size / 1024, step + 1
    digits = 0 if step == 0 or size == int(size) or abs(size) >= 100 else 1 if abs(size) >= 10 else 2
    return f"{size:.{digits}f} {_STEPS[step]}"


def span(seconds: float) -> str:
    """Return a duration by its largest unit and the next smaller one: 3d 4h, 12m 5s, 152d, 0s."""
    left = int(abs(seconds))
    sign = "-" if seconds <= -1 else ""
    for at, (name, size) in enumerate(_SPANS):
        if left >= size or size == 1:
            rest, below = (left % size, _SPANS[at + 1]) if size > 1 else (0, ("s", 1))
            more = f" {rest // below[1]}{below[0]}" if rest >= below[1] else ""
            return f"{sign}{left // size}{name}{more}"
    return "0s"


def moment(text: str) -> str:
    """Return an ISO 8601 moment in the reader's own time zone, to the second."""
    try:
        return datetime.fromisoformat(text).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    except (ValueError, OverflowError):
        return visible(text)


def cell(field: Field | None, value: Json) -> str:
    """Return one value as a table shows it; null and the empty list are ``-``."""
    if value is None or value in ("", [], {}):
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        return _amount(field.unit if field else "", value)
    if isinstance(value, str):
        return moment(value) if field is not None and field.base == "time" else visible(value)
    if isinstance(value, list):
        return ", ".join(cell(None, entry) for entry in value)
    return ", ".join(f"{visible(key)}={cell(None, entry)}" for key, entry in value.items())


def _amount(unit: str, value: float) -> str:
    match unit:
        case "bytes":
            return byte_size(value)
        case "MiB":
            return byte_size(value * 1024 * 1024)
        case "bytes/s":
            return f"{byte_size(value)}/s"
        case "seconds":
            return span(value)
        case "fraction":
            return f"{value * 100:.1f} %"
        case "percent":
            return f"{value:.1f} %"
    if isinstance(value, int) or value.is_integer():
        return str(int(value))
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"
