"""The state of a simulated cluster: plain dataclasses that are saved to JSON and loaded without loss.

Times are epoch seconds, sizes bytes. Whatever PVE merely keeps and gives back (firewall rules, SDN objects, jobs) is
kept as the JSON object PVE would answer with; what the simulator reasons about has fields of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from random import Random
from typing import Any, cast

from proxmox_mpc.simulator.json import Config, Json, JsonObject

FORMAT = 1
DEFAULT_CONTENT = {
    "nfs": "images", "cifs": "images", "lvm": "images", "iscsi": "images", "pbs": "backup", "cephfs": "backup",
    "esxi": "import",
}  # fmt: skip
"""What a storage takes when its definition does not say; all other types take images and rootdir."""
DOOR_TOKEN_ID = "root@pam!pmpc"  # noqa: S105
DOOR_SECRET = "5e000000-0000-4000-8000-000000000001"  # noqa: S105
"""The token that a simulated world holds ready: known to all, it guards nothing."""


@dataclass
class Node:
    """A cluster member; ``documents`` holds what only one path answers, by that path below /nodes/{node}.

    ``load`` is the fraction of all cores in use around which the simulated use moves; ``rootfs_used`` leaves out the
    volumes on storages that are folders of the root disk.
    """

    name: str
    nodeid: int = 1
    ip: str = "192.0.2.11"
    online: bool = True
    known: bool = True  # false: pvestatd has not reported yet, so status is "unknown"
    cores: int = 8
    sockets: int = 1
    cpu_model: str = "AMD EPYC 7302P 16-Core Processor"
    memory: int = 68_719_476_736
    memory_used: int = 8_589_934_592
    swap: int = 8_589_934_592
    swap_used: int = 0
    rootfs: int = 100_861_726_720
    rootfs_used: int = 12_884_901_888
    load: float = 0.05
    booted: int = 0
    kernel: str = "6.14.11-4-pve"
    level: str = ""
    fingerprint: str | None = None
    services: list[JsonObject] = field(default_factory=list)
    disks: list[JsonObject] = field(default_factory=list)
    network: dict[str, JsonObject] = field(default_factory=dict)
    network_pending: dict[str, JsonObject] | None = None
    dns: JsonObject = field(default_factory=dict)
    timezone: str = "UTC"
    hosts: str = ""
    syslog: list[str] = field(default_factory=list)
    updates: list[JsonObject] = field(default_factory=list)
    certificates: list[JsonObject] = field(default_factory=list)
    documents: dict[str, Json] = field(default_factory=dict)


@dataclass
class Snapshot:
    """One snapshot; ``config`` is the guest's configuration at that time."""

    name: str
    time: int
    parent: str | None = None
    description: str = ""
    vmstate: str | None = None
    config: Config = field(default_factory=dict)


@dataclass
class Guest:
    """A VM (``kind`` qemu) or container (lxc).

    ``config`` is what the configuration file holds, ``pending`` what waits for the next start (a value, or None for a
    pending delete; ``pending_force`` lists those deletes that also destroy the volume). ``parent`` is the snapshot that
    the current state grew from. ``agent`` holds the guest agent's answers by command name, None when none runs;
    for a container its interfaces stand under ``interfaces``. ``known`` false: pvestatd has not reported yet.
    """

    vmid: int
    kind: str
    node: str
    config: Config = field(default_factory=dict)
    pending: dict[str, str | int | float | None] = field(default_factory=dict)
    pending_force: list[str] = field(default_factory=list)
    parent: str | None = None
    snapshots: dict[str, Snapshot] = field(default_factory=dict)
    running: bool = False
    paused: bool = False
    started: int = 0
    pid: int = 0
    load: float = 0.0
    memory_used: int = 0
    disk_used: int = 0
    net_rate: int = 0
    disk_rate: int = 0
    known: bool = True
    agent: dict[str, Json] | None = None
    interfaces: list[JsonObject] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The name PVE shows: ``name`` of a VM, ``hostname`` of a container, with PVE's stand-ins."""
        if self.kind == "qemu":
            return str(self.config.get("name") or f"VM {self.vmid}")
        return str(self.config.get("hostname") or f"CT{self.vmid}")

    @property
    def template(self) -> bool:
        """Whether the guest is a template."""
        return str(self.config.get("template", "0")) == "1"

    @property
    def lock(self) -> str | None:
        """The lock in the configuration, if any."""
        held = self.config.get("lock")
        return None if held is None else str(held)


@dataclass
class Storage:
    """A storage as /etc/pve/storage.cfg defines it: ``config`` holds type, content, path, nodes, shared …

    ``total`` and ``used`` count what is not known as a volume of the world; a storage that is not shared has its own
    space on each node. A folder below /var/lib without a ``total`` lies on the node's root disk.
    """

    name: str
    config: JsonObject = field(default_factory=dict)
    total: int = 0
    used: int = 0
    active: bool = True
    known: bool = True

    @property
    def kind(self) -> str:
        """The storage's type (dir, lvmthin, nfs, pbs …)."""
        return str(self.config.get("type", "dir"))

    @property
    def shared(self) -> bool:
        """Whether every node sees the same content."""
        return bool(self.config.get("shared")) or self.kind in {
            "nfs", "cifs", "rbd", "cephfs", "iscsi", "iscsidirect", "pbs", "glusterfs", "zfs", "esxi",
        }  # fmt: skip

    @property
    def content(self) -> list[str]:
        """The kinds of content it takes."""
        kinds = str(self.config.get("content") or DEFAULT_CONTENT.get(self.kind, "images,rootdir")).split(",")
        return [] if kinds == ["none"] else kinds

    @property
    def enabled(self) -> bool:
        """Whether it is not disabled."""
        return not self.config.get("disable")

    def on(self, node: str) -> bool:
        """Return whether ``node`` may use it."""
        nodes = str(self.config.get("nodes") or "")
        return not nodes or node in nodes.split(",")


@dataclass
class Volume:
    """A volume; ``node`` is empty on a shared storage. ``log`` and ``config`` belong to backups (their guest's own)."""

    volid: str
    node: str
    content: str
    format: str
    size: int
    ctime: int
    used: int | None = None
    vmid: int | None = None
    parent: str | None = None
    notes: str | None = None
    protected: bool = False
    subtype: str | None = None
    verification: JsonObject | None = None
    config: str | None = None
    state: JsonObject = field(default_factory=dict)

    @property
    def storage(self) -> str:
        """The storage's id."""
        return self.volid.split(":", 1)[0]


@dataclass
class Pool:
    """A resource pool."""

    poolid: str
    comment: str | None = None
    vms: list[int] = field(default_factory=list)
    storages: list[str] = field(default_factory=list)


@dataclass
class ApiToken:
    """An API token; ``secret`` is its value."""

    tokenid: str
    secret: str
    privsep: bool = True
    expire: int = 0
    comment: str | None = None


@dataclass
class User:
    """A user; ``tfa`` lists the second factors (``{"type": "totp", "id", "description", "secret", …}``)."""

    userid: str
    password: str | None = None
    enable: bool = True
    expire: int = 0
    firstname: str | None = None
    lastname: str | None = None
    email: str | None = None
    comment: str | None = None
    groups: list[str] = field(default_factory=list)
    tokens: dict[str, ApiToken] = field(default_factory=dict)
    tfa: list[JsonObject] = field(default_factory=list)


@dataclass
class Acl:
    """One entry of the access control list; ``kind`` is user, group or token."""

    path: str
    kind: str
    ugid: str
    roleid: str
    propagate: bool = True


@dataclass
class Task:
    """A task: its work is named by ``type`` and described by ``job``, so that it survives saving while it runs.

    ``end`` is when it finishes (planned while it runs), ``log`` holds (time, text). ``exitstatus`` is None until the
    work is finished. ``steps`` counts the phases of work already done.
    """

    upid: str
    node: str
    pid: int
    pstart: int
    starttime: int
    type: str
    id: str
    user: str
    start: float
    end: float
    job: JsonObject = field(default_factory=dict)
    log: list[list[Json]] = field(default_factory=list)
    exitstatus: str | None = None
    endtime: int | None = None


@dataclass
class Firewall:
    """One level of the firewall: cluster, a node, a guest or a security group's rules."""

    options: JsonObject = field(default_factory=dict)
    rules: list[JsonObject] = field(default_factory=list)
    aliases: dict[str, JsonObject] = field(default_factory=dict)
    ipsets: dict[str, JsonObject] = field(default_factory=dict)  # name -> {"comment", "members": [{cidr, nomatch}]}
    groups: dict[str, JsonObject] = field(default_factory=dict)  # name -> {"comment", "rules": [...]}
    log: list[str] = field(default_factory=list)


@dataclass
class Ha:
    """High availability: resources by sid, rules by name (PVE 9), groups by name (PVE 8), the manager's view."""

    resources: dict[str, JsonObject] = field(default_factory=dict)
    rules: dict[str, JsonObject] = field(default_factory=dict)
    groups: dict[str, JsonObject] = field(default_factory=dict)
    master: str | None = None
    state: dict[str, JsonObject] = field(default_factory=dict)  # sid -> {"state", "node", "request_state", …}


@dataclass
class Sdn:
    """Software defined networks: configured objects by id; ``pending`` holds changes not applied yet, by kind."""

    zones: dict[str, JsonObject] = field(default_factory=dict)
    vnets: dict[str, JsonObject] = field(default_factory=dict)
    subnets: dict[str, JsonObject] = field(default_factory=dict)
    controllers: dict[str, JsonObject] = field(default_factory=dict)
    ipams: dict[str, JsonObject] = field(default_factory=dict)
    dns: dict[str, JsonObject] = field(default_factory=dict)
    fabrics: dict[str, JsonObject] = field(default_factory=dict)
    pending: dict[str, dict[str, JsonObject | None]] = field(default_factory=dict)
    allocations: list[JsonObject] = field(default_factory=list)


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
