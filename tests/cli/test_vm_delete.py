"""vm delete: protection, backups, what runs, and what is left afterwards."""

from __future__ import annotations

import pytest

from tests.conftest import Pmpc


@pytest.mark.capability("2.6", "4.3")
def test_a_stopped_vm_goes_with_its_disks_and_references(lab: Pmpc) -> None:
    planned = lab.ok("vm", "delete", 103, "--dry-run", "--without-backup")
    (call,) = planned["calls"]
    assert (call["method"], call["path"]) == ("DELETE", "/nodes/pve1/qemu/103")
    assert set(call["params"]) == {"purge", "destroy-unreferenced-disks"}
    done = lab.ok("vm", "delete", 103, "--yes", "--confirm", "win11", "--without-backup")
    assert (done["id"], done["name"], done["status"]) == (103, "win11", "done")
    assert lab("vm", "show", 103).status == 5


@pytest.mark.capability("2.6", "9.9")
def test_it_needs_the_name_and_a_backup(lab: Pmpc) -> None:
    unconfirmed = lab("vm", "delete", 103, "--yes", "--without-backup", "-o", "json")
    assert unconfirmed.status == 9
    assert unconfirmed.error["details"]["confirm"] == "win11"
    no_backup = lab("vm", "delete", 103, "--yes", "--confirm", "win11", "-o", "json")
    assert no_backup.status == 9
    assert "--without-backup" in no_backup.error["hint"]
    assert lab("vm", "show", 103).status == 0


@pytest.mark.capability("2.6", "9.9")
def test_what_runs_is_not_deleted_and_what_is_protected_neither(lab: Pmpc) -> None:
    running = lab("vm", "delete", 104, "--yes", "--confirm", "docker", "--without-backup", "-o", "json")
    assert running.status == 6
    assert running.error["hint"].startswith("stop it first")
    lab.ok("vm", "set", 103, "--protection", "--yes")
    protected = lab("vm", "delete", 103, "--yes", "--confirm", "win11", "--without-backup", "-o", "json")
    assert protected.status == 9
    assert "protected" in protected.error["message"]


@pytest.mark.capability("2.6")
def test_a_guest_that_is_not_there(lab: Pmpc) -> None:
    assert lab("vm", "delete", 999, "--yes").status == 5
    row = lab.ok("vm", "delete", 999, "--yes", "--ignore-missing")
    assert (row["id"], row["status"], row["changed"]) == (999, "unchanged", False)
    rows = lab.ok("vm", "delete", 999, 103, "--yes", "--confirm", "win11", "--without-backup", "--ignore-missing")
    assert sorted((row["id"], row["changed"]) for row in rows) == [(103, True), (999, False)]
