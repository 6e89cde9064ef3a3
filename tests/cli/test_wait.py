"""guest, vm and ct wait: for a state, an address, the agent."""

from __future__ import annotations

import pytest

from tests.conftest import Pmpc


@pytest.mark.capability("4.3", "4.4")
def test_one_is_an_object_and_several_an_array(lab: Pmpc) -> None:
    row = lab.ok("vm", "wait", 104, "--for", "ip")
    assert (row["ip"], row["for"], row["status"]) == ("10.10.20.104", "ip", "running")
    assert lab("guest", "wait", "docker", "--for", "ip", "--query", "ip", "-o", "json").json == row["ip"]
    rows = lab.ok("guest", "wait", "104", "200", "--for", "ip")
    assert [one["ip"] for one in rows] == ["10.10.20.104", "10.10.0.53"]
    assert lab.ok("ct", "wait", 200)["status"] == "running"
    assert lab.ok("vm", "wait", "--tag", "prod", "--for", "agent")


@pytest.mark.capability("4.3", "7.3")
def test_the_time_is_over(lab: Pmpc) -> None:
    outcome = lab("vm", "wait", 105, "--for", "ip", "--timeout", "1s", "-o", "json")
    assert (outcome.status, outcome.stdout) == (7, "")
    assert "agent is not running" in outcome.error["message"]
    assert "--agent" in outcome.error["hint"]
    assert lab("guest", "wait", 103, "--timeout", 1).status == 7


@pytest.mark.capability("4.3", "7.3")
@pytest.mark.parametrize(
    "argv",
    [
        ("vm", "wait", "104", "--for", "fame"),
        ("vm", "wait", "104", "--timeout", "soon"),
        ("ct", "wait", "200", "--for", "agent"),
        ("guest", "wait", "200", "--for", "agent"),
        ("guest", "wait"),
    ],
)
def test_what_makes_no_sense_is_refused(argv: tuple[str, ...], lab: Pmpc) -> None:
    assert lab(*argv).status == 2
