"""node drain and undrain, on the simulated homelab."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conftest import Pmpc, Served


@pytest.mark.capability("2.8", "4.2")
def test_a_node_is_emptied_and_filled_again(serve: Callable[..., Served], pmpc: Pmpc) -> None:
    served = serve("homelab")
    served.server.simulator.world.task_speed = 0
    lab = Pmpc(pmpc.cwd, served.environ)
    assert lab("node", "undrain", "pve2", "--yes").status == 5
    argv = ("node", "drain", "pve2", "--to", "pve1,pve3", "--with-local-disks", "--restart")
    before = {row["vmid"]: row["node"] for row in lab.ok("guest", "list")}
    planned = lab(*argv, "--dry-run")
    assert planned.stdout.startswith("pve1: ")
    assert "local disks: tank:vm-102-disk-0" in planned.stdout
    assert served.writes == []
    assert lab(*argv).status == 9

    done = lab(*argv, "--yes", "-o", "json")
    assert {row["id"]: row["status"] for row in done.json} == {102: "done", 104: "done", 109: "done"}
    (warning,) = [event["warning"] for event in done.events if "warning" in event]
    assert warning["code"] == "ha_managed"
    assert "ha-manager crm-command node-maintenance enable pve2" in warning["hint"]
    left = [row["vmid"] for row in lab.ok("guest", "list", "--node", "pve2")]
    assert left == [106, 201]
    assert lab.ok(*argv, "--yes") == []

    back = lab.ok("node", "undrain", "pve2", "--with-local-disks", "--yes")
    assert {row["id"] for row in back} == {102, 104, 109}
    assert {row["vmid"]: row["node"] for row in lab.ok("guest", "list")} == before
    assert lab("node", "undrain", "pve2", "--yes").status == 5


@pytest.mark.capability("2.8", "4.2")
def test_what_failed_to_move_is_tried_again(serve: Callable[..., Served], pmpc: Pmpc) -> None:
    fault = {"kind": "task-fails", "type": "qmigrate", "guest": "104", "method": "POST", "path": "*/104/migrate"}
    served = serve("homelab", faults=[fault])
    served.server.simulator.world.task_speed = 0
    lab = Pmpc(pmpc.cwd, served.environ)
    argv = ("node", "drain", "pve2", "--to", "pve1", "--with-local-disks", "--yes", "-o", "json")
    outcome = lab(*argv)
    assert (outcome.status, outcome.error["details"]["failed"]) == (8, [104])
    again = lab(*argv, "--retry-failed", outcome.error["details"]["operation"])
    assert [(row["id"], row["status"]) for row in again.json] == [(104, "done")]
    assert lab("node", "drain", "pve2", "--to", ",", "--yes").status == 2
