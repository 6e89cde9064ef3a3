"""What all levels of the firewall have in common: options, rules, aliases and sets as PVE answers them."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import asdict

from proxmox_mpc.simulator.digests import digest_of
from proxmox_mpc.simulator.errors import failed
from proxmox_mpc.simulator.json import JsonObject
from proxmox_mpc.simulator.world import Firewall, World


def level(world: World, name: str) -> Firewall:
    """Return one level's settings (``cluster``, ``node/pve1``, ``qemu/101``, ``vnet/lan``); an empty one if none."""
    return world.firewall.get(name) or Firewall()


def digest(firewall: Firewall) -> str:
    """Return the digest of a level's file; a file that holds nothing is empty."""
    content = {key: value for key, value in asdict(firewall).items() if value and key != "log"}
    return digest_of(content)


def options_row(firewall: Firewall) -> JsonObject:
    """Return a level's options: what was never set is not there."""
    return {**firewall.options, "digest": digest(firewall)}


def rule_rows(firewall: Firewall, rules: list[JsonObject] | None = None) -> Iterator[JsonObject]:
    """Yield rules with their positions; those of a security group are given apart."""
    mark = digest(firewall)
    for pos, rule in enumerate(firewall.rules if rules is None else rules):
        yield {"enable": 0, **rule, "pos": pos, "digest": mark}


def rule_at(found: Iterator[JsonObject], pos: int) -> JsonObject:
    """Return the rule at a position; raises PVE's 500 when there are fewer."""
    for rule in found:
        if rule["pos"] == pos:
            return rule
    raise failed("no rule at position " + str(pos))


def alias_rows(firewall: Firewall) -> Iterator[JsonObject]:
    """Yield a level's aliases in order of name."""
    for name, entry in sorted(firewall.aliases.items()):
        version = 6 if ":" in str(entry["cidr"]) else 4
        yield {"name": name, **entry, "ipversion": version, "digest": digest(firewall)}


def set_rows(firewall: Firewall) -> Iterator[JsonObject]:
    """Yield a level's IP sets in order of name, without their members."""
    for name, entry in sorted(firewall.ipsets.items()):
        comment: JsonObject = {"comment": entry["comment"]} if entry.get("comment") else {}
        yield {"name": name, **comment, "digest": digest(firewall)}


def member_rows(firewall: Firewall, name: str) -> Iterator[JsonObject]:
    """Yield the members of an IP set; raises PVE's 500 when there is no such set."""
    if name not in firewall.ipsets:
        raise failed(f"no such IPSet '{name}'")
    members = firewall.ipsets[name].get("members")
    for member in members if isinstance(members, list) else []:
        if isinstance(member, dict):
            yield {**member, "digest": digest(firewall)}


def reference_rows(scope: str, firewall: Firewall, wanted: str) -> Iterator[JsonObject]:
    """Yield what rules may name: aliases as ``dc/name``, sets as ``+dc/name`` (``guest/`` for a guest's own)."""
    for kind, table, sign in (("alias", firewall.aliases, ""), ("ipset", firewall.ipsets, "+")):
        if wanted in {"", kind}:
            for name, entry in sorted(table.items()):
                row: JsonObject = {"type": kind, "name": name, "scope": scope, "ref": f"{sign}{scope}/{name}"}
                yield row | ({"comment": entry["comment"]} if entry.get("comment") else {})


def is_address(text: str) -> bool:
    """Return whether a text is an IP address, a network or a range of addresses."""
    parts = text.split("-", 1)
    try:
        for part in parts:
            ipaddress.ip_network(part, strict=False)
    except ValueError:
        return False
    return len(parts) == 1 or "/" not in text
