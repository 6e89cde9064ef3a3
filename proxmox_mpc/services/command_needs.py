"""Which privileges a changing command needs, on which path; from the permission checks in PVE's API schema."""

from __future__ import annotations

from collections.abc import Sequence
from shlex import quote

from proxmox_mpc.domain.json import JsonObject, as_object, text
from proxmox_mpc.domain.shape import Field, item
from proxmox_mpc.domain.source import Reading, Source
from proxmox_mpc.errors import UsageError
from proxmox_mpc.services.guests import find_guest
from proxmox_mpc.services.privileges import NEEDS, release_of

EXPLAIN_PAGE = item(
    Field("command", "string", "the command that is explained"),
    Field("holder", "string", "the user or token"),
    Field("allowed", "boolean", "whether it holds all that is needed"),
    Field(
        "needs",
        "rows",
        "what is needed",
        fields=(
            Field("privilege", "string", "the privilege"),
            Field("path", "string", "where"),
            Field("held", "boolean", "whether it is held there"),
        ),
        title="What it needs",
    ),
    Field("grants", "string?", "commands, for a shell on a node, that give what is missing"),
    doc="What a command needs, and what of it is missing.",
)

# COMMANDS: PRIVILEGE@PATH …; {0} stands for the command's first argument, {guest} for the guest that it names.
_TABLE = """
start|stop|shutdown|reboot|reset|suspend|resume: VM.PowerMgmt@/vms/{guest}
create: VM.Allocate@/vms Datastore.AllocateSpace@/storage VM.Config.Disk@/vms VM.Config.CPU@/vms VM.Config.Memory@/vms \
VM.Config.Network@/vms VM.Config.Options@/vms SDN.Use@/sdn
clone: VM.Clone@/vms/{guest} VM.Allocate@/vms Datastore.AllocateSpace@/storage
delete|template: VM.Allocate@/vms/{guest}
migrate: VM.Migrate@/vms/{guest}
set: VM.Config.CPU@/vms/{guest} VM.Config.Memory@/vms/{guest} VM.Config.Disk@/vms/{guest} \
VM.Config.Network@/vms/{guest} VM.Config.Options@/vms/{guest} VM.Config.HWType@/vms/{guest}
isolate|nic add|nic set|nic remove: VM.Config.Network@/vms/{guest} SDN.Use@/sdn
disk add|disk move|disk import|volume add|volume move: VM.Config.Disk@/vms/{guest} Datastore.AllocateSpace@/storage
disk resize|disk detach|disk remove|volume resize|volume remove: VM.Config.Disk@/vms/{guest}
tag add|tag remove: VM.Config.Options@/vms/{guest}
cloudinit set|cloudinit regenerate: VM.Config.Cloudinit@/vms/{guest} VM.Config.Network@/vms/{guest}
snapshot create|snapshot delete: VM.Snapshot@/vms/{guest}
snapshot rollback: VM.Snapshot.Rollback@/vms/{guest}
agent ping|agent info: VM.GuestAgent.Audit@/vms/{guest}
agent file-read: VM.GuestAgent.FileRead@/vms/{guest}
agent file-write: VM.GuestAgent.FileWrite@/vms/{guest}
agent exec: VM.GuestAgent.Unrestricted@/vms/{guest}
"""
_OTHERS = """
backup create: VM.Backup@/vms/{guest} Datastore.AllocateSpace@/storage
backup restore: VM.Allocate@/vms VM.Backup@/vms Datastore.AllocateSpace@/storage
backup delete|backup protect|backup unprotect|backup prune: Datastore.Allocate@/storage
backup job create|backup job set|backup job delete|backup job run: Sys.Modify@/
pool create|pool set|pool delete: Pool.Allocate@/pool/{0}
pool add|pool remove: Pool.Allocate@/pool/{0} VM.Allocate@/vms
storage create|storage set|storage delete: Datastore.Allocate@/storage
storage download: Datastore.AllocateTemplate@/storage/{0} Sys.Audit@/ Sys.Modify@/
storage volume set|storage volume delete: Datastore.Allocate@/storage
network create|network set|network delete|network apply|network revert: Sys.Modify@/nodes/{0}
sdn zone create|sdn zone set|sdn zone delete|sdn vnet create|sdn vnet set|sdn vnet delete: SDN.Allocate@/sdn/zones
sdn subnet create|sdn subnet set|sdn subnet delete: SDN.Allocate@/sdn/zones
sdn apply: SDN.Allocate@/sdn
firewall set|firewall rule|firewall alias|firewall ipset|firewall group: Sys.Modify@/
ha resource|ha rule|ha group: Sys.Console@/
replication create|replication set|replication delete|replication run: VM.Replicate@/vms
access user create|access user delete: Realm.AllocateUser@/access/realm User.Modify@/access/groups
access user set|access user password: User.Modify@/access/groups
access token create|access token set|access token delete: User.Modify@/access/groups
access token rotate: User.Modify@/access/groups Permissions.Modify@/
access group create|access group set|access group delete: Group.Allocate@/access/groups
access role create|access role set|access role delete: Sys.Modify@/access
access acl create|access acl delete: Permissions.Modify@{0}
node reboot|node shutdown|node wake: Sys.PowerMgmt@/nodes/{0}
node service|node refresh|node certificate: Sys.Modify@/nodes
node start-all|node stop-all: VM.PowerMgmt@/vms
cluster set: Sys.Modify@/
"""


def explain(source: Source, words: Sequence[str], holder: str, who: str | None) -> Reading[JsonObject]:
    """Return what a command needs and what of it ``holder`` has; raises UsageError for a command that is not known."""
    command, needed = _needed(source, [word for word in words if not word.startswith("-")])
    rows: list[JsonObject] = []
    for privilege, path in needed:
        found = as_object(source.read("/access/permissions", {"userid": who, "path": path}), "the permissions")
        here = found.get(path)
        held = isinstance(here, dict) and privilege in here
        rows.append({"privilege": privilege, "path": path, "held": held})
    lacking = [(str(row["privilege"]), str(row["path"])) for row in rows if not row["held"]]
    page: JsonObject = {
        "command": command,
        "holder": holder,
        "allowed": not lacking,
        "needs": [*rows],
        "grants": "\n".join(_grants(command, lacking, holder)) or None,
    }
    return Reading(page)


def _needed(source: Source, words: Sequence[str]) -> tuple[str, list[tuple[str, str]]]:
    """Return the command without its arguments, and (privilege, path) for each need."""
    if words and words[0] in ("vm", "ct", "guest"):
        found = _match(_TABLE, words[1:])
        if found is not None:
            length, needs = found
            rest = words[1 + length :]
            return " ".join(words[: 1 + length]), _filled(source, needs, rest)
    found = _match(_OTHERS, words)
    if found is not None:
        length, needs = found
        return " ".join(words[:length]), _filled(source, needs, words[length:])
    reading = [need for need in NEEDS if words and any(_is(words, name.split()) for name in need.commands.split(", "))]
    release = release_of(text(as_object(source.read("/version"), "the version"), "version"))
    reading = [need for need in reading if need.releases[0] <= release <= need.releases[1]]
    if not reading:
        raise UsageError(
            f"nothing is known of the needs of {' '.join(words) or 'nothing'!r}",
            hint="name a command with its arguments: pmpc access explain vm start 101",
        )
    return " ".join(words), [(need.privilege, need.path) for need in reading]


def _is(words: Sequence[str], name: Sequence[str]) -> bool:
    return list(words[: len(name)]) == list(name)


def _match(table: str, words: Sequence[str]) -> tuple[int, str] | None:
    """Return how many words name the command, and its needs; the longest name wins."""
    best: tuple[int, str] | None = None
    for line in table.strip().splitlines():
        names, _, needs = line.partition(": ")
        for name in names.split("|"):
            parts = name.split()
            if _is(words, parts) and (best is None or len(parts) > best[0]):
                best = (len(parts), needs)
    return best


def _filled(source: Source, needs: str, rest: Sequence[str]) -> list[tuple[str, str]]:
    first = rest[0] if rest else None
    made: list[tuple[str, str]] = []
    for need in needs.split():
        privilege, _, path = need.partition("@")
        if "{guest}" in path:
            guest = f"/vms/{find_guest(source, first).vmid}" if first else "/vms"
            path = path.replace("/vms/{guest}", guest)
        if "{0}" in path:
            path = path.replace("{0}", first) if first else path.replace("/{0}", "").replace("{0}", "/")
        made.append((privilege, path or "/"))
    return made


def _grants(command: str, lacking: Sequence[tuple[str, str]], holder: str) -> list[str]:
    """Return the `pveum` commands that give what is missing: a role of its own, granted path by path."""
    lines: list[str] = []
    user, _, token = holder.partition("!")
    for number, path in enumerate(dict.fromkeys(path for _, path in lacking), 1):
        privileges = sorted({privilege for privilege, where in lacking if where == path})
        role = "Pmpc" + "".join(word.capitalize() for word in command.replace("-", " ").split()) + str(number)
        lines.append(f"pveum role add {role} --privs {quote(' '.join(privileges))}")
        if user != "root@pam":
            lines.append(f"pveum acl modify {quote(path)} --users {quote(user)} --roles {role}")
        if token:
            lines.append(f"pveum acl modify {quote(path)} --tokens {quote(holder)} --roles {role}")
    return lines
