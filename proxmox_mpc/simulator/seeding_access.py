"""Seeding users, tokens, groups, roles, grants and realms; secrets are in no answer, so no login of theirs works."""

from __future__ import annotations

from proxmox_mpc.simulator.documents import Documents, number
from proxmox_mpc.simulator.json import Json, JsonObject
from proxmox_mpc.simulator.world import DOOR_SECRET, DOOR_TOKEN_ID, Acl, ApiToken, User, World

_REALMS: dict[str, JsonObject] = {
    "pam": {"type": "pam", "comment": "Linux PAM standard authentication"},
    "pve": {"type": "pve", "comment": "Proxmox VE authentication server"},
}


def seed_access(world: World, known: Documents) -> None:
    """Take who may do what, and hold the simulator's own token with all rights ready."""
    for row in known.rows("/access/users"):
        user = _user(row)
        world.users[user.userid] = user
    for row in known.rows("/access/groups"):
        world.groups[str(row.get("groupid"))] = _text(row, "comment")
    for row in known.rows("/access/roles"):
        if not row.get("special"):
            world.roles[str(row.get("roleid"))] = _list(row.get("privs"))
    world.acl = [
        Acl(str(row.get("path")), str(row.get("type")), str(row.get("ugid")), str(row.get("roleid")),
            bool(row.get("propagate", 1)))
        for row in known.rows("/access/acl")
    ]  # fmt: skip
    world.realms = {
        str(row.get("realm")): {key: value for key, value in row.items() if key != "realm"}
        for row in known.rows("/access/domains")
    } or dict(_REALMS)
    userid, _, name = DOOR_TOKEN_ID.partition("!")
    holder = world.users.setdefault(userid, User(userid))
    there = holder.tokens.get(name)
    comment = there.comment if there is not None else None
    holder.tokens[name] = ApiToken(name, DOOR_SECRET, privsep=False, comment=comment)
    world.door_token = [DOOR_TOKEN_ID, DOOR_SECRET]


def _user(row: JsonObject) -> User:
    user = User(str(row.get("userid")), enable=bool(row.get("enable", 1)), expire=number(row.get("expire")))
    for key in ("firstname", "lastname", "email", "comment"):
        setattr(user, key, _text(row, key))
    user.groups = _list(row.get("groups"))
    if row.get("keys"):
        user.tfa = [{"type": "totp", "id": "assumed", "description": ""}]
    tokens = row.get("tokens")
    for token in tokens if isinstance(tokens, list) else []:
        if isinstance(token, dict):
            name = str(token.get("tokenid"))
            expire = number(token.get("expire"))
            privsep = bool(token.get("privsep", 1))
            user.tokens[name] = ApiToken(name, "not known", privsep, expire, _text(token, "comment"))
    return user


def _text(row: JsonObject, name: str) -> str | None:
    value = row.get(name)
    return None if value is None else str(value)


def _list(value: Json) -> list[str]:
    return [part for part in str(value or "").split(",") if part]
