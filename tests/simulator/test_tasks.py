"""Tasks run in simulated time, fail inside, are aborted, survive saving; faults meet them as scripted."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote

import pytest

from proxmox_mpc.simulator import storing, tasks
from proxmox_mpc.simulator.clock import ManualClock
from proxmox_mpc.simulator.core import Simulator
from proxmox_mpc.simulator.faults import Faults
from tests.simulator.conftest import Session, session

CREATE = {"vmid": 100, "scsi0": "local:1"}


def _task(upid: str) -> str:
    return f"/nodes/{upid.split(':')[1]}/tasks/{quote(upid, safe='')}"


def test_a_task_takes_its_time(bare: Session) -> None:
    upid = bare.data("POST", "/nodes/pve1/qemu", **CREATE)
    assert tasks.parse_upid(upid)
    running = bare.data("GET", f"{_task(upid)}/status")
    assert (running["status"], "exitstatus" in running) == ("running", False)
    assert (running["user"], running["tokenid"], running["id"]) == ("root@pam", "tok", "100")
    assert bare.data("GET", "/nodes/pve1/qemu/100/config")["lock"] == "create"
    assert bare.data("GET", "/nodes/pve1/tasks") == []
    assert len(bare.data("GET", "/nodes/pve1/tasks", source="active")) == 1
    bare.clock.advance(10)
    assert bare.data("GET", f"{_task(upid)}/status")["exitstatus"] == "OK"
    assert "lock" not in bare.data("GET", "/nodes/pve1/qemu/100/config")
    (finished,) = bare.data("GET", "/nodes/pve1/tasks")
    assert (finished["status"], finished["type"]) == ("OK", "qmcreate")
    log = bare.data("GET", f"{_task(upid)}/log")
    assert [row["n"] for row in log] == list(range(1, len(log) + 1))
    assert log[-1]["t"] == "TASK OK"
    assert bare.data("GET", f"{_task(upid)}/log", start=1, limit=1) == [log[1]]


def test_an_aborted_creation_leaves_nothing(bare: Session) -> None:
    upid = bare.data("POST", "/nodes/pve1/qemu", **CREATE)
    bare.data("DELETE", _task(upid))
    assert bare.data("GET", f"{_task(upid)}/status")["exitstatus"] == "received interrupt"
    assert bare.data("GET", "/nodes/pve1/qemu") == []
    assert bare.data("GET", "/nodes/pve1/storage/local/content") == []


def test_a_task_survives_saving(bare: Session, tmp_path: Path) -> None:
    upid = bare.data("POST", "/nodes/pve1/qemu", **CREATE)
    storing.save(bare.sim.world, tmp_path / "world.json")
    later = ManualClock(bare.clock.now() + 60)
    again = Session(Simulator(storing.load(tmp_path / "world.json"), later), later)
    assert again.data("GET", f"{_task(upid)}/status")["exitstatus"] == "OK"
    assert again.data("GET", "/nodes/pve1/qemu/100/config")["scsi0"] == "local:100/vm-100-disk-0.raw,size=1G"


def test_scripted_failures_and_warnings() -> None:
    script = [
        {"kind": "task-fails", "type": "qmcreate", "text": "disk full"},
        {"kind": "task-warns", "type": "qmstart", "text": "no agent"},
    ]
    sim = session("recorded", script)
    assert sim.run("POST", "/nodes/pve1/qemu", **CREATE) == "disk full"
    assert sim.data("GET", "/nodes/pve1/qemu") == []
    assert sim.run("POST", "/nodes/pve1/qemu", **CREATE) == "OK"
    assert sim.run("POST", "/nodes/pve1/qemu/100/status/start") == "WARNINGS: 1"


def test_refusals(bare: Session) -> None:
    unknown = "UPID:pve1:000018C1:000C9392:6B034230:qmcreate:100:root@pam:"
    assert bare.refused("GET", f"{_task(unknown)}/status") == (
        400,
        "Parameter verification failed.",
        {"upid": "no such task"},
    )


def test_a_backup_locks_its_guest_a_moment_later(bare: Session) -> None:
    bare.run("POST", "/nodes/pve1/qemu", **CREATE)
    bare.data("POST", "/nodes/pve1/vzdump", vmid=100, storage="local")
    assert "lock" not in bare.data("GET", "/nodes/pve1/qemu/100/status/current")
    bare.clock.advance(1)
    assert bare.data("GET", "/nodes/pve1/qemu/100/status/current")["lock"] == "backup"
    bare.clock.advance(60)
    assert "lock" not in bare.data("GET", "/nodes/pve1/qemu/100/status/current")


def test_nodes_go_and_quorum_with_them(lab: Session) -> None:
    lab.sim.faults.faults += Faults.read([{"kind": "offline", "node": "pve3"}, {"kind": "no-quorum"}]).faults
    lab.data("GET", "/version")
    gone = lab.send("GET", "/nodes/pve3/qemu")
    assert (gone.status, gone.reason, gone.body) == (595, "No route to host", b"")
    assert lab.refused("PUT", "/nodes/pve1/qemu/100/config", cores=1)[:2] == (500, "cluster not ready - no quorum?")
    rows = lab.data("GET", "/cluster/resources")
    assert {row["status"] for row in rows if row.get("node") == "pve3" and row["type"] in {"qemu", "lxc"}} == {
        "unknown"
    }
    assert next(row for row in rows if row["id"] == "node/pve3")["status"] == "offline"


@pytest.mark.parametrize(
    ("fault", "status", "reason"),
    [
        ({"kind": "status", "status": 503, "reason": "busy"}, 503, "busy"),
        ({"kind": "status", "status": 596, "reason": "Broken pipe"}, 596, "Broken pipe"),
        ({"kind": "expired"}, 401, "permission denied - invalid PVE ticket"),
    ],
)
def test_scripted_answers(fault: dict[str, object], status: int, reason: str) -> None:
    sim = session("tiny", [{**fault, "path": "/nodes", "after": 1, "times": 2}])
    assert sim.send("GET", "/nodes").status == 200
    for _ in range(2):
        answer = sim.send("GET", "/nodes")
        assert (answer.status, answer.reason) == (status, reason)
    assert sim.send("GET", "/nodes").status == 200


@pytest.mark.parametrize("row", [{"kind": "nonsense"}, {"kind": "drop", "colour": "red"}, "drop"])
def test_a_bad_script_is_refused(row: object) -> None:
    with pytest.raises(ValueError, match=r"fault"):
        Faults.read([row])  # type: ignore[list-item]


def test_the_other_format_answers_200(bare: Session) -> None:
    from proxmox_mpc.simulator.http import Request

    token_id, secret = bare.sim.world.door_token
    headers = {"authorization": f"PVEAPIToken={token_id}={secret}"}
    answer = bare.sim.handle(Request("GET", "/api2/extjs/storage/nostore", "", headers))
    body = json.loads(answer.body)
    assert (answer.status, body["success"], body["status"]) == (200, 0, 500)
    assert body["message"] == "storage 'nostore' does not exist\n"
    assert json.loads(bare.sim.handle(Request("GET", "/api2/extjs/version", "", headers)).body)["success"] == 1
