"""Two configurations under one number: the same guest, or another."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxmox_mpc.domain.identity import identity, same_individual
from proxmox_mpc.domain.json import JsonObject

UUID = "4c9dd219-8174-4e91-84e5-a855293ee399"
VM: JsonObject = {"smbios1": f"uuid={UUID}", "net0": "virtio=BC:24:11:00:00:01,bridge=vmbr0", "memory": "512"}
CT: JsonObject = {
    "rootfs": "local:200/vm-200-disk-0.raw,size=8G",
    "net0": "name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:00:02",
}


@pytest.mark.capability("3.2")
@pytest.mark.parametrize(
    ("kind", "before", "after", "same"),
    [
        pytest.param(
            "qemu", VM, {**VM, "memory": "1024", "net0": "virtio=AA:AA:AA:AA:AA:AA"}, True, id="a vm is its uuid"
        ),
        pytest.param("qemu", VM, {**VM, "smbios1": f"uuid={UUID.upper()}"}, True, id="case means nothing"),
        pytest.param(
            "qemu", VM, {**VM, "smbios1": "uuid=00000000-0000-4000-8000-000000000000"}, False, id="another uuid"
        ),
        pytest.param("qemu", {"memory": "1"}, {"memory": "2"}, True, id="nothing to tell two vms apart"),
        pytest.param("qemu", {"memory": "1"}, VM, True, id="a uuid that was only just written"),
        pytest.param("lxc", CT, {**CT, "cores": 2}, True, id="a container that was changed"),
        pytest.param("lxc", CT, {**CT, "rootfs": "zfs:subvol-200-disk-0,size=8G"}, True, id="moved to another storage"),
        pytest.param(
            "lxc",
            CT,
            {**CT, "net0": "name=eth0,hwaddr=BC:24:11:FF:FF:FF"},
            False,
            id="made anew: same volume, other mac",
        ),
        pytest.param("lxc", CT, {"rootfs": CT["rootfs"]}, True, id="its only card was taken out"),
        pytest.param("lxc", CT, {"rootfs": "zfs:subvol-200-disk-0"}, False, id="nothing in common"),
    ],
)
def test_who_is_who(kind: str, before: JsonObject, after: JsonObject, same: bool) -> None:
    assert same_individual(identity(kind, before), identity(kind, after)) is same
    assert same_individual(identity(kind, after), identity(kind, before)) is same


def test_a_vm_is_no_container() -> None:
    assert not same_individual(identity("qemu", {}), identity("lxc", {}))


@given(st.sampled_from(["qemu", "lxc"]), st.dictionaries(st.sampled_from(["net0", "rootfs", "smbios1"]), st.text()))
def test_everybody_is_himself_whatever_is_written(kind: str, config: JsonObject) -> None:
    assert same_individual(identity(kind, config), identity(kind, config))
