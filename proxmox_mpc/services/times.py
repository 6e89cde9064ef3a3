"""Moments on the command line."""

from __future__ import annotations

from contextlib import suppress

from proxmox_mpc.domain.moments import Now, duration, epoch


def earliest(text: str | None, option: str, now: Now) -> float | None:
    """Return epoch seconds for an age (``2h``) or an ISO 8601 moment; raises UsageError naming ``option``."""
    if text is None:
        return None
    # Digits alone are seconds here; the standard library would read eight of them as a date.
    if not text.isdecimal():
        with suppress(ValueError):
            return epoch(text)
    return now() - duration(text, option)
