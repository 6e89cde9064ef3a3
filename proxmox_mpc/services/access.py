"""Users, groups, roles and API tokens of the cluster; no secret is among what PVE answers, and none is shown."""

from __future__ import annotations

from collections.abc import Callable

from proxmox_mpc.domain.json import Json, JsonObject, as_object, as_rows, boolean, integer, listed, text
from proxmox_mpc.domain.moments import Now, iso
from proxmox_mpc.domain.shape import Field, item, rows
from proxmox_mpc.domain.source import Query, Reading, Source, Warn
from proxmox_mpc.errors import NotFound, PermissionDenied, PmpcError, UsageError
from proxmox_mpc.services.acl import ACL_FIELDS, TFA_FIELDS, acl_row, tfa_rows
from proxmox_mpc.services.reads import Notes

_USER = (
    Field("userid", "string", "the user, with the realm: NAME@REALM"),
    Field("enabled", "boolean", "whether the account is switched on"),
    Field("expires", "time?", "when the account ends; null means never"),
    Field("expired", "boolean", "whether that has passed"),
    Field("groups", "list", "the groups it is in"),
    Field("tokens", "integer", "how many API tokens it has"),
    Field("firstname", "string?", "first name", level="wide"),
    Field("lastname", "string?", "last name", level="wide"),
    Field("email", "string?", "mail address", level="wide"),
    Field("tfa_locked_until", "time?", "until when its second factors are locked", level="wide"),
    Field("totp_locked", "boolean", "whether TOTP is locked after too many failures", level="wide"),
    Field("comment", "string?", "its comment"),
)
_TOKEN = (
    Field("token", "string", "the token's full id: USER@REALM!NAME"),
    Field("userid", "string", "the user it belongs to", level="wide"),
    Field("tokenid", "string", "its name", level="data"),
    Field("enabled", "boolean", "whether its user's account is switched on and not expired"),
    Field("expires", "time?", "when it ends; null means never"),
    Field("expired", "boolean", "whether that has passed"),
    Field("privsep", "boolean", "privilege separation: it holds only what is granted to itself and to its user"),
    Field("comment", "string?", "its comment"),
)
_GROUP = (
    Field("groupid", "string", "the group's id"),
    Field("users", "list", "its members"),
    Field("comment", "string?", "its comment"),
)
_ROLE = (
    Field("roleid", "string", "the role's id"),
    Field("built_in", "boolean", "whether PVE brings it along"),
    Field("privileges", "list", "what it allows"),
)
USER_ROWS = rows(*_USER, doc="Users, by id.")
TOKEN_ROWS = rows(*_TOKEN, doc="API tokens, by id; never their secrets.")
GROUP_ROWS = rows(*_GROUP, doc="Groups, by id.")
ROLE_ROWS = rows(*_ROLE, doc="Roles, by id.")
_ACL = Field("acl", "rows", "what is granted to it", fields=ACL_FIELDS, title="Granted")
USER_PAGE = item(
    *_USER[:5],
    *_USER[6:],
    Field("tokens", "rows", "its API tokens", fields=_TOKEN),
    _ACL,
    Field(
        "tfa",
        "rows?",
        "its second factors; null where they cannot be read",
        fields=TFA_FIELDS[1:],
        title="Second factors",
    ),
    doc="One user.",
)
TOKEN_PAGE = item(*_TOKEN, _ACL, doc="One API token.")
GROUP_PAGE = item(*_GROUP, _ACL, doc="One group.")
ROLE_PAGE = item(
    *_ROLE, Field("acl", "rows", "where it is granted", fields=ACL_FIELDS, title="Granted"), doc="One role."
)

USERS, GROUPS, ROLES, ACL, TFA = (f"/access/{name}" for name in ("users", "groups", "roles", "acl", "tfa"))
# Groups and tokens of the users come along only in the full list.
_FULL = {"full": True}


def list_users(source: Source, now: Now) -> Reading[list[JsonObject]]:
    """Return the users, by id."""
    found = [user_row(row, now) for row in _users(source)]
    return Reading(sorted(found, key=_by("userid")))


def list_tokens(source: Source, now: Now, user: str | None = None) -> Reading[list[JsonObject]]:
    """Return the API tokens of all users, or of one, from the list of users; raises NotFound for an unknown user."""
    users = [row for row in _users(source) if user in (None, text(row, "userid"))]
    if user is not None and not users:
        raise _no_user(user)
    found = [token for row in users for token in token_rows(row, now)]
    return Reading(sorted(found, key=_by("token")))


def list_groups(source: Source) -> Reading[list[JsonObject]]:
    """Return the groups, by id."""
    return Reading(sorted((group_row(row) for row in as_rows(source.read(GROUPS), GROUPS)), key=_by("groupid")))


def list_roles(source: Source) -> Reading[list[JsonObject]]:
    """Return the roles, by id; everybody may read them."""
    return Reading(sorted((role_row(row) for row in as_rows(source.read(ROLES), ROLES)), key=_by("roleid")))


def show_user(source: Source, userid: str, now: Now) -> Reading[JsonObject]:
    """Return a user with tokens, grants and second factors; raises NotFound.

    PVE gives second factors to no API token: then they are left out with a warning.
    """
    row = next((row for row in _users(source) if text(row, "userid") == userid), None)
    if row is None:
        raise _no_user(userid)
    notes = Notes()
    acl, factors = source.read_many([Query(ACL), Query(TFA)])
    user = user_row(row, now)
    groups = {("group", group) for group in listed(user, "groups")}
    page: JsonObject = {
        **user,
        "tokens": [*token_rows(row, now)],
        "acl": _granted(acl, {("user", userid), *groups}, notes),
        "tfa": _factors(factors, userid, notes),
    }
    return Reading(page, *notes.values())


def _factors(found: Json | PmpcError, userid: str, notes: Notes) -> Json:
    """Return a user's second factors; None where they cannot be read, as with every API token."""
    if isinstance(found, PermissionDenied):
        notes.add(Warn("tfa_hidden", "second factors are not shown: PVE gives them to no API token"), partial=False)
        return None
    if isinstance(found, PmpcError):
        notes.failed("the second factors", found)
        return None
    mine = [row for row in tfa_rows(found) if row["userid"] == userid]
    return [{key: value for key, value in row.items() if key != "userid"} for row in mine]


def show_token(source: Source, token: str, now: Now) -> Reading[JsonObject]:
    """Return a token, USER@REALM!NAME, with its grants; without privilege separation it has those of its user."""
    userid, mark, _ = token.partition("!")
    if not mark:
        raise UsageError(f"{token!r} is no token id", hint="write it whole: USER@REALM!NAME")
    row = next((row for row in list_tokens(source, now, userid).value if row["token"] == token), None)
    if row is None:
        raise NotFound(f"there is no API token {token!r}", hint=f"pmpc access token list {userid}")
    notes = Notes()
    holder = ("token", token) if row["privsep"] else ("user", userid)
    acl = source.read_many([Query(ACL)])[0]
    return Reading({**row, "acl": _granted(acl, {holder}, notes)}, *notes.values())


def show_group(source: Source, groupid: str) -> Reading[JsonObject]:
    """Return a group with its members and grants; raises NotFound."""
    row = _one(list_groups(source), "groupid", groupid, "group")
    return _with_grants(source, row, lambda entry: _who(entry) == ("group", groupid))


def show_role(source: Source, roleid: str) -> Reading[JsonObject]:
    """Return a role with its privileges and where it is granted; raises NotFound."""
    row = _one(list_roles(source), "roleid", roleid, "role")
    return _with_grants(source, row, lambda entry: text(entry, "roleid") == roleid)


def user_row(row: JsonObject, now: Now) -> JsonObject:
    """Turn one user of PVE's full list into a row of USER_ROWS."""
    tokens = row.get("tokens")
    return {
        "userid": text(row, "userid") or "",
        "enabled": boolean(row, "enable", True),
        **_end(row, now),
        "groups": [*sorted(listed(row, "groups"))],
        "tokens": len(tokens) if isinstance(tokens, (list, dict)) else 0,
        "firstname": text(row, "firstname"),
        "lastname": text(row, "lastname"),
        "email": text(row, "email") or None,
        "tfa_locked_until": iso(integer(row, "tfa-locked-until")),
        "totp_locked": boolean(row, "totp-locked"),
        "comment": text(row, "comment"),
    }


def token_rows(user: JsonObject, now: Now) -> list[JsonObject]:
    """Return the tokens in one user of PVE's full list: a list of objects, or an object by name (single user)."""
    userid = text(user, "userid") or ""
    usable = boolean(user, "enable", True) and not _end(user, now)["expired"]
    found = user.get("tokens")
    if isinstance(found, dict):
        found = [{"tokenid": name, **as_object(token)} for name, token in found.items()]
    made: list[JsonObject] = []
    for row in as_rows(found or [], "the tokens"):
        name = text(row, "tokenid") or ""
        made.append(
            {
                "token": f"{userid}!{name}",
                "userid": userid,
                "tokenid": name,
                "enabled": usable,
                **_end(row, now),
                "privsep": boolean(row, "privsep", True),
                "comment": text(row, "comment"),
            }
        )
    return made


def group_row(row: JsonObject) -> JsonObject:
    """Turn one group of PVE's list into a row of GROUP_ROWS."""
    return {
        "groupid": text(row, "groupid") or "",
        "users": [*sorted(listed(row, "users") or listed(row, "members"))],
        "comment": text(row, "comment"),
    }


def role_row(row: JsonObject) -> JsonObject:
    """Turn one role of PVE's list into a row of ROLE_ROWS."""
    return {
        "roleid": text(row, "roleid") or "",
        "built_in": boolean(row, "special"),
        "privileges": [*sorted(listed(row, "privs"))],
    }


def _one(found: Reading[list[JsonObject]], key: str, named: str, kind: str) -> JsonObject:
    row = next((row for row in found.value if row[key] == named), None)
    if row is None:
        raise NotFound(f"there is no {kind} {named!r}", hint=f"pmpc access {kind} list")
    return row


def _with_grants(source: Source, row: JsonObject, mine: Callable[[JsonObject], bool]) -> Reading[JsonObject]:
    acl: list[Json] = []
    notes = Notes()
    try:
        acl = [acl_row(entry) for entry in as_rows(source.read(ACL), ACL) if mine(entry)]
    except PmpcError as error:
        notes.failed("the grants", error)
    return Reading({**row, "acl": acl}, *notes.values())


def _users(source: Source) -> list[JsonObject]:
    return as_rows(source.read(USERS, _FULL), USERS)


def _no_user(userid: str) -> NotFound:
    hint = "pmpc access user list (who may not see the users sees only his own)"
    if "@" not in userid:
        hint = f"write it with the realm, for example {userid}@pam; {hint}"
    return NotFound(f"there is no user {userid!r}", hint=hint)


def _granted(found: Json | PmpcError, holders: set[tuple[str, str]], notes: Notes) -> list[Json]:
    if isinstance(found, PmpcError):
        notes.failed("the grants", found)
        return []
    return [acl_row(row) for row in as_rows(found, ACL) if _who(row) in holders]


def _who(row: JsonObject) -> tuple[str, str]:
    return text(row, "type") or "", text(row, "ugid") or ""


def _end(row: JsonObject, now: Now) -> JsonObject:
    """Read ``expire``, whose 0 means never."""
    expire = integer(row, "expire") or 0
    return {"expires": iso(expire), "expired": 0 < expire <= now()}


def _by(key: str) -> Callable[[JsonObject], str]:
    return lambda row: str(row[key])
