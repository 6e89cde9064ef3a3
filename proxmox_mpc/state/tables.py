"""The tables, for SQLite and PostgreSQL alike.

``run`` and ``object_version`` are the history; every other table indexes the current documents by its ``key`` (the key
of ``object_version``) for queries and joins. Times are ISO 8601 text in UTC, sizes are bytes.
"""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, MetaData, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine
from sqlmodel import Field, SQLModel

NAMES = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Document(TypeDecorator[Any]):
    """A JSON document: JSON on SQLite, JSONB on PostgreSQL."""

    impl = JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the type that the database has."""
        return dialect.type_descriptor(JSONB() if dialect.name == "postgresql" else JSON())


class Recorded(SQLModel):
    """The base of every table; the metadata is our own, so that no other SQLModel user's tables mix in."""

    metadata: ClassVar[MetaData] = MetaData(naming_convention=NAMES)


class Seen(Recorded):
    """An object of the cluster; ``stale_since`` is set while pulls cannot confirm it."""

    key: str = Field(primary_key=True)
    stale_since: str | None = None


def _guest_key(primary: bool = False) -> Any:
    """A column that names a guest; its row goes when the guest goes."""
    reference = ForeignKey("guest.key", ondelete="CASCADE")
    return Column(String, reference, nullable=False, primary_key=primary, index=None if primary else True)


# History


class Run(Recorded, table=True):
    """One pull: what it was asked to read, how it ended, what it changed."""

    __tablename__ = "run"

    id: int | None = Field(default=None, primary_key=True)
    started: str
    finished: str = Field(index=True)
    scope: Any = Field(sa_type=Document)
    outcome: str
    """``done``, ``partial`` (something could not be read) or ``failed``."""
    caller: str
    requests: int = 0
    added: int = 0
    changed: int = 0
    removed: int = 0
    stale: int = 0
    warnings: Any = Field(sa_type=Document)
    error: str | None = None


class ObjectVersion(Recorded, table=True):
    """One state of one object, valid from one run until another; ``born`` is the run that first saw this individual.

    A version whose ``valid_from`` is its ``born`` began an object. At run r the valid ones are those with
    ``valid_from <= r and (valid_to is null or valid_to > r)``.
    """

    __tablename__ = "object_version"
    __table_args__ = (
        Index(
            "uq_object_version_current",
            "kind",
            "key",
            unique=True,
            sqlite_where=text("valid_to IS NULL"),
            postgresql_where=text("valid_to IS NULL"),
        ),
    )

    kind: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    valid_from: int = Field(primary_key=True, foreign_key="run.id", index=True)
    valid_to: int | None = Field(default=None, foreign_key="run.id", index=True)
    born: int = Field(foreign_key="run.id")
    digest: str
    doc: Any = Field(sa_type=Document)


class Coverage(Recorded, table=True):
    """Which run last read a group of objects, on one node (``""``: in the whole cluster)."""

    __tablename__ = "coverage"

    group: str = Field(primary_key=True)
    node: str = Field(primary_key=True)
    run: int = Field(foreign_key="run.id")
    at: str


class RecordedAnswer(Recorded, table=True):
    """An answer that has no history (version, cluster status, node status, permissions), as last seen."""

    __tablename__ = "answer"

    path: str = Field(primary_key=True)
    at: str
    data: Any = Field(sa_type=Document)


class StateMeta(Recorded, table=True):
    """Facts about the database itself, such as its last integrity check."""

    __tablename__ = "state_meta"

    name: str = Field(primary_key=True)
    value: str


# Nodes and guests


class Node(Seen, table=True):
    """A member of the cluster."""

    __tablename__ = "node"

    node: str
    status: str | None = None
    ip: str | None = None
    nodeid: int | None = None
    cpus: int | None = None
    memory: int | None = Field(default=None, sa_type=BigInteger)
    version: str | None = None
    kernel: str | None = None
    data: Any = Field(sa_type=Document)


class Guest(Seen, table=True):
    """A VM (``qemu``) or container (``lxc``); ``data`` is its row of /cluster/resources."""

    __tablename__ = "guest"

    vmid: int = Field(index=True)
    type: str
    node: str | None = Field(default=None, index=True)
    name: str | None = Field(default=None, index=True)
    status: str | None = None
    template: int = 0
    pool: str | None = None
    tags: str | None = None
    lock: str | None = None
    hastate: str | None = None
    cpus: int | None = None
    memory: int | None = Field(default=None, sa_type=BigInteger)
    disk: int | None = Field(default=None, sa_type=BigInteger)
    data: Any = Field(sa_type=Document)


class GuestConfig(Seen, table=True):
    """The configuration of a guest: PVE's digest of it, and who the guest is (see ``state.identity``)."""

    __tablename__ = "guest_config"

    key: str = Field(sa_column=_guest_key(primary=True))
    digest: str | None = None
    identity: str | None = None


class Disk(Recorded, table=True):
    """A disk, CD-ROM or mount point of a guest; ``bytes`` is None where the config names no size."""

    __tablename__ = "disk"

    guest: str = Field(sa_column=_guest_key(primary=True))
    slot: str = Field(primary_key=True)
    volid: str
    storage: str | None = Field(default=None, index=True)
    bytes: int | None = Field(default=None, sa_type=BigInteger)
    media: str


class Nic(Recorded, table=True):
    """A network interface of a guest."""

    __tablename__ = "nic"

    guest: str = Field(sa_column=_guest_key(primary=True))
    slot: str = Field(primary_key=True)
    model: str | None = None
    mac: str | None = Field(default=None, index=True)
    bridge: str | None = Field(default=None, index=True)
    vlan: int | None = None
    firewall: int = 0
    ip: str | None = None


class Snapshot(Seen, table=True):
    """A snapshot of a guest; the key is ``vmid/name``."""

    __tablename__ = "snapshot"

    guest: str = Field(sa_column=_guest_key())
    name: str
    parent: str | None = None
    created: int | None = Field(default=None, sa_type=BigInteger)


# Storage


class Storage(Seen, table=True):
    """A storage as the datacenter defines it."""

    __tablename__ = "storage"

    storage: str
    type: str | None = None
    content: str | None = None
    nodes: str | None = None
    shared: int = 0
    disabled: int = 0


class StorageStatus(Seen, table=True):
    """A storage on one node: the key is ``node/storage``."""

    __tablename__ = "storage_status"

    node: str
    storage: str
    status: str | None = None
    total: int | None = Field(default=None, sa_type=BigInteger)
    used: int | None = Field(default=None, sa_type=BigInteger)
    data: Any = Field(sa_type=Document)


class _Volume(Seen):
    """What volumes and backups have in common; the key is ``node/volid``, node empty on shared storage."""

    node: str
    storage: str = Field(index=True)
    volid: str
    content: str | None = None
    format: str | None = None
    size: int | None = Field(default=None, sa_type=BigInteger)
    vmid: int | None = Field(default=None, index=True)
    created: int | None = Field(default=None, sa_type=BigInteger)


class Volume(_Volume, table=True):
    """A volume of a storage that is no backup."""

    __tablename__ = "volume"


class Backup(_Volume, table=True):
    """A backup of a guest."""

    __tablename__ = "backup"

    notes: str | None = None
    protected: int = 0


# Networks


class Network(Seen, table=True):
    """A network interface of a node; the key is ``node/iface``."""

    __tablename__ = "network"

    node: str
    iface: str
    type: str | None = None
    cidr: str | None = None
    gateway: str | None = None
    bridge_ports: str | None = None
    active: int = 0
    autostart: int = 0
    vlan_aware: int = 0


class SdnZone(Seen, table=True):
    """An SDN zone."""

    __tablename__ = "sdn_zone"

    zone: str
    type: str | None = None


class SdnVnet(Seen, table=True):
    """An SDN vnet."""

    __tablename__ = "sdn_vnet"

    vnet: str
    zone: str | None = None
    alias: str | None = None
    tag: int | None = None


class SdnSubnet(Seen, table=True):
    """An SDN subnet; the key is ``vnet/subnet``."""

    __tablename__ = "sdn_subnet"

    subnet: str
    vnet: str | None = None
    cidr: str | None = None
    gateway: str | None = None


class Firewall(Seen, table=True):
    """One section of a firewall; the key is ``scope/section[/name]``, scope ``cluster`` or a ``node:``, ``vnet:``,
    ``guest:`` with its name."""

    __tablename__ = "firewall"

    scope: str
    section: str
    name: str | None = None


# Pools, HA, jobs


class Pool(Seen, table=True):
    """A resource pool."""

    __tablename__ = "pool"

    poolid: str
    comment: str | None = None


class PoolMember(Recorded, table=True):
    """A guest (``guest/101``) or storage (``storage/local``) in a pool."""

    __tablename__ = "pool_member"

    pool: str = Field(primary_key=True, foreign_key="pool.key", ondelete="CASCADE")
    member: str = Field(primary_key=True)


class HaResource(Seen, table=True):
    """A guest under high availability."""

    __tablename__ = "ha_resource"

    sid: str
    state: str | None = None
    group: str | None = None


class HaRule(Seen, table=True):
    """A placement rule (PVE 9)."""

    __tablename__ = "ha_rule"

    rule: str
    type: str | None = None
    resources: str | None = None


class HaGroup(Seen, table=True):
    """A group of nodes (PVE 8)."""

    __tablename__ = "ha_group"

    name: str
    nodes: str | None = None


class BackupJob(Seen, table=True):
    """A scheduled backup."""

    __tablename__ = "backup_job"

    id: str
    schedule: str | None = None
    storage: str | None = None
    vmid: str | None = None
    pool: str | None = None
    enabled: int = 1


class Replication(Seen, table=True):
    """A storage replication job."""

    __tablename__ = "replication"

    id: str
    guest: int | None = None
    source: str | None = None
    target: str | None = None
    schedule: str | None = None


# Access


class AccessUser(Seen, table=True):
    """A user; ``expire`` is seconds since 1970, 0 for never."""

    __tablename__ = "access_user"

    userid: str
    email: str | None = None
    groups: str | None = None
    enabled: int = 1
    expire: int | None = Field(default=None, sa_type=BigInteger)


class AccessToken(Seen, table=True):
    """An API token, without its secret, which the server never tells; the key is ``userid!tokenid``."""

    __tablename__ = "access_token"

    userid: str
    tokenid: str
    privsep: int = 1
    expire: int | None = Field(default=None, sa_type=BigInteger)


class AccessGroup(Seen, table=True):
    """A group of users."""

    __tablename__ = "access_group"

    groupid: str
    users: str | None = None


class AccessRole(Seen, table=True):
    """A role: a set of privileges."""

    __tablename__ = "access_role"

    roleid: str
    privs: str | None = None
    special: int = 0


class AccessAcl(Seen, table=True):
    """A role given to somebody on a path."""

    __tablename__ = "access_acl"

    path: str
    type: str
    ugid: str
    roleid: str
    propagate: int = 1


class AccessRealm(Seen, table=True):
    """An authentication realm."""

    __tablename__ = "access_realm"

    realm: str
    type: str | None = None


class Task(Seen, table=True):
    """A task; the key is its UPID."""

    __tablename__ = "task"

    node: str | None = None
    type: str | None = None
    object: str | None = None
    user: str | None = None
    status: str | None = None
    started: int | None = Field(default=None, sa_type=BigInteger, index=True)
    ended: int | None = Field(default=None, sa_type=BigInteger)
    data: Any = Field(sa_type=Document)


METADATA = Recorded.metadata
