"""Moments: epoch seconds as PVE sends them, ISO 8601 UTC as pmpc prints them, and as people write them."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

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


class Moment(NamedTuple):
    """A moment of the recorded past as somebody wrote it: epoch seconds, or the number of a run."""

    text: str
    at: float | None = None
    run: int | None = None


MOMENTS = "an age such as 2d, 36h or 15m, ISO 8601, today, yesterday, run:12"
"""What ``moment`` reads. A date alone, today and yesterday are 00:00 of that day; without an offset it is UTC."""
_DAY = 86400
_RUN = re.compile(r"run:([0-9]{1,9})", re.IGNORECASE)


def moment(text: str, option: str, now: Now) -> Moment:
    """Return the moment that a text means (see MOMENTS); raises UsageError naming ``option``, also for the future.

    What lies before 1970 is 1970: nothing was recorded then either.
    """
    said = text.strip()
    if run := _RUN.fullmatch(said):
        return Moment(said, run=int(run[1]))
    present = now()
    at = _epoch_of(said, present)
    if at is None:
        raise UsageError(f"{option}: {text!r} is no moment", hint=f"write {MOMENTS}")
    if at > present:
        raise UsageError(f"{option}: {text!r} is in the future", hint=f"write {MOMENTS}")
    return Moment(said, at=max(0.0, at))


def _epoch_of(said: str, present: float) -> float | None:
    midnight = present - present % _DAY
    if said.lower() in ("today", "yesterday"):
        return midnight if said.lower() == "today" else midnight - _DAY
    # Digits alone would be seconds to some, a year or a whole date to others.
    if said.isdecimal():
        return None
    try:
        return epoch(said)
    except ValueError:
        pass
    try:
        return present - duration(said, "")
    except UsageError:
        return None
