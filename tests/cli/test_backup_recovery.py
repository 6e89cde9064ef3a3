"""The guests of a node that is lost, brought back from their backups: the simulated homelab without its second node."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.conftest import Outcome, Pmpc, Served

PVE2 = ("--from-node", "pve2", "--to", "pve1")


class Hasty:
    """A clock of the world that runs fifty times as fast, so that its tasks end soon."""

    def __init__(self) -> None:
        self._began, self._start = time.monotonic(), time.time()

    def now(self) -> float:
        return self._start + (time.monotonic() - self._began) * 50

    def sleep(self, seconds: float) -> None:
        del seconds


@dataclass
class Cluster:
    """What is left of the cluster, and pmpc on it."""

    pmpc: Pmpc
    served: Served

    @property
    def world(self) -> Any:
        return self.served.server.simulator.world

    def restore(self, *words: str | int) -> Outcome:
        return self.pmpc("backup", "restore", *words, "-o", "json", env=self.served.environ)

    def move(self, vmid: int) -> None:
        """Move a guest's configuration to pve1, as ``mv`` at a console does."""
        self.world.guests[vmid].node = "pve1"
        self.world.guests[vmid].running = False

    def ids(self) -> set[int]:
        return set(self.world.guests)


@pytest.fixture
def cluster(pmpc: Pmpc, serve: Callable[..., Served]) -> Cluster:
    served = serve("homelab", clock=Hasty())
    served.server.simulator.world.nodes["pve2"].online = False
    return Cluster(pmpc, served)


def warnings(outcome: Outcome) -> dict[str, dict[str, Any]]:
    return {event["warning"]["code"]: event["warning"] for event in outcome.events if "warning" in event}


def brief(outcome: Outcome) -> dict[int, tuple[str, str]]:
    return {row["guest"] or row["id"]: (row["status"], row["volid"] or "") for row in outcome.json}


@pytest.mark.capability("4.7", "7.8")
def test_ids_that_the_lost_node_holds_are_not_taken_and_the_commands_are_said(cluster: Cluster) -> None:
    outcome = cluster.restore(*PVE2, "--yes")
    assert outcome.status == 8
    assert {row["id"]: row["status"] for row in outcome.json} == {102: "failed", 104: "failed", 109: "failed"}
    said = warnings(outcome)
    assert said["ha_managed"]["details"]["vmids"] == [106, 201]
    hint = said["ids_held"]["hint"]
    assert "--new-ids" in hint and "pmpc backup restore 102 104 --from-node pve2 --to pve1" in hint
    assert "mv /etc/pve/nodes/pve2/qemu-server/102.conf /etc/pve/nodes/pve1/qemu-server/" in hint
    assert cluster.served.writes == []


@pytest.mark.capability("4.7", "7.8", "2.8")
def test_with_new_ids_all_that_has_a_backup_comes_back_once_in_startup_order(cluster: Cluster) -> None:
    before = cluster.ids()
    planned = cluster.restore(*PVE2, "--new-ids", "--dry-run")
    calls = [call for row in planned.json for call in row["calls"] or []]
    assert [call["path"] for call in calls] == ["/nodes/pve1/qemu"] * 2
    assert "unique" not in calls[0]["params"] and calls[0]["params"]["pool"] == "prod"
    assert cluster.restore(*PVE2, "--new-ids").status == 9
    assert cluster.served.writes == []

    outcome = cluster.restore(*PVE2, "--new-ids", "--yes")
    assert outcome.status == 8, "109 has no backup"
    found = brief(outcome)
    assert found[109][0] == "failed"
    assert (found[102][0], found[102][1][:18]) == ("done", "pbs:backup/vm/102/")
    assert found[104][0] == "done"
    assert [row["guest"] for row in outcome.json if row["guest"]] == [102, 104], "102 has an order, 104 has none"
    made = {row["guest"]: row["id"] for row in outcome.json if row["guest"]}
    assert cluster.ids() == before | set(made.values())
    old, new = cluster.world.guests[102].config, cluster.world.guests[made[102]].config
    assert (old["net0"], old["smbios1"]) == (new["net0"], new["smbios1"])
    assert "same_guests" in warnings(outcome)

    sent = list(cluster.served.writes)
    again = cluster.restore(*PVE2, "--new-ids", "--yes")
    assert brief(again) | {109: ("failed", "")} == {102: ("unchanged", ""), 104: ("unchanged", ""), 109: ("failed", "")}
    assert cluster.restore(102, *PVE2, "--yes").json[0]["status"] == "unchanged", "whatever the ids"
    assert cluster.served.writes == sent

    cluster.world.guests.pop(made[104])
    rest = cluster.restore(*PVE2, "--new-ids", "--yes", "--retry-failed", 1)
    assert {vmid: one[0] for vmid, one in brief(rest).items()} == {102: "unchanged", 104: "done", 109: "failed"}


@pytest.mark.capability("4.7", "7.8", "2.6")
def test_a_guest_whose_configuration_was_moved_is_restored_over_under_its_id(cluster: Cluster) -> None:
    cluster.move(102)
    words = (102, *PVE2)
    refused = cluster.restore(*words, "--yes")
    assert (refused.status, cluster.served.writes) == (9, []), "restoring over is critical"
    outcome = cluster.restore(*words, "--yes", "--confirm", "db", "--start")
    assert outcome.status == 0, outcome
    (row,) = outcome.json
    assert (row["id"], row["status"], row["node"]) == (102, "done", "pve1")
    assert cluster.world.guests[102].running
    again = cluster.restore(*words, "--yes", "--confirm", "db")
    assert (again.status, again.json[0]["status"]) == (0, "unchanged")
    cluster.world.guests[102].running = False
    assert cluster.restore(*words, "--yes").json[0]["status"] == "unchanged", "its disks are there"
    assert len(cluster.served.writes) == 1


@pytest.mark.capability("4.7")
def test_what_is_on_shared_storage_is_to_be_moved_not_restored(cluster: Cluster) -> None:
    for sid in ("vm:106", "ct:201"):
        cluster.world.ha.resources.pop(sid)
        cluster.world.ha.state.pop(sid)
    outcome = cluster.restore(106, 201, *PVE2, "--new-ids", "--yes")
    assert (outcome.status, outcome.json) == (0, [])
    said = warnings(outcome)["config_move"]
    assert "VM 106" in said["message"] and "on nas" in said["message"]
    assert "mv /etc/pve/nodes/pve2/lxc/201.conf /etc/pve/nodes/pve1/lxc/" in said["hint"]
    assert cluster.served.writes == []


@pytest.mark.capability("4.7", "10.2")
def test_room_is_looked_at_for_all_together(cluster: Cluster) -> None:
    outcome = cluster.restore(102, 104, *PVE2, "--new-ids", "--storage", "nope", "--dry-run")
    assert outcome.status == 8
    assert all("no storage 'nope'" in row["error"] for row in outcome.json)
    space = cluster.world.storages["local-lvm"]
    space.total, space.used = 300 << 30, 0
    thin = cluster.restore(102, 104, *PVE2, "--new-ids", "--storage", "local-lvm", "--dry-run")
    assert thin.status == 0
    assert warnings(thin)["space"]["message"].startswith("VM 104 (docker): storage local-lvm on pve1 has "), thin
    space.config["type"] = "lvm"
    thick = cluster.restore(102, 104, *PVE2, "--new-ids", "--storage", "local-lvm", "--dry-run")
    assert thick.status == 8
    assert [(row["guest"], row["id"] == 104) for row in thick.json] == [(102, False), (None, True)]
    cluster.world.nodes["pve1"].memory = 40 << 30
    memory = cluster.restore(102, 104, *PVE2, "--new-ids", "--start", "--storage", "nas", "--dry-run")
    assert warnings(memory)["memory"]["message"].startswith("VM 104 (docker) is restored but not started")
    assert [row["calls"][0]["params"].get("start") for row in memory.json] == [1, None]


@pytest.mark.capability("4.7", "10.2")
@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("--from-node", "pve3", "--to", "pve1"), 6, "pve3 is not offline"),
        (("--from-node", "pve2", "--to", "pve2"), 2, "is the node that is lost"),
        (("--from-node", "pve9", "--to", "pve1"), 5, "no node 'pve9'"),
        (("--from-node", "pve2", "--to", "pve9"), 5, "no node 'pve9'"),
        (("--from-node", "pve2"), 2, "where do its guests go"),
        (("101", *PVE2, "--on-node", "pve1"), 2, "--on-node does not go with --from-node"),
        ((*PVE2, "--unique"), 2, "--unique does not go with --from-node"),
        (("107", *PVE2), 2, "neither on pve2 nor on pve1"),
        (("102", "--to", "pve1"), 2, "--to goes with --from-node"),
        (("102", "--new-ids"), 2, "--new-ids goes with --from-node"),
        ((), 2, "which backup"),
        (("102", "104"), 2, "which backup"),
        ((*PVE2, "--retry-failed", "7"), 5, "7"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_sent(
    words: tuple[str, ...], status: int, said: str, cluster: Cluster
) -> None:
    outcome = cluster.restore(*words, "--yes")
    assert (outcome.status, outcome.stdout) == (status, ""), outcome
    assert said in outcome.error["message"]
    assert cluster.served.writes == []


@pytest.mark.capability("4.7", "10.2")
def test_a_cluster_without_quorum_and_a_node_without_guests(cluster: Cluster) -> None:
    cluster.world.quorate = False
    outcome = cluster.restore(*PVE2, "--yes")
    assert (outcome.status, outcome.error["code"]) == (6, "no_quorum")
    cluster.world.quorate = True
    for vmid in [one.vmid for one in cluster.world.guests.values() if one.node == "pve2"]:
        cluster.move(vmid)
    empty = cluster.restore(*PVE2, "--yes")
    assert (empty.status, empty.stdout) == (5, "")
    assert "moved are to be named" in empty.error["hint"]
    assert cluster.restore(*PVE2, "--yes", "--allow-empty").status == 0


@pytest.mark.capability("4.7", "7.8")
def test_while_a_restore_is_running_no_other_begins_and_afterwards_it_is_recognised(cluster: Cluster) -> None:
    clock = cluster.served.server.simulator.clock
    moments = [clock.now()]
    clock.now = lambda: moments[0]
    started = cluster.restore(104, *PVE2, "--new-ids", "--yes", "--no-wait")
    (row,) = started.json
    assert row["status"] == "running"
    busy = cluster.restore(104, *PVE2, "--new-ids", "--yes")
    assert (busy.status, busy.error["code"]) == (6, "conflict")
    assert row["upid"] in busy.error["hint"]
    moments[0] += 3600
    assert cluster.restore(104, *PVE2, "--new-ids", "--yes").json[0]["status"] == "unchanged"


@pytest.mark.capability("4.7")
def test_a_single_restore_tells_what_it_was_of_and_that_the_name_is_taken(lab: Pmpc) -> None:
    outcome = lab("backup", "restore", "200", "--yes", "-o", "json", "--storage", "nas")
    assert outcome.status == 0, outcome
    assert (outcome.json["guest"], outcome.json["volid"][:11]) == (200, "nas-backup:")
    assert "CT 200 (dns)" in warnings(outcome)["same_name"]["message"]
    named = lab("backup", "restore", "200", "--dry-run", "-o", "json", "--storage", "nas", "--name", "dns9")
    assert "same_name" not in warnings(named)


@pytest.mark.capability("4.7")
def test_a_backup_made_by_hand_tells_its_volume(lab: Pmpc) -> None:
    row = lab.ok("backup", "create", "200", "--storage", "nas-backup", "--yes")
    assert row["volid"] == lab.ok("backup", "list", "200")[0]["volid"]
    assert lab.ok("backup", "create", "200", "--storage", "nas-backup", "--dry-run")["volid"] is None
