"""What people say about a VM as PVE's keys."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxmox_mpc.domain.connection import Secret
from proxmox_mpc.domain.vm_options import (
    VmOptions,
    address,
    encoded_keys,
    free_nic,
    gibibytes,
    keys_of,
    new_disk,
    new_nic,
    pairs,
)
from proxmox_mpc.errors import UsageError


@pytest.mark.capability("2.1")
@pytest.mark.parametrize(
    ("written", "used", "made"),
    [
        ("local-lvm:32", (), ("scsi0", "local-lvm:32")),
        ("local-lvm:32G,ssd=1", ("scsi0",), ("scsi1", "local-lvm:32,ssd=1")),
        ("nas:512M,bus=virtio,discard=on", (), ("virtio0", "nas:0.5,discard=on")),
        ("sata3=nas:1T", (), ("sata3", "nas:1024")),
        ("nas:100/vm-100-disk-7.qcow2", (), ("scsi0", "nas:100/vm-100-disk-7.qcow2")),
        ("nas:0,import-from=local:import/x.qcow2", (), ("scsi0", "nas:0,import-from=local:import/x.qcow2")),
    ],
)
def test_disks(written: str, used: tuple[str, ...], made: tuple[str, str]) -> None:
    assert new_disk(written, used) == made


@pytest.mark.capability("2.1")
@pytest.mark.parametrize(
    ("written", "made"),
    [
        ("vmbr0", "virtio,bridge=vmbr0"),
        ("vmbr0,vlan=20,firewall=1", "virtio,bridge=vmbr0,tag=20,firewall=1"),
        ("vmbr0,model=e1000,mac=BC:24:11:00:00:01", "e1000=BC:24:11:00:00:01,bridge=vmbr0"),
        ("lan,link=down,mtu=1", "virtio,bridge=lan,link_down=1,mtu=1"),
    ],
)
def test_network_cards(written: str, made: str) -> None:
    assert new_nic(written) == made


@pytest.mark.capability("2.1", "7.4")
def test_what_cannot_be_used_is_an_error() -> None:
    for wrong in ("32", "local", ":8", "local:", "local:8,bus=nvme", "x9=local:8"):
        with pytest.raises(UsageError):
            new_disk(wrong, ())
    with pytest.raises(UsageError, match="no scsi disk is free"):
        new_disk("a1:1", [f"scsi{number}" for number in range(31)])
    with pytest.raises(UsageError, match="no network card is free"):
        free_nic([f"net{number}" for number in range(32)])
    for wrong in ("=x", "cores", "cipassword=x"):
        with pytest.raises(UsageError):
            pairs([wrong])
    with pytest.raises(UsageError, match="given twice"):
        pairs(["cores=1", "cores=2"])
    for text in ("", "# only a comment", "-----BEGIN OPENSSH PRIVATE KEY-----\nx", "nonsense"):
        with pytest.raises(UsageError):
            encoded_keys(text)
    with pytest.raises(UsageError, match="must be a storage's name"):
        keys_of(VmOptions(efi="local:1"))


@pytest.mark.capability("2.1")
def test_addresses_and_keys_are_completed() -> None:
    assert address("dhcp") == "ip=dhcp"
    assert address("10.0.0.5/24,gw=10.0.0.1") == "ip=10.0.0.5/24,gw=10.0.0.1"
    assert address("fd00::5/64,gw6=fd00::1") == "ip6=fd00::5/64,gw6=fd00::1"
    assert address("ip=dhcp,ip6=auto") == "ip=dhcp,ip6=auto"
    sets = keys_of(VmOptions(boot="scsi0,net0", memory="2G", balloon="0", password=Secret("x"), tags=("b", "a")))
    assert (sets["boot"], sets["memory"], sets["balloon"], sets["tags"]) == ("order=scsi0;net0", "2048", 0, "b;a")
    assert str(sets["cipassword"]) == "***"


@given(st.integers(1, 1 << 45))
def test_a_size_in_gib_means_the_same_bytes(size: int) -> None:
    written = gibibytes(f"{size}B")
    assert abs(float(written) * (1 << 30) - size) <= 1024


@given(st.text(st.characters(min_codepoint=33, max_codepoint=0x2FF), min_size=1, max_size=40))
def test_keys_survive_their_encoding(comment: str) -> None:
    line = f"ssh-ed25519 AAAA {comment}"
    if not line.isprintable() or "PRIVATE KEY" in line:
        return
    assert unquote(encoded_keys(line)) == f"{line}\n"
    assert "+" not in encoded_keys(line) and " " not in encoded_keys(line)
