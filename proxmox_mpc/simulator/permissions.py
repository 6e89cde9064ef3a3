"""Who may do what: roles, access control lists with propagation, pools, and tokens that hold less than their user."""

from __future__ import annotations

from proxmox_mpc.simulator.world import Acl, User, World

_VM_CONFIG = (
    "VM.Config.CDROM", "VM.Config.CPU", "VM.Config.Cloudinit", "VM.Config.Disk", "VM.Config.HWType",
    "VM.Config.Memory", "VM.Config.Network", "VM.Config.Options",
)  # fmt: skip
_VM_AGENT = ("VM.GuestAgent.Audit", "VM.GuestAgent.FileRead", "VM.GuestAgent.FileSystemMgmt", "VM.GuestAgent.FileWrite")
_VM_ADMIN = (
    "VM.Allocate", "VM.Audit", "VM.Backup", "VM.Clone", *_VM_CONFIG, "VM.Console", *_VM_AGENT,
    "VM.GuestAgent.Unrestricted", "VM.Migrate", "VM.PowerMgmt", "VM.Replicate", "VM.Snapshot", "VM.Snapshot.Rollback",
)  # fmt: skip
_DATASTORE_ADMIN = (
    "Datastore.Allocate", "Datastore.AllocateSpace", "Datastore.AllocateTemplate", "Datastore.Audit",
)  # fmt: skip
_USER_ADMIN = ("Group.Allocate", "Realm.AllocateUser", "User.Modify")
_SYS_ADMIN = ("Sys.Audit", "Sys.Console", "Sys.Syslog")
_SDN_ADMIN = ("SDN.Allocate", "SDN.Audit", "SDN.Use")
_ADMIN = (
    *_DATASTORE_ADMIN, *_USER_ADMIN, "Mapping.Audit", "Mapping.Use", "Pool.Allocate", "Pool.Audit", *_SDN_ADMIN,
    *_SYS_ADMIN, *_VM_ADMIN,
)  # fmt: skip

BUILT_IN_ROLES: dict[str, tuple[str, ...]] = {
    "Administrator": (
        *_ADMIN, "Mapping.Modify", "Permissions.Modify", "Realm.Allocate", "Sys.AccessNetwork", "Sys.Incoming",
        "Sys.Modify", "Sys.PowerMgmt",
    ),
    "NoAccess": (),
    "PVEAdmin": _ADMIN,
    "PVEAuditor": (
        "Datastore.Audit", "Mapping.Audit", "Pool.Audit", "SDN.Audit", "Sys.Audit", "VM.Audit", "VM.GuestAgent.Audit",
    ),
    "PVEDatastoreAdmin": _DATASTORE_ADMIN,
    "PVEDatastoreUser": ("Datastore.AllocateSpace", "Datastore.Audit"),
    "PVEMappingAdmin": ("Mapping.Audit", "Mapping.Modify", "Mapping.Use"),
    "PVEMappingUser": ("Mapping.Audit", "Mapping.Use"),
    "PVEPoolAdmin": ("Pool.Allocate", "Pool.Audit"),
    "PVEPoolUser": ("Pool.Audit",),
    "PVESDNAdmin": _SDN_ADMIN,
    "PVESDNUser": ("SDN.Audit", "SDN.Use"),
    "PVESysAdmin": _SYS_ADMIN,
    "PVETemplateUser": ("VM.Audit", "VM.Clone"),
    "PVEUserAdmin": _USER_ADMIN,
    "PVEVMAdmin": _VM_ADMIN,
    "PVEVMUser": (
        "VM.Audit", "VM.Backup", "VM.Config.CDROM", "VM.Config.Cloudinit", "VM.Console", *_VM_AGENT, "VM.PowerMgmt",
    ),
}  # fmt: skip
"""The roles that PVE 9 brings along."""

ALL_PRIVILEGES = frozenset(BUILT_IN_ROLES["Administrator"])


class Permissions:
    """Effective privileges in one world, computed once per user and path."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._known: dict[tuple[str, str | None, str], dict[str, bool]] = {}
        self._pools_of: dict[str, list[str]] | None = None

    def on(self, user: str, token: str | None, path: str) -> dict[str, bool]:
        """Return the privileges held on ``path``, each with whether it propagates below."""
        key = user, token, path
        if key not in self._known:
            self._known[key] = self._held(user, token, path)
        return self._known[key]

    def _held(self, user: str, token: str | None, path: str) -> dict[str, bool]:
        if token is None:
            return self._of_user(user, path)
        known = self._world.users.get(user)
        if known is None or token not in known.tokens:
            return {}
        if not known.tokens[token].privsep:
            return self._of_user(user, path)
        own = self._with_pool(f"{user}!{token}", None, path)
        limit = self._of_user(user, path)
        return {name: propagate for name, propagate in own.items() if name in limit}

    def _of_user(self, user: str, path: str) -> dict[str, bool]:
        if user == "root@pam":
            return dict.fromkeys(ALL_PRIVILEGES, True)
        return self._with_pool(user, self._world.users.get(user), path)

    def _with_pool(self, ugid: str, user: User | None, path: str) -> dict[str, bool]:
        """Return the privileges on ``path``, with those of the roles held on its pools.

        What a pool gives does not propagate; NoAccess on the path beats the pool, NoAccess on the pool all else.
        """
        roles = self._roles(ugid, user, path)
        for pool in self._pools(path):
            given = self._roles(ugid, user, f"/pool/{pool}")
            if "NoAccess" in given and "NoAccess" not in roles:
                roles = {"NoAccess": False}
            elif "NoAccess" not in roles:
                roles = {**dict.fromkeys(given, False), **roles}
        if "NoAccess" in roles:
            return {}
        held: dict[str, bool] = {}
        for role, propagate in roles.items():
            for name in self.role(role):
                held[name] = held.get(name, False) or propagate
        return held

    def _pools(self, path: str) -> list[str]:
        if self._pools_of is None:
            self._pools_of = {}
            for pool in self._world.pools.values():
                for member in (*(f"/vms/{vmid}" for vmid in pool.vms), *(f"/storage/{name}" for name in pool.storages)):
                    self._pools_of.setdefault(member, []).append(pool.poolid)
        return self._pools_of.get(path, [])

    def _roles(self, ugid: str, user: User | None, path: str) -> dict[str, bool]:
        """Walk from / down: the deepest level with an entry wins; on one level the user's own beats his groups'."""
        roles: dict[str, bool] = {}
        groups = set(user.groups) if user else set()
        kind = "token" if "!" in ugid else "user"
        for level in _levels(path):
            final = level == path
            here = [a for a in self._world.acl if a.path == level and (final or a.propagate)]
            own = [a for a in here if a.kind == kind and a.ugid == ugid]
            chosen = own or [a for a in here if a.kind == "group" and a.ugid in groups]
            if chosen:
                roles = _merge(chosen)
        return roles

    def role(self, roleid: str) -> list[str]:
        """Return the privileges of a role."""
        return list(BUILT_IN_ROLES.get(roleid, self._world.roles.get(roleid, ())))


def _levels(path: str) -> list[str]:
    parts = [part for part in path.split("/") if part]
    return ["/", *("/" + "/".join(parts[: at + 1]) for at in range(len(parts)))]


def _merge(entries: list[Acl]) -> dict[str, bool]:
    roles: dict[str, bool] = {}
    for entry in entries:
        roles[entry.roleid] = roles.get(entry.roleid, False) or entry.propagate
    return roles
