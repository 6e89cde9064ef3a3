"""The guest agent answers as PVE passes it on."""

from __future__ import annotations

from base64 import b64encode

import pytest

from tests.simulator.conftest import Session

WEB = "/nodes/{node}/qemu/101/agent"


@pytest.fixture
def agent(lab: Session) -> str:
    """The path of VM 101's agent."""
    return WEB.format(node=lab.sim.world.guests[101].node)


def test_it_names_addresses(lab: Session, agent: str) -> None:
    rows = lab.data("GET", f"{agent}/network-get-interfaces")["result"]
    addresses = {address["ip-address"] for row in rows for address in row["ip-addresses"]}
    assert {"127.0.0.1", "10.10.20.101"} <= addresses
    assert lab.data("POST", f"{agent}/ping") == {"result": {}}


def test_it_runs_programs(lab: Session, agent: str) -> None:
    pid = lab.data("POST", f"{agent}/exec", command=["echo", "a", "b"])["pid"]
    assert lab.data("GET", f"{agent}/exec-status", pid=pid) == {"exited": 1, "exitcode": 0, "out-data": "a b\n"}
    pid = lab.data("POST", f"{agent}/exec", command="false")["pid"]
    assert lab.data("GET", f"{agent}/exec-status", pid=pid) == {"exited": 1, "exitcode": 1}
    assert lab.refused("GET", f"{agent}/exec-status", pid=1)[1] == "Agent error: PID 1 does not exist"


def test_it_keeps_files(lab: Session, agent: str) -> None:
    lab.data("POST", f"{agent}/file-write", file="/etc/motd", content="hello")
    assert lab.data("GET", f"{agent}/file-read", file="/etc/motd") == {"content": "hello", "bytes-read": 5}
    packed = b64encode(b"packed").decode()
    lab.data("POST", f"{agent}/file-write", file="/etc/motd", content=packed, encode=0)
    assert lab.data("GET", f"{agent}/file-read", file="/etc/motd")["content"] == "packed"
    assert "No such file" in lab.refused("GET", f"{agent}/file-read", file="/etc/shadow")[1]


def test_it_freezes_and_thaws(lab: Session, agent: str) -> None:
    assert lab.data("POST", f"{agent}/fsfreeze-status") == {"result": "thawed"}
    lab.data("POST", agent, command="fsfreeze-freeze")
    assert lab.data("POST", f"{agent}/fsfreeze-status") == {"result": "frozen"}
    lab.data("POST", f"{agent}/fsfreeze-thaw")
    lab.data("POST", f"{agent}/shutdown")
    assert lab.data("GET", f"{agent.removesuffix('/agent')}/status/current")["status"] == "stopped"


def test_why_it_does_not_answer(lab: Session) -> None:
    assert lab.refused("POST", "/nodes/pve1/qemu/100/agent/ping")[1] == "No QEMU guest agent configured"
    deaf = next(g for g in lab.sim.world.guests.values() if g.running and g.agent is None and g.config.get("agent"))
    path = f"/nodes/{deaf.node}/qemu/{deaf.vmid}/agent/ping"
    assert lab.refused("POST", path)[1] == "QEMU guest agent is not running"
    deaf.running = False
    assert lab.refused("POST", path)[1] == f"VM {deaf.vmid} is not running"
