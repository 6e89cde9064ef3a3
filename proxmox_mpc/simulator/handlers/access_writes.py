"""Changing users, tokens, groups, roles and access control."""

from __future__ import annotations

import re

from proxmox_mpc.simulator.call import Call
from proxmox_mpc.simulator.errors import failed, invalid
from proxmox_mpc.simulator.handlers.access import find_user
from proxmox_mpc.simulator.json import Json, JsonObject
from proxmox_mpc.simulator.permissions import ALL_PRIVILEGES, BUILT_IN_ROLES
from proxmox_mpc.simulator.property_strings import new_uuid
from proxmox_mpc.simulator.router import Routes
from proxmox_mpc.simulator.world import Acl, ApiToken, User

routes = Routes()
USER, TOKEN = "/access/users/{userid}", "/access/users/{userid}/token/{tokenid}"
_ABOUT = ("firstname", "lastname", "email", "comment")
_ACL_PATH = re.compile(
    r"/|/access(?:/groups(?:/[\w.-]+)?|/realm(?:/[\w.-]+)?)?|/nodes(?:/[\w.-]+)?|/pool(?:/[\w.-]+){0,3}"
    r"|/sdn(?:/zones(?:/[\w.-]+){0,3}|/[\w.-]+)?|/storage(?:/[\w.-]+)?|/vms(?:/[1-9]\d{2,})?"
    r"|/mapping(?:/[\w.-]+){0,2}"
)


@routes.post("/access/users")
def create_user(call: Call) -> Json:
    """Make a user in a realm that exists."""
    name = call.text("userid")
    if name in call.world.users:
        raise failed(f"create user failed: user '{name}' already exists")
    realm = name.rpartition("@")[2]
    if realm not in call.world.realms:
        raise failed(f"domain '{realm}' does not exist")
    groups = _known_groups(call, "create user failed")
    user = User(
        name, call.text("password") or None, call.flag("enable", default=True), call.number("expire"),
        email=call.text("email"), groups=groups,
    )  # fmt: skip
    for key in ("firstname", "lastname", "comment"):
        if key in call.params:
            setattr(user, key, call.text(key))
    call.world.users[name] = user
    return None


def _known_groups(call: Call, what: str) -> list[str]:
    groups = call.texts("groups")
    for group in groups:
        if group not in call.world.groups:
            raise failed(f"{what}: group '{group}' does not exist")
    return groups


@routes.put(USER)
def change_user(call: Call) -> Json:
    """Change what is known of a user; ``append`` keeps the groups there are."""
    name = call.text("userid")
    if name not in call.world.users:
        raise failed(f"update user failed: no such user ('{name}')")
    user = call.world.users[name]
    user.enable, user.expire = call.flag("enable", default=user.enable), call.number("expire", user.expire)
    for key in _ABOUT:
        if key in call.params:
            setattr(user, key, call.text(key))
    if "groups" in call.params:
        groups = _known_groups(call, "update user failed")
        user.groups = sorted({*user.groups, *groups}) if call.flag("append") else groups
    return None


@routes.delete(USER)
def delete_user(call: Call) -> Json:
    """Remove a user, his tokens and his permissions."""
    name = call.text("userid")
    if name not in call.world.users:
        raise failed(f"delete user failed: user '{name}' does not exist")
    del call.world.users[name]
    call.world.acl = [entry for entry in call.world.acl if entry.ugid.partition("!")[0] != name]
    return None


@routes.post(TOKEN)
def create_token(call: Call) -> Json:
    """Make a token; its secret is shown this once."""
    user, name = find_user(call), call.text("tokenid")
    if name in user.tokens:
        raise invalid({"tokenid": "Token already exists."})
    secret = new_uuid(call.world.random("token"))
    token = ApiToken(name, secret, call.flag("privsep", default=True), call.number("expire"))
    token.comment = call.text("comment") if "comment" in call.params else None
    user.tokens[name] = token
    info: JsonObject = {"privsep": call.text("privsep") if "privsep" in call.params else 1}
    info |= {key: call.text(key) for key in ("expire", "comment") if key in call.params}
    return {"full-tokenid": f"{user.userid}!{name}", "value": secret, "info": info}


def _token(call: Call) -> tuple[User, ApiToken]:
    user, name = find_user(call), call.text("tokenid")
    if name not in user.tokens:
        raise failed(f"no such token '{name}' for user '{user.userid}'")
    return user, user.tokens[name]


@routes.put(TOKEN)
def change_token(call: Call) -> Json:
    """Change a token's scope, expiry or comment; ``regenerate`` makes a new secret."""
    user, token = _token(call)
    token.privsep, token.expire = call.flag("privsep", default=token.privsep), call.number("expire", token.expire)
    if "comment" in call.params:
        token.comment = call.text("comment")
    row: JsonObject = {"privsep": int(token.privsep), "expire": token.expire}
    row |= {"comment": token.comment} if token.comment is not None else {}
    if call.flag("regenerate"):
        token.secret = new_uuid(call.world.random("token"))
        row |= {"value": token.secret, "full-tokenid": f"{user.userid}!{token.tokenid}"}
    return row


@routes.delete(TOKEN)
def delete_token(call: Call) -> Json:
    """Remove a token and its permissions."""
    user, token = _token(call)
    del user.tokens[token.tokenid]
    full = f"{user.userid}!{token.tokenid}"
    call.world.acl = [entry for entry in call.world.acl if entry.ugid != full]
    return None


@routes.put("/access/acl")
def change_acl(call: Call) -> Json:
    """Add entries to the access control list, or (``delete``) take them out."""
    path = "/" + "/".join(part for part in call.text("path").split("/") if part)
    leaving = call.flag("delete")
    if not leaving and not _ACL_PATH.fullmatch(path):
        raise invalid({"path": f"invalid ACL path '{call.text('path')}'"})
    named = [(kind, name) for kind in ("user", "group", "token") for name in call.texts(f"{kind}s")]
    if not named:
        text = "either 'users', 'groups' or 'tokens' is required."
        raise invalid({"users": text, "groups": text, "tokens": text})
    for role in call.texts("roles"):
        if role not in BUILT_IN_ROLES and role not in call.world.roles:
            raise failed(f"ACL update failed: role '{role}' does not exist")
        for kind, name in named:
            _check_subject(call, kind, name)
            entries = call.world.acl
            same = [e for e in entries if (e.path, e.kind, e.ugid, e.roleid) == (path, kind, name, role)]
            call.world.acl = [entry for entry in entries if entry not in same]
            if not leaving:
                call.world.acl.append(Acl(path, kind, name, role, call.flag("propagate", default=True)))
    return None


def _check_subject(call: Call, kind: str, name: str) -> None:
    user, _, token = name.partition("!")
    known = call.world.users.get(user)
    if kind == "group" and name not in call.world.groups:
        raise failed(f"ACL update failed: group '{name}' does not exist")
    if kind != "group" and known is None:
        raise failed(f"ACL update failed: user '{user}' does not exist")
    if kind == "token" and (known is None or token not in known.tokens):
        raise failed(f"ACL update failed: no such token '{token}' for user '{user}'")


@routes.post("/access/groups")
def create_group(call: Call) -> Json:
    """Make a group."""
    name = call.text("groupid")
    if name in call.world.groups:
        raise failed(f"create group failed: group '{name}' already exists")
    call.world.groups[name] = call.text("comment") if "comment" in call.params else None
    return None


@routes.put("/access/groups/{groupid}")
def change_group(call: Call) -> Json:
    """Change a group's comment."""
    name = call.text("groupid")
    if name not in call.world.groups:
        raise failed(f"update group failed: group '{name}' does not exist")
    call.world.groups[name] = call.text("comment") if "comment" in call.params else call.world.groups[name]
    return None


@routes.delete("/access/groups/{groupid}")
def delete_group(call: Call) -> Json:
    """Remove a group from its users, the access control list and itself."""
    name = call.text("groupid")
    if name not in call.world.groups:
        raise failed(f"delete group failed: group '{name}' does not exist")
    del call.world.groups[name]
    for user in call.world.users.values():
        user.groups = [group for group in user.groups if group != name]
    call.world.acl = [entry for entry in call.world.acl if (entry.kind, entry.ugid) != ("group", name)]
    return None


def _privileges(call: Call) -> list[str]:
    """Return the privileges asked for; PVE 8 knows VM.Monitor in place of the guest agent's."""
    older, found = call.world.major < 9, []
    agent = sorted(name for name in ALL_PRIVILEGES if name.startswith("VM.GuestAgent."))
    for name in call.texts("privs"):
        monitor = older and name == "VM.Monitor"
        if not monitor and (name not in ALL_PRIVILEGES or (older and name in agent)):
            raise invalid({"privs": f"invalid format - invalid privilege '{name}'\n"})
        found += agent if monitor else [name]
    return found


@routes.post("/access/roles")
def create_role(call: Call) -> Json:
    """Make a role."""
    name = call.text("roleid")
    if name in BUILT_IN_ROLES or name in call.world.roles:
        raise failed(f"create role failed: role '{name}' already exists")
    if name.startswith("PVE"):
        raise invalid({"roleid": "role IDs starting with 'PVE' are reserved"})
    call.world.roles[name] = _privileges(call)
    return None


@routes.put("/access/roles/{roleid}")
def change_role(call: Call) -> Json:
    """Change a role's privileges; those that PVE brings along stay as they are."""
    name = call.text("roleid")
    if name in BUILT_IN_ROLES:
        raise failed(f"update role failed: auto-generated role '{name}' cannot be modified")
    if name not in call.world.roles:
        raise failed(f"update role failed: role '{name}' does not exist")
    names = _privileges(call)
    held = call.world.roles[name]
    call.world.roles[name] = [*held, *(p for p in names if p not in held)] if call.flag("append") else names
    return None


@routes.delete("/access/roles/{roleid}")
def delete_role(call: Call) -> Json:
    """Remove a role and the entries that give it."""
    name = call.text("roleid")
    if name in BUILT_IN_ROLES:
        raise failed(f"auto-generated role '{name}' cannot be deleted")
    if name not in call.world.roles:
        raise failed(f"delete role failed: role '{name}' does not exist")
    del call.world.roles[name]
    call.world.acl = [entry for entry in call.world.acl if entry.roleid != name]
    return None
