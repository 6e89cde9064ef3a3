"""firewall, network, storage, ha and raw calls: what an administrator does with them, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conftest import Pmpc

WEB = ("--guest", "101")


def rules(lab: Pmpc) -> list[tuple[bool, str, str, Any]]:
    found = lab.ok("firewall", "rule", "list", *WEB)
    return [(row["enabled"], row["type"], row["action"], row["macro"]) for row in found]


@pytest.mark.capability("9.8")
def test_a_rule_comes_to_its_place_switched_off_and_undo_takes_it_away(lab: Pmpc) -> None:
    before = rules(lab)
    words = ("firewall", "rule", "create", "--in", "DROP", "--macro", "SSH", "--at", "1", *WEB, "--yes")
    planned = lab.ok(*words, "--dry-run")
    sent = [(call["method"], call["params"].get("enable")) for call in planned["calls"]]
    assert sent == [("POST", 0), ("PUT", None), ("PUT", 1)]
    row = lab.ok(*words)
    assert rules(lab) == [before[0], (True, "in", "DROP", "SSH"), *before[1:]]
    lab.ok("audit", "undo", str(row["operation"]), "--yes")
    assert rules(lab) == before


@pytest.mark.capability("9.8")
def test_deleted_rules_come_back_to_their_places(lab: Pmpc) -> None:
    before = rules(lab)
    row = lab.ok("firewall", "rule", "delete", "0", "2", *WEB, "--yes")
    assert rules(lab) == [before[1], *before[3:]]
    lab.ok("audit", "undo", str(row["operation"]), "--yes")
    assert rules(lab) == before


@pytest.mark.capability("9.8", "9.9")
def test_what_can_lock_out_is_critical_and_says_the_way_back(lab: Pmpc) -> None:
    lab.ok("firewall", "set", "--disable", "--yes")
    outcome = lab("firewall", "set", "--enable", "--yes", "-o", "json")
    assert (outcome.status, outcome.stdout) == (9, "")
    planned = lab("firewall", "set", "--enable", "--dry-run")
    assert "pve-firewall stop" in planned.stdout + planned.stderr
    assert lab.ok("firewall", "set", "--enable", "--yes", "--confirm", "cluster")["status"] == "done"


@pytest.mark.capability("9.8")
def test_check_tells_which_switch_is_off_and_which_rules_count(lab: Pmpc) -> None:
    web = lab.ok("firewall", "check", "web")
    assert web["filtered"] is True and web["why_not"] == []
    assert {row["from"] for row in web["rules"]} == {"group webserver", "vm 101"}
    assert [row["order"] for row in web["rules"]] == list(range(len(web["rules"])))
    gitea = lab.ok("firewall", "check", "202")
    assert gitea["filtered"] is False and "--guest 202" in gitea["why_not"][0]
    lab.ok("firewall", "set", "--disable", "--yes")
    assert lab.ok("firewall", "check", "web")["filtered"] is False


@pytest.mark.capability("9.8", "7.4")
@pytest.mark.parametrize(
    "words",
    [
        ("--in", "PERMIT"),
        ("--in", "ACCEPT", "--dport", "22"),
        ("--in", "ACCEPT", "--macro", "SSH", "--proto", "tcp"),
        ("--forward", "ACCEPT"),
        ("--in", "ACCEPT", "--out", "DROP"),
        ("--in", "ACCEPT", "--at", "99"),
        (),
    ],
)
def test_a_rule_that_cannot_work_is_refused(words: tuple[str, ...], lab: Pmpc) -> None:
    outcome = lab("firewall", "rule", "create", *words, *WEB, "--yes", "-o", "json")
    assert (outcome.status, outcome.stdout) == (2, ""), outcome


@pytest.mark.capability("4.6", "9.9")
def test_the_way_back_is_told_before_the_network_is_applied(lab: Pmpc) -> None:
    staged = lab("network", "set", "pve2", "vmbr0", "--mtu", "9000", "--yes", "-o", "json")
    assert staged.status == 9, "it carries the management"
    lab.ok("network", "set", "pve2", "vmbr0", "--mtu", "9000", "--yes", "--confirm", "vmbr0")
    refused = lab("network", "apply", "pve2", "--yes", "-o", "json")
    assert (refused.status, refused.error["details"]["confirm"]) == (9, "pve2")
    told, said = refused.events
    assert told["warning"]["code"] == "console_undo" and "error" in said, "told before it is asked for"
    commands = "\n".join(told["warning"]["details"]["commands"])
    assert "patch --reverse" in commands and "mtu 9000" in commands
    assert "patch --reverse" in lab("network", "apply", "pve2", "--yes").stderr
    lab.ok("network", "revert", "pve2", "--yes")
    assert lab.ok("network", "show", "pve2", "vmbr0")["pending"] is None
    assert lab.ok("network", "apply", "pve2", "--yes")["changed"] is False


@pytest.mark.capability("4.6", "7.4")
def test_addresses_that_cannot_be_are_refused(lab: Pmpc) -> None:
    for words in (("--cidr", "10.10.0.11/24"), ("--cidr", "10.77.0.1/24", "--gateway", "10.78.0.1"), ("--mtu", "9")):
        outcome = lab("network", "create", "pve1", "vmbr9", *words, "--yes", "-o", "json")
        assert (outcome.status, outcome.stdout) == (2, ""), outcome


@pytest.mark.capability("4.5", "9.9")
def test_a_disk_in_use_is_not_deleted(lab: Pmpc) -> None:
    found = lab.ok("storage", "content", "local-lvm", "--query", "[?guest==`104` && content=='images']")
    disk, node = found[0]["volid"], found[0]["node"]
    outcome = lab("storage", "volume", "delete", disk, "--on-node", node, "--yes", "-o", "json")
    assert (outcome.status, outcome.error["code"]) == (6, "conflict")
    assert "VM 104" in outcome.error["message"] and "disk remove" in outcome.error["hint"]


@pytest.mark.capability("4.5", "7.4")
def test_a_storage_says_what_its_type_needs(lab: Pmpc) -> None:
    outcome = lab("storage", "create", "new", "nfs", "--server", "10.0.0.9", "--yes", "-o", "json")
    assert outcome.status == 2 and "export" in outcome.error["message"]
    assert lab("storage", "create", "new", "dir", "--path", "/x", "--content", "films", "--yes").status == 2
    bad = lab("storage", "download", "nas", "https://files.example/x.txt", "--on-node", "pve1", "--yes", "-o", "json")
    assert bad.status == 2 and "--filename" in bad.error["hint"]


@pytest.mark.capability("4.5")
def test_a_wrong_checksum_fails_in_the_task(lab: Pmpc) -> None:
    words = ("storage", "download", "nas", "https://files.example/x.iso", "--on-node", "pve1", "--yes")
    outcome = lab(*words, "--checksum", "sha256:" + "a" * 64, "-o", "json")
    assert (outcome.status, outcome.error["code"]) == (8, "task_failed")
    assert "checksum" in outcome.error["message"]


@pytest.mark.capability("9.6")
def test_a_password_is_sent_and_shown_nowhere(lab: Pmpc) -> None:
    words = ("storage", "create", "new", "cifs", "--server", "10.0.0.9", "--share", "x", "--username", "u")
    environ = {"STORE_PASSWORD": "hunter2-hunter2"}
    secret = ("--password-from", "env:STORE_PASSWORD")
    planned = lab(*words, *secret, "--dry-run", "-o", "json", env=environ)
    assert planned.json["calls"][0]["params"]["password"] == "***"
    done = lab(*words, *secret, "--yes", "-o", "json", env=environ)
    assert done.status == 0 and "hunter2" not in planned.stdout + done.stdout + done.stderr
    assert "hunter2" not in json.dumps(lab.ok("audit", "show", str(done.json["operation"])))
    clear = lab(*words, "--set", "password=hunter2", "--yes", "-o", "json")
    assert clear.status == 2 and "hunter2" not in clear.stderr


@pytest.mark.capability("4.2", "9.9")
def test_raw_calls_go_through_the_guard(lab: Pmpc) -> None:
    made = lab.ok("api", "create", "/access/users/zoe@pve/token/raw", "comment=hi", "--yes")
    assert made["answer"]["value"] and made["changed"] is True
    assert made["answer"]["value"] not in json.dumps(lab.ok("audit", "show", str(made["operation"])))
    assert lab("api", "delete", "/access/users/zoe@pve/token/raw", "--yes").status == 9
    path = "/access/users/zoe%40pve/token/raw"
    assert lab.ok("api", "delete", path, "--yes", "--confirm", path)["status"] == "done"
    assert lab("api", "set", "/nodes/pve1/../../x", "--yes").status == 2
    assert lab("api", "create", "/no/such/path", "--yes").status in (5, 8)


@pytest.mark.capability("4.2")
def test_high_availability_moves_a_guest_and_is_seen_to(lab: Pmpc) -> None:
    where = lab.ok("vm", "show", "101", "--query", "node")
    to = "pve1" if where != "pve1" else "pve2"
    assert lab.ok("ha", "resource", "migrate", "101", "--to", to, "--yes")["status"] == "done"
    assert lab.ok("vm", "show", "101", "--query", "node") == to
    assert lab.ok("ha", "resource", "migrate", "101", "--to", to, "--yes")["changed"] is False
    assert lab("ha", "resource", "migrate", "100", "--to", to, "--yes").status == 5


@pytest.mark.capability("4.2", "9.9")
def test_a_vital_service_and_the_quorum_are_critical(lab: Pmpc) -> None:
    assert lab("node", "service", "stop", "corosync", "pve1", "--yes").status == 9
    assert lab.ok("node", "service", "restart", "cron", "pve1", "pve2", "--yes", "--query", "[].status") == [
        "done",
        "done",
    ]
    shown = lab("node", "shutdown", "pve3", "--dry-run")
    assert "CT 202" in shown.stdout + shown.stderr
    assert lab("node", "reboot", "pve9", "--yes").status == 5
