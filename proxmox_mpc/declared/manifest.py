"""A manifest as it is written, and as it is resolved with defaults, includes and variables."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

Ident: TypeAlias = tuple[str, str]
"""Kind and id of an object: ``("vm", "101")``, ``("network", "pve1/vmbr0")``."""

GUESTS = ("vm", "ct")
KINDS = (
    *GUESTS,
    *("pool", "storage", "network", "firewall", "backup-job", "ha-resource", "ha-rule", "ha-group", "replication"),
    *("user", "group", "role", "acl", "realm", "sdn-zone", "sdn-vnet", "cluster"),
)
"""The directories below infra/ whose files each stand for one object."""
RESERVED = frozenset({"vmid", "track", "include", "vars"})
"""Keys of a manifest that are no part of its document."""
TRACKED = frozenset({"node", "status"})
"""Keys that are compared with the cluster only when ``track`` names them."""


class Place(NamedTuple):
    """A place in a file below infra/; line and column count from 1, as editors show them."""

    file: str
    line: int
    column: int


class Scalar(NamedTuple):
    """A value as PVE's text (None: null, which takes an inherited key away) and where it stands."""

    text: str | None
    line: int
    column: int


@dataclass(slots=True)
class Manifest:
    """One file: ``scalars`` in the order of the file, without the reserved keys; nothing is inherited or replaced yet.

    ``path`` is relative to infra/, ``text`` what the file holds. For defaults, includes and variables ``kind`` and
    ``ident`` are empty.
    """

    kind: str
    ident: str
    path: str
    text: str = ""
    scalars: dict[str, Scalar] = field(default_factory=dict)
    includes: tuple[Scalar, ...] = ()
    variables: dict[str, Scalar] = field(default_factory=dict)
    track: frozenset[str] | None = None

    @property
    def keys(self) -> dict[str, str | None]:
        """The keys and their texts as written; None where the file says null."""
        return {key: scalar.text for key, scalar in self.scalars.items()}

    def place(self, key: str) -> Place | None:
        """Return where the value of a key stands; None for a key that the file does not have."""
        found = self.scalars.get(key) or self.variables.get(key)
        return Place(self.path, found.line, found.column) if found is not None else None


@dataclass(slots=True)
class Resolved:
    """A manifest with defaults, includes and variables applied.

    ``keys`` is the document: PVE's keys with ``node``, ``pool`` and ``status`` where they are declared. ``layers`` are
    the files that gave it, lowest first, the manifest itself last. ``inherited`` are the keys that would be set
    without the manifest itself: they are taken away with null.
    """

    kind: str
    ident: str
    manifest: Manifest
    keys: dict[str, str]
    layers: tuple[Manifest, ...]
    inherited: frozenset[str]
    track: frozenset[str] = frozenset()

    @property
    def origin(self) -> dict[str, str]:
        """Which file gave each key."""
        given = {key: layer.path for layer in self.layers for key in layer.scalars}
        return {key: given[key] for key in self.keys}

    def place(self, key: str) -> Place:
        """Return where the value of a key stands; the start of the manifest for one that no file has."""
        for layer in reversed(self.layers):
            place = layer.place(key)
            if place is not None:
                return place
        return Place(self.manifest.path, 1, 1)
