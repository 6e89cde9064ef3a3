"""What is recorded: every kind of object, the table that indexes it, and how a document becomes columns.

A kind's documents live in ``object_version``, where the current one has no end; its table holds columns for queries
and, where values change by themselves (load, uptime, use), the last answer as ``data``. Standard library only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from proxmox_mpc.domain.json import Json, JsonObject, boolean, integer, split_list, text
from proxmox_mpc.domain.source import STALE
from proxmox_mpc.state.documents import without_secrets

Cell = str | int | None
Reader = Callable[[JsonObject], Cell]


def _text(name: str) -> Reader:
    return lambda row: text(row, name)


def _int(name: str) -> Reader:
    return lambda row: integer(row, name)


def _flag(name: str, default: bool = False) -> Reader:
    return lambda row: int(boolean(row, name, default))


def _texts(*names: str) -> dict[str, Reader]:
    return {name: _text(name) for name in names}


@dataclass(frozen=True)
class Kind:
    """One kind of recorded object.

    ``group`` is the name that ``sync pull --only`` knows. ``keep`` lists the stable fields of a kind whose answers
    also carry moving ones; without it the whole answer is kept, less ``drop``. ``sets`` are comma lists whose order
    means nothing (PVE sends ``content`` in random order). ``secret`` names fields that are secret in this kind only.
    """

    name: str
    group: str
    table: str | None = None
    columns: Mapping[str, Reader] = field(default_factory=dict)
    keep: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    sets: tuple[str, ...] = ()
    secret: frozenset[str] = frozenset()
    moving: bool = False
    history: bool = True


# disk, mem, cpu, uptime and the counters move by themselves
_GUEST_FIELDS = (
    *("type", "vmid", "node", "name", "status", "template", "tags", "pool", "lock", "hastate"),
    *("maxcpu", "maxmem", "maxdisk"),
)
_NODE_FIELDS = (
    *("node", "status", "ip", "nodeid", "level", "maxcpu", "maxmem", "pveversion", "kversion", "cpu_model"),
    "ssl_fingerprint",
)

_VOLUME: dict[str, Reader] = {
    **_texts("node", "storage", "volid", "content", "format"),
    "size": _int("size"),
    "vmid": _int("vmid"),
    "created": _int("ctime"),
}

_ALL = (
    Kind(
        "node",
        "node",
        "node",
        {
            **_texts("node", "status", "ip"),
            "nodeid": _int("nodeid"),
            "cpus": _int("maxcpu"),
            "memory": _int("maxmem"),
            "version": _text("pveversion"),
            "kernel": _text("kversion"),
        },
        keep=_NODE_FIELDS,
        moving=True,
    ),
    Kind(
        "guest",
        "guest",
        "guest",
        {
            **_texts("type", "node", "name", "status", "tags", "pool", "lock", "hastate"),
            "vmid": _int("vmid"),
            "template": _flag("template"),
            "cpus": _int("maxcpu"),
            "memory": _int("maxmem"),
            "disk": _int("maxdisk"),
        },
        keep=_GUEST_FIELDS,
        moving=True,
    ),
    Kind("config", "guest", "guest_config", drop=("digest",)),
    Kind("pending", "guest"),
    Kind(
        "snapshot",
        "guest",
        "snapshot",
        {**_texts("name", "parent"), "created": _int("snaptime")},
        drop=("digest", "running", "vmid"),
    ),
    Kind(
        "storage",
        "storage",
        "storage",
        {
            **_texts("storage", "type", "content", "nodes"),
            "shared": _flag("shared"),
            "disabled": _flag("disable"),
        },
        drop=("digest",),
        sets=("content", "nodes"),
        secret=frozenset({"keyring", "username-password"}),
    ),
    Kind(
        "storage_status",
        "storage",
        "storage_status",
        {**_texts("node", "storage", "status"), "total": _int("maxdisk"), "used": _int("disk")},
        sets=("content",),
        moving=True,
        history=False,
    ),
    Kind("volume", "volume", "volume", _VOLUME, drop=("used", "approximate-size")),
    Kind(
        "backup",
        "volume",
        "backup",
        {**_VOLUME, "notes": _text("notes"), "protected": _flag("protected")},
        drop=("used", "approximate-size"),
    ),
    Kind(
        "network",
        "network",
        "network",
        {
            **_texts("node", "iface", "type", "cidr", "gateway", "bridge_ports"),
            "active": _flag("active"),
            "autostart": _flag("autostart"),
            "vlan_aware": _flag("bridge_vlan_aware"),
        },
        drop=("digest",),
    ),
    Kind("sdn_zone", "sdn", "sdn_zone", _texts("zone", "type"), drop=("digest",)),
    Kind("sdn_vnet", "sdn", "sdn_vnet", {**_texts("vnet", "zone", "alias"), "tag": _int("tag")}, drop=("digest",)),
    Kind("sdn_subnet", "sdn", "sdn_subnet", _texts("subnet", "vnet", "cidr", "gateway"), drop=("digest",)),
    Kind("pool", "pool", "pool", _texts("poolid", "comment")),
    Kind("ha_resource", "ha", "ha_resource", _texts("sid", "state", "group"), drop=("digest",)),
    Kind("ha_rule", "ha", "ha_rule", _texts("rule", "type", "resources"), drop=("digest",)),
    Kind("ha_group", "ha", "ha_group", {"name": _text("group"), "nodes": _text("nodes")}, drop=("digest",)),
    Kind("firewall", "firewall", "firewall", _texts("scope", "section", "name")),
    Kind(
        "user",
        "access",
        "access_user",
        {**_texts("userid", "email", "groups"), "enabled": _flag("enable", True), "expire": _int("expire")},
        drop=("tokens", "totp-locked", "tfa-locked-until"),
        sets=("groups",),
        secret=frozenset({"keys"}),  # the old place of second factors
    ),
    Kind(
        "token",
        "access",
        "access_token",
        {**_texts("userid", "tokenid"), "privsep": _flag("privsep", True), "expire": _int("expire")},
    ),
    Kind("group", "access", "access_group", _texts("groupid", "users"), sets=("users",)),
    Kind("role", "access", "access_role", {**_texts("roleid", "privs"), "special": _flag("special")}, sets=("privs",)),
    Kind(
        "acl",
        "access",
        "access_acl",
        {**_texts("path", "type", "ugid", "roleid"), "propagate": _flag("propagate", True)},
    ),
    Kind(
        "realm", "access", "access_realm", _texts("realm", "type"), drop=("digest",), secret=frozenset({"client-key"})
    ),
    Kind(
        "backup_job",
        "job",
        "backup_job",
        {**_texts("id", "schedule", "storage", "vmid", "pool"), "enabled": _flag("enabled", True)},
        drop=("digest", "next-run"),
    ),
    Kind(
        "replication",
        "job",
        "replication",
        {**_texts("id", "source", "target", "schedule"), "guest": _int("guest")},
        drop=("digest",),
    ),
    Kind("options", "cluster", drop=("digest",)),
    Kind(
        "task",
        "task",
        "task",
        {
            **_texts("node", "type", "user", "status"),
            "object": _text("id"),
            "started": _int("starttime"),
            "ended": _int("endtime"),
        },
        moving=True,
        history=False,
    ),
)

KINDS: Mapping[str, Kind] = MappingProxyType({kind.name: kind for kind in _ALL})
GROUPS: tuple[str, ...] = tuple(dict.fromkeys(kind.group for kind in _ALL))
"""What ``sync pull --only`` accepts, in the order in which they are read and written."""
NODE_GROUPS = ("node", "guest", "volume", "network")
"""What ``sync pull --node`` reads: the groups whose objects belong to one node."""


def document(kind: Kind, row: JsonObject) -> JsonObject:
    """Return what history keeps of an answer: stable, without secrets, sets in order."""
    names = kind.keep or row.keys()
    kept: JsonObject = {name: row[name] for name in names if name in row and name not in kind.drop}
    for name in kind.sets:
        value = kept.get(name)
        if isinstance(value, str):
            kept[name] = ",".join(sorted(split_list(value)))
    cleaned = without_secrets(kept, kind.secret)
    return cleaned if isinstance(cleaned, dict) else {}


def cells(kind: Kind, row: JsonObject) -> dict[str, Cell]:
    """Return the columns of a kind's table, read from a document or an answer."""
    return {column: read(row) for column, read in kind.columns.items()}


def marked(row: Mapping[str, Json], stale_since: str | None) -> JsonObject:
    """Return a row as recorded; one that the last pull could not confirm says since when."""
    return {**row, STALE: stale_since} if stale_since else dict(row)
