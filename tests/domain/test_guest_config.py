from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxmox_mpc.domain import guest_config as explain
from proxmox_mpc.domain.json import JsonObject

VM: JsonObject = {
    "name": "web",
    "scsi0": "nas:101/vm-101-disk-0.qcow2,discard=on,iothread=1,size=40G,ssd=1,backup=0",
    "scsi10": "local-lvm:vm-101-disk-9,size=1536M",
    "scsi2": "/dev/disk/by-id/x,size=1T,cache=writeback",
    "ide2": "none,media=cdrom",
    "ide0": "local:101/vm-101-cloudinit.qcow2,media=cdrom",
    "ide1": "local:iso/debian.iso,media=cdrom,size=700M",
    "efidisk0": "local-lvm:vm-101-disk-1,efitype=4m,pre-enrolled-keys=1,size=4M",
    "unused0": "local:101/vm-101-disk-7.raw",
    "net0": "virtio=BC:24:11:00:00:01,bridge=vmbr0,firewall=1,tag=20,rate=12.5,queues=4",
    "net1": "e1000e=BC:24:11:00:00:02,bridge=lab,link_down=1,trunks=5;7,mtu=1400",
    "ipconfig0": "ip=10.0.0.5/24,gw=10.0.0.1",
    "memory": "4096",
    "balloon": 2048,
    "cores": 2,
    "sockets": 2,
    "cpu": "host,flags=+aes;-pcid",
    "agent": "1,fstrim_cloned_disks=1",
    "boot": "order=scsi0;net0",
    "ciuser": "admin",
    "cipassword": "$5$salt$verysecrethash",
    "sshkeys": quote("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA zoe@lab\nssh-rsa AAAAB3NzaC1yc2E\n", safe=""),
    "hostpci0": "0000:01:00",
    "meta": "creation-qemu=10.1.2,ctime=1795375664",
    "smbios1": "uuid=4c9dd219-8174-4e91-84e5-a855293ee399,sku=x",
    "startup": "order=2,up=30",
    "onboot": "1",
    "digest": "abc",
}
CT: JsonObject = {
    "hostname": "dns",
    "rootfs": "local-lvm:vm-200-disk-0,size=8G",
    "mp0": "local-lvm:vm-200-disk-1,mp=/srv,backup=1,size=4G,acl=1",
    "mp1": "/tank/data,mp=/data,ro=on",
    "net0": "name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:00:03,ip=10.0.0.53/24,gw=10.0.0.1,ip6=auto,type=veth",
    "memory": 512,
    "swap": 0,
}


@pytest.mark.capability("2.4")
def test_disks_say_what_they_hold_and_how_they_behave() -> None:
    rows = explain.disks(VM)
    assert [row["key"] for row in rows] == [
        "scsi0", "scsi2", "scsi10", "ide0", "ide1", "ide2", "efidisk0", "unused0",
    ]  # fmt: skip
    by_key = {row["key"]: row for row in rows}
    assert by_key["scsi0"] == {
        "key": "scsi0",
        "bus": "scsi",
        "media": "disk",
        "storage": "nas",
        "volume": "nas:101/vm-101-disk-0.qcow2",
        "size": 40 * 1024**3,
        "format": "qcow2",
        "mount": None,
        "flags": ["discard", "I/O thread", "SSD", "not backed up"],
    }
    assert (by_key["scsi2"]["storage"], by_key["scsi2"]["volume"]) == (None, "/dev/disk/by-id/x")
    assert by_key["scsi2"]["flags"] == ["cache writeback"]
    assert by_key["scsi10"]["size"] == 1536 * 1024**2
    assert [by_key[key]["media"] for key in ("ide0", "ide1", "ide2", "efidisk0", "unused0")] == [
        "cloud-init", "cdrom", "cdrom (empty)", "EFI variables", "unused",
    ]  # fmt: skip
    assert by_key["ide2"]["volume"] is None
    assert by_key["efidisk0"]["flags"] == ["efitype 4m", "secure boot keys enrolled"]


@pytest.mark.capability("2.4")
def test_a_containers_volumes_and_cards() -> None:
    root, data, bind = explain.disks(CT)
    assert (root["media"], root["mount"]) == ("root", "/")
    assert (data["media"], data["mount"], data["flags"]) == ("mount point", "/srv", ["ACLs"])
    assert (bind["media"], bind["volume"], bind["flags"]) == ("bind mount", "/tank/data", ["read-only"])
    (nic,) = explain.nics(CT)
    assert (nic["name"], nic["model"], nic["mac"]) == ("eth0", None, "BC:24:11:00:00:03")
    assert (nic["ip"], nic["gateway"], nic["ip6"], nic["link"]) == ("10.0.0.53/24", "10.0.0.1", "auto", True)


@pytest.mark.capability("2.4", "4.6")
def test_cards_of_a_vm_carry_what_cloud_init_gives_them() -> None:
    first, second = explain.nics(VM)
    assert (first["model"], first["bridge"], first["vlan"], first["firewall"]) == ("virtio", "vmbr0", 20, True)
    assert (first["rate"], first["queues"], first["ip"], first["gateway"]) == (12.5, 4, "10.0.0.5/24", "10.0.0.1")
    assert (second["model"], second["link"], second["trunks"], second["mtu"]) == ("e1000e", False, "5;7", 1400)
    assert second["ip"] is None


def test_resources_of_both_kinds() -> None:
    cpu = explain.cpu(VM, "qemu")
    assert (cpu["total"], cpu["cores"], cpu["sockets"], cpu["type"], cpu["flags"]) == (
        4,
        2,
        2,
        "host",
        ["+aes", "-pcid"],
    )
    assert explain.cpu({}, "qemu")["type"] == "kvm64"
    assert explain.cpu({}, "lxc")["total"] is None
    memory = explain.memory(VM, "qemu")
    assert (memory["maximum"], memory["minimum"], memory["ballooning"]) == (4096 << 20, 2048 << 20, True)
    assert explain.memory({"memory": "current=2048", "balloon": "0"}, "qemu")["ballooning"] is False
    assert explain.memory(CT, "lxc") == {
        "maximum": 512 << 20,
        "minimum": None,
        "ballooning": None,
        "swap": 0,
        "hugepages": None,
    }


@pytest.mark.parametrize(
    ("config", "order"),
    [
        (VM, ["scsi0", "net0"]),
        ({"boot": "cdn", "bootdisk": "virtio0"}, ["virtio0", "cdrom", "network"]),
        ({"boot": "legacy=nc"}, ["network", "first disk"]),
        ({"boot": "order="}, []),
        ({}, []),
    ],
)
def test_the_boot_order_of_every_release(config: JsonObject, order: list[str]) -> None:
    assert explain.boot_order(config) == order


@pytest.mark.parametrize(
    ("text", "enabled"), [("1", True), ("enabled=1", True), ("0", False), ("enabled=0,type=isa", False), ("", False)]
)
def test_the_agent_is_written_in_several_ways(text: str, enabled: bool) -> None:
    assert explain.agent({"agent": text})["enabled"] is enabled


@pytest.mark.capability("9.6")
def test_cloud_init_tells_no_secret() -> None:
    found = explain.cloud_init(VM)
    assert found is not None
    assert (found["drive"], found["user"], found["password_set"]) == ("ide0", "admin", True)
    assert found["ssh_keys"] == ["ssh-ed25519 zoe@lab", "ssh-rsa …zaC1yc2E"]
    for shown in (found, explain.further(VM), explain.without_secrets(VM)):
        assert "verysecrethash" not in str(shown)
    assert explain.cloud_init({"name": "x", "ide2": "none,media=cdrom"}) is None


def test_what_nothing_else_explains_is_not_lost() -> None:
    assert explain.further(VM) == {"hostpci0": "0000:01:00"}
    assert explain.created(VM) == 1795375664
    assert explain.uuid(VM) == "4c9dd219-8174-4e91-84e5-a855293ee399"
    assert explain.startup(VM) == {"onboot": True, "order": 2, "up_delay": 30, "down_delay": None}
    assert list(explain.in_order({"net10": 1, "name": 2, "net2": 3})) == ["name", "net2", "net10"]


KEYS = st.from_regex(r"(scsi|net|mp|ide|unused|ipconfig)[0-9]{1,2}", fullmatch=True) | st.sampled_from(
    ["rootfs", "cpu", "memory", "agent", "boot", "sshkeys", "meta", "balloon", "cores"]
)


@given(st.dictionaries(KEYS, st.text(max_size=60) | st.integers() | st.booleans() | st.none()))
def test_no_configuration_is_too_odd_to_show(config: dict[str, str | int | bool | None]) -> None:
    odd: JsonObject = dict(config)
    for guest_type in ("qemu", "lxc"):
        explain.cpu(odd, "lxc" if guest_type == "lxc" else "qemu")
        explain.memory(odd, "lxc" if guest_type == "lxc" else "qemu")
    explain.disks(odd)
    explain.nics(odd)
    explain.boot_order(odd)
    explain.cloud_init(odd)
    explain.created(odd)
    assert set(explain.further(odd)) <= set(odd)
