"""Pushes that go wrong in the middle: run again they finish, nothing is applied twice, and all can be taken back."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from tests.cli.sync_lab import SyncLab, warned
from tests.conftest import Pmpc, Served
from tests.matrix.bench import differences

CHANGED = (100, 101, 104)
FAULTS: dict[str, dict[str, Any]] = {
    "lost": {"kind": "lost", "method": "PUT", "path": "/nodes/*/qemu/*", "after": 1},
    "dropped": {"kind": "drop", "method": "PUT", "path": "/nodes/*/qemu/*", "after": 1},
    "refused": {"kind": "status", "status": 500, "method": "PUT", "path": "/nodes/*/qemu/*", "after": 1},
    "task": {"kind": "task-fails", "type": "qmcreate", "text": "out of space"},
    "late task": {"kind": "task-fails", "type": "resize", "text": "no space left"},
}


def prepared(sync: SyncLab) -> None:
    """Declare changes of three guests and two new ones."""
    for vmid in CHANGED:
        sync.edit(vmid, tags="pushed")
    text = sync.file(101).read_text()
    sync.file(101).write_text(text.replace("size=40G", "size=41G"))
    sync.new(150, name="one", node="pve1", memory=512, scsi0="local-lvm:1")
    sync.new(151, "ct", hostname="two", node="pve1", ostype="debian", rootfs="local-lvm:1", memory=256)
    sync.quiet()


@pytest.mark.capability("3.6", "7.5", "7.7")
@pytest.mark.parametrize(("again", "fault"), [*(("push", one) for one in FAULTS), ("run", "refused")])
def test_a_push_that_fails_in_the_middle_is_finished_by_the_next(again: str, fault: str, sync: SyncLab) -> None:
    prepared(sync)
    sync.bench.faults(FAULTS[fault])
    first = sync("push", "--yes", "--confirm", 5, "--parallel", 1)
    assert first.status in (0, 7, 8), first
    sync.bench.settle()
    sync.bench.faults()
    second = sync(again, "--yes", "--confirm", 5)
    if second.status == 9:  # fewer are left
        left = len({row["id"] for row in sync.ok("diff")})
        second = sync(again, "--yes", "--confirm", left)
    assert second.status == 0, second
    assert sync.diff() == []
    for vmid in CHANGED:
        assert sync.now(vmid)["tags"] == "pushed"
    assert {150, 151} <= set(sync.world.guests)
    applied = Counter(
        (one.method, one.path, str(sorted((key, str(value)) for key, value in one.form.items() if key != "digest")))
        for one, answer in zip(sync.sent, sync.bench.answers, strict=True)
        if answer.status == 200 and one.path.rsplit("/", 1)[-1] in ("config", "resize")
    )
    repeated = {path for (_, path, _), times in applied.items() if times > 1}
    assert repeated == ({"/nodes/pve1/qemu/101/resize"} if fault == "late task" else set()), applied
    assert "size=41G" in str(sync.world.guests[101].config["scsi0"])
    sync.quiet()
    assert sync.run().json == []
    assert sync.sent == []


@pytest.mark.capability("3.6", "7.5", "5.8")
def test_a_push_is_taken_back_as_a_whole(sync: SyncLab) -> None:
    before = sync.bench.state()
    for vmid in (100, 104):
        sync.edit(vmid, tags="pushed")
    sync.new(150, name="one", node="pve1", memory=512, scsi0="local-lvm:1")
    done = sync("push", "--yes", "--confirm", 3)
    assert done.status == 0, done
    (operation,) = {row["operation"] for row in done.json}
    undone = sync.bench("audit", "undo", operation, "--yes", "--confirm", "one", "--without-backup")
    if undone.status == 9:
        undone = sync.bench("audit", "undo", operation, "--yes", "--confirm", "3", "--without-backup")
    assert undone.status == 0, undone
    assert [*differences(before["guests"], sync.bench.state()["guests"])] == []


@pytest.mark.capability("3.6", "7.5")
def test_the_undo_on_failure_takes_the_finished_steps_back(sync: SyncLab) -> None:
    prepared(sync)
    guests = sync.bench.state()["guests"]
    sync.bench.faults({"kind": "status", "status": 500, "method": "POST", "path": "/nodes/*/qemu", "times": 0})
    outcome = sync("push", "--yes", "--confirm", 5, "--parallel", 1, "--rollback-on-failure", "--max-failures", 1)
    assert outcome.status == 8, outcome
    assert 150 not in sync.world.guests
    rows = {row["id"]: row["status"] for row in outcome.json}
    assert rows[150] == "failed"
    undone = [vmid for vmid, status in rows.items() if status == "undone"]
    for vmid in undone:
        if str(vmid) in guests:
            assert sync.bench.state()["guests"][str(vmid)]["config"].get("tags") == guests[str(vmid)]["config"]["tags"]


@pytest.mark.capability("3.6", "7.5")
def test_only_what_failed_is_tried_again(sync: SyncLab) -> None:
    for vmid in CHANGED:
        sync.edit(vmid, tags="pushed")
    sync.bench.faults({"kind": "status", "status": 500, "method": "PUT", "path": "/nodes/*/qemu/101/config"})
    first = sync("push", "--yes", "--confirm", 3)
    assert first.status == 8, first
    operation = first.json[0]["operation"]
    sync.quiet()
    done = sync("push", "--retry-failed", operation, "--yes")
    assert done.status == 0, done
    assert [one.path.split("/")[4] for one in sync.sent] == ["101"]
    assert sync.diff() == []


@pytest.mark.capability("7.4", "7.5")
def test_the_message_of_a_single_failure_names_the_guest(sync: SyncLab) -> None:
    sync.edit(101, tags="pushed")
    sync.bench.faults({"kind": "status", "status": 500, "method": "PUT", "path": "/nodes/*/qemu/101/config"})
    outcome = sync.push()
    assert (outcome.status, outcome.stdout) == (8, "")
    assert outcome.error["message"] == "VM 101 (web): Internal Server Error"


@pytest.mark.capability("1.2", "7.5")
def test_a_part_that_failed_counts_before_a_conflict(sync: SyncLab) -> None:
    for vmid in (100, 104):
        sync.edit(vmid, tags="pushed")
    sync.edit(101, memory=5000)
    sync.live(101, memory="3000")
    sync.bench.faults({"kind": "status", "status": 500, "method": "PUT", "path": "/nodes/*/qemu/104/config"})
    outcome = sync("run", "--yes", "--confirm", 2)
    assert outcome.status == 8, outcome
    assert {row["id"]: row["status"] for row in outcome.json} == {100: "done", 104: "failed"}
    assert "sync_conflict" in [*warned(outcome)]


@pytest.mark.capability("1.2", "7.5")
def test_what_was_taken_into_the_files_is_told_when_the_push_fails(sync: SyncLab) -> None:
    sync.edit(104, tags="pushed")
    sync.live(101, memory="3000")
    sync.bench.faults({"kind": "status", "status": 500, "method": "PUT", "path": "/nodes/*/qemu/104/config"})
    outcome = sync.run()
    assert (outcome.status, outcome.stdout) == (8, ""), outcome
    assert [(row["id"], row["keys"]) for row in outcome.error["details"]["done"]] == [(101, ["memory"])]
    assert sync.diff() == [("104", "tags", "push")]


@pytest.mark.capability("3.6", "7.5", "7.7")
def test_a_push_that_is_killed_is_finished_by_the_next(serve: Callable[..., Served], pmpc: Pmpc) -> None:
    served = serve(
        "homelab", faults=[{"kind": "latency", "seconds": 30, "path": "/nodes/*/qemu/104/config", "method": "PUT"}]
    )
    root = pmpc.cwd / "killed"
    words = ["--url", served.environ["PMPC_URL"], "--fingerprint", served.environ["PMPC_FINGERPRINT"]]
    token = ["--token-id", served.environ["PMPC_TOKEN_ID"], "--token-secret-from", "env:SECRET"]
    lab = Pmpc(pmpc.cwd, {"SECRET": served.environ["PMPC_TOKEN_SECRET"]})
    made = lab("workspace", "init", str(root), "--name", "killed", *words, *token, "--no-input")
    assert made.status == 0, made
    lab.cwd = root
    assert lab("sync", "declare", "vm").status == 0
    for vmid in CHANGED:
        (path,) = (root / "infra" / "vm").glob(f"{vmid}-*.yml")
        text = [line for line in path.read_text().splitlines() if not line.startswith("tags:")]
        path.write_text("\n".join([*text, "tags: pushed"]) + "\n")
    process = subprocess.Popen(
        [sys.executable, "-m", "proxmox_mpc", "sync", "push", "--yes", "--confirm", "3", "--parallel", "1"],
        cwd=root, env={**os.environ, **lab.environ}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    patience = time.monotonic() + 60
    while not any(write.endswith("/104/config") for write in served.writes) and process.poll() is None:
        assert time.monotonic() < patience, served.writes
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    served.server.simulator.faults.faults.clear()
    left = len({row["id"] for row in lab.ok("sync", "diff")})
    done = lab("sync", "push", "--yes", "--confirm", left)
    assert done.status == 0, done
    assert lab.ok("sync", "diff") == []
    for vmid in CHANGED:
        guest = served.server.simulator.world.guests[vmid]
        assert {**guest.config, **guest.pending}["tags"] == "pushed"
    assert lab.ok("audit", "verify")["ok"] is True
