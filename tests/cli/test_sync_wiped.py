"""A cluster that lost every guest gets them back from its manifests: all but ids of disks, MACs' makers, snapshots."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.sync_lab import SyncLab
from tests.conftest import Pmpc
from tests.matrix.bench import open_bench

ROOT_ONLY = {"affinity", "args", "hookscript"}


def wipe(sync: SyncLab) -> None:
    """Take every guest and its volumes away, as if the cluster were new."""
    world = sync.world
    gone = set(world.guests)
    world.volumes = {key: one for key, one in world.volumes.items() if one.vmid not in gone}
    world.guests.clear()
    world.ha.resources.clear()
    world.ha.state.clear()
    for pool in world.pools.values():
        pool.vms.clear()


def come_back(world: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    maker = Pmpc(tmp_path, {})
    words = ("workspace", "init", str(tmp_path / "lab"), "--name", "lab", "--url", f"sim://{world}", "--no-input")
    assert maker(*words).status == 0
    sync = SyncLab(open_bench(Pmpc(tmp_path / "lab", {}), monkeypatch, world))
    declared = sync.ok("declare", "vm", "ct")
    count = len(sync.world.guests)
    assert len(declared) == count and {row["kind"] for row in declared} == {"vm", "ct"}
    assert sync.diff() == []
    barred = {row["id"] for row in declared if ROOT_ONLY & set(row["keys"])}
    wipe(sync)
    outcome = sync("push", "--yes", "--confirm", count)
    failed = {str(row["id"]): row["error"] for row in outcome.json if row["status"] != "done"}
    assert set(failed) == barred, failed
    for error in failed.values():
        assert "root@pam" in error
    assert outcome.status == (8 if barred else 0)
    left = sync.diff()
    assert {(ident, action) for ident, _, action in left} == {(ident, "conflict") for ident in barred}
    assert len(sync.world.guests) == count - len(barred)


@pytest.mark.capability("1.2", "3.6", "6.5")
def test_declared_guests_come_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    come_back("datacenter:3:30:7", tmp_path, monkeypatch)


@pytest.mark.whole
@pytest.mark.capability("1.2", "3.6", "6.5", "8.6")
@pytest.mark.parametrize("seed", [1, 2])
def test_two_hundred_declared_guests_come_back(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    come_back(f"datacenter:5:200:{seed}", tmp_path, monkeypatch)


@pytest.mark.capability("7.4", "9.9")
def test_what_only_root_may_set_is_said_so(sync: SyncLab) -> None:
    sync.edit(104, affinity="0-1")
    outcome = sync.push()
    assert (outcome.status, outcome.stdout) == (4, ""), outcome
    assert "affinity" in str(outcome.error) and "root@pam" in str(outcome.error)
    sync.new(150, name="pinned", node="pve1", memory=512, affinity="0-1")
    sync.edit(104, affinity=None)
    created = sync.push()
    assert (created.status, created.stdout, 150 in sync.world.guests) == (4, "", False), created
    assert "root@pam" in str(created.error)
