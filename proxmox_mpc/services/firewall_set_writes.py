"""Changing what firewall rules refer to: aliases, IP sets and their members, security groups."""

from __future__ import annotations

import re
from collections.abc import Sequence

from proxmox_mpc.domain.call import Call, FormValue, Known
from proxmox_mpc.domain.json import JsonObject, as_rows, boolean, text
from proxmox_mpc.domain.plan import Keep, Plan, Probe, Send, Step, Target, Undo
from proxmox_mpc.domain.source import Source, api_path
from proxmox_mpc.errors import AlreadyExists, Conflict, NotFound, UsageError
from proxmox_mpc.services import object_writes as objects
from proxmox_mpc.services.firewall import CLUSTER, Level
from proxmox_mpc.services.object_writes import Noun
from proxmox_mpc.services.setting_tables import gathered, matched, read_keys

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]+")
_ALIAS = read_keys("""
cidr ~cidr
comment text
""")


def create_alias(
    source: Source, level: Level, name: str, cidr: str, comment: str | None, *, if_missing: bool = False
) -> Plan:
    """Plan a new alias of the cluster or a guest."""
    form = gathered(_ALIAS, {"cidr": cidr, "comment": comment})
    return objects.create(source, _alias(level), checked_name(name), form, if_missing=if_missing)


def set_alias(source: Source, level: Level, name: str, cidr: str | None, comment: str | None) -> Plan:
    """Plan another address or comment; rules that name the alias follow."""
    form = gathered(_ALIAS, {"cidr": cidr, "comment": comment})
    if not form:
        raise UsageError("there is nothing to change", hint="--cidr NETWORK, --comment TEXT")
    return objects.change(source, _alias(level), name, form)


def delete_aliases(source: Source, level: Level, names: Sequence[str], *, ignore_missing: bool = False) -> Plan:
    """Plan to delete aliases."""
    return objects.delete(source, _alias(level), names, ignore_missing=ignore_missing)


def create_ipset(source: Source, level: Level, name: str, comment: str | None, *, if_missing: bool = False) -> Plan:
    """Plan a new IP set of the cluster or a guest."""
    path = f"{_sets(level)}/ipset"
    return _create(source, path, "ipset", "name", checked_name(name), comment, "pmpc firewall ipset list", if_missing)


def delete_ipsets(
    source: Source, level: Level, names: Sequence[str], *, ignore_missing: bool = False, with_members: bool = False
) -> Plan:
    """Plan to delete IP sets; PVE deletes one with members only when it is told to."""
    path = f"{_sets(level)}/ipset"
    steps: list[Step] = []
    for name in dict.fromkeys(names):
        target = Target("ipset", name)
        row = _listed(source, path, "name", name)
        if row is None:
            if not ignore_missing:
                raise _missing("IP set", name, "pmpc firewall ipset list")
            steps.append(Keep(target, "there is none"))
            continue
        members = _members(source, level, name)
        if members and not with_members:
            raise Conflict(
                f"IP set {name} has {len(members)} members",
                hint="--with-members deletes it with them",
                details={"ipset": name},
            )
        again = [_made(path, {"name": name, "comment": text(row, "comment")}, target, f"create IP set {name} again")]
        again += [_made(path + api_path(name), _member_form(one), target, "add a member again") for one in members]
        steps.append(
            Send(
                Call("DELETE", path + api_path(name), {"force": True} if members else {}),
                target,
                "remove",
                f"delete IP set {name}" + (f" with its {len(members)} members" if members else ""),
                before={"list": [*members]},
                watch=path + api_path(name),
                undo=Undo(tuple(again)),
            )
        )
        steps.append(_probe(path, "name", name, target, there=False))
    return Plan("delete", tuple(steps), many=len(names) > 1)


def add_members(
    source: Source, level: Level, name: str, cidrs: Sequence[str], *, nomatch: bool = False, comment: str | None = None
) -> Plan:
    """Plan to put addresses, networks or aliases into an IP set; ``nomatch`` takes them out of a larger network."""
    held = {text(one, "cidr"): one for one in _found_members(source, level, name)}
    base = f"{_sets(level)}/ipset" + api_path(name)
    target = Target("ipset", name)
    steps: list[Step] = []
    for cidr in dict.fromkeys(cidrs):
        matched("fwaddr", "CIDR", cidr)
        if cidr in held and boolean(held[cidr], "nomatch") == nomatch:
            continue
        if cidr in held:
            raise Conflict(f"IP set {name} has {cidr} already", hint=f"pmpc firewall ipset remove {name} {cidr}")
        form: dict[str, FormValue] = {"cidr": cidr, "comment": comment, "nomatch": True if nomatch else None}
        takes_back = Send(Call("DELETE", base + api_path(cidr)), target, "remove", f"take {cidr} out of IP set {name}")
        steps.append(
            Send(
                Call("POST", base, form),
                target,
                "config",
                f"add {cidr} to IP set {name}",
                watch=base + api_path(cidr),
                undo=Undo((takes_back,)),
            )
        )
    return Plan("add", tuple(steps) or (Keep(target, "they are in it already"),))


def remove_members(source: Source, level: Level, name: str, cidrs: Sequence[str]) -> Plan:
    """Plan to take members out of an IP set."""
    held = {text(one, "cidr"): one for one in _found_members(source, level, name)}
    base = f"{_sets(level)}/ipset" + api_path(name)
    target = Target("ipset", name)
    steps: list[Step] = []
    for cidr in dict.fromkeys(cidrs):
        if cidr not in held:
            continue
        form: dict[str, FormValue] = {}
        if digest := text(held[cidr], "digest"):
            form = {} if len(cidrs) > 1 else {"digest": digest}
        again = _made(base, _member_form(held[cidr]), target, f"add {cidr} to IP set {name} again")
        steps.append(
            Send(
                Call("DELETE", base + api_path(cidr), form),
                target,
                "remove",
                f"take {cidr} out of IP set {name}",
                before=held[cidr],
                watch=base + api_path(cidr),
                undo=Undo((again,)),
            )
        )
    return Plan("remove", tuple(steps) or (Keep(target, "they are not in it"),))


def create_group(source: Source, name: str, comment: str | None, *, if_missing: bool = False) -> Plan:
    """Plan a new security group."""
    path = f"{CLUSTER.path}/groups"
    if len(name) > 18:
        raise UsageError(f"{name!r}: the name of a security group has at most 18 characters")
    return _create(
        source, path, "security group", "group", checked_name(name), comment, "pmpc firewall group list", if_missing
    )


def delete_groups(source: Source, names: Sequence[str], *, ignore_missing: bool = False) -> Plan:
    """Plan to delete security groups, which must be empty."""
    path = f"{CLUSTER.path}/groups"
    steps: list[Step] = []
    for name in dict.fromkeys(names):
        target = Target("security group", name)
        row = _listed(source, path, "group", name)
        if row is None:
            if not ignore_missing:
                raise _missing("security group", name, "pmpc firewall group list")
            steps.append(Keep(target, "there is none"))
            continue
        rules = as_rows(source.read(path + api_path(name)), "the rules")
        if rules:
            raise Conflict(
                f"security group {name} still has {len(rules)} rules",
                hint=f"pmpc firewall rule delete {' '.join(str(pos) for pos in range(len(rules)))} --group {name}",
            )
        form: dict[str, FormValue] = {"group": name, "comment": text(row, "comment")}
        undo = Undo((_made(path, form, target, f"create security group {name} again"),))
        steps.append(
            Send(
                Call("DELETE", path + api_path(name)),
                target,
                "remove",
                f"delete security group {name}",
                before={"list": []},
                watch=path + api_path(name),
                undo=undo,
            )
        )
        steps.append(_probe(path, "group", name, target, there=False))
    return Plan("delete", tuple(steps), many=len(names) > 1)


def checked_name(name: str) -> str:
    """Return the name of an alias, IP set or group; raises UsageError."""
    if len(name) > 64 or _NAME.fullmatch(name) is None:
        raise UsageError(f"{name[:70]!r} cannot be a name", hint="two or more letters, digits, - and _, a letter first")
    return name


def _alias(level: Level) -> Noun:
    path = f"{_sets(level)}/aliases"
    return Noun("alias", path, "name", _ALIAS, "pmpc firewall alias list", deletes=False, kept=("cidr", "comment"))


def _sets(level: Level) -> str:
    if level.kind not in ("cluster", "vm", "ct"):
        raise UsageError(
            f"{level.named} has no aliases and IP sets of its own", hint="the cluster and each guest keep some"
        )
    return level.path


def _create(
    source: Source, path: str, kind: str, key: str, name: str, comment: str | None, listed: str, if_missing: bool
) -> Plan:
    target = Target(kind, name)
    if _listed(source, path, key, name) is not None:
        if if_missing:
            return Plan("create", (Keep(target, "it exists already"),))
        raise AlreadyExists(f"there is one named {name!r} already", hint=f"{listed}; --if-missing leaves it as it is")
    takes_back = Send(Call("DELETE", path + api_path(name)), target, "remove", f"delete {target.label}")
    send = Send(
        Call("POST", path, {key: name, "comment": comment}),
        target,
        "add",
        f"create {target.label}",
        watch=path + api_path(name),
        undo=Undo((takes_back,)),
    )
    return Plan("create", (send, _probe(path, key, name, target, there=True)))


def _listed(source: Source, path: str, key: str, name: str) -> JsonObject | None:
    return next((row for row in as_rows(source.read(path), path) if text(row, key) == name), None)


def _found_members(source: Source, level: Level, name: str) -> list[JsonObject]:
    if _listed(source, f"{_sets(level)}/ipset", "name", name) is None:
        raise _missing("IP set", name, "pmpc firewall ipset list")
    return _members(source, level, name)


def _members(source: Source, level: Level, name: str) -> list[JsonObject]:
    return as_rows(source.read(f"{_sets(level)}/ipset" + api_path(name)), f"IP set {name}")


def _member_form(row: JsonObject) -> dict[str, FormValue]:
    nomatch = True if boolean(row, "nomatch") else None
    return {"cidr": text(row, "cidr"), "comment": text(row, "comment"), "nomatch": nomatch}


def _missing(kind: str, name: str, listed: str) -> NotFound:
    return NotFound(f"there is no {kind} {name!r}", hint=listed)


def _made(path: str, form: dict[str, FormValue], target: Target, says: str) -> Send:
    return Send(Call("POST", path, form), target, "add", says)


def _probe(path: str, key: str, name: str, target: Target, *, there: bool) -> Probe:
    def check(source: Source, _known: Known) -> str | None:
        found = _listed(source, path, key, name) is not None
        return None if found == there else "it is not so yet"

    return Probe(f"{target.label} {'exists' if there else 'is gone'}", check, target, 5.0)
