"""Who may do what: users, tokens, groups, roles, realms, the access control list, second factors."""

from __future__ import annotations

from proxmox_mpc.simulator.call import Call, rows
from proxmox_mpc.simulator.digests import digest_of
from proxmox_mpc.simulator.errors import ApiError, failed, forbidden
from proxmox_mpc.simulator.json import Json, JsonObject
from proxmox_mpc.simulator.permissions import BUILT_IN_ROLES
from proxmox_mpc.simulator.router import Routes
from proxmox_mpc.simulator.world import ApiToken, User

routes = Routes()
routes.index("/access", "users", "groups", "roles", "acl", "domains", "openid", "ticket", "password", "tfa",
             "permissions", "vncticket")  # fmt: skip

_AGENT = "VM.GuestAgent."
_ALWAYS = ("/", "/access", "/access/groups", "/nodes", "/pool", "/sdn", "/storage", "/vms")


@routes.get("/access/users")
def users(call: Call) -> Json:
    """Return the users that the caller may see (himself always); ``full`` adds groups, tokens and lock states."""
    everyone = call.may("/access/groups", "User.Modify", "Sys.Audit")
    found: list[JsonObject] = []
    for name, user in call.world.users.items():
        if not everyone and name != call.caller.user and not _in_my_groups(call, user):
            continue
        if "enabled" in call.params and call.flag("enabled") != user.enable:
            continue
        row: JsonObject = {"userid": name, **_about(user), "realm-type": _realm_type(call, name)}
        if call.flag("full"):
            row["groups"] = ",".join(sorted(user.groups))
            row["tokens"] = [{"tokenid": key, **token_row(token)} for key, token in user.tokens.items()]
        found.append(row)
    return rows(found)


def _in_my_groups(call: Call, user: User) -> bool:
    return any(call.may(f"/access/groups/{group}", "User.Modify", "Sys.Audit") for group in user.groups)


def _realm_type(call: Call, userid: str) -> str:
    return str(call.world.realms.get(userid.rpartition("@")[2], {}).get("type", "pve"))


def _about(user: User) -> JsonObject:
    """Return what user.cfg says of a user; what was never set is not there."""
    row: JsonObject = {"enable": int(user.enable), "expire": user.expire}
    for key in ("firstname", "lastname", "email", "comment"):
        value = getattr(user, key)
        if value is not None:
            row[key] = value
    return row | ({"keys": "x"} if user.tfa else {})


def token_row(token: ApiToken) -> JsonObject:
    """Return what is shown of a token: never its secret."""
    row: JsonObject = {"expire": token.expire, "privsep": int(token.privsep)}
    return row | ({"comment": token.comment} if token.comment is not None else {})


def find_user(call: Call) -> User:
    """Return the user of the path; raises PVE's 500 when there is none."""
    name = call.text("userid")
    if name not in call.world.users:
        raise failed(f"no such user ('{name}')")
    return call.world.users[name]


@routes.get("/access/users/{userid}")
def user(call: Call) -> Json:
    """Return one user with groups and tokens."""
    found = find_user(call)
    tokens: JsonObject = {name: token_row(token) for name, token in found.tokens.items()}
    return {**_about(found), "groups": [*sorted(found.groups)], "tokens": tokens}


@routes.get("/access/users/{userid}/token")
def tokens(call: Call) -> Json:
    """Return a user's tokens."""
    return rows({"tokenid": name, **token_row(token)} for name, token in find_user(call).tokens.items())


@routes.get("/access/users/{userid}/token/{tokenid}")
def token(call: Call) -> Json:
    """Return one token."""
    found, name = find_user(call), call.text("tokenid")
    if name not in found.tokens:
        raise failed(f"no such token '{name}' for user '{found.userid}'")
    return token_row(found.tokens[name])


@routes.get("/access/users/{userid}/tfa")
def user_tfa(call: Call) -> Json:
    """Return which kinds of second factors a user has."""
    kinds = sorted({str(entry["type"]) for entry in find_user(call).tfa})
    if call.flag("multiple"):
        return {"types": [*kinds]}
    return {"user": "oath"} if "totp" in kinds else {}


@routes.get("/access/tfa")
def all_tfa(call: Call) -> Json:
    """Return the second factors of those users that the caller may see."""
    everyone = call.may("/access/groups", "User.Modify", "Sys.Audit")
    return rows(
        {"userid": name, "entries": rows(map(tfa_row, user.tfa))}
        for name, user in call.world.users.items()
        if user.tfa and (everyone or name == call.caller.user or _in_my_groups(call, user))
    )


def tfa_row(entry: JsonObject) -> JsonObject:
    """Return what is shown of a second factor: never its secret."""
    return {key: entry[key] for key in ("id", "type", "description", "created", "enable") if key in entry}


@routes.get("/access/tfa/{userid}")
def tfa(call: Call) -> Json:
    """Return one user's second factors."""
    return rows(map(tfa_row, find_user(call).tfa))


@routes.get("/access/tfa/{userid}/{id}")
def tfa_entry(call: Call) -> Json:
    """Return one second factor; PVE says 404 here, as in few other places."""
    for entry in find_user(call).tfa:
        if entry["id"] == call.text("id"):
            return tfa_row(entry)
    raise ApiError(404, f"No such tfa entry '{call.text('id')}'\n")


def members(call: Call, group: str) -> list[str]:
    """Return the users of a group."""
    return sorted(name for name, user in call.world.users.items() if group in user.groups)


@routes.get("/access/groups")
def groups(call: Call) -> Json:
    """Return the groups that the caller may see."""
    found: list[JsonObject] = []
    for name, comment in call.world.groups.items():
        if call.may(f"/access/groups/{name}", "User.Modify", "Sys.Audit", "Group.Allocate"):
            row: JsonObject = {"groupid": name, "users": ",".join(members(call, name))}
            found.append(row | ({"comment": comment} if comment else {}))
    return rows(found)


@routes.get("/access/groups/{groupid}")
def group(call: Call) -> Json:
    """Return one group's members."""
    name = call.text("groupid")
    if name not in call.world.groups:
        raise failed(f"group '{name}' does not exist")
    comment = call.world.groups[name]
    return {"members": [*members(call, name)], **({"comment": comment} if comment else {})}


def privileges(call: Call, names: list[str] | tuple[str, ...]) -> list[str]:
    """Return privileges as the world's release knows them: before PVE 9, VM.Monitor stood for the guest agent's."""
    if call.world.major >= 9:
        return sorted(names)
    older = {name for name in names if not name.startswith(_AGENT)}
    return sorted(
        older | ({"VM.Monitor"} if f"{_AGENT}Unrestricted" in names or f"{_AGENT}FileWrite" in names else set())
    )


@routes.get("/access/roles")
def roles(call: Call) -> Json:
    """Return the roles; ``special`` are those that PVE brings along."""
    known = [(name, privs, 1) for name, privs in BUILT_IN_ROLES.items()]
    own = [(name, tuple(privs), 0) for name, privs in call.world.roles.items()]
    return rows(
        {"roleid": name, "privs": ",".join(privileges(call, privs)), "special": special}
        for name, privs, special in (*known, *own)
    )


@routes.get("/access/roles/{roleid}")
def role(call: Call) -> Json:
    """Return one role's privileges, each with 1."""
    name = call.text("roleid")
    found = BUILT_IN_ROLES.get(name, call.world.roles.get(name))
    if found is None:
        raise failed(f"role '{name}' does not exist")
    return dict.fromkeys(privileges(call, found), 1)


@routes.get("/access/domains")
def domains(call: Call) -> Json:
    """Return the realms; the world may ask, since the login form needs them."""
    shown = ("type", "comment", "default", "tfa")
    return rows(
        {"realm": name, **{key: config[key] for key in shown if key in config}}
        for name, config in call.world.realms.items()
    )


@routes.get("/access/domains/{realm}")
def domain(call: Call) -> Json:
    """Return one realm's settings."""
    name, known = call.text("realm"), call.world.realms
    if name not in known:
        raise failed(f"domain '{name}' does not exist")
    return {**known[name], "digest": digest_of(dict(known))}


@routes.get("/access/acl")
def acl(call: Call) -> Json:
    """Return the entries that the caller may audit, or modify on their path."""
    everything = call.may("/access", "Sys.Audit")
    return rows(
        {
            "path": entry.path, "type": entry.kind, "ugid": entry.ugid, "roleid": entry.roleid,
            "propagate": int(entry.propagate),
        }
        for entry in call.world.acl
        if everything or _may_modify(call, entry.path)
    )  # fmt: skip


def _may_modify(call: Call, path: str) -> bool:
    wanted = {"storage": "Datastore.Allocate", "vms": "VM.Allocate", "pool": "Pool.Allocate"}.get(path.split("/")[1])
    return call.may(path, "Permissions.Modify", *([wanted] if wanted else []))


@routes.get("/access/permissions")
def permissions(call: Call) -> Json:
    """Return the effective privileges (1: they propagate) by path, for the caller or for whom he may audit."""
    caller = call.caller
    asked = call.text("userid") or caller.authid
    if asked != caller.authid and not asked.startswith(f"{caller.user}!") and not call.may("/access", "Sys.Audit"):
        raise forbidden("/access, Sys.Audit")
    userid, _, name = asked.partition("!")
    known = call.world.users.get(userid)
    if known is None:
        raise failed(f"no such user ('{userid}')")
    if name and name not in known.tokens:
        raise failed(f"no such token '{name}' for user '{userid}'")
    paths = [call.text("path")] if "path" in call.params else sorted(_paths(call))
    held = {path: call.permissions.on(userid, name or None, path) for path in paths}
    found: JsonObject = {
        path: {key: int(privs.get(key, True)) for key in privileges(call, [*privs])}
        for path, privs in held.items()
        if privs or "path" in call.params
    }
    return found


def _paths(call: Call) -> set[str]:
    """Return the paths that PVE looks at: the top ones, those in the list, and what pools hold."""
    world = call.world
    paths = {*_ALWAYS, *(entry.path for entry in world.acl)}
    for pool in world.pools.values():
        paths.add(f"/pool/{pool.poolid}")
        paths |= {f"/vms/{vmid}" for vmid in pool.vms} | {f"/storage/{name}" for name in pool.storages}
    return paths
