"""The things of a simulated cluster, as plain dataclasses; :mod:`proxmox_mpc.simulator.world` holds them together.

Times are epoch seconds, sizes bytes. Whatever PVE merely keeps and gives back (firewall rules, SDN objects, jobs) is
kept as the JSON object PVE would answer with; what the simulator reasons about has fields of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from proxmox_mpc.simulator.json import Config, Json, JsonObject

DEFAULT_CONTENT = {
    "nfs": "images", "cifs": "images", "lvm": "images", "iscsi": "images", "pbs": "backup", "cephfs": "backup",
    "esxi": "import",
}  # fmt: skip
"""What a storage takes when its definition does not say; all other types take images and rootdir."""


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
