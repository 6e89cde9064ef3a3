"""audit and safety as a user meets them, on the simulated homelab."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from tests.conftest import Pmpc


def started(lab: Pmpc) -> int:
    """Start a stopped VM and return the operation's number."""
    row = lab.ok("vm", "start", "103", "--yes")
    assert (row["status"], row["changed"], row["id"]) == ("done", True, 103)
    operation: int = row["operation"]
    return operation


@pytest.mark.capability("4.7")
def test_an_operation_is_listed_shown_and_reported(lab: Pmpc) -> None:
    operation = started(lab)
    (row,) = lab.ok("audit", "list")
    assert (row["operation"], row["action"], row["status"], row["risk"]) == (operation, "start", "done", "medium")
    assert row["command"] == "pmpc vm start"
    page = lab.ok("audit", "show", operation, "--report")
    (step,) = page["steps"]
    assert (step["method"], step["path"]) == ("POST", "/nodes/pve1/qemu/103/status/start")
    assert step["state"] == "done" and step["log"][-1] == "TASK OK"
    assert page["targets"] == [{"kind": "vm", "id": 103, "name": "win11", "node": "pve1", "good": True}]
    assert any(f"audit undo {operation}" in one for one in page["advice"])
    text = lab("audit", "show", operation, "--report").stdout
    for part in ("affected", "timeline", "what to do", step["upid"], "TASK OK"):
        assert part in text
    assert lab("audit", "show", 99).status == 5


@pytest.mark.capability("4.4")
def test_a_start_is_taken_back_once(lab: Pmpc) -> None:
    operation = started(lab)
    refused = lab("audit", "undo", operation, "-o", "json")
    assert (refused.status, refused.stdout) == (9, "")
    shown = lab.ok("audit", "undo", operation, "--dry-run")
    assert shown[0]["calls"][0]["path"].endswith("/qemu/103/status/shutdown")
    (row,) = lab.ok("audit", "undo", operation, "--yes")
    assert (row["action"], row["status"]) == ("undo start", "done")
    assert lab.ok("vm", "status", "103")["status"] == "stopped"
    again = lab("audit", "undo", operation, "--yes", "-o", "json")
    assert again.status == 6 and "already" in again.error["message"]
    (undo,) = [one for one in lab.ok("audit", "list") if one["undo_of"] == operation]
    assert lab("audit", "undo", undo["operation"], "--yes").status == 6


@pytest.mark.capability("4.4")
def test_a_setting_is_taken_back_unless_somebody_changed_it_since(lab: Pmpc) -> None:
    cores = lab.ok("vm", "config", "104")["cores"]
    first = lab.ok("vm", "set", "104", "--cores", cores + 1, "--yes")
    operation = (first[0] if isinstance(first, list) else first)["operation"]
    assert lab.ok("vm", "config", "104")["cores"] == cores + 1
    second = lab.ok("vm", "set", "104", "--cores", cores + 2, "--yes")
    late = lab("audit", "undo", operation, "--yes", "-o", "json")
    assert (late.status, late.error["details"]["keys"]) == (6, ["cores"])
    newer = (second[0] if isinstance(second, list) else second)["operation"]
    assert lab("audit", "undo", newer, "--yes").status == 0
    assert lab("audit", "undo", operation, "--yes").status == 0
    assert lab.ok("vm", "config", "104")["cores"] == cores


def test_a_damaged_journal_is_reported_with_the_row(lab: Pmpc, tmp_path: Path) -> None:
    started(lab)
    assert lab.ok("audit", "verify")["ok"] is True
    exported = lab("audit", "export").stdout
    rows = [json.loads(line) for line in exported.splitlines()]
    assert [row["event"] for row in rows] == ["begun", "intent", "sent", "outcome", "ended", "anchor"]
    assert rows[-1]["hash"] == rows[-2]["hash"]
    (lab.cwd / "kept").write_text(exported)
    assert lab.ok("audit", "verify", "--against", "kept")["anchors"] == 5
    with sqlite3.connect(lab.cwd / ".proxmox" / "state.db") as db:
        db.execute("UPDATE journal SET body = replace(body, '103', '104') WHERE seq = 2")
    db.close()
    found = lab("audit", "verify", "-o", "json")
    assert (found.status, found.stdout) == (3, "")
    assert found.error["details"]["problems"][0]["row"] == 2
    assert lab("audit", "verify", "--against", "nothing").status == 3


def test_pruning_asks_and_keeps_the_chain(lab: Pmpc) -> None:
    started(lab)
    assert lab("audit", "prune", "--older-than", "1y").status == 9
    assert lab.ok("audit", "prune", "--older-than", "1y", "--yes")["removed"] == 0
    assert lab.ok("audit", "verify")["rows"] == 5


@pytest.mark.capability("4.6")
def test_frozen_read_only_denied_and_protected_writes_are_refused(lab: Pmpc) -> None:
    assert lab.ok("safety", "freeze", "--reason", "fire")["frozen"] is True
    refused = lab("vm", "start", "103", "--yes", "-o", "json")
    assert (refused.status, refused.error["code"]) == (9, "frozen")
    assert "fire" in refused.error["message"]
    assert lab.ok("safety", "thaw")["frozen"] is False
    for key, value, says in (
        ("safety.mode", "read-only", "read-only"),
        ("safety.policy.medium", "deny", "denies"),
        ("safety.protected", "103", "protected"),
        ("safety.protected", "win*", "protected"),
    ):
        assert lab("workspace", "config", "set", key, value).status == 0
        refused = lab("vm", "start", "103", "--yes", "-o", "json")
        assert refused.status == 9 and says in refused.error["message"], refused
        assert lab("workspace", "config", "unset", key).status == 0
    assert [row["action"] for row in lab.ok("audit", "list")] == []
    lab.ok("workspace", "config", "set", "safety.protected", "103")
    assert lab("vm", "start", "103", "--yes", "--confirm", "win11").status == 0


def test_what_failed_is_repeated_by_its_operation(lab: Pmpc) -> None:
    first = lab("vm", "start", "103", "108", "--yes", "-o", "json")
    assert first.status == 8
    assert {row["id"]: row["status"] for row in first.json} == {103: "done", 108: "failed"}
    operation = first.json[0]["operation"]
    again = lab("vm", "start", "--retry-failed", operation, "--yes", "-o", "json")
    assert (again.status, again.stdout, again.error["code"]) == (6, "", "locked"), "one target: its own error"
    assert lab("vm", "start", "--retry-failed", 999, "--yes").status == 5


def test_environment_only_use_has_a_journal_of_its_own(serve: object, pmpc: Pmpc, scrubbed: Path) -> None:
    served = serve("homelab")  # type: ignore[operator]
    pmpc.environ.update(served.environ)
    operation = started(pmpc)
    (path,) = (scrubbed / ".local" / "state" / "pmpc").glob("*/state.db")
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert pmpc.ok("audit", "show", operation)["status"] == "done"


def test_the_table_says_what_would_be_sent(lab: Pmpc) -> None:
    outcome = lab("vm", "start", "103", "--dry-run")
    assert outcome.status == 0
    assert "POST /nodes/pve1/qemu/103/status/start" in outcome.stdout
    assert "nothing was sent" in outcome.stdout


@pytest.mark.capability("4.4")
def test_a_create_a_tag_and_a_firewall_rule_are_taken_back(lab: Pmpc) -> None:
    made = lab.ok("vm", "create", "fresh", "--memory", "512", "--disk", "local-lvm:4", "--yes")
    refused = lab("audit", "undo", made["operation"], "--yes", "--confirm", "fresh", "-o", "json")
    assert refused.status == 9 and "backup" in refused.error["message"]
    undo = ("audit", "undo", made["operation"], "--yes", "--confirm", "fresh", "--without-backup")
    assert lab(*undo).status == 0
    assert lab("vm", "show", made["id"]).status == 5
    (newest, *_) = lab.ok("audit", "list")
    assert lab.ok("audit", "show", newest["operation"])["waived"]

    tags = lab.ok("vm", "show", "104")["tags"]
    tagged = lab.ok("vm", "tag", "add", "104", "fresh", "--yes")
    assert lab("audit", "undo", tagged["operation"], "--yes").status == 0
    assert lab.ok("vm", "show", "104")["tags"] == tags

    rules = lab.ok("firewall", "rule", "list", "--guest", "104")
    ruled = lab.ok("firewall", "rule", "create", "--guest", "104", "--in", "ACCEPT", "--yes")
    assert len(lab.ok("firewall", "rule", "list", "--guest", "104")) == len(rules) + 1
    assert lab("audit", "undo", ruled["operation"], "--yes").status == 0
    assert lab.ok("firewall", "rule", "list", "--guest", "104") == rules
