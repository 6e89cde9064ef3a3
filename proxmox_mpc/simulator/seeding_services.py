"""Seeding high availability, SDN, jobs and firewalls, whose objects a world keeps as PVE answers them."""

from __future__ import annotations

import re

from proxmox_mpc.simulator.documents import Documents, number, rows_of, without
from proxmox_mpc.simulator.json import Json, JsonObject
from proxmox_mpc.simulator.world import Firewall, World

_SUBNETS = re.compile(r"/cluster/sdn/vnets/([^/]+)/subnets")
_FIREWALL = re.compile(
    r"/(cluster|nodes/[^/]+|nodes/[^/]+/(?:qemu|lxc)/\d+|cluster/sdn/vnets/[^/]+)/firewall/(\w+)(?:/([^/]+))?"
)


def seed_ha(world: World, known: Documents) -> None:
    """Take resources, rules, groups, and what the manager last said of each resource."""
    ha = world.ha
    ha.resources = {str(row.get("sid")): without(row) for row in known.rows("/cluster/ha/resources")}
    rules = sorted(known.rows("/cluster/ha/rules"), key=lambda row: number(row.get("order")))
    ha.rules = {str(row.get("rule")): without(row, "order") for row in rules}
    ha.groups = {str(row.get("group")): without(row) for row in known.rows("/cluster/ha/groups")}
    for row in known.rows("/cluster/ha/status/current"):
        if row.get("type") == "master":
            ha.master = str(row.get("node"))
        elif row.get("type") == "service" and row.get("sid"):
            ha.state[str(row["sid"])] = {"node": row.get("node"), "state": row.get("crm_state") or row.get("state")}


def seed_sdn(world: World, known: Documents) -> None:
    """Take zones, vnets and subnets as they run, with what is not applied yet beside them."""
    for kind, key in (("zones", "zone"), ("vnets", "vnet")):
        for row in known.rows(f"/cluster/sdn/{kind}"):
            _sdn_object(world, kind, str(row.get(key)), row)
    for _, document in known.matching(_SUBNETS):
        for row in rows_of(document):
            _sdn_object(world, "subnets", str(row.get("subnet")), row)


def _sdn_object(world: World, kind: str, name: str, row: JsonObject) -> None:
    applied: dict[str, JsonObject] = getattr(world.sdn, kind)
    runs, changes = without(row, "state", "pending"), row.get("pending")
    waiting = world.sdn.pending.setdefault(kind, {}) if row.get("state") else {}
    changed = {**runs, **(changes if isinstance(changes, dict) else {})}
    state = str(row.get("state") or "")
    if state != "new":
        applied[name] = runs
    if state == "new":
        waiting[name] = changed
    elif state == "deleted":
        waiting[name] = None
    elif state == "changed":
        waiting[name] = {key: value for key, value in changed.items() if value != "deleted"}


def seed_jobs(world: World, known: Documents) -> None:
    """Take backup and replication jobs."""
    world.backup_jobs = {str(row.get("id")): without(row, "next-run") for row in known.rows("/cluster/backup")}
    world.replication = {str(row.get("id")): without(row) for row in known.rows("/cluster/replication")}


def seed_firewall(world: World, known: Documents) -> None:
    """Take every level of the firewall."""
    for (place, section, name), document in known.matching(_FIREWALL):
        level = world.firewall.setdefault(_level(place), Firewall())
        if name:
            _named(level, section, name, document)
        elif section == "options" and isinstance(document, dict):
            level.options = without(document)
        elif section == "rules":
            level.rules = [without(row, "pos") for row in rows_of(document)]
        elif section == "aliases":
            level.aliases = {str(row.get("name")): without(row, "name", "ipversion") for row in rows_of(document)}
        elif section in ("ipset", "groups"):
            kept, inside = (level.ipsets, "members") if section == "ipset" else (level.groups, "rules")
            for row in rows_of(document):
                entry = kept.setdefault(str(row.get("name") or row.get("group")), {inside: []})
                if row.get("comment"):
                    entry["comment"] = row["comment"]


def _named(level: Firewall, section: str, name: str, document: Json) -> None:
    if section == "ipset":
        members: list[Json] = [without(row) for row in rows_of(document)]
        level.ipsets.setdefault(name, {})["members"] = members
    elif section == "groups":
        rules: list[Json] = [without(row, "pos") for row in rows_of(document)]
        level.groups.setdefault(name, {})["rules"] = rules


def _level(place: str) -> str:
    """Return the world's name of a level: ``cluster``, ``node/pve1``, ``qemu/101``, ``vnet/lan``."""
    parts = place.split("/")
    if len(parts) == 1:
        return "cluster"
    if parts[0] == "cluster":
        return f"vnet/{parts[3]}"
    return f"node/{parts[1]}" if len(parts) == 2 else f"{parts[2]}/{parts[3]}"
