"""The one form in which the database keeps a time: ISO 8601, UTC, whole seconds; it sorts as text."""

from __future__ import annotations

import time


def stamp(moment: float) -> str:
    """Write epoch seconds as ``2026-11-22T19:57:01Z``."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))
