"""sync plan --trial: what a push would do is done on a simulated cluster, and nothing of it anywhere else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from proxmox_mpc.simulator.world import Storage
from tests.cli.sync_lab import SyncLab, warned

_NEW: dict[str, Any] = {"cores": 2, "memory": 512, "net0": "virtio,bridge=vmbr0", "node": "pve1"}


def _tree(root: Path) -> dict[str, bytes]:
    """Every file of a workspace but those of its database, which every look at the cluster writes."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and not path.name.startswith("state.db")
    }


@pytest.mark.capability("2.7", "9.9")
def test_a_trial_carries_everything_out_and_touches_nothing(sync: SyncLab) -> None:
    sync.edit(101, cores=3)
    sync.new(150, name="fresh", scsi0="local-lvm:8", **_NEW)
    sync.new(250, kind="ct", hostname="box", ostype="debian", memory=256, rootfs="local-lvm:2", node="pve1")
    sync.file("lab", "pool").write_text("comment: another\n")
    (sync.infra / "backup-job" / "nightly-new.yml").write_text("schedule: '03:00'\nstorage: pbs\nvmid: 101\n")
    sync.file(103).unlink()
    sync.quiet()
    before, world = _tree(sync.bench.pmpc.cwd), sync.bench.state()
    plain = sync("plan", "--prune")
    operations = sync.bench.ok("audit", "list")
    asked = sync.bench.simulator.requests
    sync("plan", "--prune")
    usual = sync.bench.simulator.requests - asked
    outcome = sync("plan", "--prune", "--trial")
    assert outcome.status == 0, outcome
    # The refresh that a plain plan makes too; what is planned on, the trial answers.
    assert sync.bench.simulator.requests - asked - usual <= usual
    assert {(row["kind"], row["id"], row["status"], *row["differs"]) for row in outcome.json} == {
        ("vm", "101", "done"), ("vm", "150", "done"), ("ct", "250", "done"), ("vm", "103", "done"),
        ("pool", "lab", "done"), ("backup-job", "nightly-new", "done"),
    }  # fmt: skip
    assert [(row["kind"], row["id"], row["action"]) for row in outcome.json] == [
        (row["kind"], row["id"], row["action"]) for row in plain.json
    ]
    assert all(row["status"] is None and row["differs"] is None for row in plain.json)
    assert (sync.sent, sync.bench.state()) == ([], world)
    assert _tree(sync.bench.pmpc.cwd) == before
    assert sync.bench.ok("audit", "list") == operations
    (said,) = [event["warning"] for event in outcome.events if event["warning"]["code"] == "trial"]
    assert "hardware" in said["message"] and "snapshots" in said["message"]


@pytest.mark.capability("2.7")
def test_the_push_after_a_trial_does_what_the_trial_did(sync: SyncLab) -> None:
    sync.edit(101, cores=3, memory=4096)
    sync.edit(201, kind="ct", cores=2)
    sync.new(150, name="fresh", scsi0="local-lvm:8", **_NEW)
    tried = sync("plan", "--trial")
    done = sync.push("--confirm", 3)
    assert (tried.status, done.status) == (0, 0), (tried, done)
    assert [(row["id"], row["status"]) for row in tried.json] == [(str(row["id"]), row["status"]) for row in done.json]
    assert sync.diff() == []
    assert sync("plan", "--trial").json == []


@pytest.mark.capability("2.7", "9.9")
@pytest.mark.parametrize("others", [False, True])
def test_what_fails_inside_a_task_is_told_with_pves_text(others: bool, sync: SyncLab) -> None:
    sync.world.storages["thick"] = Storage("thick", {"type": "lvm", "vgname": "small", "content": "images"}, 10 << 30)
    assert sync.bench("sync", "pull").status == 0
    sync.new(150, name="big", scsi0="thick:500", **_NEW)
    if others:
        sync.edit(101, cores=3)
    sync.quiet()
    outcome = sync("plan", "--trial")
    assert outcome.status == 8, outcome
    rows = {row["id"]: row for row in outcome.json}
    assert rows["150"]["status"] == "failed"
    assert "does not fit" in rows["150"]["error"]
    assert any("ERROR" in line for line in rows["150"]["warnings"])
    assert rows["150"]["differs"] == ["it is not there"]
    if others:
        assert (rows["101"]["status"], rows["101"]["differs"]) == ("done", [])
    assert outcome.error["code"] == "part_failed"
    assert sync.sent == []


def test_what_cannot_be_planned_fails_in_the_trial(sync: SyncLab) -> None:
    sync.new(150, name="nowhere", scsi0="local-lvm:8", **{**_NEW, "node": "pve9"})
    outcome = sync("plan", "--trial")
    assert outcome.status == 8, outcome
    assert "pve9" in outcome.json[0]["error"]


@pytest.mark.capability("9.9")
def test_what_would_refuse_the_push_is_said_and_the_trial_goes_on(sync: SyncLab) -> None:
    sync.edit(101, cores=3)
    assert sync.bench("safety", "freeze", "--reason", "migration").status == 0
    outcome = sync("plan", "--trial")
    assert outcome.status == 0, outcome
    assert "push_refused" in warned(outcome)
    assert outcome.json[0]["status"] == "done"
    assert sync.bench("safety", "thaw").status == 0
    assert sync.bench("workspace", "config", "set", "safety.mode", "read-only").status == 0
    outcome = sync("plan", "--trial")
    assert (outcome.status, "push_refused" in warned(outcome)) == (0, True)
    assert sync.push().status == 9


@pytest.mark.capability("9.9")
def test_a_trial_of_many_guests_needs_no_number(sync: SyncLab) -> None:
    for vmid in (100, 101, 102, 104, 105, 106, 107):
        sync.edit(vmid, startup="order=7,up=3")
    outcome = sync("plan", "--trial")
    assert outcome.status == 0, outcome
    assert {row["status"] for row in outcome.json} == {"done"}
    assert sync.push().status == 9


@pytest.mark.capability("2.7", "7.8", "9.9")
def test_a_lost_cluster_is_rebuilt_in_a_trial_as_it_is_then(sync: SyncLab) -> None:
    for vmid in [*sync.world.guests]:
        del sync.world.guests[vmid]
    for volume in [one for one in sync.world.volumes.values() if one.content in ("images", "rootdir")]:
        sync.world.drop_volume(volume)
    for pool in sync.world.pools.values():
        pool.vms.clear()
    sync.world.ha.resources.clear()
    sync.world.ha.rules.clear()
    sync.world.replication.clear()
    sync.quiet()
    before = sync.bench.state()
    tried = sync("plan", "--trial")
    assert (sync.sent, sync.bench.state()) == ([], before)
    done = sync.push("--confirm", len(tried.json))
    assert done.status == tried.status
    assert [(row["id"], row["status"], row["error"]) for row in tried.json] == [
        (str(row["id"]), row["status"], row["error"]) for row in done.json
    ]
    assert sum(row["status"] == "done" for row in tried.json) > 15
    assert all(row["differs"] == [] for row in tried.json if row["status"] == "done")


def test_a_kept_plan_can_be_tried_and_is_kept(sync: SyncLab) -> None:
    sync.edit(101, cores=3)
    assert sync("plan", "--trial", "--out", "kept.json").status == 0
    done = sync("push", "--plan", "kept.json", "--yes")
    assert done.status == 0, done


def test_a_trial_of_nothing_is_empty(sync: SyncLab) -> None:
    outcome = sync("plan", "--trial")
    assert (outcome.status, outcome.json) == (0, [])
