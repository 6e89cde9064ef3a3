"""sync: what a user sees of pulls, of what they changed, and of what they could not read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from proxmox_mpc.state import StateStore
from tests.conftest import Pmpc, Served

Serve = Callable[..., Served]


class Cluster:
    """A served homelab, and pmpc reaching it by the environment."""

    def __init__(self, pmpc: Pmpc, served: Served) -> None:
        self.pmpc = Pmpc(pmpc.cwd, served.environ)
        self.served = served
        self.world = served.server.simulator.world

    @property
    def database(self) -> Path:
        return Path(self.pmpc.ok("sync", "status")["database"])

    def changed(self) -> list[tuple[str, str, str]]:
        """Pull, and return what changed."""
        return [(change["action"], change["kind"], change["id"]) for change in self.pmpc.ok("sync", "pull")["changes"]]


@pytest.fixture
def cluster(pmpc: Pmpc, serve: Serve) -> Cluster:
    """A homelab that was pulled once."""
    made = Cluster(pmpc, serve())
    assert made.pmpc("sync", "pull").status == 0
    return made


@pytest.mark.capability("3.5", "1.2")
def test_a_second_pull_finds_nothing_changed(cluster: Cluster) -> None:
    page = cluster.pmpc.ok("sync", "pull")
    assert (page["run"], page["outcome"], page["first"], page["changes"], page["warnings"]) == (
        2,
        "done",
        False,
        [],
        [],
    )
    log = cluster.pmpc.ok("sync", "log")
    assert [(run["run"], run["added"] > 0, run["changed"], run["removed"]) for run in log] == [
        (2, False, 0, 0),
        (1, True, 0, 0),
    ]
    assert cluster.pmpc("sync", "pull").stdout.endswith(": nothing changed\n")


@pytest.mark.capability("3.5", "2.7")
def test_changes_are_shown_key_by_key(cluster: Cluster) -> None:
    cluster.world.guests[102].config["memory"] = "16384"
    del cluster.world.guests[103]
    outcome = cluster.pmpc("sync", "pull")
    assert outcome.status == 0
    assert "~ config 102 db" in outcome.stdout and "- guest 103 win11" in outcome.stdout
    page = cluster.pmpc.ok("sync", "show")
    change = next(change for change in page["changes"] if change["kind"] == "config" and change["id"] == "102")
    assert {key["key"]: key["new"] for key in change["keys"]}["memory"] == "16384"
    assert cluster.pmpc("sync", "show", 2).stdout == outcome.stdout
    history = cluster.pmpc.ok("vm", "history", "db")
    assert ("config", "memory", "16384") in [(row["kind"], row["key"], row["new"]) for row in history]
    gone = cluster.pmpc.ok("vm", "history", 103)
    assert [row["action"] for row in gone if row["kind"] == "guest"] == ["removed", "added"]


@pytest.mark.capability("7.3", "3.5")
def test_a_silent_node_loses_nothing_and_ends_with_11(cluster: Cluster) -> None:
    before = cluster.pmpc.ok("guest", "list", "--offline")
    cluster.world.nodes["pve2"].online = False
    outcome = cluster.pmpc("sync", "pull", "-o", "json")
    assert outcome.status == 11 and outcome.json["outcome"] == "partial"
    assert any(event["warning"]["details"].get("node") == "pve2" for event in outcome.events)
    assert cluster.pmpc("sync", "pull", "--allow-partial").status == 0
    listed = cluster.pmpc("guest", "list", "--offline", "-o", "json")
    after = listed.json
    assert [row["vmid"] for row in after] == [row["vmid"] for row in before]
    assert {row["status"] for row in after} == {row["status"] for row in before}
    stale = {row["node"] for row in after if row["stale_since"] is not None}
    assert stale == {"pve2"}
    heading, *lines = cluster.pmpc("guest", "list", "--offline").stdout.splitlines()
    assert heading.endswith("LAST SEEN") and sum(line.endswith("-") for line in lines) < len(lines)
    cluster.world.nodes["pve2"].online = True
    assert {(action, kind) for action, kind, _ in cluster.changed()} <= {("changed", "node"), ("changed", "task")}
    assert all(row["stale_since"] is None for row in cluster.pmpc.ok("guest", "list", "--offline"))


@pytest.mark.capability("3.5")
def test_without_quorum_a_missing_guest_is_kept(cluster: Cluster) -> None:
    cluster.world.quorate = False
    del cluster.world.guests[101]
    outcome = cluster.pmpc("sync", "pull", "-o", "json")
    assert (outcome.status, outcome.json["removed"]) == (11, 0)
    cluster.world.quorate = True
    assert ("removed", "guest", "101") in cluster.changed()


@pytest.mark.capability("3.5", "4.1")
def test_a_token_that_sees_less_loses_nothing(cluster: Cluster) -> None:
    before = cluster.pmpc.ok("guest", "list", "--offline")
    weak = cluster.served.as_token("nobody@pve!nothing")
    outcome = cluster.pmpc("sync", "pull", "-o", "json", env=weak)
    assert (outcome.status, outcome.json["changes"]) == (11, [])
    after = cluster.pmpc.ok("guest", "list", "--offline")
    assert [row["vmid"] for row in after] == [row["vmid"] for row in before]
    assert cluster.changed() == []


@pytest.mark.capability("3.5")
def test_kinds_and_nodes_can_be_chosen(cluster: Cluster) -> None:
    before = cluster.served.requests
    page = cluster.pmpc.ok("sync", "pull", "--only", "pool,sdn", "--only", "job")
    assert page["kinds"] == ["sdn", "pool", "job"]
    assert cluster.served.requests - before < 30
    page = cluster.pmpc.ok("sync", "pull", "--node", "pve1")
    assert (page["node"], page["kinds"]) == ("pve1", ["node", "guest", "volume", "network"])


@pytest.mark.capability("7.4")
@pytest.mark.parametrize(
    ("argv", "status"),
    [
        (("sync", "pull", "--only", "nonsense"), 2),
        (("sync", "pull", "--only", "sdn", "--node", "pve1"), 2),
        (("sync", "pull", "--node", "pve9"), 5),
        (("sync", "show", "99"), 5),
        (("sync", "show", "0"), 2),
        (("sync", "show", "9" * 24), 2),
        (("sync", "log", "--limit", "9" * 24), 2),
        (("vm", "history", "99999"), 3),
    ],
)
def test_nonsense_is_refused_with_nothing_on_stdout(cluster: Cluster, argv: tuple[str, ...], status: int) -> None:
    outcome = cluster.pmpc(*argv, "-o", "json")
    assert (outcome.status, outcome.stdout) == (status, "")
    assert outcome.error["message"]


@pytest.mark.capability("7.1")
def test_a_server_that_is_down_is_7_and_the_log_says_so(cluster: Cluster) -> None:
    cluster.served.server.shutdown()
    outcome = cluster.pmpc("sync", "pull", "-o", "json")
    assert (outcome.status, outcome.stdout) == (7, "")
    last = cluster.pmpc.ok("sync", "log", "--limit", 1)[0]
    assert last["outcome"] == "failed" and last["error"]
    status = cluster.pmpc.ok("sync", "status")
    assert status["failure"] == last["error"] and status["guests"] == 15


@pytest.mark.capability("7.7")
def test_two_pulls_at_once_are_6(cluster: Cluster) -> None:
    with StateStore.open(cluster.database) as store, store.sync_lock(0):
        outcome = cluster.pmpc("sync", "pull", "-o", "json")
    assert (outcome.status, outcome.error["code"]) == (6, "conflict")
    assert "process" in outcome.error["message"]


@pytest.mark.capability("9.6", "9.4")
def test_no_secret_is_in_the_database(cluster: Cluster) -> None:
    secrets = [user.password for user in cluster.world.users.values() if user.password]
    secrets += [token.secret for user in cluster.world.users.values() for token in user.tokens.values()]
    assert len(secrets) > 5
    for file in (found for found in cluster.database.parent.rglob("*") if found.is_file()):
        content = file.read_bytes()
        assert [secret for secret in secrets if secret.encode() in content] == [], file


@pytest.mark.capability("7.2")
def test_a_damaged_database_is_told_by_every_command(cluster: Cluster) -> None:
    database = cluster.database
    with database.open("r+b") as file:
        file.write(b"noise" * 1000)
    for argv in (("vm", "list", "--offline"), ("sync", "pull"), ("sync", "log"), ("sync", "status")):
        outcome = cluster.pmpc(*argv, "-o", "json")
        assert (outcome.status, outcome.stdout, outcome.error["code"]) == (3, "", "state_damaged"), argv
        assert outcome.error["hint"]
    assert cluster.pmpc("vm", "list").status == 0


@pytest.mark.capability("7.2")
def test_damage_in_the_middle_is_found_by_what_looks_for_it(cluster: Cluster) -> None:
    where = cluster.database
    with where.open("r+b") as file:
        file.seek(20000)
        file.write(b"noise" * 2000)
    assert cluster.pmpc("sync", "status", "-o", "json").error["code"] == "state_damaged"
    database = cluster.pmpc("status", "-o", "json").json["database"]
    assert str(where) in database["error"] and database["hint"]
    for argv in (("doctor",), ("workspace", "check")):
        outcome = cluster.pmpc(*argv, "-o", "json")
        assert (outcome.status, outcome.error["details"]["failed"]) == (8, ["database"]), argv


@pytest.mark.capability("2.3")
def test_nothing_recorded_is_no_empty_list(pmpc: Pmpc, serve: Serve) -> None:
    fresh = Pmpc(pmpc.cwd, serve().environ)
    outcome = fresh("vm", "list", "--offline", "-o", "json")
    assert (outcome.status, outcome.stdout, outcome.error["code"]) == (3, "", "not_recorded")
    assert fresh.ok("sync", "status")["exists"] is False


@pytest.mark.capability("3.5", "2.3")
@pytest.mark.parametrize(
    "argv",
    [
        ("guest", "list"),
        ("node", "list"),
        ("storage", "list"),
        ("storage", "content", "local"),
        ("backup", "list"),
        ("network", "list"),
        ("pool", "list"),
        ("sdn", "zone", "list"),
        ("sdn", "vnet", "list"),
        ("sdn", "subnet", "list"),
        ("ha", "resource", "list"),
        ("ha", "rule", "list"),
        ("firewall", "rule", "list", "--all"),
        ("access", "user", "list"),
        ("access", "acl", "list"),
        ("access", "permissions"),
        ("task", "list"),
        ("vm", "snapshot", "list"),
        ("vm", "config", "101"),
        ("vm", "pending", "101", "--all"),
        ("ct", "config", "201"),
    ],
    ids=" ".join,
)
def test_the_database_answers_as_the_server_does(lab: Pmpc, argv: tuple[str, ...]) -> None:
    """All but what moves by itself (load, use, time) is the same."""
    live, offline = lab.ok(*argv), lab.ok(*argv, "--offline")
    assert still(offline) == still(live)


MOVING = {"cpu", "memory_used", "uptime", "disk_used", "used", "network_in", "network_out", "age", "io_wait", "load"}
MOVING |= {"disk_read", "disk_written", "available", "free", "usage", "use"}


def still(value: Any) -> Any:
    """Leave out what moves by itself."""
    if isinstance(value, list):
        return [still(row) for row in value]
    if isinstance(value, dict):
        return {key: still(part) for key, part in value.items() if key not in MOVING}
    return value
