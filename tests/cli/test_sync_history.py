"""Who changed what, how long it is kept, and how it gets out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from proxmox_mpc.errors import StateError
from proxmox_mpc.state import StateStore
from tests.cli.test_sync import Cluster
from tests.conftest import Pmpc, Served

Serve = Callable[..., Served]


@pytest.fixture
def cluster(pmpc: Pmpc, serve: Serve) -> Cluster:
    """A homelab that was pulled once."""
    made = Cluster(pmpc, serve())
    assert made.pmpc("sync", "pull").status == 0
    return made


def about(rows: list[dict[str, Any]], **wanted: Any) -> dict[str, Any]:
    """Return the one row of a history with these values."""
    found = [row for row in rows if all(row[key] == value for key, value in wanted.items())]
    assert len(found) == 1, found
    return found[0]


@pytest.mark.capability("2.7", "5.8", "9.7")
def test_history_says_who_did_it_and_by_which_task(lab: Pmpc) -> None:
    assert lab("vm", "set", 102, "--memory", 12288, "--yes").status == 0
    assert lab("vm", "snapshot", "create", 102, "tonight", "--yes").status == 0
    assert lab("vm", "stop", 104, "--yes").status == 0
    assert lab("sync", "pull").status == 0
    rows = lab.ok("vm", "history", 102)
    memory = about(rows, run=2, key="memory")
    assert (memory["new"], memory["user"]) == ("12288", "root@pam!pmpc")
    assert ":qmconfig:102:" in memory["task"] and lab.ok("audit", "show", memory["operation"])["action"] == "set"
    assert ":qmsnapshot:102:" in about(rows, run=2, kind="snapshot", id="102/tonight")["task"]
    status = about(lab.ok("vm", "history", 104), run=2, key="status")
    assert (status["new"], ":qmstop:104:" in status["task"]) == ("stopped", True)
    assert all(row["user"] is None for row in rows if row["run"] == 1), "the first pull finds everything new"
    change = about(lab.ok("sync", "show")["changes"], kind="config", id="102")
    assert {key["key"]: key["user"] for key in change["keys"]}["memory"] == "root@pam!pmpc"
    assert "memory  8192 → 12288  by root@pam!pmpc" in lab("sync", "show").stdout


@pytest.mark.capability("2.7")
def test_what_nobody_tells_is_null_and_memory_is_told_once(cluster: Cluster) -> None:
    cluster.world.guests[107].config["memory"] = "16384"
    cluster.pmpc("sync", "pull")
    rows = [row for row in cluster.pmpc.ok("vm", "history", 107) if row["run"] == 2]
    assert [(row["kind"], row["key"], row["user"], row["task"]) for row in rows] == [("config", "memory", None, None)]
    assert [one["id"] for one in cluster.pmpc.ok("sync", "show")["changes"]] == ["107"]


@pytest.mark.capability("3.8", "8.6")
def test_old_history_is_counted_then_asked_about_then_removed(cluster: Cluster) -> None:
    run = cluster.pmpc
    for memory in ("4096", "8192", "16384"):
        cluster.world.guests[102].config["memory"] = memory
        run("sync", "pull")
    planned = run.ok("sync", "prune-history", "--keep-runs", 2, "--dry-run")
    assert (planned["dry_run"], planned["first"], planned["runs"], planned["freed"]) == (True, 3, 2, None)
    assert planned["rows"] == planned["runs"] + planned["versions"] + planned["tasks"]
    refused = run("sync", "prune-history", "--keep-runs", 2, "-o", "json")
    assert (refused.status, refused.stdout, refused.error["code"]) == (9, "", "refused")
    assert len(run.ok("sync", "log")) == 4
    kept = [run.ok("vm", "config", 102, "--at", f"run:{number}") for number in (3, 4)]
    done = run.ok("sync", "prune-history", "--keep-runs", 2, "--yes")
    assert {**planned, "dry_run": False, "freed": done["freed"]} == done and done["freed"] >= 0
    assert [one["run"] for one in run.ok("sync", "log")] == [4, 3]
    assert [run.ok("vm", "config", 102, "--at", f"run:{number}") for number in (3, 4)] == kept
    assert {row["run"] for row in run.ok("vm", "history", 102)} == {3, 4}
    for argv in (("sync", "show", "2"), ("vm", "list", "--at", "run:2"), ("sync", "export", "--since", "run:1")):
        outcome = run(*argv, "-o", "json")
        assert (outcome.status, outcome.error["code"]) == (3, "not_recorded"), argv
        assert "pruned" in outcome.error["message"]
    assert run.ok("sync", "prune-history", "--older-than", "1d", "--yes")["rows"] == 0


@pytest.mark.capability("7.4")
@pytest.mark.parametrize(
    "argv",
    [
        (),
        ("--older-than", "90d", "--keep-runs", "5"),
        ("--older-than", "soon"),
        ("--keep-runs", "0"),
    ],
    ids=" ".join,
)
def test_pruning_wants_one_clear_limit(lab: Pmpc, argv: tuple[str, ...]) -> None:
    outcome = lab("sync", "prune-history", *argv, "--yes", "-o", "json")
    assert (outcome.status, outcome.stdout) == (2, "")


@pytest.mark.capability("3.5", "5.8")
def test_the_history_is_exported_line_by_line(cluster: Cluster, tmp_path: Path) -> None:
    cluster.world.guests[102].config["description"] = "naïve \u202e text"
    cluster.pmpc("sync", "pull")
    streamed = cluster.pmpc("sync", "export")
    assert streamed.status == 0 and streamed.stdout.isascii()
    rows = [json.loads(line) for line in streamed.stdout.splitlines()]
    assert rows == cluster.pmpc.ok("sync", "export")
    schema = json.loads(cluster.pmpc("schema", "sync", "export").stdout)
    jsonschema.Draft202012Validator(schema).validate(rows)
    later = [json.loads(line) for line in cluster.pmpc("sync", "export", "--since", "run:1").stdout.splitlines()]
    assert later == [row for row in rows if row["run"] == 2]
    change = about(later, kind="config", id="102")
    assert change["keys"][0]["key"] == "description" and change["document"]["description"] == "naïve \u202e text"
    chosen = cluster.pmpc.ok("sync", "export", "--kind", "pool,role", "--kind", "realm")
    assert {row["kind"] for row in chosen} == {"pool", "role", "realm"}
    assert cluster.pmpc("sync", "export", "--kind", "task").status == 2
    assert cluster.pmpc("sync", "export", "--columns", "run,id").stdout.splitlines()[0].split() == ["RUN", "ID"]
    state = {(row["kind"], row["id"]): row["document"] for row in rows}
    assert state["config", "101"] == cluster.pmpc.ok("vm", "config", 101, "--at", "run:2")


@pytest.mark.capability("7.7")
def test_nothing_is_pruned_during_a_pull(cluster: Cluster) -> None:
    cluster.pmpc("sync", "pull")
    with StateStore.open(cluster.database) as store, store.sync_lock(0):
        outcome = cluster.pmpc("sync", "prune-history", "--keep-runs", 1, "--yes", "-o", "json")
    assert (outcome.status, outcome.error["code"]) == (6, "conflict")
    assert len(cluster.pmpc.ok("sync", "log")) == 2


@pytest.mark.capability("7.6")
def test_a_file_that_cannot_shrink_is_a_warning(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_path: Path) -> int:
        raise StateError("the disk is full", hint="free some space")

    monkeypatch.setattr("proxmox_mpc.state.prune.compact", full)
    cluster.pmpc("sync", "pull")
    outcome = cluster.pmpc("sync", "prune-history", "--keep-runs", 1, "--yes", "-o", "json")
    assert (outcome.status, outcome.json["runs"], outcome.json["freed"]) == (0, 1, 0)
    assert [event["warning"]["code"] for event in outcome.events] == ["not_compacted"]
    assert "the disk is full" in outcome.stderr


@pytest.mark.capability("2.7", "3.8")
def test_who_did_it_is_known_of_the_oldest_kept_run_too(lab: Pmpc) -> None:
    assert lab("vm", "stop", 104, "--yes").status == 0
    assert lab("sync", "pull").status == 0
    said = lab.ok("sync", "show", 2)
    assert about(said["changes"], kind="guest", id="104")["keys"][0]["user"] == "root@pam!pmpc"
    assert lab.ok("sync", "prune-history", "--keep-runs", 1, "--yes")["runs"] == 1
    assert lab.ok("sync", "show", 2) == said
    assert [run["run"] for run in lab.ok("sync", "log")] == [2]


@pytest.mark.capability("7.4")
def test_since_and_at_exclude_each_other(lab: Pmpc) -> None:
    outcome = lab("sync", "diff", "--since", "run:1", "--at", "run:1", "-o", "json")
    assert (outcome.status, outcome.stdout) == (2, "")
