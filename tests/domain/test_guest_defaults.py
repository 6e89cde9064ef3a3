"""The table of defaults is what PVE's schema states, and unset keys mean them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

import pytest

from proxmox_mpc.domain.guest_defaults import IMPLIED, STATED, meant, rules_of
from proxmox_mpc.domain.guests import Kind
from proxmox_mpc.domain.property_string import PropertyString
from tests.contract.schema import schema

# Parameters of the call that are no keys of a configuration, and defaults that depend on the host.
_NO_KEYS = {"bwlimit", "ha-managed", "start", "storage", "cpuunits", "vmgenid", "keyboard"}
KINDS: tuple[Kind, ...] = get_args(Kind)


def stated(kind: Kind) -> Iterator[tuple[str, dict[str, str] | str]]:
    """Yield the defaults of the schema, by key without its number."""
    path = "/nodes/{node}/qemu" if kind == "vm" else "/nodes/{node}/lxc"
    for name, rule in schema()[path]["POST"]["parameters"]["properties"].items():
        key = name.removesuffix("[n]").rstrip("0123456789")
        if isinstance(rule.get("format"), dict):
            parts = {part: str(one["default"]) for part, one in rule["format"].items() if "default" in one}
            if parts:
                yield key, parts
        elif rule.get("default") is not None and name not in _NO_KEYS:
            yield key, str(rule["default"])


@pytest.mark.parametrize("kind", KINDS)
def test_the_table_is_what_the_schema_states(kind: Kind) -> None:
    table = {key: dict(PropertyString.parse(value)) if "=" in value else value for key, value in STATED[kind].items()}
    assert table == dict(stated(kind))


@pytest.mark.parametrize("kind", KINDS)
def test_every_key_and_property_with_a_default_exists(kind: Kind) -> None:
    for table in (STATED[kind], IMPLIED[kind]):
        for key, value in table.items():
            rule = rules_of(kind).find(key) or rules_of(kind).find(f"{key}0")
            assert rule is not None or key == "template", key
            if rule is not None and "=" in value:
                names = {name for name, _ in PropertyString.parse(value)}
                assert names <= rule.properties.keys(), key


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [
        ("vm", "onboot", "0"),
        ("vm", "agent", "0"),
        ("vm", "agent", "enabled=no,type=virtio"),
        ("vm", "hotplug", "1"),
        ("vm", "hotplug", "usb,disk,network"),
        ("vm", "memory", "512"),
        ("vm", "migrate_downtime", "0.10"),
        ("vm", "vga", "std"),
        ("vm", "description", "\n"),
        ("vm", "tags", ";"),
        ("vm", "smbios1", "uuid=11111111-2222-4333-8444-555555555555"),
        ("vm", "template", "0"),
        ("ct", "features", "nesting=0"),
        ("ct", "swap", "512"),
        ("ct", "template", "0"),
    ],
)  # fmt: skip
def test_what_says_no_more_than_nothing(kind: Kind, key: str, value: str) -> None:
    assert meant(kind, key, value) is None


@pytest.mark.parametrize(
    ("kind", "key", "value"),
    [("vm", "kvm", "0"), ("vm", "hotplug", "0"), ("vm", "balloon", "0"), ("vm", "localtime", "0"), ("ct", "swap", "0"),
     ("vm", "memory", "1024"), ("vm", "agent", "1"), ("vm", "numa0", "cpus=0"), ("vm", "machine", "q35")],
)  # fmt: skip
def test_what_does_say_something(kind: Kind, key: str, value: str) -> None:
    assert meant(kind, key, value) is not None
