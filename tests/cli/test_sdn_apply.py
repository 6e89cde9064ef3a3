"""sdn apply: what changes, how it is undone, and what it reaches are known before."""

from __future__ import annotations

import shlex
from typing import Any

import pytest

from tests.conftest import Outcome, Pmpc


def undo(outcome: Outcome) -> list[str]:
    found: list[Any] = [e["warning"] for e in outcome.events if e.get("warning", {}).get("code") == "sdn_undo"]
    commands: list[str] = found[0]["details"]["commands"]
    return commands


def high(lab: Pmpc) -> bool:
    error = lab("sdn", "apply", "-o", "json").error
    return "apply: high risk" in error["message"]


@pytest.mark.capability("4.6", "9.9")
def test_the_difference_and_its_undo_are_shown_and_the_undo_works(lab: Pmpc) -> None:
    lab.ok("sdn", "apply", "--yes")
    before = lab.ok("sdn", "zone", "list"), lab.ok("sdn", "vnet", "list"), lab.ok("sdn", "subnet", "list")
    lab.ok("sdn", "zone", "set", "lab", "--mtu", 1400, "--yes")
    lab.ok("sdn", "vnet", "set", "people", "--tag", 31, "--alias", "all of us", "--yes")
    lab.ok("sdn", "vnet", "delete", "iot", "--yes")
    lab.ok("sdn", "zone", "create", "dmz", "--yes")
    lab.ok("sdn", "vnet", "create", "front", "--zone", "dmz", "--yes")
    lab.ok("sdn", "subnet", "create", "front", "10.77.0.0/24", "--gateway", "10.77.0.1", "--yes")
    shown = lab("sdn", "apply", "--dry-run").stdout
    assert "zone lab: changed\n- mtu=1450\n+ mtu=1400" in shown
    assert "vnet people: changed\n- tag=30\n+ alias=all of us\n+ tag=31" in shown
    assert "vnet iot: deleted" in shown and "zone dmz: new" in shown
    commands = undo(lab("sdn", "apply", "--yes", "-o", "json"))
    assert "pmpc sdn zone set lab --set mtu=1450" in commands
    assert "pmpc sdn vnet set people --set tag=30 --delete alias" in commands
    assert commands[-1] == "pmpc sdn apply"
    for command in commands:
        lab.ok(*shlex.split(command)[1:], "--yes")
    assert (lab.ok("sdn", "zone", "list"), lab.ok("sdn", "vnet", "list"), lab.ok("sdn", "subnet", "list")) == before


@pytest.mark.capability("4.2", "4.6")
def test_what_a_change_reaches_decides_its_risk(lab: Pmpc) -> None:
    assert high(lab), "what is new carries nothing yet"
    lab.ok("sdn", "vnet", "set", "k8s", "--alias", "new", "--yes")
    assert high(lab)
    lab.ok("workspace", "config", "set", "safety.protected", "k8s-w1")
    refused = lab("sdn", "apply", "--yes", "-o", "json")
    assert refused.status == 9
    assert refused.error["details"]["confirm"] == "cluster"
    assert "safety.protected: VM 106 (k8s-w1)" in refused.error["message"]
    lab.ok("sdn", "apply", "--yes", "--confirm", "cluster")
    lab.ok("workspace", "config", "set", "safety.protected", "no-such")
    lab.ok("sdn", "zone", "set", "campus", "--mtu", 1400, "--yes")
    assert "carries management" in lab("sdn", "apply", "--yes", "-o", "json").error["message"]
