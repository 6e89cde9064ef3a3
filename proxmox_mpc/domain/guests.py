"""What a guest is called and where it is: the little that every command about a guest needs."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal, NamedTuple

from proxmox_mpc.domain.json import Json
from proxmox_mpc.domain.source import api_path

Kind = Literal["vm", "ct"]
GuestType = Literal["qemu", "lxc"]

KINDS: Mapping[str, Kind] = MappingProxyType({"qemu": "vm", "lxc": "ct"})
NOUNS: Mapping[str | None, str] = MappingProxyType({"vm": "virtual machine", "ct": "container", None: "guest"})


_LONGEST = 18
_BEYOND = 10**_LONGEST


def vmid_of(digits: str) -> int:
    """Return the id that ``digits`` write; what is longer than any id becomes one that no guest has.

    Neither SQLite (64 bits) nor Python's int() (4300 digits) takes numbers of any length.
    """
    return int(digits) if len(digits) <= _LONGEST else _BEYOND


class GuestRef(NamedTuple):
    """One guest as /cluster/resources names it.

    ``type`` is PVE's word in paths (qemu, lxc), ``kind`` pmpc's (vm, ct). ``answers`` is False when its node is known
    to be offline, so that nobody waits for it. ``row`` is the row of /cluster/resources.
    """

    vmid: int
    type: GuestType
    node: str
    name: str | None
    status: str
    template: bool = False
    tags: tuple[str, ...] = ()
    pool: str | None = None
    lock: str | None = None
    answers: bool = True
    row: Mapping[str, Json] = MappingProxyType({})

    @property
    def kind(self) -> Kind:
        """vm or ct."""
        return KINDS[self.type]

    @property
    def label(self) -> str:
        """``VM 101 (web)``: how messages name it."""
        named = f" ({self.name})" if self.name else ""
        return f"{self.kind.upper()} {self.vmid}{named}"

    def path(self, *segments: str | int) -> str:
        """Return the guest's API path, or one below it."""
        return api_path("nodes", self.node, self.type, self.vmid, *segments)
