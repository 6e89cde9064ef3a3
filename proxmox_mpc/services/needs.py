"""What each family of read commands needs of Proxmox VE, whether somebody has it, and how he is given it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from shlex import quote

from proxmox_mpc.domain.json import JsonObject, as_object, boolean, text
from proxmox_mpc.domain.shape import Field, item
from proxmox_mpc.domain.source import Reading, Source
from proxmox_mpc.services.privileges import ROLE

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

_ROW = (
    Field("commands", "string", "the commands that need it"),
    Field("privilege", "string", "what is needed"),
    Field("path", "string", "where"),
    Field("held", "string", "everywhere below the path, somewhere, or nowhere", choices=("yes", "partly", "no")),
    Field("basic", "boolean", "whether the role PVEAuditor holds it"),
    Field("changes", "boolean", "whether PVE lets its holder change something too"),
    Field("sees", "string", "what stays hidden without it"),
)
NEEDS_PAGE = item(
    Field("holder", "string", "the user or token"),
    Field("complete", "boolean", "whether it holds all that PVEAuditor holds, on everything"),
    Field("needs", "rows", "what reading needs", fields=_ROW, title="What reading needs"),
    Field("grants", "string?", "commands, for a shell on a node, that give what is missing of it"),
    Field(
        "further_grants",
        "string?",
        "commands that give the rest as well; look at the column CHANGES first",
        title="further grants",
    ),
    doc="What reading needs, what somebody holds of it, and how he is given what is missing.",
)


def check_needs(source: Source, holder: str, who: str | None = None) -> Reading[JsonObject]:
    """Return what ``holder`` has of what reading needs; ``who`` is asked about, None for who is asking."""
    params = {"userid": who}
    permissions = as_object(source.read("/access/permissions", params), "the permissions")
    release = release_of(text(as_object(source.read("/version"), "the version"), "version"))
    needs = needed(release)
    lacking = [need for need in needs if held(permissions, need) != "yes"]
    basic = [need for need in lacking if need.basic]
    return Reading(
        {
            "holder": holder,
            "complete": not basic,
            "needs": [*rows_of(permissions, needs)],
            "grants": "\n".join(grant_lines(basic, holder)) or None,
            "further_grants": "\n".join(grant_lines([need for need in lacking if not need.basic], holder)) or None,
        }
    )


def needed(release: int) -> list[Need]:
    """Return what reading needs on a major release of PVE."""
    return [need for need in NEEDS if need.releases[0] <= release <= need.releases[1]]


def release_of(version: str | None) -> int:
    """Return the major release in ``9.2.11``; 9 where there is no number."""
    major = (version or "").partition(".")[0]
    return int(major) if major.isdecimal() else 9


def rows_of(permissions: JsonObject, needs: Sequence[Need]) -> list[JsonObject]:
    """Return each need with whether it is held."""
    return [
        {
            "commands": need.commands,
            "privilege": need.privilege,
            "path": need.path,
            "held": held(permissions, need),
            "basic": need.basic,
            "changes": need.changes,
            "sees": need.sees,
        }
        for need in needs
    ]


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


def grant_lines(missing: Sequence[Need], holder: str) -> list[str]:
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
