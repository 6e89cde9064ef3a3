"""Commands about the cluster as a user meets them: nodes, storages, backups, tasks, status, raw reads, doctor."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable

import pytest

from proxmox_mpc.simulator.clock import ManualClock
from proxmox_mpc.simulator.world import Task, World
from tests.conftest import Pmpc, Served

Serve = Callable[..., Served]
NOW = 1_795_375_657
DOWN = [{"kind": "offline", "node": "pve3"}]
RUNNING = "UPID:pve1:0000AAAA:0000BBBB:6B034220:vzdump:101:root@pam:"


@pytest.fixture
def served(serve: Serve) -> Served:
    return serve(clock=ManualClock(NOW))


def world_of(served: Served) -> World:
    world: World = served.server.simulator.world
    return world


def upid(served: Served, status: str) -> str:
    """Return a task of the homelab that ended so."""
    for task in world_of(served).tasks.values():
        if (task.exitstatus or "").startswith(status):
            return task.upid
    raise AssertionError(f"no task ended with {status}")


@pytest.mark.capability("4.2", "8.1", "8.6")
@pytest.mark.parametrize("words", [("node", "list"), ("storage", "list"), ("task", "list"), ("backup", "job", "list")])
def test_a_list_is_one_request(words: tuple[str, ...], pmpc: Pmpc, served: Served) -> None:
    before = served.requests
    assert pmpc.ok(*words, env=served.environ)
    assert served.requests - before == 1


@pytest.mark.capability("7.3")
@pytest.mark.parametrize(
    "words", [("node", "list"), ("node", "services"), ("node", "disks"), ("node", "certificates"), ("storage", "list"),
              ("storage", "content", "local"), ("backup", "list"), ("cluster", "show"), ("node", "show", "pve3")]
)  # fmt: skip
def test_a_node_that_is_down_costs_a_warning_and_11(words: tuple[str, ...], pmpc: Pmpc, serve: Serve) -> None:
    environ = serve(faults=DOWN).environ
    # A fault meets the request that it stands before; the node is down from then on.
    assert pmpc("api", "get", "/version", env=environ).status == 0
    outcome = pmpc(*words, "-o", "json", env=environ)
    assert outcome.status == 11 and outcome.json
    assert "pve3" in " ".join(event["warning"]["message"] for event in outcome.events)
    assert pmpc(*words, "--allow-partial", env=environ).status == 0


@pytest.mark.capability("4.9")
def test_asking_a_node_that_is_down_directly_is_7(pmpc: Pmpc, serve: Serve) -> None:
    environ = serve(faults=DOWN, clock=ManualClock(NOW)).environ
    assert pmpc("api", "get", "/version", env=environ).status == 0
    outcome = pmpc("node", "services", "pve3", "-o", "json", env=environ)
    assert (outcome.status, outcome.stdout, outcome.error["code"]) == (7, "", "node_unreachable")


@pytest.mark.capability("10.2")
@pytest.mark.parametrize(
    "words",
    [("node", "show", "nope"), ("node", "metrics", "nope"), ("node", "syslog", "nope"), ("node", "disks", "nope"),
     ("storage", "show", "nope"), ("storage", "content", "nope"), ("storage", "list", "--node", "nope"),
     ("pool", "show", "nope"), ("backup", "job", "show", "nope"), ("backup", "list", "nope"),
     ("task", "list", "--node", "nope"), ("task", "show", RUNNING), ("task", "log", RUNNING), ("task", "wait", RUNNING),
     ("api", "get", "/nope")],
)  # fmt: skip
def test_what_does_not_exist_is_5_with_a_hint(words: tuple[str, ...], pmpc: Pmpc, served: Served) -> None:
    outcome = pmpc(*words, "-o", "json", env=served.environ)
    assert (outcome.status, outcome.stdout, outcome.error["code"]) == (5, "", "not_found")
    assert outcome.error["hint"]


@pytest.mark.capability("7.4")
@pytest.mark.parametrize(
    "words",
    [("node", "metrics", "pve1", "--timeframe", "eon"), ("node", "syslog", "pve1", "--limit", "-1"),
     ("node", "syslog", "pve1", "--since", "soon"), ("storage", "content", "nas", "--content", "films"),
     ("task", "list", "--running", "--failed"), ("task", "list", "--since", "soon"), ("task", "show", "101"),
     ("task", "wait", RUNNING, "--timeout", "soon"), ("api", "get", "../nodes"), ("api", "get", "nodes?x=1"),
     ("api", "get", "nodes", "x"), ("status", "5"), ("status", "--threshold", "0"), ("cluster", "log", "--limit", "x")],
)  # fmt: skip
def test_nonsense_is_2(words: tuple[str, ...], pmpc: Pmpc, served: Served) -> None:
    outcome = pmpc(*words, "-o", "json", env=served.environ)
    assert (outcome.status, outcome.stdout, outcome.error["code"]) == (2, "", "usage")


@pytest.mark.capability("4.1", "10.2")
@pytest.mark.parametrize(
    ("words", "status"),
    [(("storage", "list"), 11), (("pool", "list"), 11), (("backup", "list"), 11), (("replication", "list"), 11),
     (("cluster", "log"), 11), (("network", "list"), 11),
     (("backup", "job", "list"), 4), (("node", "apt"), 4), (("node", "services"), 4), (("cluster", "show"), 4)],
)  # fmt: skip
def test_a_token_without_rights_is_told_so(words: tuple[str, ...], status: int, pmpc: Pmpc, served: Served) -> None:
    outcome = pmpc(*words, "-o", "json", env=served.as_token("nobody@pve!nothing"))
    assert outcome.status == status
    if status == 11:
        assert outcome.json == [] and outcome.events[0]["warning"]["code"] == "not_visible"
    else:
        assert outcome.stdout == "" and outcome.error["code"] == "permission"


@pytest.mark.capability("4.2", "9.3")
def test_logs_are_lines_for_people_and_rows_for_programs(pmpc: Pmpc, served: Served) -> None:
    world_of(served).nodes["pve1"].syslog.append("Nov 22 20:27:37 pve1 evil[1]: \x1b[31mred\x1b[0m")
    text = pmpc("node", "syslog", "pve1", "--limit", "2", env=served.environ).stdout
    assert len(text.splitlines()) == 2 and r"\x1b[31mred" in text and "\x1b" not in text
    rows = pmpc.ok("node", "syslog", "pve1", "--limit", "2", env=served.environ)
    assert [set(row) for row in rows] == [{"line", "text"}] * 2
    chosen = pmpc("node", "syslog", "pve1", "--columns", "line", env=served.environ).stdout.split()
    assert chosen[0] == "LINE" and all(word.isdigit() for word in chosen[1:])


@pytest.mark.capability("4.8", "10.7")
def test_metrics_are_rows_or_a_chart(pmpc: Pmpc, served: Served) -> None:
    rows = pmpc("node", "metrics", "pve1", env=served.environ).stdout
    chart = pmpc("node", "metrics", "pve1", "--chart", env=served.environ).stdout
    assert rows.startswith("TIME") and "█" not in rows
    assert "█" in chart and len(chart.splitlines()) < len(rows.splitlines())


@pytest.mark.capability("4.2")
def test_waiting_for_a_task_tells_how_it_ended(pmpc: Pmpc, served: Served) -> None:
    assert pmpc.ok("task", "wait", upid(served, "OK"), env=served.environ)["status"] == "ok"
    warned = pmpc("task", "wait", upid(served, "WARNINGS"), "-o", "json", env=served.environ)
    assert (warned.status, warned.json["status"]) == (0, "warnings")
    assert warned.events[0]["warning"]["code"] == "task_warnings"
    failed = pmpc("task", "wait", upid(served, "start failed"), "-o", "json", env=served.environ)
    assert (failed.status, failed.stdout, failed.error["code"]) == (8, "", "task_failed")
    assert "start failed: QEMU exited with code 1" in failed.error["message"]


@pytest.fixture
def running(served: Served) -> Served:
    """A homelab with a backup under way for another minute."""
    log: list[list[object]] = [[NOW - 60, "INFO: starting new backup job"], [NOW - 30, "INFO: 50%"]]
    world_of(served).tasks[RUNNING] = Task(
        RUNNING, "pve1", 0xAAAA, 0xBBBB, NOW - 60, "vzdump", "101", "root@pam", NOW - 60, NOW + 60, log=log  # type: ignore[arg-type]
    )  # fmt: skip
    return served


@pytest.mark.capability("4.9", "7.3")
def test_a_wait_that_expires_is_7_and_gives_the_task(pmpc: Pmpc, running: Served) -> None:
    outcome = pmpc("task", "wait", RUNNING, "--timeout", "0", "-o", "json", env=running.environ)
    assert (outcome.status, outcome.stdout, outcome.error["code"]) == (7, "", "wait_expired")
    assert outcome.error["details"]["upid"] == RUNNING
    assert outcome.error["hint"] == f"go on waiting: pmpc task wait {RUNNING}"


@pytest.mark.capability("4.2", "2.3")
def test_running_tasks(pmpc: Pmpc, running: Served) -> None:
    for where in ((), ("--node", "pve1")):
        (row,) = pmpc.ok("task", "list", "--running", *where, env=running.environ)
        assert (row["upid"], row["status"], row["exitstatus"]) == (RUNNING, "running", None)
    page = pmpc.ok("task", "show", RUNNING, env=running.environ)
    assert (page["status"], page["ended"], page["log"].splitlines()[-1]) == ("running", None, "INFO: 50%")


@pytest.mark.capability("4.2")
def test_a_log_is_followed_to_the_end_of_its_task(pmpc: Pmpc, served: Served) -> None:
    good, bad = upid(served, "OK"), upid(served, "start failed")
    followed = pmpc("task", "log", good, "--follow", env=served.environ)
    assert (followed.status, followed.stdout) == (0, pmpc("task", "log", good, env=served.environ).stdout)
    failed = pmpc("task", "log", bad, "--follow", "-o", "json", env=served.environ)
    assert failed.status == 8 and failed.json[-1]["text"].startswith("TASK ERROR")
    assert failed.events[0]["warning"]["details"] == {"upid": bad}


@pytest.mark.capability("2.3")
def test_tasks_of_a_guest_by_its_name(lab: Pmpc) -> None:
    rows = lab.ok("task", "list", "--guest", "web")
    assert rows and {row["id"] for row in rows} == {"101"}


@pytest.mark.capability("4.7")
def test_backups_of_a_guest_that_is_gone(lab: Pmpc) -> None:
    (row,) = lab.ok("backup", "list", "150")
    assert (row["guest"], row["name"]) == (150, None)
    assert {row["guest"] for row in lab.ok("backup", "list", "db")} == {102}


@pytest.mark.capability("1.3")
def test_status_names_problems_and_the_workspace(lab: Pmpc) -> None:
    page = lab.ok("status")
    assert page["health"] == "warning" and page["source"] == "server" and not page["unread"]
    assert [row["level"] for row in page["problems"]] == sorted(
        (row["level"] for row in page["problems"]), key=["critical", "warning", "notice"].index
    )
    assert page["workspace"]["name"] == "lab" and page["database"]["guests"] == 15
    text = lab("status").stdout
    assert text.startswith("health:       warning\n") and "Problems\n" in text


@pytest.mark.capability("1.3", "7.3")
def test_status_of_a_server_that_is_down_is_critical_and_11(pmpc: Pmpc, served: Served) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environ = {**served.environ, "PMPC_URL": f"https://127.0.0.1:{port}"}
    outcome = pmpc("status", "-o", "json", env=environ)
    assert (outcome.status, outcome.json["health"]) == (11, "critical")
    assert outcome.json["problems"][0]["area"] == "cluster" and outcome.json["unread"]
    refused = {**served.environ, "PMPC_TOKEN_SECRET": "00000000-0000-0000-0000-000000000000"}
    assert pmpc("status", "-o", "json", env=refused).status == 4


@pytest.mark.capability("7.3")
def test_status_of_a_cluster_without_quorum_and_with_a_node_down(pmpc: Pmpc, serve: Serve) -> None:
    served = serve(clock=ManualClock(NOW))
    world = world_of(served)
    world.quorate, world.nodes["pve3"].online = False, False
    outcome = pmpc("status", "-o", "json", env=served.environ)
    assert (outcome.status, outcome.json["health"]) == (11, "critical")
    critical = [row["message"] for row in outcome.json["problems"] if row["level"] == "critical"]
    assert critical == ["the cluster has no quorum: nothing can be changed", "node pve3 does not answer"]
    assert "NO QUORUM" in pmpc("status", env=served.environ).stdout


@pytest.mark.capability("1.3")
@pytest.mark.parametrize(("format", "separator"), [("json", "}\n{"), ("yaml", "\n---\n")])
def test_watching_prints_one_document_after_the_other_until_interrupted(
    format: str,  # noqa: A002
    separator: str,
    lab: Pmpc,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr("time.sleep", sleep)
    outcome = lab("status", "--offline", "--watch", "7", "-o", format)
    assert (outcome.status, slept) == (130, [7, 7, 7])
    assert outcome.stdout.count(separator) == 2


@pytest.mark.capability("4.2")
def test_raw_reads(pmpc: Pmpc, served: Served) -> None:
    assert pmpc.ok("api", "get", "/api2/json/version", env=served.environ)["version"] == "9.2.11"
    rows = pmpc.ok("api", "get", "cluster/resources", "type=storage", env=served.environ)
    assert {row["type"] for row in rows} == {"storage"}
    bad = pmpc("api", "get", "cluster/resources", "type=nonsense", "-o", "json", env=served.environ)
    assert (bad.status, bad.error["code"]) == (2, "invalid_value")
    recorded = pmpc("api", "get", "/cluster/log", "--offline", "-o", "json", env=served.environ)
    assert (recorded.status, recorded.error["code"]) == (3, "not_recorded")


@pytest.mark.capability("10.1", "10.2")
def test_doctor_finds_a_healthy_set_up(lab: Pmpc, pmpc: Pmpc, served: Served) -> None:
    rows = lab.ok("doctor")
    assert {row["status"] for row in rows} <= {"ok", "skipped"}
    found = {row["check"]: row["status"] for row in pmpc.ok("doctor", env=served.environ)}
    # The world's clock stands still, so it is far from this machine's.
    assert (found["certificate"], found["server"], found["clock"]) == ("ok", "ok", "warning")


@pytest.mark.capability("10.2", "7.1")
def test_doctor_prints_all_findings_and_ends_with_8_when_one_failed(pmpc: Pmpc, served: Served) -> None:
    nothing = pmpc("doctor", "-o", "json")
    assert (nothing.status, nothing.error["details"]) == (8, {"failed": ["configuration"], "cause": "workspace"})
    checks = {row["check"]: row["status"] for row in nothing.json}
    assert (checks["program"], checks["configuration"], checks["server"]) == ("ok", "failed", "skipped")
    wrong = {**served.environ, "PMPC_TOKEN_SECRET": "00000000-0000-0000-0000-000000000000"}
    outcome = pmpc("doctor", env=wrong)
    assert outcome.status == 8
    assert "server         failed" in outcome.stdout and "clock          skipped" in outcome.stdout
    assert outcome.stderr.startswith("error: failed: server: ")


@pytest.mark.capability("10.2", "9.2")
def test_doctor_names_what_weakens_the_connection(pmpc: Pmpc, served: Served) -> None:
    readonly = pmpc.ok("doctor", env=served.as_token("nobody@pve!nothing"))
    (gap,) = [row for row in readonly if row["check"] == "privileges"]
    assert gap["status"] == "warning" and "pveum acl modify" in gap["hint"]


def test_json_documents_of_a_watch_can_be_read_one_by_one(lab: Pmpc, monkeypatch: pytest.MonkeyPatch) -> None:
    def sleep(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("time.sleep", sleep)
    outcome = lab("status", "--offline", "--watch", "-o", "json")
    assert json.loads(outcome.stdout)["source"] == "database"
