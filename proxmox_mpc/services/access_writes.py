"""Creating, changing and deleting users, groups, roles and what is granted to them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from proxmox_mpc.domain.call import Call, FormValue, Known
from proxmox_mpc.domain.connection import Secret
from proxmox_mpc.domain.json import JsonObject, as_rows, boolean, split_list, text
from proxmox_mpc.domain.plan import Keep, Plan, Probe, Send, Target, Undo
from proxmox_mpc.domain.risk import Effect
from proxmox_mpc.domain.seen import grant_key
from proxmox_mpc.domain.source import Source
from proxmox_mpc.errors import NotFound, PmpcError, UsageError
from proxmox_mpc.services import object_writes as objects
from proxmox_mpc.services.acl import checked as checked_path
from proxmox_mpc.services.object_writes import Noun
from proxmox_mpc.services.setting_tables import Given, checked_deletes, gathered, matched, read_keys

_USERID = re.compile(r"[^\s:/@!]+(?:@[^\s:/@!]+)*@[A-Za-z][A-Za-z0-9._-]+")
_USER_KEYS = read_keys("""
comment text
email ~email
enable bool
expire int(0..)
firstname text
groups ~names *
keys text
lastname text
password text ? !
""")


def _role_row(row: JsonObject) -> JsonObject:
    """Turn PVE's answer, a privilege a key, into what is sent."""
    return {"privs": ",".join(sorted(name for name in row if boolean(row, name)))}


USER = Noun("user", "/access/users", "userid", _USER_KEYS, "pmpc access user list", digest=False, deletes=False)
GROUP = Noun(
    "group", "/access/groups", "groupid", read_keys("comment text"), "pmpc access group list",
    digest=False, deletes=False,
)  # fmt: skip
ROLE = Noun(
    "role", "/access/roles", "roleid", read_keys("privs ~privs *"), "pmpc access role list",
    add="access", change="access", digest=False, deletes=False, shape=_role_row,
)  # fmt: skip


def checked_user(userid: str) -> str:
    """Return NAME@REALM; raises UsageError."""
    if len(userid) > 64 or _USERID.fullmatch(userid) is None:
        raise UsageError(f"{userid[:70]!r} is no user", hint="write NAME@REALM, at most 64 characters: bob@pve")
    return userid


def create_user(
    source: Source,
    userid: str,
    options: Mapping[str, Given],
    pairs: Sequence[str] = (),
    *,
    password: Secret | None = None,
    if_missing: bool = False,
) -> Plan:
    """Plan a new user; PVE takes a password only for its own realm, of 8 characters at least."""
    checked_user(userid)
    form = gathered(USER.keys, options, pairs)
    if password is not None:
        form["password"] = _checked_password(userid, password)
    noun = USER if password is None else replace(USER, add="access")
    return objects.create(source, noun, userid, form, if_missing=if_missing)


def set_user(
    source: Source,
    userid: str,
    options: Mapping[str, Given],
    pairs: Sequence[str] = (),
    deletes: Sequence[str] = (),
) -> Plan:
    """Plan other settings of a user; switching an account on or off changes what somebody may do."""
    form = gathered(USER.keys, options, pairs, creating=False)
    gone = checked_deletes(USER.keys, deletes, form)
    if not form and not gone:
        raise nothing_to_change()
    effect: Effect = "access" if {"enable", "groups", "keys"} & {*form, *gone} else "config"
    return objects.change(source, USER, checked_user(userid), form, gone, effect=effect)


def set_password(source: Source, userid: str, password: Secret) -> Plan:
    """Plan another password of a user; PVE refuses this to API tokens."""
    if objects.existing(source, USER, checked_user(userid)) is None:
        raise USER.missing(userid)
    form: dict[str, FormValue] = {"userid": userid, "password": _checked_password(userid, password)}
    send = Send(
        Call("PUT", "/access/password", form),
        USER.target(userid),
        "access",
        f"set the password of {userid}",
        undo=Undo(why_not="the password that was set before cannot be read"),
    )
    return Plan("password", (send,))


def delete_users(source: Source, userids: Sequence[str], *, ignore_missing: bool = False) -> Plan:
    """Plan to delete users, with their tokens and what was granted to them."""
    for userid in userids:
        checked_user(userid)
    gone = "password, tokens and grants went with the user"
    return objects.delete(source, USER, userids, ignore_missing=ignore_missing, why_not=gone)


def create_group(source: Source, groupid: str, comment: str | None, *, if_missing: bool = False) -> Plan:
    """Plan a new group."""
    matched("groupid", "GROUP", groupid)
    return objects.create(source, GROUP, groupid, gathered(GROUP.keys, {"comment": comment}), if_missing=if_missing)


def set_group(source: Source, groupid: str, comment: str) -> Plan:
    """Plan another comment of a group."""
    return objects.change(source, GROUP, groupid, gathered(GROUP.keys, {"comment": comment}))


def delete_groups(source: Source, groupids: Sequence[str], *, ignore_missing: bool = False) -> Plan:
    """Plan to delete groups; their members stay, what was granted to the groups goes."""
    gone = "its members and what was granted to it went with the group"
    return objects.delete(source, GROUP, groupids, ignore_missing=ignore_missing, why_not=gone)


def create_role(source: Source, roleid: str, privileges: Sequence[str], *, if_missing: bool = False) -> Plan:
    """Plan a new role."""
    matched("groupid", "ROLE", roleid)
    if roleid.startswith("PVE"):
        raise UsageError(f"{roleid!r}: names that begin with PVE are Proxmox VE's own", hint="choose another name")
    form = gathered(ROLE.keys, {"privs": checked_privileges(source, privileges)})
    return objects.create(source, ROLE, roleid, form, if_missing=if_missing)


def set_role(
    source: Source,
    roleid: str,
    privileges: Sequence[str] | None,
    add: Sequence[str] = (),
    remove: Sequence[str] = (),
) -> Plan:
    """Plan other privileges of a role: all of them, or some more and some less."""
    now = objects.existing(source, ROLE, roleid)
    if now is None:
        raise ROLE.missing(roleid)
    _not_built_in(source, [roleid])
    if privileges is None and not add and not remove:
        raise nothing_to_change()
    if privileges is not None and (add or remove):
        raise UsageError("--privs cannot be used together with --add-privs and --remove-privs")
    held = {*split_list(text(now, "privs"))}
    if privileges is not None:
        held = {*checked_privileges(source, privileges)}
    held = (held | {*checked_privileges(source, add)}) - {*checked_privileges(source, remove)}
    wanted: dict[str, FormValue] = {"privs": ",".join(sorted(held))}
    step = objects.changed(ROLE, roleid, now, wanted)
    if isinstance(step, Send):
        # A role reads as its privileges, each a key.
        had = {*split_list(text(now, "privs"))}
        before: JsonObject = {name: 1 if name in had else None for name in sorted(had ^ held)}
        step = replace(step, before=before, expects={name: 1 if name in held else None for name in before})
    return Plan("set", (step,))


def delete_roles(source: Source, roleids: Sequence[str], *, ignore_missing: bool = False) -> Plan:
    """Plan to delete roles; what they were granted for is lost too, and told before."""
    _not_built_in(source, roleids)
    notes = tuple(
        f"role {text(row, 'roleid')} is granted to {text(row, 'ugid')} on {text(row, 'path')}: that goes with it"
        for row in _acl(source)
        if text(row, "roleid") in roleids
    )
    why_not = "what the role was granted for went with it" if notes else ""
    return objects.delete(source, ROLE, roleids, ignore_missing=ignore_missing, why_not=why_not, notes=notes)


def checked_privileges(source: Source, names: Sequence[str]) -> list[str]:
    """Return privileges (commas separate); raises UsageError for one that the server's Administrator does not have."""
    wanted = [name for word in names for name in split_list(word)]
    if not wanted:
        return []
    rows = as_rows(source.read("/access/roles"), "the roles")
    known = {name for row in rows for name in split_list(text(row, "privs"))}
    for name in wanted:
        if name not in known:
            from difflib import get_close_matches

            near = get_close_matches(name, known, n=3, cutoff=0.5)
            meant = f"did you mean {' or '.join(near)}?" if near else "pmpc access role show Administrator lists them"
            raise UsageError(f"there is no privilege {name!r}", hint=meant)
    return list(dict.fromkeys(wanted))


def _not_built_in(source: Source, roleids: Sequence[str]) -> None:
    for row in as_rows(source.read("/access/roles"), "the roles"):
        if boolean(row, "special") and text(row, "roleid") in roleids:
            name = text(row, "roleid")
            raise UsageError(f"role {name} is Proxmox VE's own", hint="make one of your own: pmpc access role create")


def grant(source: Source, path: str, roles: Sequence[str], holder: tuple[str, str], *, propagate: bool = True) -> Plan:
    """Plan to grant roles on a path; ``holder`` is (user|group|token, its id)."""
    where, kind, name = _checked_grant(source, path, roles, holder)
    held = {text(row, "roleid"): boolean(row, "propagate", True) for row in _acl(source) if _is(row, where, holder)}
    target = Target("acl", f"{where} {name}")
    new = [role for role in roles if held.get(role) is not propagate]
    if not new:
        return Plan("grant", (Keep(target, "that is granted already"),))
    form: dict[str, FormValue] = {"path": where, "roles": ",".join(new), kind: name, "propagate": propagate}
    takes = [_revoked(target, {**form, "roles": role, "propagate": None}) for role in new if role not in held]
    takes += [
        Send(
            Call("PUT", "/access/acl", {**form, "roles": role, "propagate": held[role]}),
            target,
            "access",
            "put it back",
        )
        for role in new
        if role in held
    ]
    says = f"grant {', '.join(new)} on {where} to {name}"
    send = Send(
        Call("PUT", "/access/acl", form),
        target,
        "access",
        says,
        before={grant_key(where, *holder, role): _as_int(held.get(role)) for role in new},
        watch="/access/acl",
        expects={grant_key(where, *holder, role): int(propagate) for role in new},
        undo=Undo(tuple(takes)),
    )
    return Plan("grant", (send, _acl_probe(target, where, holder, new, there=True)))


def revoke(source: Source, path: str, roles: Sequence[str], holder: tuple[str, str]) -> Plan:
    """Plan to take roles away again; what comes from another path or a group stays."""
    where, kind, name = checked_path(path), f"{holder[0]}s", holder[1]
    held = {text(row, "roleid"): boolean(row, "propagate", True) for row in _acl(source) if _is(row, where, holder)}
    target = Target("acl", f"{where} {name}")
    gone = [role for role in roles if role in held]
    if not gone:
        return Plan("revoke", (Keep(target, "that is not granted"),))
    form: dict[str, FormValue] = {"path": where, "roles": ",".join(gone), kind: name}
    back = [
        Send(
            Call("PUT", "/access/acl", {**form, "roles": role, "propagate": held[role]}),
            target,
            "access",
            f"grant {role} on {where} to {name} again",
        )
        for role in gone
    ]
    send = replace(
        _revoked(target, form),
        before={grant_key(where, *holder, role): int(held[role]) for role in gone},
        watch="/access/acl",
        expects={grant_key(where, *holder, role): None for role in gone},
        undo=Undo(tuple(back)),
    )
    return Plan("revoke", (send, _acl_probe(target, where, holder, gone, there=False)))


def _as_int(propagates: bool | None) -> int | None:
    return None if propagates is None else int(propagates)


def _revoked(target: Target, form: Mapping[str, FormValue]) -> Send:
    says = f"take {form['roles']} on {form['path']} away from {str(target.id).partition(' ')[2]}"
    return Send(Call("PUT", "/access/acl", {**form, "delete": True}), target, "access", says)


def _checked_grant(source: Source, path: str, roles: Sequence[str], holder: tuple[str, str]) -> tuple[str, str, str]:
    where = checked_path(path)
    known = {text(row, "roleid") for row in as_rows(source.read("/access/roles"), "the roles")}
    for role in roles:
        if role not in known:
            raise NotFound(f"there is no role {role!r}", hint="pmpc access role list")
    kind, name = holder
    if kind != "group":
        userid, mark, _ = name.partition("!")
        checked_user(userid)
        if bool(mark) != (kind == "token"):
            raise UsageError(f"--{kind}: {name!r} is no {kind}", hint="USER@REALM is a user, USER@REALM!NAME a token")
    return where, f"{kind}s", name


def _acl(source: Source) -> list[JsonObject]:
    return as_rows(source.read("/access/acl"), "the access control list")


def _is(row: JsonObject, path: str, holder: tuple[str, str]) -> bool:
    return text(row, "path") == path and (text(row, "type"), text(row, "ugid")) == holder


def _acl_probe(target: Target, path: str, holder: tuple[str, str], roles: Sequence[str], *, there: bool) -> Probe:
    def check(source: Source, _known: Known) -> str | None:
        try:
            held = {text(row, "roleid") for row in _acl(source) if _is(row, path, holder)}
        except PmpcError as error:
            return error.message
        good = {*roles} <= held if there else not {*roles} & held
        return None if good else "the list says otherwise"

    return Probe("the access control list says so", check, target, 5.0)


def nothing_to_change() -> UsageError:
    """Return the error for a ``set`` that names no setting."""
    return UsageError("there is nothing to change", hint="name a setting: an option, --set KEY=VALUE or --delete KEY")


def _checked_password(userid: str, password: Secret) -> Secret:
    size = len(password.reveal().encode())
    if userid.endswith("@pve") and not 8 <= size <= 64:
        raise UsageError(
            "the password must have 8 to 64 characters", hint="Proxmox VE takes no other for its own realm"
        )
    return password
