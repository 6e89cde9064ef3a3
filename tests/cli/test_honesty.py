"""What a user is told when something is wrong: the status, the hint, and no answer that looks whole and is not."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from proxmox_mpc.simulator.clock import ManualClock
from tests.conftest import Pmpc, Served

Serve = Callable[..., Served]
NOW = 1_795_375_657.0


@pytest.fixture
def clock() -> ManualClock:
    """A clock that does not make anybody wait for a 401."""
    return ManualClock(NOW)


@pytest.mark.capability("4.1", "4.9", "10.2")
def test_a_wrong_token_is_4_and_says_what_to_check(pmpc: Pmpc, serve: Serve, clock: ManualClock) -> None:
    served = serve(clock=clock)
    outcome = pmpc("vm", "list", "-o", "json", env={**served.environ, "PMPC_TOKEN_SECRET": "wrong-secret-0001"})
    assert (outcome.status, outcome.stdout, outcome.error["code"]) == (4, "", "authentication")
    assert outcome.error["hint"]
    assert "wrong-secret-0001" not in outcome.stderr


@pytest.mark.capability("2.4", "10.2")
@pytest.mark.parametrize("name", ["999", "no-such-guest"])
def test_an_unknown_guest_is_5(name: str, pmpc: Pmpc, serve: Serve) -> None:
    outcome = pmpc("vm", "show", name, "-o", "json", env=serve().environ)
    assert (outcome.status, outcome.stdout, outcome.error["code"]) == (5, "", "not_found")
    assert name in outcome.error["message"]


@pytest.mark.capability("7.1", "4.9")
def test_a_server_that_is_down_is_7(pmpc: Pmpc, serve: Serve) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    outcome = pmpc("vm", "list", "-o", "json", env={**serve().environ, "PMPC_URL": f"https://127.0.0.1:{port}"})
    assert (outcome.status, outcome.stdout, outcome.error["code"]) == (7, "", "unreachable")
    assert str(port) in outcome.error["message"]


@pytest.mark.capability("4.10", "9.2")
def test_a_changed_certificate_is_7_names_both_and_sends_nothing(pmpc: Pmpc, serve: Serve) -> None:
    served = serve()
    pinned = ":".join(["AB"] * 32)
    outcome = pmpc("vm", "list", "-o", "json", env={**served.environ, "PMPC_FINGERPRINT": pinned})
    assert (outcome.status, outcome.stdout, outcome.error["code"]) == (7, "", "fingerprint")
    assert pinned in outcome.error["message"] and served.server.fingerprint in outcome.error["message"]
    assert served.requests == 0


@pytest.mark.capability("7.3")
def test_an_offline_node_gives_the_whole_list_a_warning_and_11(pmpc: Pmpc, serve: Serve) -> None:
    whole = pmpc.ok("guest", "list", env=serve().environ)
    served = serve(faults=[{"kind": "offline", "node": "pve3"}])
    outcome = pmpc("guest", "list", "-o", "json", env=served.environ)
    assert outcome.status == 11
    assert [row["vmid"] for row in outcome.json] == [row["vmid"] for row in whole]
    assert {row["status"] for row in outcome.json if row["node"] == "pve3"} == {"unknown"}
    assert [event["warning"]["code"] for event in outcome.events] == ["node_offline"]
    allowed = pmpc("guest", "list", "-o", "json", "--allow-partial", env=served.environ)
    assert (allowed.status, allowed.json) == (0, outcome.json)
    assert pmpc("guest", "list", env={**served.environ, "PMPC_ALLOW_PARTIAL": "1"}).status == 0


@pytest.mark.capability("4.9", "10.2")
def test_an_empty_list_of_a_token_that_may_not_look_is_11(pmpc: Pmpc, serve: Serve) -> None:
    served = serve()
    outcome = pmpc("vm", "list", "-o", "json", env=served.as_token("nobody@pve!nothing"))
    assert (outcome.status, outcome.json) == (11, [])
    assert outcome.events[0]["warning"]["code"] == "not_visible"
    assert "VM.Audit" in outcome.events[0]["warning"]["message"]
    assert outcome.events[0]["warning"]["hint"].splitlines()[1:] == [
        "pveum acl modify /vms --users nobody@pve --roles PVEAuditor",
        "pveum acl modify /vms --tokens 'nobody@pve!nothing' --roles PVEAuditor",
    ]


def test_a_role_that_lacks_the_privilege_is_not_proposed(pmpc: Pmpc, serve: Serve) -> None:
    outcome = pmpc("backup", "list", "-o", "json", env=serve().as_token("auditor@pve!readonly"))
    assert outcome.status == 11
    assert "--privs Datastore.AllocateSpace" in outcome.events[0]["warning"]["hint"]


def test_an_empty_list_of_a_token_that_may_look_is_an_answer(pmpc: Pmpc, serve: Serve) -> None:
    outcome = pmpc("vm", "list", "-o", "json", env=serve("empty").environ)
    assert (outcome.status, outcome.stdout, outcome.stderr) == (0, "[]\n", "")


@pytest.mark.capability("6.3", "7.4")
def test_a_broken_config_is_3_and_names_the_line(lab: Pmpc) -> None:
    config = lab.cwd / ".proxmox" / "config.yml"
    config.write_text(config.read_text() + "\ncluster: [\n")
    outcome = lab("vm", "list", "-o", "json")
    assert (outcome.status, outcome.stdout, outcome.error["code"]) == (3, "", "config")
    assert "line" in outcome.error["message"]


@pytest.mark.capability("9.1", "9.6", "6.6")
def test_a_workspaces_secret_is_never_sent_to_another_url(lab: Pmpc, serve: Serve, clock: ManualClock) -> None:
    served = serve(clock=clock)
    outcome = lab(
        "vm",
        "list",
        "-o",
        "json",
        env={"PMPC_URL": served.environ["PMPC_URL"], "PMPC_FINGERPRINT": served.environ["PMPC_FINGERPRINT"]},
    )
    assert (outcome.status, outcome.error["code"]) == (3, "config")
    assert served.requests == 0


@pytest.mark.capability("6.6", "9.9")
def test_another_cluster_at_the_workspaces_address_is_3(pmpc: Pmpc, serve: Serve, tmp_path: Path) -> None:
    served = serve()
    lab = Pmpc(tmp_path / "lab", {"SECRET": served.environ["PMPC_TOKEN_SECRET"]})
    made = pmpc(
        "workspace", "init", "lab", "--url", served.environ["PMPC_URL"], "--token-id", served.environ["PMPC_TOKEN_ID"],
        "--token-secret-from", "env:SECRET", "--fingerprint", served.environ["PMPC_FINGERPRINT"], "--no-input",
        env=lab.environ,
    )  # fmt: skip
    assert made.status == 0, made
    assert lab("vm", "list").status == 0
    from proxmox_mpc.simulator import open_world

    served.server.simulator.world = open_world("datacenter:2:4:7")
    for argv in (
        ("vm", "list"),
        ("cluster", "show"),
        ("storage", "list"),
        ("access", "user", "list"),
        ("sync", "pull"),
    ):
        outcome = lab(*argv, "-o", "json")
        assert (outcome.status, outcome.stdout, outcome.error["code"]) == (3, "", "wrong_cluster"), argv


@pytest.mark.capability("9.3", "9.6")
def test_an_unpacked_foreign_workspace_runs_no_command(lab: Pmpc, pmpc: Pmpc, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    foreign = tmp_path / "foreign"
    shutil.copytree(lab.cwd, foreign)
    config = foreign / ".proxmox" / "config.yml"
    text = config.read_text()
    config.write_text(
        text.replace(
            "cluster:\n",
            f'cluster:\n  token_id: root@pam!pmpc\n  token_secret: {{command: "touch {mark}"}}\n',
            1,
        )
    )
    outcome = Pmpc(foreign, {})("vm", "list", "-o", "json")
    assert (outcome.status, outcome.error["code"]) == (3, "untrusted")
    assert not mark.exists()
