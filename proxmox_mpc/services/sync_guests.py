"""VMs and containers in two-way sync."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Literal

from proxmox_mpc.domain.declared_guest import ONLY_DECLARED, TRACKABLE, declared_form, same
from proxmox_mpc.domain.guests import GuestRef, Kind
from proxmox_mpc.domain.identity import identity
from proxmox_mpc.domain.json import text
from proxmox_mpc.domain.plan import Step
from proxmox_mpc.domain.source import STALE, Source
from proxmox_mpc.services.guests import ref_of
from proxmox_mpc.services.push_guests import changes, creation, deletion
from proxmox_mpc.services.sync_kinds import Inventory, LiveObject

_TYPES: Mapping[str, str] = {"vm": "qemu", "ct": "lxc"}


class GuestKind:
    """Guests of one kind; ``stage`` comes after storages and pools, before what names guests."""

    stage = 50
    groups: Collection[str] = ("guest",)

    def __init__(self, name: Literal["vm", "ct"]) -> None:
        self.name: Kind = name

    def live(self, inventory: Inventory) -> Iterator[LiveObject]:
        """Yield the recorded guests of this kind whose configuration was read."""
        configs = dict(inventory.objects("config"))
        for key, row in inventory.objects("guest"):
            config = configs.get(key)
            if row.get("type") != _TYPES[self.name]:
                continue
            stale = STALE in row or config is None or STALE in config
            config = config or {}
            yield LiveObject(
                self.name,
                key,
                text(row, "name"),
                declared_form(self.name, config, row),
                identity(_TYPES[self.name], config) if config else None,
                stale,
                row,
                config,
            )

    def compared(self, key: str, track: Collection[str]) -> bool:
        """Whether a key takes part: where it runs, and whether, only on request."""
        return key in track if key in TRACKABLE else key not in ONLY_DECLARED

    def same(self, key: str, declared: str | None, live: str | None) -> bool:
        """Whether the live value is what the declared one asks for."""
        return same(self.name, key, declared, live)

    def creation(self, source: Source, ident: str, keys: Mapping[str, str], track: Collection[str]) -> Sequence[Step]:
        """Return the steps that create the guest under its id; templates come before what may be cloned from them."""
        return creation(source, self.name, int(ident), keys, track=track)

    def changes(self, source: Source, live: LiveObject, wanted: Mapping[str, str | None]) -> Sequence[Step]:
        """Return the steps that change keys, on the configuration as it stands now."""
        return changes(source, self.ref(live), wanted, live.config)

    def deletion(self, source: Source, live: LiveObject) -> Sequence[Step]:
        """Return the steps that delete the guest with its disks."""
        return deletion(source, self.ref(live))

    def ref(self, live: LiveObject) -> GuestRef:
        """Return the guest as requests name it."""
        return ref_of(dict(live.row))
