"""snapshot create, rollback and delete, for virtual machines and containers."""

from __future__ import annotations

import pytest

from tests.conftest import Pmpc


@pytest.mark.capability("4.7")
@pytest.mark.parametrize(("noun", "guest", "kind"), [("vm", 104, "qemu"), ("ct", 202, "lxc"), ("guest", 104, "qemu")])
def test_a_snapshot_is_taken_gone_back_to_and_deleted(noun: str, guest: int, kind: str, lab: Pmpc) -> None:
    node = lab.ok(noun, "show", guest)["node"]
    planned = lab.ok(noun, "snapshot", "create", guest, "before", "--description", "a\nb", "--dry-run")
    (call,) = planned["calls"]
    assert (call["method"], call["path"]) == ("POST", f"/nodes/{node}/{kind}/{guest}/snapshot")
    assert call["params"] == {"snapname": "before", "description": "a\nb"}
    done = lab.ok(noun, "snapshot", "create", guest, "before", "--yes")
    assert (done["action"], done["status"], done["changed"]) == ("snapshot create", "done", True)
    assert lab(noun, "snapshot", "create", guest, "before", "--yes").status == 6
    assert lab.ok(noun, "snapshot", "create", guest, "before", "--yes", "--if-missing")["changed"] is False
    name = lab.ok(noun, "show", guest)["name"]
    assert lab(noun, "snapshot", "rollback", guest, "before", "--yes").status == 9
    back = lab.ok(noun, "snapshot", "rollback", guest, "before", "--start", "--yes", "--confirm", name)
    assert back["status"] == "done"
    assert lab.ok(noun, "snapshot", "delete", guest, "before", "--yes")["status"] == "done"
    assert "before" not in [row["name"] for row in lab.ok(noun, "snapshot", "list", guest)]
    assert lab(noun, "snapshot", "delete", guest, "before", "--yes").status == 5
    assert lab.ok(noun, "snapshot", "delete", guest, "before", "--yes", "--ignore-missing")["changed"] is False


@pytest.mark.capability("4.7", "7.4")
@pytest.mark.parametrize("name", ["current", "x", "1st", "two words", "a" * 41, "../x", "pending"])
def test_a_name_that_pve_would_refuse_is_refused_here(name: str, lab: Pmpc) -> None:
    outcome = lab("vm", "snapshot", "create", 104, name, "--yes", "-o", "json")
    assert outcome.status == 2
    assert "cannot be a snapshot's name" in outcome.error["message"]


@pytest.mark.capability("2.8", "4.7")
def test_many_at_once_and_what_cannot_be_is_said_for_each(lab: Pmpc) -> None:
    outcome = lab("guest", "snapshot", "create", "104", "9000", "201", "nightly", "--vmstate", "--yes", "-o", "json")
    rows = {row["id"]: row for row in outcome.json}
    assert rows[104]["status"] == "done"
    assert outcome.status == 8
    assert "memory cannot be kept" in rows[201]["error"]
    shown = {row["name"]: row for row in lab.ok("vm", "snapshot", "list", 104)}
    assert shown["nightly"]["memory"] is True
    assert lab("vm", "snapshot", "rollback", 104, "none-such", "--yes", "--confirm", "docker").status == 5
