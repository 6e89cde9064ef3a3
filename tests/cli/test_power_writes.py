"""guest, vm and ct: start, shutdown, stop, reboot, reset, suspend, resume."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import Pmpc, Served


@pytest.fixture
def lab(serve: Callable[..., Served], pmpc: Pmpc) -> Pmpc:
    """pmpc on a homelab whose tasks take no time."""
    served = serve("homelab")
    served.server.simulator.world.task_speed = 0
    return Pmpc(pmpc.cwd, served.environ)


def _status(lab: Pmpc, guest: int) -> str:
    return str(lab.ok("guest", "status", guest)["status"])


@pytest.mark.capability("4.3", "4.4")
@pytest.mark.parametrize(("noun", "guest"), [("vm", 104), ("ct", 200), ("guest", 104)])
def test_off_and_on_again(noun: str, guest: int, lab: Pmpc) -> None:
    off = lab.ok(noun, "shutdown", guest, "--timeout", 30, "--force-stop", "--yes")
    assert (off["action"], off["id"], off["status"], off["changed"]) == ("shutdown", guest, "done", True)
    assert _status(lab, guest) == "stopped"
    assert lab.ok(noun, "stop", guest)["changed"] is False
    refused = lab(noun, "reboot", guest, "--yes", "-o", "json")
    assert (refused.status, refused.error["hint"]) == (6, f"pmpc {'ct' if noun == 'ct' else 'vm'} start {guest}")
    assert lab.ok(noun, "start", guest, "--yes")["status"] == "done"
    assert lab.ok(noun, "reboot", guest, "--yes")["changed"] is True
    assert lab.ok(noun, "suspend", guest, "--yes")["status"] == "done"
    assert lab.ok(noun, "resume", guest, "--yes")["status"] == "done"
    assert lab.ok(noun, "stop", guest, "--yes")["status"] == "done"
    assert _status(lab, guest) == "stopped"


@pytest.mark.capability("4.3")
def test_a_vm_sleeps_on_disk_and_wakes(lab: Pmpc) -> None:
    assert lab.ok("vm", "suspend", 104, "--to-disk", "--state-storage", "local", "--yes")["status"] == "done"
    assert _status(lab, 104) == "stopped"
    assert lab.ok("vm", "suspend", 104)["changed"] is False
    assert lab.ok("vm", "resume", 104, "--yes")["status"] == "done"
    assert _status(lab, 104) == "running"
    assert lab("vm", "suspend", 104, "--state-storage", "local").status == 2


@pytest.mark.capability("4.3", "9.9")
def test_the_plan_and_its_risk(lab: Pmpc) -> None:
    planned = lab.ok("vm", "stop", 104, "--overrule-shutdown", "--dry-run")
    assert planned["calls"] == [
        {"method": "POST", "path": "/nodes/pve2/qemu/104/status/stop", "params": {"overrule-shutdown": True}}
    ]
    for verb in ("shutdown", "stop", "reboot", "reset", "suspend", "resume"):
        guest = 109 if verb == "resume" else 104
        assert lab("vm", verb, guest, "-o", "json").status == 9
    assert _status(lab, 104) == "running"
    assert "high risk" in lab("vm", "reset", 104, "-o", "json").error["message"]
    assert lab.ok("vm", "reset", 104, "--yes")["status"] == "done"
    assert lab("ct", "reset", 200).status == 2


@pytest.mark.capability("2.8", "4.3", "4.4")
def test_selectors_leave_templates_out_and_nothing_is_5(lab: Pmpc) -> None:
    planned = lab("guest", "start", "--status", "stopped", "--dry-run", "-o", "json")
    # One of them is locked: the dry run ends as the start would.
    assert (planned.status, planned.error["details"]["failed"]) == (8, [108])
    rows = planned.json
    assert [row["id"] for row in rows] == [103, 108]
    assert lab("guest", "stop", "--tag", "no-such", "--yes").status == 5
    assert lab.ok("guest", "stop", "--tag", "no-such", "--yes", "--allow-empty") == []
    named = lab("vm", "start", 9000, "--yes", "-o", "json")
    assert named.status in (6, 8)


@pytest.mark.capability("4.3")
def test_what_high_availability_manages_is_asked_for_and_waited_for(lab: Pmpc) -> None:
    row = lab.ok("vm", "shutdown", 101, "--yes")
    assert (row["status"], ":hastop:" in row["upid"]) == ("done", True)
    assert _status(lab, 101) == "stopped"
    row = lab.ok("vm", "start", 101, "--yes")
    assert (row["status"], ":hastart:" in row["upid"]) == ("done", True)


@pytest.mark.capability("2.8")
def test_those_that_cannot_are_named_and_the_others_done(lab: Pmpc) -> None:
    outcome = lab("guest", "reset", "104", "200", "--yes", "-o", "json")
    rows = {row["id"]: row for row in outcome.json}
    assert (outcome.status, rows[104]["status"], rows[200]["status"]) == (8, "done", "failed")
    assert outcome.error["details"]["failed"] == [200]


@pytest.mark.capability("4.3", "4.9")
def test_a_shutdown_that_fails_in_its_task_is_a_failure(serve: Callable[..., Served], pmpc: Pmpc) -> None:
    fault: dict[str, Any] = {"kind": "task-fails", "type": "qmshutdown", "method": "POST", "path": "*/shutdown"}
    served = serve("homelab", faults=[fault | {"text": "VM quit/powerdown failed - got timeout"}])
    served.server.simulator.world.task_speed = 0
    outcome = pmpc("vm", "shutdown", 104, "--yes", "-o", "json", env=served.environ)
    assert outcome.status == 8
    assert "powerdown failed" in outcome.error["message"]
