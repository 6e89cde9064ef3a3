"""May the token see an object that is not in a list? PVE leaves out of lists what the caller may not see."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from proxmox_mpc.domain.json import JsonObject, boolean, text
from proxmox_mpc.domain.source import Query

if TYPE_CHECKING:
    from proxmox_mpc.services.pull_reader import Pulling

Need = tuple[str, frozenset[str]]
"""A path and the privileges of which one is needed on it."""


def _need(path: str, *privileges: str) -> Need:
    return path, frozenset(privileges)


class Rights:
    """The privileges of the caller: ``granted`` is the answer of GET /access/permissions, None if it failed."""

    def __init__(self, granted: JsonObject | None) -> None:
        self._granted = granted
        self._exact: dict[str, frozenset[str]] = {}

    def has(self, pulling: Pulling, path: str, *privileges: str) -> bool:
        """Tell whether the caller has one of the privileges on a path."""
        self._ask(pulling, {path})
        return self._holds(path, frozenset(privileges))

    def visible(self, pulling: Pulling, kind: str, keys: Iterable[str]) -> set[str]:
        """Return those of ``keys`` that the caller would have seen if they existed."""
        wanted = {key: _needs(pulling, kind, key) for key in keys}
        self._ask(
            pulling,
            {
                path
                for ways in wanted.values()
                for way in ways
                for path, privileges in way
                if self._possible(path, privileges)
            },
        )
        return {key for key, ways in wanted.items() if any(all(self._holds(*need) for need in way) for way in ways)}

    def _holds(self, path: str, privileges: frozenset[str]) -> bool:
        return bool(self._exact.get(path, frozenset()) & privileges)

    def _possible(self, path: str, privileges: frozenset[str]) -> bool:
        """Tell cheaply whether it is worth asking: some path above grants it."""
        if self._granted is None:
            return False
        while True:
            entry = self._granted.get(path)
            if isinstance(entry, dict) and entry.keys() & privileges:
                return True
            if path == "/":
                return False
            path = path.rpartition("/")[0] or "/"

    def _ask(self, pulling: Pulling, paths: set[str]) -> None:
        """Ask for exact paths: the overview leaves out a path on which everything was taken away (NoAccess)."""
        unknown = sorted(paths - self._exact.keys())
        queries = [Query("/access/permissions", {"path": path}) for path in unknown]
        for chunk in pulling.read_chunks(queries, "permissions"):
            for index, answer in chunk:
                self._exact[unknown[index]] = _privileges(answer, unknown[index])


def _privileges(answer: object, path: str) -> frozenset[str]:
    entry = answer.get(path) if isinstance(answer, dict) else None
    return frozenset(name for name in entry if boolean(entry, name)) if isinstance(entry, dict) else frozenset()


def _needs(pulling: Pulling, kind: str, key: str) -> list[list[Need]]:
    """Return the ways in which the right to see an object of a kind can be had; each is a list of needs.

    As pve-manager, pve-access-control and pve-storage filter their lists (PVE::Storage check_volume_access).
    """
    if kind == "guest":
        return [[_need(f"/vms/{key}", "VM.Audit")]]
    if kind in ("volume", "backup"):
        return _volume_needs(pulling, kind, key)
    if kind == "storage_status":
        key = key.partition("/")[2]
    if kind in ("storage", "storage_status"):
        return [[_need(f"/storage/{key}", "Datastore.Audit", "Datastore.AllocateSpace")]]
    if kind == "pool":
        return [[_need(f"/pool/{key}", "Pool.Audit", "Pool.Allocate")]]
    if kind.startswith("sdn_"):
        path = f"/sdn/zones/{key}" if kind == "sdn_zone" else "/sdn/zones"
        return [[_need(path, "SDN.Audit", "SDN.Allocate")]]
    if kind in ("user", "token"):
        return [[_need("/access/groups", "User.Modify", "Sys.Audit")]]
    if kind == "group":
        return [[_need(f"/access/groups/{key}", "User.Modify", "Sys.Audit", "Group.Allocate")]]
    if kind == "acl":
        return [[_need("/access", "Sys.Audit")], [_need(key.rsplit(" ", 3)[0], "Permissions.Modify")]]
    if kind == "replication":
        return [[_need(f"/vms/{key.partition('-')[0]}", "VM.Audit")]]
    return [[]]  # a list that is whole or refused


def _volume_needs(pulling: Pulling, kind: str, key: str) -> list[list[Need]]:
    from proxmox_mpc.state.history import documents

    known = documents(pulling.store, kind, [key]).get(key, {})
    storage = f"/storage/{key.partition('/')[2].partition(':')[0]}"
    owner = text(known, "vmid")
    guest = f"/vms/{owner}"
    everything = [_need(storage, "Datastore.Allocate")]
    if kind == "backup" and owner:
        return [everything, [_need(storage, "Datastore.AllocateSpace"), _need(guest, "VM.Backup")]]
    if text(known, "content") in ("images", "rootdir") and owner:
        return [everything, [_need(storage, "Datastore.Audit"), _need(guest, "VM.Config.Disk")]]
    return [[_need(storage, "Datastore.Allocate", "Datastore.AllocateSpace", "Datastore.Audit")]]
