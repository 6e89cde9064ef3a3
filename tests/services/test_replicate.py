"""Declared objects under another cluster's names: everything mapped, nothing else touched; what is missing is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxmox_mpc.declared.manifest import KINDS
from proxmox_mpc.domain.json import JsonObject
from proxmox_mpc.domain.replica import Declared, Maps, names_in, replica, secrets_in
from proxmox_mpc.errors import Conflict, UsageError
from proxmox_mpc.services.replicate import There, problems, read_maps, refuse, said, there_of, unused

NODES, STORAGES, BRIDGES, POOLS = ("alpha", "beta"), ("fast", "share"), ("vmbr7", "vmbr8"), ("prod", "prod/sub")
IDS = ("101", "202", "900")
MAC = "BC:24:11:AA:BB:CC"
WORDS = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=6)


def one_of(*values: str) -> st.SearchStrategy[str]:
    return st.sampled_from(values)


@st.composite
def disks(draw: st.DrawFn, kind: str) -> str:
    """A volume as PVE or a person writes it, and its options."""
    storage, vmid, base = draw(one_of(*STORAGES)), draw(one_of(*IDS)), draw(one_of(*IDS))
    names = ["32", f"vm-{vmid}-disk-0", f"{vmid}/vm-{vmid}-disk-1.qcow2", f"subvol-{vmid}-disk-0"]
    names += [f"base-{base}-disk-0/vm-{vmid}-disk-0", f"{base}/base-{base}-disk-0.raw/{vmid}/vm-{vmid}-disk-0.qcow2"]
    names += ["cloudinit", f"vm-{vmid}-cloudinit", "iso/debian-13.iso"]
    volume = draw(st.sampled_from([*(f"{storage}:{name}" for name in names), "none", "/dev/disk/by-id/x", "/srv/data"]))
    head = draw(one_of("", "file=" if kind == "vm" else "volume="))
    options = draw(st.lists(one_of("size=32G", "ssd=1", "media=cdrom", "mp=/srv", "backup=0"), unique=True, max_size=3))
    return ",".join([f"{head}{volume}", *options])


@st.composite
def cards(draw: st.DrawFn, kind: str) -> str:
    bridge = draw(one_of(*BRIDGES))
    if kind == "ct":
        mac = draw(one_of("", f",hwaddr={MAC}"))
        return f"name=eth0,bridge={bridge}{mac},ip=dhcp,type=veth"
    head = draw(one_of(f"virtio={MAC}", "e1000", f"model=virtio,macaddr={MAC}"))
    return f"{head},bridge={bridge},tag=20"


@st.composite
def guests(draw: st.DrawFn) -> Declared:
    kind = draw(one_of("vm", "ct"))
    keys = {
        "name" if kind == "vm" else "hostname": draw(WORDS),
        "node": draw(one_of(*NODES)),
        "tags": "alpha;fast;prod",
        "scsi0" if kind == "vm" else "rootfs": draw(disks(kind)),
        "ide2" if kind == "vm" else "mp0": draw(disks(kind)),
        "net0": draw(cards(kind)),
        "description": "alpha fast vmbr7 101",
    }
    more = {
        "pool": draw(one_of(*POOLS)),
        "smbios1": "uuid=5f0c2a6e-0000-4000-8000-000000000001,manufacturer=QUNN",
        "hookscript": f"{draw(one_of(*STORAGES))}:snippets/hook.pl",
        "cicustom": f"user={draw(one_of(*STORAGES))}:snippets/user.yml",
        "vmstatestorage": draw(one_of(*STORAGES)),
        "ostemplate": f"{draw(one_of(*STORAGES))}:vztmpl/debian.tar.zst",
        "memory": "512",
    }
    chosen = draw(st.lists(st.sampled_from(sorted(more)), unique=True))
    return Declared(kind, draw(one_of(*IDS)), keys | {key: more[key] for key in chosen}, frozenset())


@st.composite
def others(draw: st.DrawFn) -> Declared:
    vmid, other = draw(one_of(*IDS)), draw(one_of(*IDS))
    node, storage, pool = draw(one_of(*NODES)), draw(one_of(*STORAGES)), draw(one_of(*POOLS))
    made: Mapping[str, tuple[str, Mapping[str, str]]] = {
        "backup-job": ("nightly", {"vmid": f"{vmid},{other}", "exclude": other, "storage": storage, "node": node,
                                   "pool": pool, "fleecing": f"enabled=1,storage={storage}", "comment": "alpha 101"}),
        "ha-resource": (f"vm:{vmid}", {"state": "started", "group": "big", "comment": f"vm:{vmid}-ish alpha"}),
        "ha-rule": ("apart", {"resources": f"vm:{vmid},ct:{other}", "nodes": f"{node}:2,{NODES[0]}"}),
        "replication": (f"{vmid}-0", {"target": node, "source": node, "schedule": "*/15"}),
        "pool": (pool, {"comment": "prod"}),
        "sdn-zone": ("lan", {"type": "vlan", "bridge": BRIDGES[0], "nodes": ",".join(NODES)}),
        "sdn-vnet": ("office", {"zone": "lan", "tag": "101"}),
        "storage": (storage, {"type": "dir", "path": "/fast", "nodes": node}),
        "user": ("alpha@pve", {"comment": "fast", "email": "prod@lab.example"}),
    }  # fmt: skip
    kind = draw(st.sampled_from(sorted(made)))
    return Declared(kind, *made[kind])


OBJECTS = guests() | others()
FRESH = Maps(
    {name: f"n-{at}" for at, name in enumerate(NODES)},
    {name: f"s-{at}" for at, name in enumerate(STORAGES)},
    {name: f"br{at}" for at, name in enumerate(BRIDGES)},
    {name: f"p-{at}" for at, name in enumerate(POOLS)},
    {vmid: str(7000 + at) for at, vmid in enumerate(IDS)},
)
FREE = ("tags", "description", "comment", "email", "name", "hostname", "path", "tag", "memory")
"""Keys whose text is no name of anything."""


@pytest.mark.capability("6.6", "7.8")
@given(OBJECTS)
@settings(deadline=None)
def test_an_object_under_its_own_names_is_the_same(one: Declared) -> None:
    assert replica(one, Maps(keep_macs=True)) == one
    assert replica(one, Maps({"alpha": "alpha"}, {"fast": "fast"}, offset=0, keep_macs=True)) == one


@pytest.mark.capability("6.6", "7.8")
@given(OBJECTS)
@settings(deadline=None)
def test_every_name_is_mapped_and_no_old_one_survives(one: Declared) -> None:
    there = replica(one, FRESH)
    before, after = names_in(one), names_in(there)
    assert after.nodes == {FRESH.node(name) for name in before.nodes}
    assert after.storages == {FRESH.storage(name) for name in before.storages}
    assert after.bridges == {FRESH.bridge(name) for name in before.bridges}
    assert after.pools == {FRESH.pool(name) for name in before.pools}
    assert after.vmids == {FRESH.vmid(vmid) for vmid in before.vmids}
    for key, value in there.keys.items():
        if key in FREE:
            assert value == one.keys[key]
            continue
        for old in (*NODES, *STORAGES, *BRIDGES, *POOLS, *IDS):
            assert old not in value.replace("/srv/data", ""), (key, value)


@pytest.mark.capability("7.8")
@given(OBJECTS)
@settings(deadline=None)
def test_a_map_and_its_reverse_give_the_object_back(one: Declared) -> None:
    def reverse(names: Mapping[str, str]) -> dict[str, str]:
        return {new: old for old, new in names.items()}

    forth = replace(FRESH, keep_macs=True)
    back = Maps(
        reverse(FRESH.nodes),
        reverse(FRESH.storages),
        reverse(FRESH.bridges),
        reverse(FRESH.pools),
        reverse(FRESH.vmids),
        keep_macs=True,
    )
    assert replica(replica(one, forth), back) == one


@given(guests(), st.integers(1, 100_000))
@settings(deadline=None)
def test_an_offset_moves_every_id_that_no_map_names(one: Declared, offset: int) -> None:
    there = replica(one, Maps(vmids={"101": "7000"}, offset=offset))
    assert there.ident == ("7000" if one.ident == "101" else str(int(one.ident) + offset))


def guest(**keys: str) -> Declared:
    return Declared("vm", "101", {"name": "web", "node": "alpha", **keys})


@pytest.mark.capability("6.6", "9.9")
@pytest.mark.parametrize(
    ("kind", "value", "without"),
    [
        ("vm", f"virtio={MAC},bridge=vmbr7,firewall=1", "virtio,bridge=vmbr7,firewall=1"),
        ("vm", f"model=virtio,macaddr={MAC},bridge=vmbr7", "model=virtio,bridge=vmbr7"),
        ("vm", "virtio,bridge=vmbr7", "virtio,bridge=vmbr7"),
        ("ct", f"name=eth0,hwaddr={MAC},bridge=vmbr7", "name=eth0,bridge=vmbr7"),
    ],
)
def test_macs_and_uuids_are_left_out_unless_they_are_kept(kind: str, value: str, without: str) -> None:
    one = Declared(kind, "101", {"net0": value, "smbios1": "uuid=5f0c2a6e,serial=7"})
    assert replica(one, Maps()).keys == {"net0": without, "smbios1": "serial=7"}
    assert replica(one, Maps(keep_macs=True)).keys == one.keys
    assert replica(guest(smbios1="uuid=5f0c2a6e"), Maps()).keys == guest().keys


@pytest.mark.capability("9.9")
def test_secrets_are_never_copied() -> None:
    one = guest(cipassword="correct horse", ciuser="admin")
    assert "cipassword" not in replica(one, Maps(keep_macs=True)).keys
    assert secrets_in(one) == ["cipassword"]
    user = Declared("user", "zoe@pve", {"password": "correct horse", "comment": "Zoe"})
    assert replica(user, Maps()).keys == {"comment": "Zoe"}
    share = Declared("storage", "fast", {"type": "cifs", "password": "correct horse", "keyring": "k"})
    assert replica(share, Maps()).keys == {"type": "cifs"}
    (warn,) = [warn for warn in said([one], Maps(), THERE) if warn.code == "secrets"]
    assert "correct horse" not in warn.message


def test_a_disk_on_a_storage_without_files_has_no_format() -> None:
    block = Maps(storages={"share": "fast"}, block=frozenset({"fast"}))
    one = guest(scsi0="share:101/vm-101-disk-0.qcow2,size=8G,format=qcow2", scsi1="share:8,format=qcow2", ide2="none")
    keys = replica(one, block).keys
    assert (keys["scsi0"], keys["scsi1"], keys["ide2"]) == ("fast:vm-101-disk-0,size=8G", "fast:8", "none")


THERE = There(
    nodes=frozenset({"alpha", "gamma"}),
    storages={"alpha": frozenset({"fast", "local"}), "gamma": frozenset({"fast"})},
    bridges={"alpha": frozenset({"vmbr7"}), "gamma": frozenset({"vmbr0"})},
    pools=frozenset({"production"}),
    guests={"101": "VM 101 (other)"},
    contents={"fast": frozenset({"images"}), "local": frozenset({"iso", "backup"})},
)


@pytest.mark.capability("6.6", "9.9")
def test_everything_that_is_missing_is_told_at_once_with_the_nearest() -> None:
    one = Declared("vm", "101", {
        "name": "web", "node": "gama", "pool": "prod", "scsi0": "fsat:32", "net0": "virtio,bridge=vmbr7",
    })  # fmt: skip
    with pytest.raises(Conflict) as caught:
        refuse(problems([one], Maps(), THERE))
    hint = caught.value.hint or ""
    for way in ("node:gama=gamma", "storage:fsat=fast", "pool:prod=production", "--vmid-offset"):
        assert way in hint
    found = caught.value.details["problems"]
    assert isinstance(found, list) and len(found) == 4
    assert "VM 101 (other)" in caught.value.message and "vm 101 (web)" in caught.value.message


def test_storages_and_bridges_are_looked_for_on_the_guests_node() -> None:
    one = guest(scsi0="local:32", net0="virtio,bridge=vmbr7")
    there = replace(THERE, guests={})
    assert [(p.what, p.old) for p in problems([one], Maps(), there)] == [("storage", "local")]  # takes no images
    moved = Maps(nodes={"alpha": "gamma"}, storages={"local": "fast"})
    assert [(p.what, p.new) for p in problems([one], moved, there)] == [("bridge", "vmbr7")]
    assert problems([one], replace(moved, bridges={"vmbr7": "vmbr0"}), there) == []
    anywhere = Declared("vm", "102", {"scsi0": "fast:32", "net0": "virtio,bridge=vmbr0"})
    assert problems([anywhere], Maps(), there) == []


def test_what_is_replicated_along_is_there() -> None:
    ones = [guest(pool="prod", net0="virtio,bridge=office"), Declared("pool", "prod", {}),
            Declared("sdn-vnet", "office", {"zone": "lan"})]  # fmt: skip
    assert problems(ones, Maps(offset=1000), THERE) == []
    assert [p.what for p in problems(ones[:1], Maps(offset=1000), THERE)] == ["bridge", "pool"]


@pytest.mark.capability("9.9")
def test_two_guests_never_get_one_id() -> None:
    ones = [guest(), Declared("ct", "202", {"hostname": "dns", "node": "alpha"})]
    (found,) = problems(ones, Maps(vmids={"202": "1101"}, offset=1000), THERE)
    assert (found.what, found.new) == ("vmid", "1101")
    declared = replace(THERE, declared=frozenset({("vm", "101")}))
    assert problems([guest()], Maps(), declared) == []


@pytest.mark.parametrize("offset", [-50, 999_999_999])
def test_an_id_that_pve_does_not_take_is_told(offset: int) -> None:
    (found,) = problems([guest()], Maps(offset=offset), THERE)
    assert "not between" in found.message


def test_a_pool_inside_another_goes_with_it() -> None:
    maps = Maps(pools={"prod": "live", "prod/old": "attic"})
    assert [maps.pool(name) for name in ("prod", "prod/a/b", "prod/old", "prod/old/x", "lab/a")] == [
        "live", "live/a/b", "attic", "attic/x", "lab/a",
    ]  # fmt: skip


def test_what_manifests_do_not_carry_over_is_said() -> None:
    one = guest(
        ipconfig0="ip=10.0.0.7/24,gw=10.0.0.1", hostpci0="0000:01:00.0", ide2="local:iso/debian.iso,media=cdrom"
    )
    codes = [warn.code for warn in said([one], Maps(), THERE)]
    assert codes == ["disks_empty", "same_addresses", "hardware", "files"]
    assert "made anew" in next(iter(said([one], Maps(), THERE))).message
    assert "kept" in next(iter(said([one], Maps(keep_macs=True), THERE))).message
    plain = [warn.code for warn in said([guest(ipconfig0="ip=dhcp")], Maps(), THERE)]
    assert plain == ["disks_empty"]


def test_maps_are_read_from_words_and_files() -> None:
    maps = read_maps(["node:a=b", "vmid:101=1101"], "# where\nstorage:x=y # slow\n\nbridge:vmbr0=vmbr1\npool:p=q\n", 7,
                     keep_macs=True)  # fmt: skip
    assert maps == Maps({"a": "b"}, {"x": "y"}, {"vmbr0": "vmbr1"}, {"p": "q"}, {"101": "1101"}, 7, True)
    for word in ("node", "node:a", "node:=b", "node:a=", "colour:a=b", "vmid:web=1", "vmid:101=99", ""):
        with pytest.raises(UsageError):
            read_maps([word], "", 0, keep_macs=False)
    with pytest.raises(UsageError, match="both"):
        read_maps(["node:a=b", "node:a=c"], "", 0, keep_macs=False)


def test_a_map_that_meets_nothing_is_said_with_what_may_be_meant() -> None:
    (warn,) = unused([guest()], Maps(nodes={"alhpa": "gamma"}))
    assert "alhpa" in warn.message and warn.hint == "did you mean alpha?"
    assert [*unused([guest()], Maps(nodes={"alpha": "gamma"}))] == []


class Recorded:
    def __init__(self, found: Mapping[str, Mapping[str, JsonObject]]) -> None:
        self.found = found

    def objects(self, kind: str) -> list[tuple[str, JsonObject]]:
        return [*self.found.get(kind, {}).items()]


def test_what_a_recorded_cluster_has_is_read_from_its_rows() -> None:
    there = there_of(Recorded({
        "node": {"n1": {}, "n2": {}},
        "storage_status": {"n1/fast": {"node": "n1", "storage": "fast"}},
        "storage": {"fast": {"type": "lvmthin", "content": "images,rootdir"}, "share": {"type": "nfs"}},
        "network": {"n1/vmbr0": {"node": "n1", "iface": "vmbr0", "type": "bridge"},
                    "n1/eno1": {"node": "n1", "iface": "eno1", "type": "eth"}},
        "sdn_vnet": {"office": {}},
        "pool": {"prod": {}},
        "guest": {"101": {"type": "lxc", "vmid": 101, "name": "dns"}},
        "volume": {"n1/x": {"volid": "share:iso/a.iso"}},
    }))  # fmt: skip
    assert there.all("bridge") == ["office", "vmbr0"] and there.bridges["n2"] == {"office"}
    assert (there.block, there.files) == (frozenset({"fast"}), frozenset({"share:iso/a.iso"}))
    assert there.guests == {"101": "CT 101 (dns)"}
    assert there.contents["fast"] == {"images", "rootdir"}


def test_every_kind_of_manifest_can_be_replicated() -> None:
    for kind in KINDS:
        ident = {"ha-resource": "vm:101", "replication": "101-0"}.get(kind, "101")
        assert replica(Declared(kind, ident, {"comment": "x"}), Maps()).keys == {"comment": "x"}
