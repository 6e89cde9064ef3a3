"""A world seeded from what was recorded answers a pull with what was recorded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from proxmox_mpc.domain.json import Json, JsonObject
from proxmox_mpc.errors import NotRecorded
from proxmox_mpc.services.pull import pull
from proxmox_mpc.services.recorded_documents import recorded_documents
from proxmox_mpc.simulator import open_world
from proxmox_mpc.simulator.clock import ManualClock
from proxmox_mpc.simulator.documents import Documents, number
from proxmox_mpc.simulator.seeding import world_from
from proxmox_mpc.simulator.world import DOOR_TOKEN_ID, World
from proxmox_mpc.state import RecordedSource
from proxmox_mpc.state.kinds import KINDS, document
from proxmox_mpc.state.store import StateStore
from tests.services.seeding_lab import api_of, recorded, seeded_from

KNOWN_DIFFERENCES = {
    "task": "the task log tells of the past: nothing that is done now depends on it",
    "storage_status": "a storage has one size and one use in a world, a local one a different one on each real node",
}
"""Kinds that are not seeded alike, and why. Beside them: a world always has the simulator's own token."""


def _documents(source: RecordedSource, kind: str) -> dict[str, JsonObject]:
    """Return what history keeps of a kind: without what moves by itself."""
    own = DOOR_TOKEN_ID if kind == "token" else None
    return {key: document(KINDS[kind], row) for key, row in source.objects(kind) if key != own}


@pytest.fixture
def again(tmp_path: Path) -> Callable[[World], tuple[RecordedSource, RecordedSource, tuple[str, ...]]]:
    """Return a function that pulls a world, and what was seeded from that pull."""

    def make(world: World) -> tuple[RecordedSource, RecordedSource, tuple[str, ...]]:
        clock = ManualClock()
        first = recorded(world, clock, tmp_path / "first.db")
        seeded = seeded_from(first, clock)
        second = recorded(World.from_json(seeded.world.to_json()), clock, tmp_path / "second.db")
        return first, second, seeded.assumed

    return make


Again = Callable[[World], tuple[RecordedSource, RecordedSource, tuple[str, ...]]]


@pytest.mark.capability("2.7", "6.6")
@pytest.mark.parametrize(
    "name", ["homelab", "homelab8", "datacenter:4:60:7", "datacenter:1:9:2", "recorded", "empty", "tiny"]
)
def test_a_pull_of_the_seeded_world_is_the_pull_it_was_seeded_from(name: str, again: Again) -> None:
    first, second, assumed = again(open_world(name, ManualClock()))
    compared = [kind for kind in KINDS if kind not in KNOWN_DIFFERENCES]
    for kind in compared:
        assert _documents(second, kind) == _documents(first, kind), kind
    assert bool(first.objects("config")) == (name not in ("empty", "recorded"))
    snapshots = len(first.objects("snapshot"))
    assert bool(assumed) == bool(snapshots), assumed
    first.close()
    second.close()


@pytest.mark.capability("2.7")
def test_the_homelab_holds_one_of_everything_that_is_seeded(again: Again) -> None:
    first, second, _ = again(open_world("homelab", ManualClock()))
    for kind in ("pending", "snapshot", "ha_rule", "sdn_subnet", "firewall", "token", "acl", "replication"):
        assert second.objects(kind), kind
    first.close()
    second.close()


def test_changes_that_wait_are_seeded_as_such(again: Again) -> None:
    world = open_world("homelab", ManualClock())
    clock = ManualClock()
    guest = next(guest for guest in world.guests.values() if guest.kind == "qemu" and guest.running)
    guest.pending = {"memory": "1234", "onboot": None}
    guest.config["onboot"] = 1
    source = recorded_of(world, clock)
    seeded = world_from(source, int(clock.now())).world.guests[guest.vmid]
    assert (seeded.pending, seeded.config["onboot"]) == ({"memory": "1234", "onboot": None}, 1)
    assert seeded.config["memory"] == guest.config["memory"]


def recorded_of(world: World, clock: ManualClock) -> dict[str, Json]:
    """Return the answers of a world itself, asked for one by one."""
    api = api_of(world, clock)
    found: dict[str, Json] = {path: api.read(path) for path in ("/version", "/cluster/status", "/cluster/resources")}
    for guest in world.guests.values():
        for part in ("config", "pending"):
            path = f"/nodes/{guest.node}/{guest.kind}/{guest.vmid}/{part}"
            found[path] = api.read(path)
    api.close()
    return found


@pytest.mark.capability("6.6")
def test_what_no_document_tells_is_said(tmp_path: Path) -> None:
    clock = ManualClock()
    source = recorded(open_world("homelab", clock), clock, tmp_path / "state.db")
    documents = recorded_documents(source)
    source.close()
    lost = next(path for path in documents if path.endswith("/storage/local-lvm/content"))
    documents[lost] = []
    seeded = world_from(documents, int(clock.now()))
    (said,) = [text for text in seeded.assumed if "disks" in text]
    assert "local-lvm:" in said
    for guest in seeded.world.guests.values():
        for key, value in guest.config.items():
            if key == "scsi0":
                assert seeded.world.volume(str(value).split(",")[0], guest.node) is not None


@pytest.mark.capability("2.7", "6.6")
def test_a_node_that_is_down_is_down_in_the_seeded_world_and_its_guests_are_kept(tmp_path: Path) -> None:
    clock = ManualClock()
    world = open_world("homelab", clock)
    file = tmp_path / "state.db"
    recorded(world, clock, file).close()
    world.nodes["pve2"].online = False
    with StateStore.open(file) as store:
        assert pull(api_of(world, clock), store, now=clock.now).partial
    source = RecordedSource(file, now=clock.now)
    seeded = seeded_from(source, clock).world
    source.close()
    assert {name for name, node in seeded.nodes.items() if not node.online} == {"pve2"}
    assert {(g.vmid, g.node, g.config.get("cores")) for g in seeded.guests.values()} == {
        (g.vmid, g.node, g.config.get("cores")) for g in world.guests.values()
    }
    assert seeded.volumes.keys() == world.volumes.keys()


def test_what_was_never_pulled_is_asked_for(tmp_path: Path) -> None:
    clock = ManualClock()
    with StateStore.open(tmp_path / "state.db") as store:
        pull(api_of(open_world("tiny", clock), clock), store, only=("guest",), now=clock.now)
    source = RecordedSource(tmp_path / "state.db", now=clock.now)
    with pytest.raises(NotRecorded) as caught:
        recorded_documents(source)
    assert caught.value.hint is not None and "sync pull" in caught.value.hint
    source.close()


def test_answers_of_any_form_are_read_leniently() -> None:
    known = Documents({"/list": {"no": "list"}, "/object": ["no object"], "/rows": [{"a": 1}, "no row"]})
    assert (known.rows("/list"), known.object("/object"), known.rows("/rows")) == ([], {}, [{"a": 1}])
    assert "/rows" in known and "/other" not in known
    assert [number(one, 7) for one in ("12", 3.9, None, "x", 1e400)] == [12, 3, 7, 7, 7]
    assert world_from({}, 0).world.nodes == {}
