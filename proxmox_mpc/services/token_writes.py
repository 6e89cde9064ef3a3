"""Creating, changing, deleting and rotating API tokens; a token's secret is told once, and never journalled."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from proxmox_mpc.domain.call import Call, FormValue, Known, Slot
from proxmox_mpc.domain.connection import Secret
from proxmox_mpc.domain.json import JsonObject, as_object, as_rows, boolean, integer, text
from proxmox_mpc.domain.plan import Give, Keep, Plan, Probe, Send, Step, Target, Undo
from proxmox_mpc.domain.seen import grant_key
from proxmox_mpc.domain.source import Source, api_path
from proxmox_mpc.errors import AlreadyExists, NotFound, PermissionDenied, PmpcError, UsageError
from proxmox_mpc.services import object_writes as objects
from proxmox_mpc.services.access_writes import checked_user, nothing_to_change
from proxmox_mpc.services.object_writes import Noun
from proxmox_mpc.services.privileges import release_of
from proxmox_mpc.services.setting_tables import Given, gathered, read_keys

SECRET = Slot("secret", "the token's secret")
Verify = Callable[[str, Secret], None]
"""Uses a token with its secret against the cluster; raises PmpcError where it is refused."""

_KEYS = read_keys("""
comment text
expire int(0..)
privsep bool
""")
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9._-]+")
_NUMBERED = re.compile(r"(.*)-(\d{1,6})")


def split_token(token: str) -> tuple[str, str]:
    """Return user and name in USER@REALM!NAME; raises UsageError."""
    userid, mark, name = token.partition("!")
    if not mark or _NAME.fullmatch(name) is None:
        hint = "write it whole: USER@REALM!NAME, the name with two characters at least and a letter first"
        raise UsageError(f"{token[:80]!r} is no API token", hint=hint)
    return checked_user(userid), name


def token_path(token: str) -> str:
    """Return a token's own path."""
    userid, name = split_token(token)
    return api_path("access", "users", userid, "token", name)


def read_token(source: Source, token: str) -> JsonObject | None:
    """Return a token's settings, None where there is none."""
    try:
        return as_object(source.read(token_path(token)), "the token")
    except NotFound:
        return None


def create_token(source: Source, token: str, options: Mapping[str, Given], *, if_missing: bool = False) -> Plan:
    """Plan a new token; its secret comes as SECRET, once."""
    form = gathered(_KEYS, options)
    try:
        there = read_token(source, token)
    except PermissionDenied:
        there = None
    if there is not None:
        if if_missing:
            return Plan("create", (Keep(Target("token", token), "it exists already; its secret cannot be read again"),))
        raise AlreadyExists(
            f"there is an API token {token!r} already", hint="a new secret for it: pmpc access token rotate"
        )
    return Plan("create", (_created(token, form), _exists(token)))


def set_token(source: Source, token: str, options: Mapping[str, Given]) -> Plan:
    """Plan other settings of a token."""
    form = gathered(_KEYS, options)
    if not form:
        raise nothing_to_change()
    now = _found(source, token)
    # Without an entry PVE's default holds: separated, no end.
    now = {"privsep": 1, "expire": 0, "comment": "", **now}
    noun = _noun(token)
    return Plan("set", (objects.changed(noun, token, now, form, path=token_path(token)),))


def delete_tokens(source: Source, tokens: list[str], *, ignore_missing: bool = False, own: str | None = None) -> Plan:
    """Plan to delete tokens, with what was granted to them; ``own`` is the one that pmpc uses itself."""
    steps: list[Step] = []
    for token in dict.fromkeys(tokens):
        if token == own:
            raise UsageError(
                f"{token} is the token that pmpc uses here",
                hint="pmpc access token rotate gives the workspace a new one",
            )
        now = read_token(source, token)
        if now is None and not ignore_missing:
            raise _missing(token)
        steps += (
            [Keep(Target("token", token), "there is none")] if now is None else [_deleted(token, now), _gone(token)]
        )
    return Plan("delete", tuple(steps), many=len(tokens) > 1)


@dataclass(frozen=True, slots=True)
class Rotation:
    """How a token is replaced: ``make`` it and see that it works; then, once it is in use, ``end`` the old one."""

    token: str
    make: Plan
    end: Plan


def rotate_token(source: Source, token: str, verify: Verify, *, name: str | None = None, own: bool = False) -> Rotation:
    """Plan a successor with the old token's scope, expiry, comment and grants.

    The old one works until ``end`` is carried out, which happens only after the new one was used with success: whatever
    fails in between leaves a token that works. ``own``: pmpc itself uses it.
    """
    userid, old = split_token(token)
    now = _found(source, token)
    fresh = f"{userid}!{name or _next_name(source, userid, old)}"
    if read_token(source, fresh) is not None:
        raise AlreadyExists(f"there is an API token {fresh!r} already", hint="choose another --name")
    form: dict[str, FormValue] = {"privsep": boolean(now, "privsep", True)}
    if expire := integer(now, "expire"):
        form["expire"] = expire
    if comment := text(now, "comment"):
        form["comment"] = comment
    target = Target("token", fresh)
    steps: list[Step] = [_created(fresh, form)]
    steps += [
        _granted(target, fresh, entry)
        for entry in as_rows(source.read("/access/acl"), "the access control list")
        if (text(entry, "type"), text(entry, "ugid")) == ("token", token)
    ]
    steps.append(Probe(f"{fresh} is accepted", _accepted(fresh, verify), target, 10.0))
    ending: tuple[Step, ...] = (_deleted(token, now, own=own),) if own else (_deleted(token, now), _gone(token))
    return Rotation(fresh, Plan("rotate", tuple(steps)), Plan("delete", ending))


def regenerate_token(source: Source, token: str) -> Plan:
    """Plan a new secret for the same token (PVE 9); the old secret ends at that very moment.

    Nothing is tried before the end of the plan: a secret that was made must reach its user in any case.
    """
    release = release_of(text(as_object(source.read("/version"), "the version"), "version"))
    if release < 9:
        raise UsageError("--in-place needs Proxmox VE 9", hint="without it a second token takes the first one's place")
    _found(source, token)
    target = Target("token", token)
    send = Send(
        Call("PUT", token_path(token), {"regenerate": True}),
        target,
        "access",
        f"give token {token} a new secret, which ends the old one at once",
        gives=(Give(SECRET, "value", secret=True),),
        undo=Undo(why_not="the old secret is gone for good"),
    )
    return Plan("rotate", (send,))


def _noun(token: str) -> Noun:
    userid, _ = split_token(token)
    collection = api_path("access", "users", userid, "token")
    return Noun("token", collection, "tokenid", _KEYS, "", change="access", digest=False, deletes=False)


def _created(token: str, form: Mapping[str, FormValue]) -> Send:
    target = Target("token", token)
    takes_back = Send(Call("DELETE", token_path(token)), target, "access", f"delete token {token}")
    return Send(
        Call("POST", token_path(token), form),
        target,
        "access",
        f"create token {token}",
        gives=(Give(SECRET, "value", secret=True),),
        watch=token_path(token),
        undo=Undo((takes_back,)),
    )


def _granted(target: Target, token: str, entry: JsonObject) -> Send:
    path, role = text(entry, "path") or "/", text(entry, "roleid") or ""
    propagate = boolean(entry, "propagate", True)
    form: dict[str, FormValue] = {"path": path, "roles": role, "tokens": token, "propagate": propagate}
    takes_back = Send(Call("PUT", "/access/acl", {**form, "delete": True}), target, "access", f"take {role} away again")
    says = f"grant {role} on {path} to {token}"
    key = grant_key(path, "token", token, role)
    return Send(
        Call("PUT", "/access/acl", form),
        target,
        "access",
        says,
        before={key: None},
        watch="/access/acl",
        expects={key: int(propagate)},
        undo=Undo((takes_back,)),
    )


def _deleted(token: str, now: JsonObject, *, own: bool = False) -> Send:
    return Send(
        Call("DELETE", token_path(token)),
        Target("token", token),
        "access",
        f"delete token {token}",
        before=None if own else now,
        # Nobody can look with a token that is gone.
        watch=None if own else token_path(token),
        undo=Undo(why_not="its secret is gone for good"),
    )


def _exists(token: str) -> Probe:
    return _probe(token, f"token {token} exists", there=True)


def _gone(token: str) -> Probe:
    return _probe(token, f"token {token} is gone", there=False)


def _probe(token: str, says: str, *, there: bool) -> Probe:
    def check(source: Source, _known: Known) -> str | None:
        try:
            found = read_token(source, token) is not None
        except PermissionDenied:
            return None
        except PmpcError as error:
            return error.message
        return None if found == there else "it is not so yet"

    return Probe(says, check, Target("token", token), 5.0)


def _accepted(token: str, verify: Verify) -> Callable[[Source, Known], str | None]:
    def check(_source: Source, known: Known) -> str | None:
        secret = known.get(SECRET.name)
        if not isinstance(secret, Secret):
            return "its secret did not come"
        try:
            verify(token, secret)
        except PmpcError as error:
            return error.message
        return None

    return check


def _found(source: Source, token: str) -> JsonObject:
    now = read_token(source, token)
    if now is None:
        raise _missing(token)
    return now


def _missing(token: str) -> NotFound:
    userid = token.partition("!")[0]
    return NotFound(
        f"there is no API token {token!r}", hint=f"pmpc access token list {userid}", details={"token": token}
    )


def _next_name(source: Source, userid: str, old: str) -> str:
    """Return the name with the next number that is free: ci, ci-2, ci-3."""
    found = as_rows(source.read(api_path("access", "users", userid, "token")), "the tokens")
    taken = {text(row, "tokenid") for row in found}
    numbered = _NUMBERED.fullmatch(old)
    stem, number = (numbered[1], int(numbered[2])) if numbered else (old, 1)
    while f"{stem}-{number + 1}" in taken:
        number += 1
    return f"{stem}-{number + 1}"
