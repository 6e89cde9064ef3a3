"""What the credentials may not see, and the commands that an administrator gives them what is missing by."""

from __future__ import annotations

from dataclasses import dataclass
from shlex import quote

from proxmox_mpc.domain.json import JsonObject, as_object
from proxmox_mpc.domain.source import Source

ROLE = "PVEAuditor"
"""PVE's own role for looking at everything and changing nothing."""

_READING = (
    ("/", "Sys.Audit", "the state of the cluster"),
    ("/nodes", "Sys.Audit", "nodes, their tasks and logs"),
    ("/vms", "VM.Audit", "guests and their configuration"),
    ("/storage", "Datastore.Audit", "storages and what is on them"),
    ("/pool", "Pool.Audit", "pools"),
    ("/sdn", "SDN.Audit", "software defined networks"),
)


@dataclass(frozen=True, slots=True)
class Missing:
    """A privilege that reading needs at ``path``; ``sees`` is what stays hidden without it."""

    path: str
    privilege: str
    sees: str


def read_permissions(source: Source) -> JsonObject:
    """Return the effective privileges by path, as PVE computes them for the credentials themselves."""
    return as_object(source.read("/access/permissions"), "/access/permissions")


def missing_for_reading(permissions: JsonObject) -> list[Missing]:
    """Return what would be hidden; ``permissions`` is the answer of /access/permissions."""
    return [
        Missing(path, privilege, sees) for path, privilege, sees in _READING if privilege not in _at(permissions, path)
    ]


def grants(missing: list[Missing], holder: str) -> list[str]:
    """Return the `pveum` lines, for a shell on any node, that give ``holder`` (a user or token id) what is missing.

    A token with privilege separation has what both it and its user have, so both get a line.
    """
    if not missing:
        return []
    paths = ["/"] if missing[0].path == "/" else [gap.path for gap in missing]
    user, _, token = holder.partition("!")
    lines = []
    for path in paths:
        lines.append(f"pveum acl modify {path} --users {quote(user)} --roles {ROLE}")
        if token:
            lines.append(f"pveum acl modify {path} --tokens {quote(holder)} --roles {ROLE}")
    return lines


def _at(permissions: JsonObject, path: str) -> JsonObject:
    """Return the privileges at a path: its own entry, or what propagates from the root where PVE lists none."""
    entry = permissions.get(path)
    if not isinstance(entry, dict):
        root = permissions.get("/")
        # The value says whether a privilege propagates.
        return {name: on for name, on in root.items() if on in (1, "1", True)} if isinstance(root, dict) else {}
    return entry
