"""Evaluates the permission expressions of PVE's API (PVE::RPCEnvironment::exec_api2_perm_check)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from proxmox_mpc.simulator.call import Caller, split_list
from proxmox_mpc.simulator.errors import ApiError, forbidden
from proxmox_mpc.simulator.facts import Endpoint
from proxmox_mpc.simulator.json import Json
from proxmox_mpc.simulator.permissions import Permissions
from proxmox_mpc.simulator.world import World


def authorize(
    world: World, permissions: Permissions, caller: Caller, endpoint: Endpoint, given: Mapping[str, object], path: str
) -> None:
    """Raise PVE's 403 unless the caller may call a method with these parameters."""
    if not endpoint.tokens and caller.token is not None:
        raise forbidden(f"URI '{path}' not available with API token, need proper ticket.\n")
    if endpoint.check == "world" or caller.is_root:
        return
    if not caller.user:
        raise forbidden("user != null")
    if endpoint.check == "root":
        raise forbidden("user != root@pam")
    if endpoint.check != "all":
        _Check(world, permissions, caller, given).require(endpoint.check)


class _Check:
    """One evaluation of an expression."""

    def __init__(self, world: World, permissions: Permissions, caller: Caller, given: Mapping[str, object]) -> None:
        self._world = world
        self._permissions = permissions
        self._caller = caller
        self._given = given

    def require(self, expression: Json) -> None:
        """Raise the 403 that the expression gives."""
        kind, *rest = _items(expression)
        match kind:
            case "and":
                for part in rest:
                    self.require(part)
            case "or":
                if not any(self.holds(part) for part in rest):
                    raise _unnamed()
            case "perm":
                self._perm(rest)
            case "userid-param":
                self._userid_param(rest)
            case "userid-group":
                self._userid_group(rest)
            case "perm-modify":
                self._perm_modify()
            case other:
                raise ApiError(500, f"unknown permission test '{other}'\n")

    def holds(self, expression: Json) -> bool:
        """Return whether the expression lets the caller pass."""
        try:
            self.require(expression)
        except ApiError:
            return False
        return True

    def _held(self, path: str) -> Mapping[str, bool]:
        return self._permissions.on(self._caller.user, self._caller.token, path)

    def _need(self, path: str, privileges: list[str], *, either: bool) -> None:
        held = self._held(path)
        if either:
            if not any(name in held for name in privileges):
                raise forbidden(f"{path}, {'|'.join(privileges)}")
            return
        for name in privileges:
            if name not in held:
                raise forbidden(f"{path}, {name}")

    def _perm(self, rest: list[Json]) -> None:
        options = {str(rest[at]): rest[at + 1] for at in range(2, len(rest) - 1, 2)}
        wanted = options.get("require_param")
        if wanted is not None and str(wanted) not in self._given:
            raise _unnamed()
        path = re.sub(r"\{([^{}]+)\}", lambda m: str(self._given.get(m[1], "")), str(rest[0]))
        self._need(path, [str(name) for name in _items(rest[1])], either=bool(options.get("any")))

    def _userid_param(self, rest: list[Json]) -> None:
        userid = str(self._given.get("userid", ""))
        if rest and rest[0] == "self":
            if userid != self._caller.user:
                raise _unnamed()
            return
        realm = userid.rpartition("@")[2]
        self._need(f"/access/realm/{realm}", [str(name) for name in rest], either=False)

    def _userid_group(self, rest: list[Json]) -> None:
        """The privilege on /access/groups, or on a group that the user in question is (or is put) in."""
        privileges = [str(name) for name in _items(rest[0])]
        if any(name in self._held("/access/groups") for name in privileges):
            return
        options = {str(rest[at]): rest[at + 1] for at in range(1, len(rest) - 1, 2)}
        if options.get("groups_param") == "create":
            groups = split_list(str(self._given.get("groups", "")))
        else:
            user = self._world.users.get(str(self._given.get("userid", "")))
            groups = user.groups if user else []
        if not any(name in self._held(f"/access/groups/{group}") for group in groups for name in privileges):
            raise forbidden(f"/access/groups, {'|'.join(privileges)}")

    def _perm_modify(self) -> None:
        """Permissions.Modify on the path, or for one's own domain the privilege that administers it."""
        path = str(self._given.get("path", "/"))
        wanted = ["Permissions.Modify"]
        for start, name in (("/storage/", "Datastore.Allocate"), ("/vms/", "VM.Allocate"), ("/pool/", "Pool.Allocate")):
            if path.startswith(start):
                wanted.append(name)
        self._need(path, wanted, either=True)


def _items(expression: Json) -> list[Json]:
    return expression if isinstance(expression, list) else [expression]


def _unnamed() -> ApiError:
    return ApiError(403, "Permission check failed\n")
