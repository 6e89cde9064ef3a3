"""Two-way sync as people use it: both sides change, each change ends on the other side or is a conflict."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from proxmox_mpc.workspace.turn import turn
from tests.cli.sync_lab import SyncLab, warned


def keys_sent(sync: SyncLab) -> list[tuple[str, set[str]]]:
    """The writing requests, with the parameters that say something."""
    return [(one.path, set(one.form) - {"digest"}) for one in sync.sent]


@pytest.mark.capability("1.2", "2.7", "3.5")
def test_what_was_just_declared_does_not_differ(bare: SyncLab) -> None:
    written = bare.ok("declare", "--all")
    assert {row["kind"] for row in written} >= {"vm", "ct", "pool", "storage", "backup-job", "ha-resource", "user"}
    assert sum(row["kind"] in ("vm", "ct") for row in written) == 15
    assert bare("diff", "--exit-code").status == 0
    assert bare.diff() == []
    assert bare.ok("validate") == []
    assert bare.ok("fmt", "--check") == []
    before = bare.files()
    assert {row["action"] for row in bare.ok("declare", "--all")} == {"unchanged"}
    assert bare.files() == before
    assert bare.sent == []


@pytest.mark.capability("1.2", "2.7", "3.5", "5.8")
def test_each_side_gets_what_the_other_changed_and_comments_stay(sync: SyncLab) -> None:
    path = sync.file(101)
    path.write_text("# the shop\n" + path.read_text().replace("cores:", "# not less\ncores:") + "# end\n")
    cores = str(int(sync.now(101)["cores"]) + 3)
    written = sync.edit(101, cores=cores)
    sync.live(101, memory="3000")
    assert sorted(sync.diff("101")) == [("101", "cores", "push"), ("101", "memory", "pull")]
    assert sync("diff", "--exit-code").status == 10
    done = sync.run()
    assert done.status == 0, done
    assert sorted((row["action"], row["id"], row["keys"]) for row in done.json) == [
        ("pull", 101, ["memory"]), ("push", 101, []),
    ]  # fmt: skip
    assert keys_sent(sync) == [("/nodes/pve1/qemu/101/config", {"cores"})]
    assert sync.now(101)["cores"] == cores
    old = next(line for line in written.splitlines() if line.startswith("memory:"))
    assert path.read_text() == written.replace(old, "memory: 3000")
    assert sync("diff", "--exit-code").status == 0
    assert (sync.base(101)["keys"]["memory"], sync.base(101)["keys"]["cores"]) == ("3000", cores)
    sync.quiet()
    assert sync.run().json == []
    assert sync.sent == []


@pytest.mark.capability("1.2", "7.5", "9.9")
def test_what_both_changed_is_a_conflict_and_stays_one(sync: SyncLab) -> None:
    was = sync.base(101)["keys"]["memory"]
    sync.live(101, memory="3000", cores="7")
    text = sync.edit(101, memory=5000)
    base = sync.base(101)
    for words in (("push", "--yes"), ("plan",)):
        outcome = sync(*words)
        assert (outcome.status, outcome.stdout, outcome.error["code"]) == (6, "", "sync_conflict"), outcome
        for value in (was, "3000", "5000"):
            assert value in outcome.error["message"]
    assert (sync.file(101).read_text(), sync.base(101)) == (text, base)
    for _ in range(2):
        assert sync("pull").status == 0
        assert sync.diff("101") == [("101", "memory", "conflict")]
    assert sync.base(101)["keys"]["memory"] == was
    outcome = sync.run()
    assert (outcome.status, outcome.stdout) == (6, "")
    (row,) = outcome.error["details"]["conflicts"]
    assert (row["base"], row["live"], row["declared"], row["changed"]) == (was, "3000", "5000", "both")
    assert sync.sent == []
    assert sync.now(101)["memory"] == "3000"
    assert "memory: 5000" in sync.file(101).read_text() and "cores: 7" in sync.file(101).read_text()


@pytest.mark.capability("1.2", "7.5")
@pytest.mark.parametrize(
    ("verb", "words", "memory", "cores"),
    [
        ("run", ("server",), "3000", "7"),
        ("run", ("declared",), "5000", "9"),
        ("run", ("memory=server", "cores=declared"), "3000", "9"),
        ("run", ("101:memory=declared", "server"), "5000", "7"),
        ("push", ("memory=server", "cores=declared"), "3000", "9"),
        ("push", ("declared", "cores=live"), "5000", "7"),
        ("push", ("server",), "3000", "7"),
    ],
)
def test_a_conflict_is_decided(verb: str, words: tuple[str, ...], memory: str, cores: str, sync: SyncLab) -> None:
    sync.live(101, memory="3000", cores="7")
    sync.edit(101, memory=5000, cores=9)
    options = [part for word in words for part in ("--resolve", word)]
    done = sync(verb, "--yes", *options)
    config = sync.now(101)
    assert done.status == 0, done
    assert (config["memory"], config["cores"]) == (memory, cores)
    text = sync.file(101).read_text()
    assert f"memory: {memory}\n" in text and f"cores: {cores}\n" in text
    assert sync.diff() == []


@pytest.mark.capability("7.4")
def test_what_decides_nothing_is_2(sync: SyncLab) -> None:
    words = ("", "mine", "memory=", "memory=mine", "=server", "server=memory")
    for word, verb in [*((word, ("run", "--yes")) for word in words), ("mine", ("push", "--yes")), ("mine", ("plan",))]:
        outcome = sync(*verb, "--resolve", word)
        assert (outcome.status, outcome.stdout) == (2, ""), outcome


@pytest.mark.capability("1.2", "9.9")
def test_another_guest_under_the_same_id_is_left_alone(sync: SyncLab) -> None:
    sync.edit(104, cores=7)
    sync.live(104, smbios1="uuid=11111111-2222-4333-8444-555555555555", name="somebody-else")
    text, base = sync.file(104).read_text(), sync.base(104)
    assert sync.diff("104") == [("104", None, "conflict")]
    for verb in (("push", "--yes"), ("run", "--yes"), ("run", "--yes", "--resolve", "declared"), ("pull",)):
        outcome = sync(*verb)
        assert outcome.status == (0 if verb == ("pull",) else 6), outcome
    assert "another guest has this id" in sync.run().error["message"]
    assert sync.sent == []
    assert (sync.file(104).read_text(), sync.base(104)) == (text, base)


@pytest.mark.capability("1.2", "9.9")
def test_a_vmid_taken_by_the_other_kind_is_another_guest(sync: SyncLab) -> None:
    sync.new(201, "vm", name="dns")
    shutil.move(sync.infra / "ct" / "201-proxy.yml", sync.bench.pmpc.cwd / "away.yml")
    outcome = sync("push", "vm/201", "--yes")
    assert (outcome.status, sync.sent) == (6, []), outcome


@pytest.mark.capability("1.2", "3.6")
@pytest.mark.parametrize("verb", ["push", "run"])
def test_a_new_manifest_becomes_a_guest(verb: str, sync: SyncLab) -> None:
    path = sync.new(150, name="new", node="pve1", memory=512, scsi0="local-lvm:4", net0="virtio,bridge=vmbr0")
    path.write_text("# mine\n" + path.read_text())
    assert sync.diff() == [("150", None, "create")]
    done = sync(verb, "--yes")
    assert done.status == 0, done
    assert [(row["action"], row["id"], row["changed"]) for row in done.json] == [("push", 150, True)]
    assert sync.now(150)["memory"] == "512"
    assert sync("diff", "--exit-code").status == 0
    assert path.read_text().startswith("# mine\nname: new\n")
    assert sync.base(150)["identity"].startswith("qemu uuid=")


@pytest.mark.capability("1.2", "3.6")
def test_without_a_base_every_difference_is_a_conflict(sync: SyncLab) -> None:
    shutil.rmtree(sync.infra / ".base")
    assert sync.diff() == []
    sync.edit(101, memory=5000)
    assert sync.diff() == [("101", "memory", "conflict")]
    outcome = sync("push", "--yes")
    assert (outcome.status, sync.sent) == (6, [])
    assert "(never agreed)" in outcome.error["message"]
    assert sync.run("101", "--resolve", "declared").status == 0
    assert sync.now(101)["memory"] == "5000"
    assert sync.diff() == []


@pytest.mark.capability("1.2", "7.5", "9.9")
def test_a_guest_that_is_gone_is_listed_by_run_and_made_again_by_push(sync: SyncLab) -> None:
    identity = sync.base(104)["identity"]
    del sync.world.guests[104]
    assert sync.diff() == [("104", None, "conflict")]
    outcome = sync.run()
    assert (outcome.status, sync.sent) == (6, []), outcome
    assert "no longer on the cluster" in outcome.error["message"]
    assert sync.file(104).exists()
    done = sync.push("104")
    assert done.status == 0, done
    assert [(row["action"], row["id"]) for row in done.json] == [("push", 104)]
    assert sync.base(104)["identity"] == identity
    assert identity.removeprefix("qemu ") in str(sync.world.guests[104].config["smbios1"])
    assert sync.diff() == []


@pytest.mark.capability("1.2", "9.9")
def test_what_was_deleted_on_the_server_is_dropped_by_hand(sync: SyncLab) -> None:
    del sync.world.guests[104]
    assert sync("pull").status == 0
    assert [row["action"] for row in sync.ok("forget", "104")] == ["removed"]
    assert sync.diff() == []
    assert not (sync.infra / ".base" / "vm" / "104.json").exists()


@pytest.mark.capability("1.2", "2.7")
def test_where_it_runs_and_whether_is_compared_only_on_request(sync: SyncLab) -> None:
    sync.world.guests[103].running = True
    sync.world.guests[103].node = "pve2"
    assert sync.diff() == []
    sync.edit(103, node="pve3", status="stopped")
    assert sync.diff() == []
    text = sync.file(103).read_text()
    sync.file(103).write_text(text + "track: [node, status]\n")
    assert {(key, action) for _, key, action in sync.diff("103")} == {("node", "conflict"), ("status", "conflict")}


@pytest.mark.capability("1.2", "2.7")
def test_a_tracked_guest_is_moved_and_started(sync: SyncLab) -> None:
    guest = sync.world.guests[103]
    assert (guest.node, guest.running) == ("pve1", False)
    sync.edit(103, node=None)
    sync.file(103).write_text(sync.file(103).read_text() + "node: pve1\nstatus: stopped\ntrack: [node, status]\n")
    assert sync.diff() == []
    assert sync.run().status == 0
    assert sync.base(103)["keys"]["status"] == "stopped"
    sync.edit(103, status="running")
    done = sync.run()
    assert done.status == 0, done
    assert guest.running
    guest.running = False
    assert sync("pull").status == 0
    assert "status: stopped" in sync.file(103).read_text()
    sync.edit(103, node="pve3")
    done = sync.push("103")
    assert done.status == 0, done
    assert sync.world.guests[103].node == "pve3"
    assert sync.diff() == []


@pytest.mark.capability("1.2")
def test_pools_are_changed_on_both_sides(sync: SyncLab) -> None:
    sync.edit(103, pool="prod")
    sync.new(0, "pool")
    (sync.infra / "pool" / "0-new.yml").unlink()
    (sync.infra / "pool" / "fresh.yml").write_text("comment: made by hand\n")
    sync.edit(104, pool="fresh")
    done = sync("push", "--yes", "--confirm", 3)
    assert done.status == 0, done
    assert 103 in sync.world.pools["prod"].vms and 104 in sync.world.pools["fresh"].vms
    assert sync.diff() == []
    sync.world.pools["prod"].vms.remove(103)
    assert sync("pull").status == 0
    assert "pool:" not in sync.file(103).read_text()


@pytest.mark.capability("1.2", "9.9")
def test_disks_grow_and_never_shrink(sync: SyncLab) -> None:
    text = sync.file(101).read_text()
    assert "size=40G" in text
    sync.file(101).write_text(text.replace("size=40G", "size=50G"))
    assert sync.push().status == 0
    assert "size=50G" in str(sync.world.guests[101].config["scsi0"])
    assert sync.diff() == []
    sync.quiet()
    sync.file(101).write_text(text.replace("size=40G", "size=30G"))
    sync.edit(104, cores=7)
    outcome = sync.push("101")
    assert (outcome.status != 0, outcome.stdout if outcome.status != 8 else "", sync.sent) == (True, "", []), outcome
    assert "scsi0" in json.dumps(outcome.events)
    (row,) = [row for row in sync.ok("plan") if row["error"]]
    assert (row["id"], "scsi0" in row["error"]) == ("101", True)


@pytest.mark.capability("1.2", "7.4")
def test_an_unknown_key_is_named_with_its_place_and_nothing_is_sent(sync: SyncLab) -> None:
    sync.edit(104, cores=7)
    text = sync.edit(101, memroy=2000)
    line = len(text.splitlines())
    for verb in (("push", "--yes"), ("run", "--yes"), ("plan",)):
        outcome = sync(*verb)
        assert (outcome.status, outcome.stdout, outcome.error["code"]) == (3, "", "manifest"), outcome
        assert f"vm/101-web.yml:{line}:" in outcome.error["message"]
        assert "memory" in outcome.error["hint"]
    assert sync.sent == []
    problems = sync("validate")
    assert problems.status == 8
    assert [(row["file"], row["line"], row["key"]) for row in problems.json] == [("vm/101-web.yml", line, "memroy")]


@pytest.mark.capability("9.9", "4.2")
def test_many_guests_need_their_number(sync: SyncLab) -> None:
    for vmid in (100, 101):
        sync.edit(vmid, onboot=None)
    outcome = sync.push()
    assert (outcome.status, outcome.stdout, sync.sent) == (9, "", []), outcome
    assert "2" in json.dumps(outcome.error)
    for confirm in ("1", "3", "web"):
        assert sync("push", "--yes", "--confirm", confirm).status == 9
    assert sync.sent == []
    assert sync("push", "--yes", "--confirm", 2).status == 0
    sync.quiet()
    sync.edit(100, onboot=1)
    assert sync.push().status == 0


@pytest.mark.capability("1.2", "7.3")
def test_guests_of_a_silent_node_are_left_alone(sync: SyncLab) -> None:
    there = sorted(vmid for vmid, one in sync.world.guests.items() if one.node == "pve2")
    other = next(vmid for vmid, one in sync.world.guests.items() if one.node == "pve1" and one.kind == "qemu")
    files = sync.files()
    silent = next(vmid for vmid in there if sync.world.guests[vmid].kind == "qemu")
    sync.edit(silent, cores=7)
    sync.edit(other, onboot=None)
    sync.world.nodes["pve2"].online = False
    outcome = sync("diff")
    assert outcome.status == 11, outcome
    rows = {(row["id"], row["action"]) for row in outcome.json if row["kind"] in ("vm", "ct")}
    assert rows == {*((str(vmid), "unknown") for vmid in there), (str(other), "push")}
    done = sync.run()
    assert done.status == 11, done
    assert [one.path for one in sync.sent] == [f"/nodes/pve1/qemu/{other}/config"]
    sync.world.nodes["pve2"].online = True
    assert sync.diff() == [(str(silent), "cores", "push")]
    changed = {name for name, text in sync.files().items() if files.get(name) != text}
    assert {Path(name).stem.partition("-")[0] for name in changed} == {str(silent), str(other)}


@pytest.mark.capability("1.2", "3.5", "7.4")
def test_a_broken_manifest_does_not_keep_the_cluster_from_being_recorded(sync: SyncLab) -> None:
    sync.live(104, memory="3000")
    sync.file(101).write_text("name: [unclosed\n")
    outcome = sync("pull")
    assert outcome.status == 11, outcome
    assert "manifest" in [*warned(outcome)]
    assert sync.bench.ok("vm", "config", 104, "--offline")["memory"] == "3000"
    assert "memory: 3000" not in sync.file(104).read_text()


@pytest.mark.capability("1.2", "4.2")
def test_a_guest_of_terraform_is_refused(sync: SyncLab) -> None:
    sync.edit(101, onboot=None)
    resource = {
        "mode": "managed",
        "type": "proxmox_virtual_environment_vm",
        "name": "web",
        "instances": [{"attributes": {"vm_id": 101}}],
    }
    place = sync.bench.pmpc.cwd / "terraform"
    place.mkdir(exist_ok=True)
    (place / "terraform.tfstate").write_text(json.dumps({"version": 4, "resources": [resource]}))
    for verb in ("push", "run"):
        outcome = sync(verb, "--yes")
        assert (outcome.status, outcome.stdout, sync.sent) == (9, "", []), outcome
        assert "proxmox_virtual_environment_vm.web" in outcome.error["message"]
    (place / "terraform.tfstate").write_text("{")
    assert sync("push", "--yes").status == 3
    assert sync("push", "--yes", "--force-owner").status == 0
    assert len(sync.sent) == 1


@pytest.mark.capability("1.2", "3.6", "7.7")
def test_two_checkouts_never_revert_each_other(sync: SyncLab) -> None:
    mine, yours = sync.infra, sync.bench.pmpc.cwd / "yours"
    shutil.copytree(mine, yours)

    def swap() -> None:
        other = sync.bench.pmpc.cwd / "other"
        mine.rename(other)
        yours.rename(mine)
        other.rename(yours)

    sync.edit(101, memory=5000)
    assert sync.push().status == 0
    swap()
    sync.quiet()
    sync.edit(101, cores=9)
    sync.edit(104, onboot=0)
    assert sync("push", "--yes", "--confirm", 2).status == 0
    assert all("memory" not in one.form for one in sync.sent)
    assert sync.now(101)["memory"] == "5000"
    assert sync("pull").status == 0
    assert "memory: 5000" in sync.file(101).read_text()
    assert sync.diff() == []
    swap()
    sync.quiet()
    assert sync.run().status == 0
    assert sync.sent == []
    assert "cores: 9" in sync.file(101).read_text() and "onboot: 0" in sync.file(104).read_text()
    assert sync.diff() == []


@pytest.mark.capability("1.2", "9.9")
def test_a_dry_run_writes_nothing_anywhere(sync: SyncLab) -> None:
    sync.edit(101, cores=9)
    sync.live(104, memory="3000")
    before = sync.files()
    for verb in ("run", "push"):
        outcome = sync(verb, "--dry-run")
        assert outcome.status == 0, outcome
        assert ("push", 101) in {(row["action"], row["id"]) for row in outcome.json}
    assert (sync.files(), sync.sent) == (before, [])


@pytest.mark.capability("7.7", "9.9")
def test_two_runs_at_once_are_6(sync: SyncLab) -> None:
    with turn(sync.bench.pmpc.cwd / ".proxmox" / "run.sync", "sync run", 0.0):
        outcome = sync.run()
    assert (outcome.status, outcome.stdout) == (6, ""), outcome
    assert str(os.getpid()) in outcome.error["message"]
    assert sync.run().status == 0


@pytest.mark.capability("1.2", "9.9")
def test_a_copied_manifest_does_not_get_the_disks_of_the_other_guest(sync: SyncLab) -> None:
    copy = sync.file(104).with_name("154-copy.yml")
    copy.write_text(sync.file(104).read_text())
    outcome = sync.push()
    assert (outcome.status, outcome.stdout, sync.sent) == (2, "", []), outcome
    assert "is a volume of guest 104" in outcome.error["message"] and outcome.error["message"].startswith("VM 154")
    copy.write_text("\n".join(line for line in copy.read_text().splitlines() if "vm-104" not in line) + "\n")
    assert sync.push().status == 0
    assert 154 in sync.world.guests
    sync.quiet()
    volume = str(sync.world.guests[104].config["scsi0"])
    sync.edit(103, scsi5=volume)
    assert (sync.push().status, sync.sent) == (2, [])


@pytest.mark.capability("1.2", "7.4")
def test_that_nothing_is_declared_is_said(bare: SyncLab) -> None:
    for verb in (("diff", "--exit-code"), ("plan",), ("push", "--yes"), ("run", "--yes")):
        outcome = bare(*verb)
        assert (outcome.status, outcome.json, [*warned(outcome)]) == (0, [], ["nothing_declared"]), outcome
