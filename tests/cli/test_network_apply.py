"""network apply where it cuts the node off: taken back through another node, or said honestly that it was not."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from proxmox_mpc.simulator.transport import SimTransport
from proxmox_mpc.simulator.world import DOOR_SECRET, DOOR_TOKEN_ID
from tests.conftest import Outcome, Pmpc
from tests.matrix.bench import Bench, open_bench

STORAGE_NET, CLUSTER_NET, OTHER_NODE = "10.10.40.11", "10.10.0.11", "10.10.0.12"


@pytest.fixture
def bench(lab: Pmpc, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Return a bench whose endpoints stand at addresses of the nodes."""
    import proxmox_mpc.api

    made = open_bench(lab, monkeypatch)
    connect = proxmox_mpc.api.connect

    def at_its_address(url: str, _tls: object, _limits: object) -> SimTransport:
        return SimTransport(made.simulator, None, address=urlsplit(url).hostname)

    monkeypatch.setattr("proxmox_mpc.api.connect", lambda to, transport, trace: connect(to, transport=at_its_address))
    made.environ |= {"PMPC_TOKEN_ID": DOOR_TOKEN_ID, "PMPC_TOKEN_SECRET": DOOR_SECRET}
    return made


def through(bench: Bench, *addresses: str) -> None:
    bench.environ["PMPC_URL"] = ",".join(addresses)


def calls(bench: Bench) -> list[tuple[str, str, dict[str, object]]]:
    return [(one.method, one.path, one.form) for one in bench.sent]


def operations(bench: Bench) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = bench.ok("audit", "list")
    return sorted(rows, key=lambda row: row["operation"])


def told(outcome: Outcome, code: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = [e["warning"] for e in outcome.events if e.get("warning", {}).get("code") == code]
    (warning,) = found
    return warning


@pytest.mark.capability("4.6", "9.9")
def test_a_node_that_only_its_own_endpoint_has_lost_is_brought_back_through_another(bench: Bench) -> None:
    through(bench, STORAGE_NET, OTHER_NODE)
    before = json.loads(json.dumps(bench.world.nodes["pve1"].network))
    bench.ok("network", "set", "pve1", "vmbr0.40", "--delete", "cidr", "--yes")
    bench.sent.clear()
    outcome = bench("network", "apply", "pve1", "--yes", "--confirm", "pve1")
    assert (outcome.status, outcome.stdout, outcome.error["code"]) == (8, "", "task_failed"), outcome
    assert "what was there before was put back" in outcome.error["message"]
    assert "patch --reverse" in told(outcome, "console_undo")["hint"]
    assert STORAGE_NET in told(outcome, "cut_off")["message"]
    path = "/nodes/pve1/network"
    assert calls(bench) == [
        ("PUT", path, {}),
        ("PUT", f"{path}/vmbr0.40", {"type": "vlan", "cidr": "10.10.40.11/24"}),
        ("PUT", path, {}),
    ]
    assert bench.world.nodes["pve1"].network == before
    first, second = operations(bench)[-2:]
    assert (first["status"], second["status"]) == ("part", "done")
    assert outcome.error["details"]["undo_operation"] == second["operation"]
    assert bench.ok("audit", "verify")["ok"] is True


@pytest.mark.capability("4.6", "9.9")
def test_a_node_that_nobody_reaches_any_more_is_said_to_be_lost_with_the_way_back(bench: Bench) -> None:
    through(bench, CLUSTER_NET, OTHER_NODE)
    sure = ("--yes", "--confirm", "vmbr0")
    bench.ok("network", "set", "pve1", "vmbr0", "--delete", "cidr", "--delete", "gateway", *sure)
    bench.sent.clear()
    outcome = bench("network", "apply", "pve1", "--yes", "--confirm", "pve1")
    assert (outcome.status, outcome.stdout, outcome.error["code"]) == (7, "", "unreachable"), outcome
    assert "could not be taken back through another node" in outcome.error["message"]
    assert "patch --reverse" in outcome.error["hint"] and "address 10.10.0.11" in outcome.error["hint"]
    # One try to stage what was there, which the cluster could not hand on to the node (595): nothing after it.
    assert [(method, path) for method, path, _ in calls(bench)] == [
        ("PUT", "/nodes/pve1/network"),
        ("PUT", "/nodes/pve1/network/vmbr0"),
    ]
    assert operations(bench)[-1]["status"] == "failed"


@pytest.mark.capability("4.6")
def test_what_cuts_nobody_off_is_applied_once(bench: Bench) -> None:
    through(bench, STORAGE_NET, OTHER_NODE)
    bench.ok("network", "set", "pve1", "vmbr1", "--mtu", "9000", "--yes")
    bench.sent.clear()
    assert bench.ok("network", "apply", "pve1", "--yes", "--confirm", "pve1")["status"] == "done"
    assert len(bench.sent) == 1


@pytest.mark.capability("4.6", "9.9")
def test_with_one_endpoint_the_node_is_lost_and_the_commands_are_told_again(bench: Bench) -> None:
    through(bench, CLUSTER_NET)
    sure = ("--yes", "--confirm", "vmbr0")
    bench.ok("network", "set", "pve1", "vmbr0", "--delete", "cidr", "--delete", "gateway", *sure)
    outcome = bench("network", "apply", "pve1", "--yes", "--confirm", "pve1")
    assert (outcome.status, outcome.error["code"]) == (7, "unreachable"), outcome
    assert "patch --reverse" in outcome.error["hint"]
