"""Why a list may be empty: PVE answers a token that may not look with an empty list, and no error."""

from __future__ import annotations

from proxmox_mpc.domain.json import as_object
from proxmox_mpc.domain.source import Source, Warn
from proxmox_mpc.services.privileges import NEEDS, grants


def blindness(source: Source, privilege: str, holder: str) -> Warn | None:
    """Return a warning when the credentials hold ``privilege`` nowhere, so that an empty list proves nothing."""
    permissions = as_object(source.read("/access/permissions"), "/access/permissions")
    held = any(isinstance(privileges, dict) and privilege in privileges for privileges in permissions.values())
    if held:
        return None
    needs = [need for need in NEEDS if need.privilege == privilege][:1]
    lines = grants(needs, holder)
    return Warn(
        "not_visible",
        f"the list is empty, and {holder} has {privilege} on nothing: there may be objects that it cannot see",
        hint="\n".join(("as root on any node:", *lines)),
        details={"privilege": privilege},
    )
