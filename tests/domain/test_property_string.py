"""Property strings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxmox_mpc.domain.property_string import Disk, Nic, PropertyString
from proxmox_mpc.errors import UsageError

REAL = [
    "local-lvm:vm-101-disk-0,discard=on,iothread=1,size=32G,ssd=1",
    "virtio=BC:24:11:AA:BB:CC,bridge=vmbr0,firewall=1,tag=20",
    "name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:11:22,ip=dhcp,type=veth",
    "uuid=5a7e0b5e-0000-4000-8000-000000000000,base64=1,serial=QUJDRA==",
    "1,fstrim_cloned_disks=1",
    "order=scsi0;ide2;net0",
    "none,media=cdrom",
    "",
    ",,x",
    "=x,y=,=",
]


@pytest.mark.parametrize("text", REAL)
def test_real_ones_come_back_as_they_were(text: str) -> None:
    assert str(PropertyString.parse(text, "file")) == text


@given(st.text() | st.lists(st.text("ab=,;:/1é ", max_size=6)).map(",".join))
def test_any_text_comes_back_as_it_was(text: str) -> None:
    assert str(PropertyString.parse(text)) == text
    assert str(PropertyString.parse(text, "file")) == text


keys = st.from_regex(r"[a-z][a-z0-9_-]{0,8}", fullmatch=True)
values = st.text(st.characters(exclude_characters=","), max_size=8)


@given(st.text(), keys, values)
def test_what_is_set_is_read_back_and_the_rest_stays(text: str, key: str, value: str) -> None:
    before = PropertyString.parse(text, "file")
    after = before.with_(key, value)
    assert after.get(key) == value
    assert {k: v for k, v in before if k != key}.items() <= dict(after).items()
    assert after.without(key).get(key) is None


@given(st.dictionaries(keys, values, min_size=1))
def test_built_from_nothing_it_means_the_same_after_parsing(properties: dict[str, str]) -> None:
    built = PropertyString()
    for key, value in properties.items():
        built = built.with_(key, value)
    assert dict(PropertyString.parse(str(built))) == properties


def test_values_may_hold_equals_signs() -> None:
    assert PropertyString.parse(REAL[3]).get("serial") == "QUJDRA=="


def test_the_default_key_is_known_under_both_spellings() -> None:
    for text in ("1,fstrim_cloned_disks=1", "enabled=1,fstrim_cloned_disks=1"):
        agent = PropertyString.parse(text, "enabled")
        assert agent.flag("enabled")
        assert dict(agent) == {"enabled": "1", "fstrim_cloned_disks": "1"}
    assert str(PropertyString.parse("1,x=2", "enabled").with_("enabled", False)) == "0,x=2"
    assert str(PropertyString.parse("x=2,enabled=1", "enabled").with_("enabled", False)) == "x=2,enabled=0"
    assert str(PropertyString.parse("1,x=2", "enabled").without("enabled")) == "x=2"


@pytest.mark.parametrize("word", ["1", "on", "yes", "true", "TRUE"])
def test_flags_have_many_spellings(word: str) -> None:
    assert PropertyString.parse(f"ssd={word}").flag("ssd")
    assert not PropertyString.parse("ssd=0,x=off").flag("ssd", default=True)
    assert PropertyString.parse("").flag("ssd", default=True)


@pytest.mark.capability("9.3")
@pytest.mark.parametrize(("key", "value"), [("bridge", "vmbr0,firewall=0"), ("a,b", "1"), ("a=b", "1"), ("", "1")])
def test_a_value_cannot_smuggle_another_property_in(key: str, value: str) -> None:
    with pytest.raises(UsageError):
        PropertyString.parse("virtio=BC:24:11:AA:BB:CC").with_(key, value)


def test_a_disk_on_a_storage() -> None:
    disk = Disk.parse(REAL[0])
    assert (disk.volume, disk.storage, disk.name) == ("local-lvm:vm-101-disk-0", "local-lvm", "vm-101-disk-0")
    assert disk.size == 32 << 30
    assert disk.properties.flag("ssd")
    assert not disk.cdrom


@pytest.mark.parametrize(
    ("text", "volume", "storage", "size", "cdrom"),
    [
        ("none,media=cdrom", "none", None, None, True),
        ("local:iso/debian.iso,media=cdrom,size=600M", "local:iso/debian.iso", "local", 600 << 20, True),
        ("/dev/disk/by-id/x:1,size=1T", "/dev/disk/by-id/x:1", None, 1 << 40, False),
        ("file=local-lvm:vm-1-disk-0", "local-lvm:vm-1-disk-0", "local-lvm", None, False),
        ("volume=tank:subvol-1-disk-0,size=8G", "tank:subvol-1-disk-0", "tank", 8 << 30, False),
        ("local-lvm:vm-1-disk-0,size=odd", "local-lvm:vm-1-disk-0", "local-lvm", None, False),
        ("", "", None, None, False),
    ],
)
def test_other_disks(text: str, volume: str, storage: str | None, size: int | None, cdrom: bool) -> None:
    disk = Disk.parse(text)
    assert (disk.volume, disk.storage, disk.size, disk.cdrom) == (volume, storage, size, cdrom)


@pytest.mark.parametrize(
    "text",
    ["virtio=BC:24:11:AA:BB:CC,bridge=vmbr0,tag=20", "model=virtio,macaddr=BC:24:11:AA:BB:CC,bridge=vmbr0,tag=20"],
)
def test_a_card_of_a_vm(text: str) -> None:
    nic = Nic.parse(text)
    assert (nic.model, nic.mac, nic.bridge, nic.tag, nic.name) == ("virtio", "BC:24:11:AA:BB:CC", "vmbr0", 20, None)
    assert not nic.firewall


def test_a_card_without_an_address_yet() -> None:
    nic = Nic.parse("virtio,bridge=vmbr0,firewall=1,link_down=1,tag=x")
    assert (nic.model, nic.mac, nic.firewall, nic.link_down, nic.tag) == ("virtio", None, True, True, None)


def test_a_card_of_a_container() -> None:
    nic = Nic.parse(REAL[2])
    assert (nic.model, nic.name, nic.mac, nic.bridge) == (None, "eth0", "BC:24:11:00:11:22", "vmbr0")
    assert nic.properties.get("ip") == "dhcp"
