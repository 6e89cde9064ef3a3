"""A guest as a manifest writes it, and when what is live is what was declared."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxmox_mpc.domain.config_rules import checked
from proxmox_mpc.domain.declared_guest import DISK, declared_form, equal, merged_value, same
from proxmox_mpc.domain.guest_config import NIC
from proxmox_mpc.domain.guest_defaults import rules_of
from proxmox_mpc.domain.guests import Kind
from proxmox_mpc.domain.json import JsonObject
from proxmox_mpc.simulator import open_world

UUID = "6d1a1b8e-0f4f-4c0c-9a46-2f6f2a6f7c11"
CONFIG: JsonObject = {
    "digest": "abc",
    "lock": "backup",
    "meta": "creation-qemu=10.1.2,ctime=1",
    "vmgenid": UUID,
    "parent": "snap1",
    "snaptime": 17,
    "runningmachine": "pc-q35-10.1",
    "unused0": "local-lvm:vm-101-disk-7",
    "cipassword": "**********",
    "smbios1": f"uuid={UUID},manufacturer=UHJv,base64=1",
    "net10": "virtio=BC:24:11:00:00:02,bridge=vmbr0",
    "net2": "virtio=BC:24:11:00:00:01,bridge=vmbr0",
    "cores": 4,
    "onboot": 1,
    "description": "one\ntwo\n",
    "lxc": [["lxc.apparmor.profile", "unconfined"]],
}
ROW: JsonObject = {"vmid": 101, "node": "pve1", "pool": "web", "status": "paused", "type": "qemu"}


@pytest.mark.capability("1.2")
def test_what_can_be_declared_of_a_guest_in_natural_order() -> None:
    assert list(declared_form("vm", CONFIG, ROW).items()) == [
        ("cores", "4"),
        ("description", "one\ntwo"),
        ("net2", "virtio=BC:24:11:00:00:01,bridge=vmbr0"),
        ("net10", "virtio=BC:24:11:00:00:02,bridge=vmbr0"),
        ("onboot", "1"),
        ("smbios1", "manufacturer=UHJv,base64=1"),
        ("node", "pve1"),
        ("pool", "web"),
        ("status", "running"),
    ]
    assert declared_form("vm", {"smbios1": f"uuid={UUID}"}, {"status": "unknown"}) == {}
    assert declared_form("vm", {}, ROW, track=("node",)) == {"node": "pve1", "pool": "web"}


@pytest.mark.capability("1.2")
def test_a_container_says_whether_it_is_privileged() -> None:
    assert declared_form("ct", {"arch": "amd64"}, {}) == {"arch": "amd64", "unprivileged": "0"}
    assert declared_form("ct", {"unprivileged": 1}, {}) == {"unprivileged": "1"}


SAME = [
    # what PVE makes itself
    ("vm", "net0", "virtio,bridge=vmbr0", "virtio=BC:24:11:00:00:01,bridge=vmbr0"),
    ("vm", "net0", "model=virtio,bridge=vmbr0", "virtio=BC:24:11:00:00:01,bridge=vmbr0,firewall=0"),
    ("vm", "net0", "bridge=vmbr0,virtio=bc:24:11:00:00:01", "virtio=BC:24:11:00:00:01,bridge=vmbr0"),
    ("vm", "scsi0", "local-lvm:32", "local-lvm:vm-101-disk-0,size=32G"),
    ("vm", "scsi0", "local-lvm:32,ssd=1,iothread=on", "local-lvm:vm-101-disk-0,iothread=1,size=32768M,ssd=1"),
    ("vm", "scsi0", "nas:32,format=qcow2", "nas:101/vm-101-disk-0.qcow2,size=32G"),
    ("vm", "scsi0", "local-lvm:0,import-from=nas:import/a.qcow2", "local-lvm:vm-101-disk-0,size=3G"),
    ("vm", "scsi0", "local-lvm:0.5", "local-lvm:vm-101-disk-0,size=512M"),
    ("vm", "scsi0", "local-lvm:0.097656", "local-lvm:vm-101-disk-0,size=100M"),
    ("vm", "scsi0", "local-lvm:vm-101-disk-0", "local-lvm:vm-101-disk-0,size=32G"),
    ("vm", "scsi0", "local-lvm:vm-101-disk-3,size=32G", "local-lvm:vm-101-disk-0,size=32G"),
    ("vm", "scsi0", "nas:9000/base-9000-disk-0.raw/101/vm-101-disk-0.raw,size=8G", "nas:101/vm-101-disk-1.raw,size=8G"),
    ("vm", "scsi0", "tank:base-9000-disk-0/vm-101-disk-0,size=8G", "tank:vm-101-disk-0,size=8G"),
    ("vm", "scsi0", "local-lvm:vm-101-disk-0,size=32G,backup=1", "local-lvm:vm-101-disk-0,size=32G"),
    ("vm", "ide2", "local-lvm:cloudinit", "local-lvm:vm-101-cloudinit,media=cdrom,size=4M"),
    ("vm", "ide2", "nas:101/vm-101-cloudinit.qcow2,media=cdrom", "nas:101/vm-101-cloudinit.qcow2,media=cdrom,size=4M"),
    ("vm", "ide2", "nas:iso/d.iso,media=cdrom", "nas:iso/d.iso,media=cdrom,size=783M"),
    ("vm", "efidisk0", "local-lvm:1,efitype=4m", "local-lvm:vm-101-disk-1,efitype=4m,ms-cert=2023,size=4M"),
    ("vm", "tpmstate0", "local-lvm:1,version=v2.0", "local-lvm:vm-101-disk-2,size=4M,version=v2.0"),
    ("vm", "smbios1", None, f"uuid={UUID}"),
    ("vm", "smbios1", "manufacturer=Pro", f"uuid={UUID},manufacturer=UHJv,base64=1"),
    ("vm", "boot", None, "order=scsi0;ide2;net0"),
    ("vm", "boot", "order=", "order=scsi0"),
    ("vm", "boot", None, "order="),
    ("ct", "rootfs", "local-lvm:8", "local-lvm:vm-201-disk-0,size=8G"),
    ("ct", "rootfs", "tank:8", "tank:subvol-201-disk-0,size=8G"),
    ("ct", "mp0", "local-lvm:8,mp=/srv", "local-lvm:vm-201-disk-1,mp=/srv,size=8G,backup=0"),
    ("ct", "net0", "name=eth0,bridge=vmbr0", "name=eth0,bridge=vmbr0,hwaddr=BC:24:11:00:00:01,type=veth"),
    ("ct", "arch", None, "amd64"),
    ("ct", "ostype", None, "debian"),
    ("ct", "unprivileged", None, "1"),
    ("ct", "hostname", None, "CT201"),
    ("ct", "ostemplate", "local:vztmpl/debian-13.tar.zst", None),
    ("vm", "cipassword", "**", None),
    # spelling
    ("vm", "onboot", "yes", "1"),
    ("vm", "agent", "1,fstrim_cloned_disks=1", "fstrim_cloned_disks=on,enabled=1"),
    ("vm", "tags", "Web, prod", "prod;web"),
    ("vm", "nameserver", "10.0.0.1,10.0.0.2", "10.0.0.1 10.0.0.2"),
    ("vm", "sshkeys", "ssh-ed25519 AAAA me@host", "ssh-ed25519%20AAAA%20me%40host%0A"),
    ("vm", "description", "one\r\ntwo", "one\ntwo\n"),
    ("vm", "cpu", "host,flags=+aes;-pcid", "cputype=host,flags=-pcid;+aes"),
    ("vm", "startup", "3", "order=3"),
    ("vm", "cpulimit", "2.0", "2"),
    ("vm", "hotplug", "usb,disk,network", "1"),
    ("ct", "features", "mount=nfs;cifs,nesting=1", "nesting=1,mount=cifs;nfs"),
    # what is not set is PVE's default
    ("vm", "onboot", "0", None),
    ("vm", "kvm", None, "1"),
    ("vm", "memory", None, "512"),
    ("vm", "template", "0", None),
    ("ct", "swap", None, "512"),
    ("vm", "pool", None, ""),
]  # fmt: skip


@pytest.mark.capability("1.2", "2.7")
@pytest.mark.parametrize(("kind", "key", "declared", "live"), SAME)
def test_what_is_declared_is_live(kind: Kind, key: str, declared: str | None, live: str | None) -> None:
    assert same(kind, key, declared, live)


@pytest.mark.capability("1.2", "2.7")
@pytest.mark.parametrize(
    ("kind", "key", "declared", "live"),
    [
        ("vm", "net0", "virtio,bridge=vmbr0", "virtio=BC:24:11:00:00:01,bridge=vmbr0,firewall=1"),
        ("vm", "net0", "virtio,bridge=vmbr0", "e1000=BC:24:11:00:00:01,bridge=vmbr0"),
        ("vm", "net0", "virtio=BC:24:11:00:00:02,bridge=vmbr0", "virtio=BC:24:11:00:00:01,bridge=vmbr0"),
        ("vm", "net0", "virtio,bridge=vmbr0", None),
        ("vm", "net0", None, "virtio=BC:24:11:00:00:01,bridge=vmbr0"),
        ("vm", "scsi0", "local-lvm:32", "local-lvm:vm-101-disk-0,size=40G"),
        ("vm", "scsi0", "local-lvm:32", "ceph:vm-101-disk-0,size=32G"),
        ("vm", "scsi0", "local-lvm:32", "local-lvm:vm-101-disk-0,size=32G,ssd=1"),
        ("vm", "scsi0", "local-lvm:vm-101-disk-0", "local-lvm:vm-105-disk-0,size=32G"),
        ("vm", "scsi0", "nas:32,format=qcow2", "nas:101/vm-101-disk-0.raw,size=32G"),
        ("vm", "scsi0", "local-lvm:vm-101-disk-0,backup=0", "local-lvm:vm-101-disk-0,size=32G"),
        ("vm", "ide2", "nas:iso/d.iso,media=cdrom", "nas:iso/e.iso,media=cdrom"),
        ("vm", "ide2", "none,media=cdrom", "nas:iso/e.iso,media=cdrom"),
        ("vm", "ide2", "local-lvm:cloudinit", "nas:vm-101-cloudinit,media=cdrom"),
        ("vm", "ide2", "local-lvm:cloudinit", "local-lvm:vm-101-disk-0,size=4M"),
        ("vm", "efidisk0", "local-lvm:1,efitype=4m", "local-lvm:vm-101-disk-1,size=528K"),
        ("vm", "boot", "order=net0", "order=scsi0;net0"),
        ("vm", "boot", None, "order=net0;scsi0"),
        ("vm", "onboot", None, "1"),
        ("vm", "cores", "2", None),
        ("vm", "nameserver", "10.0.0.2 10.0.0.1", "10.0.0.1 10.0.0.2"),
        ("vm", "smbios1", None, f"uuid={UUID},product=x"),
        ("vm", "pool", "web", None),
        ("vm", "node", "pve1", "pve2"),
        ("ct", "unprivileged", "0", "1"),
        ("ct", "hostname", None, "dns"),
        ("ct", "mp0", "/srv,mp=/srv", "/srv/other,mp=/srv"),
        ("ct", "swap", "0", None),
    ],
)  # fmt: skip
def test_what_is_declared_is_not_live(kind: Kind, key: str, declared: str | None, live: str | None) -> None:
    assert not same(kind, key, declared, live)


@pytest.mark.parametrize(("kind", "key", "declared", "live"), SAME)
def test_a_declared_value_with_what_pve_made_of_it_is_both(
    kind: Kind, key: str, declared: str | None, live: str | None
) -> None:
    if declared is None or live is None:
        return
    sent = merged_value(kind, key, declared, live)
    assert same(kind, key, declared, sent)
    if NIC.fullmatch(key) or DISK.fullmatch(key):
        assert same(kind, key, sent, live)
        checked(rules_of(kind), key, sent)


@pytest.mark.parametrize(
    ("key", "declared", "live", "sent"),
    [
        ("net0", "virtio,bridge=vmbr1,tag=3", "virtio=BC:24:11:00:00:01,bridge=vmbr0",
         "virtio=BC:24:11:00:00:01,bridge=vmbr1,tag=3"),
        ("net0", "e1000,bridge=vmbr1", "virtio=BC:24:11:00:00:01,bridge=vmbr0", "e1000=BC:24:11:00:00:01,bridge=vmbr1"),
        ("scsi0", "local-lvm:32,ssd=1", "local-lvm:vm-101-disk-0,size=32G", "local-lvm:vm-101-disk-0,ssd=1,size=32G"),
        ("scsi0", "ceph:32,ssd=1", "local-lvm:vm-101-disk-0,size=32G", "ceph:32,ssd=1"),
        ("ide2", "nas:iso/e.iso,media=cdrom", "nas:iso/d.iso,media=cdrom,size=1G", "nas:iso/e.iso,media=cdrom"),
        ("ide2", "nas:cloudinit", "nas:101/vm-101-cloudinit.qcow2,media=cdrom",
         "nas:101/vm-101-cloudinit.qcow2,media=cdrom"),
        ("smbios1", "product=x", f"uuid={UUID}", f"uuid={UUID},product=x"),
        ("cores", "4", "2", "4"),
    ],
)  # fmt: skip
def test_what_is_sent_keeps_what_pve_made(key: str, declared: str, live: str, sent: str) -> None:
    assert merged_value("vm", key, declared, live) == sent


@cache
def live_guests() -> list[tuple[Kind, JsonObject]]:
    """Every configuration of some simulated worlds."""
    worlds = [open_world(name) for name in ("homelab", "homelab8", "tiny", "datacenter:3:120:7")]
    return [
        ("vm" if guest.kind == "qemu" else "ct", dict(guest.config))
        for world in worlds
        for guest in world.guests.values()
    ]


@pytest.mark.capability("2.7")
def test_every_live_guest_is_what_its_own_manifest_says() -> None:
    for kind, config in live_guests():
        form = declared_form(kind, config, {})
        for key, value in form.items():
            live = config.get(key)
            assert same(kind, key, value, None if live is None else str(live)), (key, value, live)
            assert equal(kind, key, value, None if live is None else str(live)), (key, value, live)


@st.composite
def _respelled(draw: st.DrawFn) -> tuple[Kind, str, str, str]:
    """A live property string, and the same with its properties in another order, booleans and hex in other spelling."""
    kind, config = draw(st.sampled_from(live_guests()))
    key, value = draw(st.sampled_from(sorted(declared_form(kind, config, {}).items())))
    rule = rules_of(kind).find(key)
    if rule is None or rule.kind != "format":
        return kind, key, value, value
    head, *rest = value.split(",")
    parts = draw(st.permutations(rest))
    words = [
        part if not part.endswith("=1") else part[:-1] + draw(st.sampled_from(["1", "on", "yes", "true"]))
        for part in parts
    ]
    return kind, key, value, ",".join([head, *words])


@given(_respelled())
def test_spelling_makes_no_difference(found: tuple[Kind, str, str, str]) -> None:
    kind, key, value, other = found
    assert same(kind, key, other, value) and same(kind, key, value, other) and equal(kind, key, value, other)


_KEYS = st.sampled_from(
    ["net0", "scsi0", "ide2", "rootfs", "mp0", "smbios1", "boot", "tags", "agent", "hotplug", "nonsense"]
)
_TEXTS = st.text(max_size=30) | st.lists(
    st.sampled_from(
        ["virtio", "local-lvm:32", "local:vm-1-disk-0", "size=1G", "size=x", "bridge=a", "=", "uuid=1", "a=b=c"]
    ),
    max_size=4,
).map(",".join)  # fmt: skip


@given(st.sampled_from(["vm", "ct"]), _KEYS, _TEXTS, st.none() | _TEXTS)
def test_any_text_is_compared_and_every_value_is_itself(kind: Kind, key: str, one: str, other: str | None) -> None:
    assert same(kind, key, one, one) and equal(kind, key, one, one)
    assert equal(kind, key, one, other) == equal(kind, key, other, one)
    if equal(kind, key, one, other):
        assert same(kind, key, one, other) and same(kind, key, other, one)
    if other is not None:
        assert isinstance(merged_value(kind, key, one, other), str)
