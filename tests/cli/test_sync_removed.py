"""Manifests that were removed, and plans that are kept: nothing is deleted or done that was not asked for."""

from __future__ import annotations

import json

import pytest

from tests.cli.sync_lab import SyncLab, warned


def drop(sync: SyncLab, *vmids: int) -> None:
    for vmid in vmids:
        sync.file(vmid).unlink()


@pytest.mark.capability("1.2", "9.9")
def test_a_removed_manifest_deletes_nothing(sync: SyncLab) -> None:
    drop(sync, *(vmid for vmid, one in sync.world.guests.items() if one.kind == "qemu"))
    guests = set(sync.world.guests)
    assert {action for *_, action in sync.diff()} == {"delete"}
    for verb in ("push", "run"):
        outcome = sync(verb, "--yes")
        assert outcome.status == 0, outcome
        assert (outcome.json, {*warned(outcome)}) == ([], {"not_deleted"})
    assert (sync.sent, set(sync.world.guests)) == ([], guests)


@pytest.mark.capability("1.2", "4.2", "9.9")
def test_prune_deletes_what_is_confirmed_and_has_a_backup(sync: SyncLab) -> None:
    drop(sync, 103)
    refused = sync("push", "--prune", "--yes")
    assert (refused.status, refused.stdout) == (9, ""), refused
    unsaved = sync("push", "--prune", "--yes", "--confirm", "win11")
    assert (unsaved.status, "backup" in unsaved.error["message"]) == (9, True), unsaved
    dry = sync("push", "--prune", "--dry-run", "--without-backup")
    assert dry.status == 0, dry
    assert [row["id"] for row in dry.json] == [103]
    assert (sync.sent, 103 in sync.world.guests) == ([], True)
    done = sync("push", "--prune", "--yes", "--confirm", "win11", "--without-backup")
    assert done.status == 0, done
    assert [(one.method, one.path) for one in sync.sent] == [("DELETE", "/nodes/pve1/qemu/103")]
    assert 103 not in sync.world.guests
    assert not (sync.infra / ".base" / "vm" / "103.json").exists()
    assert sync.diff() == []


@pytest.mark.capability("4.2", "9.9")
def test_several_deletions_need_their_number(sync: SyncLab) -> None:
    sync.world.guests[109].running = False
    drop(sync, 103, 109)
    for word in ("win11", "1", "3"):
        assert sync("push", "--prune", "--yes", "--without-backup", "--confirm", word).status == 9
    assert sync.sent == []
    done = sync("push", "--prune", "--yes", "--without-backup", "--confirm", 2)
    assert done.status == 0, done
    assert {103, 109} & set(sync.world.guests) == set()


@pytest.mark.capability("1.2", "9.9")
def test_another_guest_under_a_removed_id_is_not_deleted(sync: SyncLab) -> None:
    drop(sync, 103)
    sync.live(103, smbios1="uuid=11111111-2222-4333-8444-555555555555")
    outcome = sync("push", "--prune", "--yes", "--confirm", "win11", "--without-backup")
    assert (outcome.status, sync.sent, 103 in sync.world.guests) == (6, [], True), outcome


@pytest.mark.capability("1.2", "7.5", "9.9")
def test_what_changed_since_its_manifest_was_removed_is_a_conflict(sync: SyncLab) -> None:
    drop(sync, 103)
    sync.live(103, description="still needed")
    assert sync.diff("103") == [("103", None, "conflict")]
    for verb in ("push", "run"):
        outcome = sync(verb, "--prune", "--yes", "--confirm", "win11", "--without-backup")
        assert (outcome.status, outcome.stdout) == (6, ""), outcome
        assert "description" in outcome.error["message"]
    assert (sync.sent, 103 in sync.world.guests) == ([], True)


@pytest.mark.capability("1.2", "4.2")
def test_never_declared_guests_are_never_touched(sync: SyncLab) -> None:
    sync.ok("forget", "vm", "ct")
    guests = sync.bench.state()["guests"]
    assert sync("push", "--prune", "--yes").status == 0
    assert (sync.sent, sync.bench.state()["guests"]) == ([], guests)


@pytest.mark.capability("1.2", "9.9")
def test_a_plan_is_kept_looked_at_and_carried_out(sync: SyncLab) -> None:
    sync.edit(101, onboot=0)
    rows = sync.ok("plan", "--out", "plan.json")
    (row,) = rows
    assert (row["id"], row["action"], row["keys"], row["error"]) == ("101", "change", ["onboot"], None)
    assert [one["params"]["onboot"] for one in row["calls"]] == [0]
    assert sync.sent == []
    done = sync("push", "--plan", "plan.json", "--yes")
    assert done.status == 0, done
    assert len(sync.sent) == 1 and sync.now(101)["onboot"] == "0"
    again = sync("push", "--plan", "plan.json", "--yes")
    assert (again.status, again.stdout, len(sync.sent)) == (6, "", 1), again


@pytest.mark.capability("1.2", "7.5", "9.9")
@pytest.mark.parametrize("side", ["live", "declared", "file removed", "guest gone"])
def test_a_plan_is_refused_when_a_side_moved_on(side: str, sync: SyncLab) -> None:
    sync.edit(104, onboot=0)
    sync.ok("plan", "--out", "plan.json")
    if side == "live":
        sync.live(104, onboot=None)
    elif side == "declared":
        sync.edit(104, onboot=1, memory=777)
    elif side == "file removed":
        drop(sync, 104)
    else:
        del sync.world.guests[104]
    outcome = sync("push", "--plan", "plan.json", "--yes")
    assert (outcome.status, outcome.stdout, sync.sent) == (6, "", []), outcome


@pytest.mark.capability("1.2", "9.9")
def test_a_plan_does_only_what_it_says(sync: SyncLab) -> None:
    sync.edit(104, onboot=0)
    sync.ok("plan", "--out", "plan.json")
    sync.edit(101, onboot=0)
    sync.live(103, description="elsewhere")
    assert sync("push", "--plan", "plan.json", "--yes").status == 0
    assert [one.path for one in sync.sent] == [f"/nodes/{sync.world.guests[104].node}/qemu/104/config"]


@pytest.mark.capability("1.2", "9.9", "7.4")
def test_plans_of_another_cluster_and_what_is_none(sync: SyncLab) -> None:
    sync.edit(104, onboot=0)
    sync.ok("plan", "--out", "plan.json")
    path = sync.bench.pmpc.cwd / "plan.json"
    plan = json.loads(path.read_text())
    path.write_text(json.dumps({**plan, "cluster": "{}"}))
    other = sync("push", "--plan", "plan.json", "--yes")
    assert (other.status, "another cluster" in other.error["message"]) == (6, True), other
    for text in ("", "[]", "{", json.dumps({**plan, "version": 99}), json.dumps({**plan, "objects": 3}), "null"):
        path.write_text(text)
        outcome = sync("push", "--plan", "plan.json", "--yes")
        assert (outcome.status, outcome.stdout) == (3, ""), (text, outcome)
    assert sync("push", "--plan", "absent.json", "--yes").status == 3
    assert sync.sent == []


@pytest.mark.capability("1.2", "9.9")
def test_a_kept_plan_deletes_only_with_prune(sync: SyncLab) -> None:
    drop(sync, 103)
    assert sync.ok("plan", "--out", "plan.json") == []
    assert [row["action"] for row in sync.ok("plan", "--prune", "--out", "plan.json")] == ["delete"]
    assert sync("push", "--plan", "plan.json", "--yes").status == 9
    done = sync("push", "--plan", "plan.json", "--yes", "--confirm", "win11", "--without-backup")
    assert (done.status, 103 in sync.world.guests) == (0, False), done


@pytest.mark.capability("1.2", "7.5")
def test_a_plan_carries_what_was_decided_and_minds_its_own_objects(sync: SyncLab) -> None:
    sync.edit(104, memory=5000, cores=9)
    sync.live(104, memory="3000", cores="7")
    sync.ok("plan", "--resolve", "memory=declared", "--resolve", "cores=server", "--out", "plan.json")
    sync.edit(101, memory=5000)
    sync.live(101, memory="3000")
    for words in (("104",), ("--prune",), ("--resolve", "declared")):
        assert sync("push", "--plan", "plan.json", "--yes", *words).status == 2
    done = sync("push", "--plan", "plan.json", "--yes")
    assert done.status == 0, done
    assert (sync.now(104)["memory"], sync.now(104)["cores"]) == ("5000", "7")
    assert {(row[0], row[1]) for row in sync.diff()} == {("101", "memory"), ("104", "cores")}
