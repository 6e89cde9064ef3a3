"""What reading needs of Proxmox VE, who holds it, and the commands that an administrator gives it by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from shlex import quote

from proxmox_mpc.domain.json import JsonObject, as_object, boolean
from proxmox_mpc.domain.source import Source

ROLE = "PVEAuditor"
"""PVE's own role for looking at everything and changing nothing."""
FURTHER_ROLE = "PmpcFurther"
"""The role that the printed commands make of what PVEAuditor does not hold."""


@dataclass(frozen=True, slots=True)
class Need:
    """A privilege that commands need on a path, and what stays hidden without it.

    ``basic``: PVEAuditor holds it. The others are further privileges; ``changes`` says that PVE lets its holder change
    something too. ``releases`` are the major releases of PVE that know the privilege, from and to.
    """

    commands: str
    privilege: str
    path: str
    sees: str
    basic: bool = True
    changes: bool = False
    releases: tuple[int, int] = (0, 99)


# From the permission checks in PVE's API schema, and from how pve-manager, pve-access-control and pve-storage filter
# their lists.
NEEDS = (
    Need("cluster, ha, firewall, backup job", "Sys.Audit", "/", "cluster, HA, the cluster's firewall, backup jobs"),
    Need("node, task", "Sys.Audit", "/nodes", "load and services of nodes, their firewalls, tasks of others"),
    Need("vm, ct, guest, snapshot, replication", "VM.Audit", "/vms", "guests, their configuration and firewalls"),
    Need("storage, backup", "Datastore.Audit", "/storage", "storages, and what is on them apart from backups"),
    Need("pool", "Pool.Audit", "/pool", "pools"),
    Need("sdn", "SDN.Audit", "/sdn", "zones, vnets and subnets"),
    Need("access", "Sys.Audit", "/access", "users, tokens, groups and grants"),
    Need("vm show", "VM.GuestAgent.Audit", "/vms", "addresses that the guest agent knows", releases=(9, 99)),
    Need("vm show", "VM.Monitor", "/vms", "addresses that the guest agent knows", False, True, (0, 8)),
    Need("node syslog, firewall log --node", "Sys.Syslog", "/nodes", "logs of nodes", False),
    Need("cluster log", "Sys.Syslog", "/", "what others did, in the cluster's log", False),
    Need("backup list", "Datastore.AllocateSpace", "/storage", "backups", False, True),
    Need("backup list", "VM.Backup", "/vms", "backups", False, True),
    Need("node apt", "Sys.Modify", "/nodes", "pending updates", False, True),
    Need("firewall log --guest", "VM.Console", "/vms", "firewall logs of guests", False, True),
)


def read_permissions(source: Source, who: str | None = None) -> JsonObject:
    """Return the effective privileges by path, as PVE computes them; ``who`` is a user or token, None who is asking."""
    return as_object(source.read("/access/permissions", {"userid": who}), "/access/permissions")


def missing_for_reading(permissions: JsonObject) -> list[Need]:
    """Return what PVEAuditor would give and is not held everywhere; only privileges that every release knows."""
    return [need for need in NEEDS if need.basic and need.releases == (0, 99) and held(permissions, need) != "yes"]


def needed(release: int) -> list[Need]:
    """Return what reading needs on a major release of PVE."""
    return [need for need in NEEDS if need.releases[0] <= release <= need.releases[1]]


def release_of(version: str | None) -> int:
    """Return the major release in ``9.2.11``; 9 where there is no number."""
    major = (version or "").partition(".")[0]
    return int(major) if major.isdecimal() else 9


def held(permissions: JsonObject, need: Need) -> str:
    """Return yes, partly (only somewhere below the path) or no, from the answer of /access/permissions.

    PVE names the top of each subtree, and leaves it out where nothing is held there. A guest's or storage's privilege
    may also come from a pool.
    """
    here = permissions.get(need.path)
    # The value says whether it propagates; what is asked of / itself is held there either way.
    if isinstance(here, dict) and (boolean(here, need.privilege) or (need.path == "/" and need.privilege in here)):
        return "yes"
    below = f"{need.path.rstrip('/')}/"
    from_pools = need.path in ("/vms", "/storage")
    for path, privileges in permissions.items():
        inside = path.startswith(below) or (from_pools and path.startswith("/pool/"))
        if inside and isinstance(privileges, dict) and need.privilege in privileges:
            return "partly"
    return "no"


def grants(missing: Sequence[Need], holder: str) -> list[str]:
    """Return the `pveum` commands that give ``holder`` (USER@REALM or USER@REALM!NAME) what is missing.

    A token with privilege separation holds what both it and its user hold, so each gets a grant of its own; root@pam
    holds everything already.
    """
    if not missing:
        return []
    role = ROLE if all(need.basic for need in missing) else FURTHER_ROLE
    lines = []
    if role == FURTHER_ROLE:
        privileges = " ".join(sorted({need.privilege for need in missing}))
        lines.append(f"pveum role add {role} --privs {quote(privileges)}")
    user, _, token = holder.partition("!")
    for path in _roots({need.path for need in missing}):
        if user != "root@pam":
            lines.append(f"pveum acl modify {path} --users {quote(user)} --roles {role}")
        if token:
            lines.append(f"pveum acl modify {path} --tokens {quote(holder)} --roles {role}")
    return lines


def _roots(paths: set[str]) -> list[str]:
    """Return the paths that need a grant: one on / reaches all others."""
    return ["/"] if "/" in paths else sorted(paths)
