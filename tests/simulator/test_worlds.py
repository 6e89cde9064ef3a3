"""Worlds are whole: every disk has its volume, ids are unique, nothing names what is not there."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxmox_mpc.simulator import facts
from proxmox_mpc.simulator.disks import disk_size, is_cdrom, is_disk, is_unused, split, volume_of
from proxmox_mpc.simulator.validation import validate
from proxmox_mpc.simulator.world import World
from proxmox_mpc.simulator.worlds import NAMES, build

NOW = 1_795_375_657
WORLDS = ("homelab", "homelab8", "tiny", "empty", "datacenter:4:300:7", "datacenter:1:0:1")


@pytest.fixture(scope="module", params=WORLDS)
def world(request: pytest.FixtureRequest) -> World:
    name: str = request.param
    return build(name, NOW)


def test_every_disk_exists_with_the_size_its_guest_says(world: World) -> None:
    for guest in world.guests.values():
        for key, value in guest.config.items():
            text = str(value)
            if (is_disk(key, guest.kind) and not is_cdrom(text)) or is_unused(key):
                volume = world.volume(volume_of(text) or "", guest.node)
                assert volume is not None, (guest.vmid, key, text)
                assert volume.vmid == guest.vmid
                assert is_unused(key) or volume.size == disk_size(text)
                assert world.storages[volume.storage].on(guest.node)


def test_every_volume_lies_on_a_storage_that_takes_it(world: World) -> None:
    for volume in world.volumes.values():
        storage = world.storages[volume.storage]
        assert volume.content in storage.content, volume.volid
        assert bool(volume.node) != storage.shared, volume.volid
        assert not volume.node or volume.node in world.nodes
        assert volume.parent is None or world.volume(volume.parent, volume.node) is not None
        assert volume.used is None or volume.used <= volume.size


def test_storages_hold_what_they_say(world: World) -> None:
    taken: dict[tuple[str, str], int] = {}
    for volume in world.volumes.values():
        key = volume.storage, volume.node
        taken[key] = taken.get(key, 0) + (volume.used or 0)
    for (name, _), used in taken.items():
        storage = world.storages[name]
        assert not storage.total or used + storage.used <= storage.total, name


def test_nodes_can_carry_what_runs_on_them(world: World) -> None:
    for node in world.nodes.values():
        running = [guest for guest in world.guests_on(node.name) if guest.running]
        assert sum(guest.memory_used for guest in running) <= node.memory
        assert node.memory_used <= node.memory
        assert node.rootfs_used <= node.rootfs
        assert all(node.booted <= guest.started <= NOW for guest in running), node.name


def test_snapshots_form_trees(world: World) -> None:
    for guest in world.guests.values():
        assert guest.parent is None or guest.parent in guest.snapshots
        for snapshot in guest.snapshots.values():
            assert snapshot.time < NOW
            assert snapshot.parent is None or guest.snapshots[snapshot.parent].time < snapshot.time
            if snapshot.vmstate:
                assert world.volume(snapshot.vmstate, guest.node) is not None


def test_nothing_names_what_is_not_there(world: World) -> None:
    known = {f"{'vm' if g.kind == 'qemu' else 'ct'}:{g.vmid}" for g in world.guests.values()}
    assert set(world.ha.resources) <= known
    assert set(world.ha.state) == set(world.ha.resources)
    for rule in world.ha.rules.values():
        assert set(str(rule["resources"]).split(",")) <= set(world.ha.resources)
    for pool in world.pools.values():
        assert set(pool.vms) <= set(world.guests)
        assert set(pool.storages) <= set(world.storages)
    assert len([v for pool in world.pools.values() for v in pool.vms]) == len(
        {v for pool in world.pools.values() for v in pool.vms}
    )
    for job in world.backup_jobs.values():
        assert job["storage"] in world.storages
        assert job.get("pool") is None or job["pool"] in world.pools
    for job in world.replication.values():
        guest = world.guests[int(str(job["guest"]))]
        assert (job["source"], job["target"] in world.nodes) == (guest.node, True)
    for vnet in (*world.sdn.vnets.values(), *(v for v in world.sdn.pending.get("vnets", {}).values() if v)):
        assert vnet["zone"] in world.sdn.zones
    for level in world.firewall:
        kind, _, name = level.partition("/")
        assert name in {"cluster": [""], "node": world.nodes, "vnet": world.sdn.vnets}.get(kind, {name})
        assert kind not in {"qemu", "lxc"} or world.guests[int(name)].kind == kind


def test_bridges_that_guests_use_exist_on_their_nodes(world: World) -> None:
    for guest in world.guests.values():
        for key, value in guest.config.items():
            if key.startswith("net") and key[3:].isdigit():
                bridge = next(part[7:] for part in str(value).split(",") if part.startswith("bridge="))
                assert bridge in world.nodes[guest.node].network or bridge in world.sdn.vnets, (guest.vmid, bridge)


def test_identities_are_unique(world: World) -> None:
    uuids = [str(g.config["smbios1"]) for g in world.guests.values() if g.kind == "qemu"]
    macs = [
        part.partition("=")[2]
        for guest in world.guests.values()
        for key, value in guest.config.items()
        if key.startswith("net") and key[3:].isdigit()
        for part in str(value).split(",")
        if part.partition("=")[2].startswith("BC:24:11:")
    ]
    assert len(uuids) == len(set(uuids))
    assert len(macs) == len(set(macs))
    assert len({task.upid for task in world.tasks.values()}) == len(world.tasks)
    assert len({node.ip for node in world.nodes.values()}) == len(world.nodes)


def test_rights_go_to_whom_there_is(world: World) -> None:
    tokens = {f"{name}!{token}" for name, user in world.users.items() for token in user.tokens}
    holders = {"user": set(world.users), "group": set(world.groups), "token": tokens}
    assert all(entry.ugid in holders[entry.kind] for entry in world.acl)
    assert all(set(user.groups) <= set(world.groups) for user in world.users.values())
    assert all(name.rpartition("@")[2] in world.realms for name in world.users)
    token_id, secret = world.door_token
    user, _, name = token_id.partition("!")
    assert world.users[user].tokens[name].secret == secret


def test_a_world_survives_saving(world: World) -> None:
    again = World.from_json(json.loads(json.dumps(world.to_json())))
    assert again.to_json() == world.to_json()


def test_the_same_name_gives_the_same_world() -> None:
    for name in WORLDS:
        assert build(name, NOW).to_json() == build(name, NOW).to_json()
    one, two = build("datacenter:2:50:1", NOW), build("datacenter:2:50:2", NOW)
    assert [g.name for g in one.guests.values()] != [g.name for g in two.guests.values()]


def test_ages_stay_when_the_time_is_another() -> None:
    later = build("homelab", NOW + 1_000_000)
    for vmid, guest in build("homelab", NOW).guests.items():
        assert not guest.running or later.guests[vmid].started - guest.started == 1_000_000


def test_the_homelab_shows_everything() -> None:
    world = build("homelab", NOW)
    guests = world.guests.values()
    assert [sum(g.kind == kind for g in guests) for kind in ("qemu", "lxc")] == [11, 4]
    assert len(world.nodes) == 3
    assert {storage.kind for storage in world.storages.values()} == {"dir", "lvmthin", "zfspool", "nfs", "pbs"}
    assert any(g.template and g.kind == "qemu" for g in guests)
    assert any(volume.parent for volume in world.volumes.values())
    assert any(g.paused for g in guests)
    assert any(g.lock for g in guests)
    assert any(g.running and g.pending for g in guests)
    assert any("protection" in g.config for g in guests)
    assert any("cipassword" in g.config for g in guests)
    assert any({"efidisk0", "tpmstate0"} <= set(g.config) for g in guests)
    assert any(len(g.snapshots) > 3 for g in guests)
    assert any(NOW - s.time > 365 * 86_400 for g in guests for s in g.snapshots.values())
    assert any(g.running and g.agent for g in guests)
    assert any(g.running and g.config.get("agent") and g.agent is None for g in guests)
    assert any(volume.protected for volume in world.volumes.values())
    assert any(volume.vmid not in world.guests for volume in world.volumes.values() if volume.content == "backup")
    ends = {str(task.exitstatus).split(":")[0] for task in world.tasks.values()}
    assert {"OK", "WARNINGS", "job errors", "unexpected status"} <= ends
    assert world.ha.rules
    assert not world.ha.groups


def test_the_older_homelab_has_groups_in_place_of_rules() -> None:
    world = build("homelab8", NOW)
    assert world.major == 8
    assert world.ha.groups
    assert not world.ha.rules


def test_a_datacenter_is_as_large_as_asked() -> None:
    world = build("datacenter:7:210:3", NOW)
    assert (len(world.nodes), len(world.guests)) == (7, 210)
    assert {guest.kind for guest in world.guests.values()} == {"qemu", "lxc"}
    assert {guest.node for guest in world.guests.values()} == set(world.nodes)


@pytest.mark.capability("8.6")
def test_ten_thousand_guests_are_built_in_seconds() -> None:
    began = time.perf_counter()
    assert len(build("datacenter:50:10000:1", NOW).guests) == 10_000
    assert time.perf_counter() - began < 10


@pytest.mark.parametrize("name", ["nowhere", "homelab:1", "datacenter:3", "datacenter:0:5:1", "datacenter:3:10001", ""])
def test_a_name_that_is_none_is_refused_with_those_there_are(name: str) -> None:
    with pytest.raises(ValueError, match=r"datacenter"):
        build(name, NOW)


@given(st.text(max_size=30))
@settings(max_examples=60, deadline=None)
def test_any_name_is_a_world_or_refused(name: str) -> None:
    try:
        assert build(name, NOW).name
    except ValueError as error:
        assert "datacenter" in str(error)


def test_names_are_those_that_build_knows() -> None:
    for name in NAMES:
        assert build(name.replace("NODES:GUESTS:SEED", "2:10:1"), NOW).nodes


def test_property_strings_of_disks_are_written_as_the_server_stores_them() -> None:
    for guest in build("homelab", NOW).guests.values():
        for key, value in guest.config.items():
            if is_disk(key, guest.kind) and not is_cdrom(str(value)):
                _, options = split(str(value))
                assert [*options] == sorted(options), (guest.vmid, key, value)


def test_every_setting_is_one_that_the_server_would_take(world: World) -> None:
    for guest in world.guests.values():
        folder = "qemu" if guest.kind == "qemu" else "lxc"
        endpoint = facts.endpoint(folder, "PUT", f"/nodes/{{node}}/{folder}/{{vmid}}/config")
        for config in (guest.config, *(snapshot.config for snapshot in guest.snapshots.values())):
            given = {key: str(value) for key, value in config.items() if key != "meta"}
            validate(endpoint, {**given, "node": guest.node, "vmid": str(guest.vmid)})
        changes = {key: str(value) for key, value in guest.pending.items() if value is not None}
        validate(endpoint, {**changes, "node": guest.node, "vmid": str(guest.vmid)})


def test_storages_jobs_and_rules_are_ones_that_the_server_would_take(world: World) -> None:
    for storage in world.storages.values():
        config = {key: str(value) for key, value in storage.config.items() if key not in {"path", "mountpoint"}}
        validate(facts.endpoint("storage", "POST", "/storage"), {"storage": storage.name, **config})
    for job in world.backup_jobs.values():
        given = {key: str(value) for key, value in job.items() if key not in {"type", "prune-backups"}}
        validate(facts.endpoint("backup_jobs", "POST", "/cluster/backup"), given)
    for rule in world.ha.rules.values():
        validate(facts.endpoint("ha", "POST", "/cluster/ha/rules"), {key: str(value) for key, value in rule.items()})
    for name, firewall in world.firewall.items():
        for entry in firewall.rules:
            given = {key: str(value) for key, value in entry.items()}
            path = "/cluster/sdn/vnets/{vnet}/firewall/rules" if name.startswith("vnet/") else "/cluster/firewall/rules"
            family = "sdn" if name.startswith("vnet/") else "firewall"
            place = {"vnet": name.removeprefix("vnet/")} if family == "sdn" else {}
            validate(facts.endpoint(family, "POST", path), {**given, **place})
    for zone in world.sdn.zones.values():
        validate(facts.endpoint("sdn", "POST", "/cluster/sdn/zones"), {key: str(value) for key, value in zone.items()})
