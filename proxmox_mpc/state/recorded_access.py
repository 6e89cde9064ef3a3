"""Recorded answers about pools and about who may do what."""

from __future__ import annotations

from proxmox_mpc.domain.json import Json, JsonObject, boolean, split_list, text
from proxmox_mpc.errors import NotFound
from proxmox_mpc.state.shelf import Names, Params, Shelf, asked


def pools(shelf: Shelf, _names: Names, params: Params) -> Json:
    """Answer all pools, or with ``poolid`` one with its members."""
    shelf.require("pool")
    wanted = params.get("poolid")
    found = shelf.objects("pool")
    if wanted is None:
        return [{name: value for name, value in row.items() if name != "members"} for row in found]
    rows: list[Json] = [_with_members(shelf, row) for row in found if row.get("poolid") == wanted]
    if not rows:
        raise NotFound(f"pool {wanted!r} is not recorded")
    return rows


def pool(shelf: Shelf, names: Names, _params: Params) -> Json:
    """Answer one pool with its members."""
    shelf.require("pool")
    row = shelf.one("pool", names["poolid"])
    if row is None:
        raise NotFound(f"pool {names['poolid']!r} is not recorded")
    made = _with_members(shelf, row)
    made.pop("poolid", None)
    return made


def _with_members(shelf: Shelf, row: JsonObject) -> JsonObject:
    """Put the members' rows where the document holds their ids (``guest/101``, ``storage/local``)."""
    members: list[Json] = []
    wanted = row.get("members")
    for member in wanted if isinstance(wanted, list) else []:
        sort, _, key = str(member).partition("/")
        if sort == "guest":
            found = shelf.one("guest", key)
            members.append({**found, "type": found["type"]} if found else {"id": f"qemu/{key}", "vmid": int(key)})
        else:
            members += [row for row in shelf.objects("storage_status") if row.get("storage") == key][:1]
    return {**row, "members": members}


def users(shelf: Shelf, _names: Names, params: Params) -> Json:
    """Answer the users, with ``full`` their groups and tokens."""
    shelf.require("access")
    rows = shelf.objects("user")
    if "enabled" in params:
        wanted = asked(params, "enabled")
        rows = [row for row in rows if boolean(row, "enable", True) is wanted]
    if asked(params, "full"):
        return [{**row, "tokens": [*_tokens(shelf, str(row.get("userid")))]} for row in rows]
    return [{name: value for name, value in row.items() if name != "groups"} for row in rows]


def user(shelf: Shelf, names: Names, _params: Params) -> Json:
    """Answer one user."""
    shelf.require("access")
    row = shelf.one("user", names["userid"])
    if row is None:
        raise NotFound(f"user {names['userid']!r} is not recorded")
    groups: list[Json] = [*split_list(text(row, "groups"))]
    tokens: JsonObject = {
        str(token["tokenid"]): {name: value for name, value in token.items() if name != "tokenid"}
        for token in _tokens(shelf, names["userid"])
    }
    return {**{name: value for name, value in row.items() if name != "userid"}, "groups": groups, "tokens": tokens}


def user_tokens(shelf: Shelf, names: Names, _params: Params) -> Json:
    """Answer the tokens of a user."""
    shelf.require("access")
    return [*_tokens(shelf, names["userid"])]


def _tokens(shelf: Shelf, userid: str) -> list[JsonObject]:
    rows = shelf.objects("token", f"{userid}!")
    return [{name: value for name, value in row.items() if name != "userid"} for row in rows]


def group(shelf: Shelf, names: Names, _params: Params) -> Json:
    """Answer one group."""
    shelf.require("access")
    row = shelf.one("group", names["groupid"])
    if row is None:
        raise NotFound(f"group {names['groupid']!r} is not recorded")
    members: list[Json] = [*split_list(text(row, "users"))]
    return {"comment": row.get("comment"), "members": members}


def role(shelf: Shelf, names: Names, _params: Params) -> Json:
    """Answer the privileges of a role."""
    shelf.require("access")
    row = shelf.one("role", names["roleid"])
    if row is None:
        raise NotFound(f"role {names['roleid']!r} is not recorded")
    return dict.fromkeys(split_list(text(row, "privs")), 1)
