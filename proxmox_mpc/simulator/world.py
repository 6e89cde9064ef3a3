"""The state of a simulated cluster: one object that is saved to JSON and loaded without loss."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from random import Random
from typing import Any, cast

from proxmox_mpc.simulator.json import Json, JsonObject
from proxmox_mpc.simulator.model import (
    Acl,
    ApiToken,
    Firewall,
    Guest,
    Ha,
    Node,
    Pool,
    Sdn,
    Snapshot,
    Storage,
    Task,
    User,
    Volume,
)

__all__ = [
    "DOOR_SECRET",
    "DOOR_TOKEN_ID",
    "Acl",
    "ApiToken",
    "Firewall",
    "Guest",
    "Ha",
    "Node",
    "Pool",
    "Sdn",
    "Snapshot",
    "Storage",
    "Task",
    "User",
    "Volume",
    "World",
]

FORMAT = 1
DOOR_TOKEN_ID = "root@pam!pmpc"  # noqa: S105
DOOR_SECRET = "5e000000-0000-4000-8000-000000000001"  # noqa: S105
"""The token that a simulated world holds ready: known to all, it guards nothing."""


@dataclass
class World:
    """One simulated cluster (or a single node, when ``cluster`` is None).

    ``documents`` holds answers that only one path gives, by that path (``/cluster/metrics/server``). ``created`` is
    the clock when the world was made; everything else in a world hangs on that and on ``seed``.
    """

    name: str
    created: int
    seed: int = 1
    cluster: str | None = None
    version: str = "9.2.11"
    release: str = "9.2"
    repoid: str = "14a22df3"
    quorate: bool = True
    config_version: int = 3
    reporting: bool = True  # pvestatd runs: guests made from now on are known
    options: JsonObject = field(default_factory=dict)
    nodes: dict[str, Node] = field(default_factory=dict)
    guests: dict[int, Guest] = field(default_factory=dict)
    storages: dict[str, Storage] = field(default_factory=dict)
    volumes: dict[str, Volume] = field(default_factory=dict)
    pools: dict[str, Pool] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    groups: dict[str, str | None] = field(default_factory=dict)  # group id -> comment
    roles: dict[str, list[str]] = field(default_factory=dict)  # the world's own; the built-in ones are facts
    acl: list[Acl] = field(default_factory=list)
    realms: dict[str, JsonObject] = field(default_factory=dict)
    tasks: dict[str, Task] = field(default_factory=dict)
    firewall: dict[str, Firewall] = field(default_factory=dict)  # "cluster", "node/pve1", "qemu/100", "lxc/200"
    ha: Ha = field(default_factory=Ha)
    sdn: Sdn = field(default_factory=Sdn)
    backup_jobs: dict[str, JsonObject] = field(default_factory=dict)
    replication: dict[str, JsonObject] = field(default_factory=dict)
    mappings: dict[str, dict[str, JsonObject]] = field(default_factory=dict)  # pci, usb, dir
    log: list[JsonObject] = field(default_factory=list)  # the cluster log, oldest first
    documents: dict[str, Json] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)
    task_speed: float = 1.0  # simulated seconds of work are divided by it
    ticket_key: str = "pmpc"
    door_token: list[str] = field(default_factory=list)  # [token id, secret] of the ready token for pmpc

    @property
    def major(self) -> int:
        """The major release, which some answers depend on."""
        return int(self.version.split(".", 1)[0])

    def count(self, counter: str) -> int:
        """Return the next number of ``counter``, from 1."""
        self.counters[counter] = self.counters.get(counter, 0) + 1
        return self.counters[counter]

    def random(self, purpose: str) -> Random:
        """Return a generator for ``purpose`` that hangs on the seed and on how often it was asked for."""
        return Random(f"{self.seed}/{purpose}/{self.count('random:' + purpose)}")  # noqa: S311 - a simulation

    def guests_on(self, node: str, kind: str | None = None) -> Iterator[Guest]:
        """Yield the guests of ``node``, of one kind or both."""
        return (g for g in self.guests.values() if g.node == node and (kind is None or g.kind == kind))

    def pool_of(self, vmid: int) -> str | None:
        """Return the pool that ``vmid`` belongs to."""
        return next((pool.poolid for pool in self.pools.values() if vmid in pool.vms), None)

    def add_volume(self, volume: Volume) -> Volume:
        """Put a volume where :meth:`volume` finds it."""
        self.volumes[f"{volume.node}/{volume.volid}"] = volume
        return volume

    def volume(self, volid: str, node: str) -> Volume | None:
        """Return a volume as ``node`` sees it."""
        return self.volumes.get(f"{node}/{volid}") or self.volumes.get(f"/{volid}")

    def volumes_on(self, storage: str, node: str) -> Iterator[Volume]:
        """Yield the volumes of a storage on one node (empty for a shared storage)."""
        start = f"{node}/{storage}:"
        return (volume for key, volume in self.volumes.items() if key.startswith(start))

    def drop_volume(self, volume: Volume) -> None:
        """Remove a volume."""
        del self.volumes[f"{volume.node}/{volume.volid}"]

    def to_json(self) -> JsonObject:
        """Return the world as one JSON object."""
        doc = cast("JsonObject", _plain(self))
        return {"format": FORMAT, **doc}

    @classmethod
    def from_json(cls, doc: JsonObject) -> World:
        """Rebuild a world from :meth:`to_json`; raises ValueError for another format."""
        if doc.get("format") != FORMAT:
            raise ValueError(f"a world file of format {FORMAT} is expected, not {doc.get('format')!r}")
        state: dict[str, Any] = {key: value for key, value in doc.items() if key != "format"}
        for key, kind in _MAPS.items():
            state[key] = {name: kind(**row) for name, row in state.get(key, {}).items()}
        state["guests"] = {int(vmid): _guest(row) for vmid, row in state.get("guests", {}).items()}
        state["users"] = {name: _user(row) for name, row in state.get("users", {}).items()}
        state["acl"] = [Acl(**row) for row in state.get("acl", [])]
        state["ha"], state["sdn"] = Ha(**state.get("ha", {})), Sdn(**state.get("sdn", {}))
        return cls(**state)


_MAPS: dict[str, type[Any]] = {
    "nodes": Node, "storages": Storage, "volumes": Volume, "pools": Pool, "tasks": Task, "firewall": Firewall,
}  # fmt: skip


def _guest(row: dict[str, Any]) -> Guest:
    snapshots = {name: Snapshot(**snap) for name, snap in row.pop("snapshots").items()}
    return Guest(snapshots=snapshots, **row)


def _user(row: dict[str, Any]) -> User:
    tokens = {name: ApiToken(**token) for name, token in row.pop("tokens").items()}
    return User(tokens=tokens, **row)


def _plain(value: Any) -> Any:
    """Return dataclasses as objects and integer keys as text; everything else is JSON already."""
    if hasattr(value, "__dataclass_fields__"):
        return {item.name: _plain(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value
