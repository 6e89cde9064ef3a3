"""workspace list, show, use, check, trust, rename, remove and config, as a user runs them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.conftest import Pmpc
from tests.workspace.helpers import REAL, make

SIM = ("--url", "sim://homelab", "--no-input")


def config(pmpc: Pmpc) -> Path:
    """The configuration of the workspace that ``pmpc`` stands in."""
    return pmpc.cwd / ".proxmox/config.yml"


@pytest.mark.capability("6.6")
def test_workspaces_know_nothing_of_each_other(pmpc: Pmpc) -> None:
    pmpc.ok("workspace", "init", "one", *SIM, "--pull")
    pmpc.ok("workspace", "init", "two", *SIM)
    one, two = Pmpc(pmpc.cwd / "one", {}), Pmpc(pmpc.cwd / "two", {})
    before = {path: path.read_bytes() for path in one.cwd.rglob("*") if path.is_file()}
    two.ok("workspace", "config", "set", "safety.mode", "read-only")
    two.ok("vm", "list")
    two.ok("workspace", "check")
    assert {path: path.read_bytes() for path in one.cwd.rglob("*") if path.is_file()} == before
    assert one.ok("workspace", "show")["safety_mode"] == "normal"
    assert two("vm", "list", "--offline").status == 3 or two.ok("vm", "list", "--offline") == []


@pytest.mark.capability("6.6", "6.5")
def test_a_chosen_workspace_serves_everywhere_but_in_scripts(pmpc: Pmpc, tmp_path: Path) -> None:
    pmpc.ok("workspace", "init", "lab", *SIM)
    elsewhere = Pmpc(tmp_path / "elsewhere", {})
    elsewhere.cwd.mkdir()
    assert pmpc.ok("workspace", "use", "lab")["changed"] is True
    assert pmpc.ok("workspace", "use", "lab")["changed"] is False
    assert pmpc.ok("workspace", "show")["found_by"] == "workspace use"
    assert pmpc("workspace", "show", "--no-input").status == 3
    assert elsewhere.ok("workspace", "list")[0]["current"] is True
    outcome = elsewhere("workspace", "show", "--no-input", "-o", "json")
    assert (outcome.status, outcome.error["code"]) == (3, "workspace")
    assert elsewhere.ok("workspace", "show", "--workspace", "lab")["found_by"] == "option"
    assert elsewhere.ok("workspace", "show", env={"PMPC_WORKSPACE": "lab"})["found_by"] == "PMPC_WORKSPACE"
    shutil.copytree(tmp_path / "lab", tmp_path / "copy")
    assert pmpc.ok("workspace", "use", "./copy")["name"] == "lab-2"
    assert pmpc("workspace", "use", "nowhere").status == 5


def test_rename_and_remove(pmpc: Pmpc) -> None:
    pmpc.ok("workspace", "init", "lab", *SIM)
    assert pmpc.ok("workspace", "rename", "lab", "prod")["name"] == "prod"
    here = Pmpc(pmpc.cwd / "lab", {})
    assert here.ok("workspace", "show")["name"] == "prod"
    assert pmpc("workspace", "rename", "lab", "x").status == 5
    assert pmpc.ok("workspace", "remove", "prod")["action"] == "remove"
    assert pmpc.ok("workspace", "list") == []
    assert config(here).exists()
    assert pmpc("workspace", "remove", "prod").status == 5


@pytest.mark.capability("9.9")
def test_files_are_deleted_only_when_confirmed_and_only_pmpc_s_own(pmpc: Pmpc) -> None:
    pmpc.ok("workspace", "init", "lab", *SIM)
    (pmpc.cwd / "lab/infra/mine.yml").write_text("x")
    refused = pmpc("workspace", "remove", "lab", "--delete-files", "-o", "json")
    assert (refused.status, refused.error["code"]) == (9, "refused")
    assert (pmpc.cwd / "lab/.proxmox").exists()
    assert pmpc.ok("workspace", "remove", "lab", "--delete-files", "--yes")["action"] == "delete"
    assert not (pmpc.cwd / "lab/.proxmox").exists()
    assert (pmpc.cwd / "lab/infra/mine.yml").read_text() == "x"


def test_a_workspace_that_went_away_is_listed_as_such(pmpc: Pmpc) -> None:
    pmpc.ok("workspace", "init", "lab", *SIM)
    shutil.rmtree(pmpc.cwd / "lab")
    outcome = pmpc("workspace", "list", "-o", "json")
    assert outcome.json[0]["present"] is False
    assert outcome.events[0]["warning"]["code"] == "stale"


@pytest.mark.capability("6.3", "10.2")
def test_a_broken_configuration_ends_with_3_and_the_line_and_can_be_mended(lab: Pmpc) -> None:
    with config(lab).open("a") as file:
        file.write("clutser: 1\n")
    line = config(lab).read_text().count("\n")
    for argv in (("vm", "list"), ("workspace", "show"), ("workspace", "config", "validate")):
        outcome = lab(*argv, "-o", "json")
        assert (outcome.status, outcome.stdout) == (3, ""), argv
        assert f"line {line}, column 1: unknown key clutser; did you mean cluster?" in outcome.error["message"]
        assert outcome.error["details"]["line"] == line
    edited = lab("workspace", "config", "edit", "-o", "json", env={"EDITOR": "sed -i /clutser/d"})
    assert edited.status == 0, edited
    assert lab.ok("workspace", "config", "validate")["valid"] is True


@pytest.mark.capability("6.3")
def test_set_get_unset_and_show_with_origin(lab: Pmpc) -> None:
    before = config(lab).read_text()
    row = lab.ok("workspace", "config", "set", "defaults.node", "pve2")
    assert (row["before"], row["after"], row["changed"]) == (None, "pve2", True)
    assert lab.ok("workspace", "config", "set", "defaults.node", "pve2")["changed"] is False
    assert lab.ok("workspace", "config", "get", "defaults.node") == "pve2"
    assert lab("workspace", "config", "get", "defaults.node").stdout == "pve2\n"
    lab.ok("workspace", "config", "set", "safety.protected", "100,web")
    lab.ok("workspace", "config", "set", "cluster.request_timeout", "12.5")
    lab.ok("workspace", "config", "set", "safety.require_backup", "no")
    shown = {row["key"]: (row["value"], row["origin"]) for row in lab.ok("workspace", "config", "show", "--origin")}
    assert shown["safety.protected"] == (["100", "web"], "config.yml")
    assert shown["cluster.request_timeout"] == (12.5, "config.yml")
    assert shown["safety.require_backup"] == (False, "config.yml")
    assert shown["cluster.parallel"] == (6, "default")
    assert shown["defaults.output"] == ("json", "option")
    timed = lab.ok("workspace", "config", "show", "--request-timeout", "3", env={"PMPC_OUTPUT": "yaml"})
    origins = {row["key"]: row["origin"] for row in timed}
    assert (origins["cluster.request_timeout"], origins["defaults.output"]) == ("option", "option")
    assert "environment" in lab("workspace", "config", "show", "--origin", env={"PMPC_OUTPUT": "yaml"}).stdout
    assert "ORIGIN" in lab("workspace", "config", "show", "--origin").stdout
    for key in ("defaults", "safety", "cluster.request_timeout"):
        assert lab.ok("workspace", "config", "unset", key)["changed"] is True
    assert lab.ok("workspace", "config", "unset", "defaults.node")["changed"] is False
    assert config(lab).read_text() == before


@pytest.mark.capability("6.3", "7.4")
@pytest.mark.parametrize(
    ("argv", "status", "words"),
    [
        (("set", "defaults.nodo", "x"), 2, "did you mean node?"),
        (("set", "defaults", "x"), 2, "is a section"),
        (("set", "cluster.parallel", "many"), 2, "whole number from 1 to 64"),
        (("set", "cluster.token_secret", "plain-secret-text"), 3, "must name where the secret comes from"),
        (("set", "cluster.tls.fingerprint", "12"), 2, "64 hexadecimal digits"),
        (("set", "cluster.token_secret", "env:X"), 3, "needs cluster.token_id"),
        (("get", "defaults.node"), 5, "is not set"),
        (("get", "nope"), 2, "unknown key nope"),
        (("validate", "absent.yml"), 5, "no file"),
        (("edit",), 2, "no terminal"),
    ],
)
def test_what_cannot_be_set_changes_nothing(lab: Pmpc, argv: tuple[str, ...], status: int, words: str) -> None:
    before = config(lab).read_bytes()
    outcome = lab("workspace", "config", *argv, "-o", "json")
    assert (outcome.status, outcome.stdout) == (status, ""), outcome
    assert words in outcome.error["message"]
    assert "plain-secret-text" not in outcome.stderr
    assert config(lab).read_bytes() == before


@pytest.mark.capability("6.3")
@pytest.mark.parametrize(
    ("editor", "status", "words"),
    [
        ("sed -i s/^name:.*/nome:/", 3, "unknown key nome; did you mean name?"),
        ("false", 3, "ended with status 1"),
        ("/nowhere/editor", 3, "cannot be run"),
        ("'", 3, "cannot be run"),
    ],
)
def test_an_edit_that_cannot_be_used_changes_nothing(lab: Pmpc, editor: str, status: int, words: str) -> None:
    before = config(lab).read_bytes()
    outcome = lab("workspace", "config", "edit", "-o", "json", env={"EDITOR": editor})
    assert outcome.status == status
    assert words in outcome.error["message"]
    assert config(lab).read_bytes() == before
    assert not list((lab.cwd / ".proxmox/cache").glob("edit-*"))


@pytest.mark.capability("9.1", "9.6")
def test_an_unpacked_foreign_workspace_runs_no_command(pmpc: Pmpc) -> None:
    mark = pmpc.cwd / "ran"
    root = make(pmpc.cwd / "lab", REAL.replace("{env: LAB_SECRET}", f'{{command: "touch {mark}"}}'))
    here = Pmpc(root, {})
    outcome = here("vm", "list", "-o", "json")
    assert (outcome.status, outcome.error["code"]) == (3, "untrusted")
    assert "workspace trust" in outcome.error["hint"]
    assert not mark.exists()
    assert here.ok("workspace", "show")["trusted"] is False
    trusted = here.ok("workspace", "trust")
    assert trusted["commands"] == [{"key": "cluster.token_secret", "command": f"touch {mark}"}]
    assert trusted["changed"] is True
    assert here.ok("workspace", "show")["trusted"] is True
    # What the user sets himself keeps his trust; what changes behind his back loses it.
    here.ok("workspace", "config", "set", "cluster.parallel", "3")
    here.ok("workspace", "config", "set", "cluster.token_secret", "command:op read x")
    assert here.ok("workspace", "show")["trusted"] is True
    config(here).write_text(config(here).read_text().replace("pve1.example.com", "evil.example.com"))
    assert here.ok("workspace", "show")["trusted"] is False
    here.ok("workspace", "trust")
    here.ok("workspace", "trust", "--revoke")
    assert here.ok("workspace", "show")["trusted"] is False


@pytest.mark.capability("9.6")
def test_ciphertext_and_secrets_are_shown_by_their_source_alone(lab: Pmpc) -> None:
    lab.ok("workspace", "config", "set", "cluster.token_id", "root@pam!pmpc")
    environ = {"DOOR": "s3cr3t-value", "PMPC_PASSPHRASE": "open sesame"}
    row = lab.ok("workspace", "config", "set", "cluster.token_secret", "encrypted:env:DOOR", env=environ)
    assert row["after"] == "encrypted"
    for argv in (("get", "cluster.token_secret"), ("get", "cluster"), ("show",), ("show", "--origin")):
        printed = lab("workspace", "config", *argv, "-o", "json").stdout
        assert "encrypted" in printed
        assert "v1:" not in printed and "s3cr3t-value" not in printed
    assert lab.ok("workspace", "show")["secret_from"] == "encrypted"


@pytest.mark.capability("9.4", "9.5", "9.1")
def test_check_prints_all_findings_and_ends_with_8_when_one_failed(lab: Pmpc) -> None:
    rows = lab.ok("workspace", "check")
    assert [row["check"] for row in rows] == ["files", "database", "server", "cluster", "privileges"]
    config(lab).chmod(0o644)
    outcome = lab("workspace", "check", "-o", "json")
    assert outcome.json[0]["status"] == "warning"
    config(lab).chmod(0o600)
    lab.ok("workspace", "config", "set", "cluster.token_id", "root@pam!pmpc")
    lab.ok("workspace", "config", "set", "cluster.token_secret", "env:WRONG")
    failed = lab("workspace", "check", "-o", "json", env={"WRONG": "not-it"})
    assert (failed.status, failed.error["code"], failed.error["details"]["cause"]) == (
        8,
        "check_failed",
        "authentication",
    )
    assert "server" in failed.error["message"] and failed.error["hint"]
    statuses = {row["check"]: row["status"] for row in failed.json}
    assert statuses == {
        "files": "ok", "database": "ok", "server": "failed", "cluster": "skipped", "privileges": "skipped"
    }  # fmt: skip
    (lab.cwd / ".proxmox").chmod(0o755)
    refused = lab("workspace", "check", "-o", "json")
    assert (refused.status, refused.error["hint"]) == (3, f"chmod 700 {lab.cwd / '.proxmox'}")


@pytest.mark.capability("9.9", "4.10")
def test_another_cluster_at_the_workspace_s_address_is_refused(lab: Pmpc) -> None:
    lab.ok("vm", "list")
    lab.ok("workspace", "config", "set", "cluster.endpoints", "sim://datacenter:2:10:1")
    for argv in (("vm", "list"), ("node", "list")):
        outcome = lab(*argv, "-o", "json")
        assert (outcome.status, outcome.stdout, outcome.error["code"]) == (3, "", "wrong_cluster"), argv
    assert json.loads(outcome.stderr)["error"]["details"]["expected"]["name"] == "homelab"
    checked = lab("workspace", "check", "-o", "json")
    assert (checked.status, checked.error["details"]["cause"]) == (8, "wrong_cluster")
    # A workspace that is bound to nothing does not refuse, and says so.
    lab.ok("workspace", "config", "unset", "cluster.identity")
    assert lab("vm", "list").status == 0
    assert [row["status"] for row in lab.ok("workspace", "check") if row["check"] == "cluster"] == ["warning"]


@pytest.mark.capability("9.1")
def test_the_workspace_s_secret_is_not_used_for_another_url(lab: Pmpc) -> None:
    outcome = lab("vm", "list", "-o", "json", env={"PMPC_URL": "https://127.0.0.1:1"})
    assert (outcome.status, outcome.stdout, outcome.error["code"]) == (3, "", "config")


@pytest.mark.capability("6.3")
def test_the_form_of_the_output_can_be_configured(lab: Pmpc) -> None:
    lab.ok("workspace", "config", "set", "defaults.output", "json")
    assert len(json.loads(lab("vm", "list").stdout)) == 11
    assert lab("vm", "list", "-o", "table").stdout.startswith("VMID")
    assert lab("vm", "list", env={"PMPC_OUTPUT": "yaml"}).stdout.startswith("- ")
    failed = lab("vm", "show", "nowhere")
    assert failed.error["code"] == "not_found"
