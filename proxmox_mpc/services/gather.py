"""What a read that failed means for an answer made of many reads."""

from __future__ import annotations

from proxmox_mpc.domain.source import Warn
from proxmox_mpc.errors import PmpcError

_NOT_IMPLEMENTED = 501


def warning_of(what: str, error: PmpcError) -> Warn:
    """Return the warning that ``what`` could not be read."""
    return Warn(error.code, f"{what} could not be read: {error.message}", error.hint, {"what": what})


def unknown_to_server(error: PmpcError) -> bool:
    """Return whether the server does not know the path at all, being of another release (PVE: 501)."""
    return error.details.get("status") == _NOT_IMPLEMENTED
