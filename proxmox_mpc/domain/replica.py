"""Declared objects under the names of another cluster: every node, storage, bridge, pool and vmid, where it occurs.

One walk over an object's keys knows where names stand; what it does with them is its caller's: mapping and collecting
are the same walk, so that nothing that is looked for can be missed when it is replaced.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from proxmox_mpc.domain.declared_guest import DISK
from proxmox_mpc.domain.guest_config import NIC, SECRETS
from proxmox_mpc.domain.property_string import PropertyString

_MAC = re.compile(r"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}")
_OWNED = re.compile(r"(?<![A-Za-z0-9])(vm|base|subvol|basevol)-(\d+)-(?=disk-\d|cloudinit|state-)")
_FOLDER = re.compile(r"(^|/)(\d+)/(?=(?:vm|base|subvol|basevol)-\d+-)")
_BLOCK_NAME = re.compile(r"(?:.*/)?((?:vm|base|subvol|basevol)-\d+-[A-Za-z0-9-]+)(?:\.\w+)?")
_SID = re.compile(r"(vm|ct):(\d+)")
_REPLICATION = re.compile(r"(\d+)-(\d+)")
_FOLDERS = frozenset({"iso", "vztmpl", "snippets", "import"})
_VOLUMES = frozenset({"ostemplate", "hookscript"})
_KEPT_BACK: Mapping[str, frozenset[str]] = {"user": frozenset({"password", "keys"}), "storage": frozenset({
    "password", "keyring", "encryption-key", "master-pubkey", "username-password",
})}  # fmt: skip


class Declared(NamedTuple):
    """One declared object: its keys as they are resolved."""

    kind: str
    ident: str
    keys: Mapping[str, str]
    track: frozenset[str] = frozenset()

    @property
    def name(self) -> str | None:
        """The name of a guest."""
        return self.keys.get("name") or self.keys.get("hostname")

    @property
    def label(self) -> str:
        """``vm 101 (web)``: how messages name it."""
        return f"{self.kind} {self.ident}" + (f" ({self.name})" if self.name else "")


class Names(Protocol):
    """What becomes of each name that an object holds."""

    @property
    def keep_macs(self) -> bool:
        """Whether MACs and SMBIOS uuids stay."""

    def node(self, name: str) -> str:
        """Return a node's new name."""
        ...

    def storage(self, name: str, content: str) -> str:
        """Return the new name of a storage that must take such content (images, rootdir, iso, backup …)."""
        ...

    def bridge(self, name: str) -> str:
        """Return a bridge's new name."""
        ...

    def pool(self, name: str) -> str:
        """Return a pool's new name."""
        ...

    def vmid(self, text: str) -> str:
        """Return a guest's new id."""
        ...

    def is_block(self, storage: str) -> bool:
        """Whether a storage, by its new name, holds volumes and no files."""
        ...


@dataclass(frozen=True, slots=True)
class Maps:
    """Old names to new ones; what is not named stays. ``offset`` is added to the vmids that ``vmids`` does not name.

    ``block`` are storages of the other cluster that hold no files: a disk there has no format of its own.
    """

    nodes: Mapping[str, str] = field(default_factory=dict)
    storages: Mapping[str, str] = field(default_factory=dict)
    bridges: Mapping[str, str] = field(default_factory=dict)
    pools: Mapping[str, str] = field(default_factory=dict)
    vmids: Mapping[str, str] = field(default_factory=dict)
    offset: int = 0
    keep_macs: bool = False
    block: Collection[str] = frozenset()

    def node(self, name: str) -> str:
        """Return a node's new name."""
        return self.nodes.get(name, name)

    def storage(self, name: str, content: str = "") -> str:
        """Return a storage's new name."""
        return self.storages.get(name, name)

    def bridge(self, name: str) -> str:
        """Return a bridge's new name."""
        return self.bridges.get(name, name)

    def pool(self, name: str) -> str:
        """Return a pool's new name; one inside another goes with it."""
        if name in self.pools:
            return self.pools[name]
        outer, slash, inner = name.rpartition("/")
        return f"{self.pool(outer)}/{inner}" if slash else name

    def vmid(self, text: str) -> str:
        """Return a guest's new id."""
        return self.vmids.get(text) or (str(int(text) + self.offset) if self.offset else text)

    def is_block(self, storage: str) -> bool:
        """Whether a storage of the other cluster holds no files."""
        return storage in self.block


class Seen:
    """Collects the names that objects hold, and changes none; ``contents`` are storages with what they must take."""

    keep_macs = True

    def __init__(self) -> None:
        self.nodes: set[str] = set()
        self.storages: set[str] = set()
        self.contents: set[tuple[str, str]] = set()
        self.bridges: set[str] = set()
        self.pools: set[str] = set()
        self.vmids: set[str] = set()

    def node(self, name: str) -> str:
        """Note a node."""
        self.nodes.add(name)
        return name

    def storage(self, name: str, content: str = "") -> str:
        """Note a storage, and what it must take."""
        self.storages.add(name)
        self.contents.add((name, content))
        return name

    def bridge(self, name: str) -> str:
        """Note a bridge."""
        self.bridges.add(name)
        return name

    def pool(self, name: str) -> str:
        """Note a pool."""
        self.pools.add(name)
        return name

    def vmid(self, text: str) -> str:
        """Note a guest's id."""
        self.vmids.add(text)
        return text

    def is_block(self, storage: str) -> bool:
        """Take every storage as it is."""
        return False


def names_in(one: Declared) -> Seen:
    """Return every node, storage, bridge, pool and vmid that an object names, itself included."""
    seen = Seen()
    replica(one, seen)
    return seen


def secrets_in(one: Declared) -> list[str]:
    """Return the keys that are never copied."""
    return sorted(one.keys.keys() & (SECRETS | _KEPT_BACK.get(one.kind, frozenset())))


def replica(one: Declared, names: Names) -> Declared:
    """Return an object under other names, without secrets; MACs and uuids are left out unless they are to be kept."""
    hidden = secrets_in(one)
    keys = {key: _value(one.kind, key, value, names) for key, value in one.keys.items() if key not in hidden}
    return Declared(one.kind, _ident(one, names), {k: v for k, v in keys.items() if v is not None}, one.track)


def _ident(one: Declared, names: Names) -> str:
    match one.kind:
        case "vm" | "ct":
            return names.vmid(one.ident)
        case "ha-resource":
            return _sids(one.ident, names)
        case "replication" if found := _REPLICATION.fullmatch(one.ident):
            return f"{names.vmid(found[1])}-{found[2]}"
        case "pool":
            return names.pool(one.ident)
        case "storage":
            return names.storage(one.ident, "")
    return one.ident


def _value(kind: str, key: str, value: str, names: Names) -> str | None:
    """Return a key's value under the new names; None where it is left out."""
    if kind in ("vm", "ct"):
        return _of_guest(key, value, names, "images" if kind == "vm" else "rootdir")
    change = _KEYS.get((kind, key))
    return change(value, names) if change is not None else value


def _of_guest(key: str, value: str, names: Names, content: str) -> str | None:
    if key in ("node", "pool"):
        return names.node(value) if key == "node" else names.pool(value)
    if DISK.fullmatch(key):
        return _disk(value, names, content)
    if NIC.fullmatch(key):
        return _card(value, names)
    if key == "smbios1" and not names.keep_macs:
        return str(PropertyString.parse(value).without("uuid")) or None
    if key in _VOLUMES:
        return _volume(value, names, content)
    if key == "cicustom":
        return _inside(value, names, lambda _name: True, content)
    return names.storage(value, content) if key == "vmstatestorage" else value


def _disk(value: str, names: Names, content: str) -> str:
    """Return a disk elsewhere; on a storage without files it has neither a file's name nor a format."""
    moved = _inside(value, names, lambda name: name in ("file", "import-from", "volume"), content)
    parts = PropertyString.parse(moved, "file")
    volume = parts.get("file") or parts.get("volume") or ""
    storage, colon, name = volume.partition(":")
    if not colon or not names.is_block(storage):
        return moved
    found = _BLOCK_NAME.fullmatch(name)
    plain = f"{storage}:{found[1]}" if found else volume
    key = "file" if parts.get("file") else "volume"
    return str(parts.with_(key, plain).without("format"))


def _inside(value: str, names: Names, holds: Callable[[str], bool], content: str) -> str:
    """Return a property string whose volumes are elsewhere."""
    parts = PropertyString.parse(value, "file")
    changed = tuple(
        (name, _volume(text, names, content) if holds(name if name is not None else "file") else text)
        for name, text in parts.items
    )
    return str(PropertyString(changed, "file"))


def _volume(volid: str, names: Names, content: str) -> str:
    """Return a volume's id elsewhere; a path of a node and ``none`` stay."""
    storage, colon, name = volid.partition(":")
    if not colon or "/" in storage:
        return volid
    name = _OWNED.sub(lambda found: f"{found[1]}-{names.vmid(found[2])}-", name)
    name = _FOLDER.sub(lambda found: f"{found[1]}{names.vmid(found[2])}/", name)
    folder = name.partition("/")[0]
    return f"{names.storage(storage, folder if folder in _FOLDERS else content)}:{name}"


def _card(value: str, names: Names) -> str:
    """Return a network card on another bridge, and without its MAC unless that is kept."""
    items: list[tuple[str | None, str]] = []
    for name, text in PropertyString.parse(value).items:
        if name == "bridge":
            items.append((name, names.bridge(text)))
        elif names.keep_macs or not _MAC.fullmatch(text):
            items.append((name, text))
        elif name is not None and name not in ("macaddr", "hwaddr"):
            items.append((None, name))  # virtio=MAC: the model stays
    return str(PropertyString(tuple(items)))


def _sids(value: str, names: Names) -> str:
    return _SID.sub(lambda found: f"{found[1]}:{names.vmid(found[2])}", value)


def _ids(value: str, names: Names) -> str:
    return re.sub(r"\d+", lambda found: names.vmid(found[0]), value)


def _places(value: str, names: Names) -> str:
    """Map nodes that may carry a priority: ``pve1:2,pve2``."""
    parts = (part.partition(":") for part in value.split(","))
    return ",".join(f"{names.node(node.strip())}{colon}{rank}" for node, colon, rank in parts)


def _fleecing(value: str, names: Names) -> str:
    parts = PropertyString.parse(value)
    storage = parts.get("storage")
    return value if storage is None else str(parts.with_("storage", names.storage(storage, "images")))


def _node(value: str, names: Names) -> str:
    return names.node(value)


def _backups(value: str, names: Names) -> str:
    return names.storage(value, "backup")


_KEYS: Mapping[tuple[str, str], Callable[[str, Names], str]] = {
    ("backup-job", "vmid"): _ids,
    ("backup-job", "exclude"): _ids,
    ("backup-job", "node"): _node,
    ("backup-job", "storage"): _backups,
    ("backup-job", "pool"): lambda value, names: names.pool(value),
    ("backup-job", "fleecing"): _fleecing,
    ("ha-resource", "sid"): _sids,
    ("ha-rule", "resources"): _sids,
    ("ha-rule", "nodes"): _places,
    ("ha-group", "nodes"): _places,
    ("replication", "source"): _node,
    ("replication", "target"): _node,
    ("storage", "nodes"): _places,
    ("sdn-zone", "nodes"): _places,
    ("sdn-zone", "exitnodes"): _places,
    ("sdn-zone", "exitnodes-primary"): _node,
    ("sdn-zone", "bridge"): lambda value, names: names.bridge(value),
}
"""Where objects besides guests name others."""
