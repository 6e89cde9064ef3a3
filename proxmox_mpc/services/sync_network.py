"""A node's bridges, bonds and VLANs in two-way sync: pushed into what is staged, and applied by pmpc network apply."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from proxmox_mpc.domain.guest_config import natural
from proxmox_mpc.domain.json import JsonObject, text
from proxmox_mpc.domain.plan import Step
from proxmox_mpc.domain.source import STALE, Source
from proxmox_mpc.errors import InvalidValue, UsageError
from proxmox_mpc.services.network_writes import KEYS, create_interface, delete_interface, set_interface
from proxmox_mpc.services.setting_tables import as_form, checked_setting, same
from proxmox_mpc.services.sync_kinds import Inventory, LiveObject

# What PVE works out from cidr; and interfaces that it lists because they are there, not because they are configured.
_DERIVED: Mapping[str, str] = {"address": "cidr", "netmask": "cidr", "address6": "cidr6", "netmask6": "cidr6"}
_HARDWARE = "eth"


class NetworkKind:
    """Configured interfaces of nodes; an id is ``NODE/IFACE``."""

    name = "network"
    stage = 5
    groups: Collection[str] = ("network",)

    def live(self, inventory: Inventory) -> Iterator[LiveObject]:
        """Yield the recorded interfaces that are configured, hardware left out."""
        for key, row in inventory.objects("network"):
            if text(row, "type") != _HARDWARE:
                yield LiveObject("network", key, None, self._keys(row), None, STALE in row, row, row)

    def _keys(self, row: JsonObject) -> dict[str, str]:
        found: dict[str, str] = {}
        for key in sorted(row, key=natural):
            if KEYS.rules.find(key) is None or _DERIVED.get(key) in row:
                continue
            value = str(as_form(KEYS, key, row[key])).rstrip("\n")
            if value:
                found[key] = value
        return found

    def compared(self, key: str, track: Collection[str]) -> bool:
        """Whether a key takes part."""
        return KEYS.rules.find(key) is not None

    def same(self, key: str, declared: str | None, live: str | None) -> bool:
        """Whether the live value is what the declared one asks for; a switch that is not set is off."""
        rule = KEYS.rules.find(key)
        default = "0" if rule is not None and rule.kind == "bool" else None
        one, other = declared or default, live or default
        return one == other if one is None or other is None else same(KEYS, key, one, other)

    def check(self, key: str, value: str) -> None:
        """Raise UsageError for a key that PVE does not know, or a value that it would not take."""
        checked_setting(KEYS, key, value, "network")

    def creation(self, source: Source, ident: str, keys: Mapping[str, str], track: Collection[str]) -> Sequence[Step]:
        """Return the steps that stage a new interface."""
        node, iface = _parts(ident)
        kind = keys.get("type")
        if kind is None:
            raise UsageError(f"network {ident} does not say what it is", hint="as in: type: bridge")
        pairs = [f"{key}={value}" for key, value in keys.items() if key != "type"]
        return create_interface(source, node, iface, kind, {}, pairs).steps

    def changes(self, source: Source, live: LiveObject, wanted: Mapping[str, str | None]) -> Sequence[Step]:
        """Return the steps that stage other settings."""
        if "type" in wanted:
            raise InvalidValue(
                f"network {live.ident}: its type cannot be changed once it is there",
                hint="delete it and create it anew, or take the change back: pmpc sync declare",
            )
        node, iface = _parts(live.ident)
        pairs = [f"{key}={value}" for key, value in wanted.items() if value is not None]
        gone = [key for key, value in wanted.items() if value is None]
        return set_interface(source, node, iface, {}, pairs, gone).steps

    def deletion(self, source: Source, live: LiveObject) -> Sequence[Step]:
        """Return the steps that stage an interface's removal."""
        return delete_interface(source, *_parts(live.ident)).steps


def _parts(ident: str) -> tuple[str, str]:
    node, slash, iface = ident.partition("/")
    if not slash:
        raise UsageError(f"network {ident!r} names no node", hint="as in infra/network/pve1/vmbr0.yml")
    return node, iface
