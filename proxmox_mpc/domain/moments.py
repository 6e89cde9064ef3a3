"""Moments: epoch seconds as PVE sends them, ISO 8601 UTC as pmpc prints them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime

from proxmox_mpc.errors import UsageError

Now = Callable[[], float]

_AGE = re.compile(r"(\d+(?:\.\d+)?)\s*(s|sec|m|min|h|d|w|mo|y)", re.IGNORECASE)
_SECONDS = {"s": 1, "sec": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, "w": 604800, "mo": 2592000, "y": 31536000}


def iso(epoch: float | None) -> str | None:
    """Return ``2026-11-22T19:57:00Z`` for epoch seconds; None for None, zero and what no calendar holds."""
    if not epoch:
        return None
    try:
        return datetime.fromtimestamp(int(epoch), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, ValueError, OSError):
        return None


def epoch(text: str) -> float:
    """Return epoch seconds of ISO 8601 text; a moment without offset is UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def duration(text: str, option: str) -> float:
    """Return the seconds of ``30d``, ``12h``, ``1h30m`` or ``90`` (seconds); raises UsageError naming ``option``."""
    compact = text.replace(" ", "")
    if compact.isdigit():
        return float(compact)
    matches = list(_AGE.finditer(compact))
    if not matches or "".join(match[0] for match in matches) != compact:
        raise UsageError(
            f"{option}: {text!r} is no duration",
            hint="write a number and a unit: 90s, 15m, 12h, 30d, 4w, 6mo, 1y",
        )
    return sum(float(match[1]) * _SECONDS[match[2].lower()] for match in matches)
