"""Backups as a user makes, checks, restores, protects and removes them, on the simulated homelab."""

from __future__ import annotations

import pytest

from tests.conftest import Pmpc

DNS = "[?guest==`200`].volid | [0]"


def volid(lab: Pmpc, query: str = DNS) -> str:
    found: str = lab.ok("backup", "list", "--query", query)
    return found


@pytest.mark.capability("4.7", "9.9")
def test_a_backup_is_planned_refused_and_made(lab: Pmpc) -> None:
    words = ("backup", "create", "200", "--storage", "nas-backup", "--notes", "by hand", "--protected")
    before = lab.ok("backup", "list", "200")
    planned = lab.ok(*words, "--dry-run")
    assert planned["calls"] == [
        {
            "method": "POST",
            "path": "/nodes/pve1/vzdump",
            "params": {
                "vmid": "200",
                "storage": "nas-backup",
                "mode": "snapshot",
                "notes-template": "by hand",
                "protected": 1,
                "remove": 0,
            },
        }
    ]
    assert lab(*words, "-o", "json").status == 9
    assert len(lab.ok("backup", "list", "200")) == len(before)
    row = lab.ok(*words, "--yes")
    assert (row["action"], row["id"], row["name"], row["status"]) == ("backup", 200, "dns", "done")
    newest = lab.ok("backup", "list", "200")[0]
    assert (newest["notes"], newest["protected"], newest["storage"]) == ("by hand", True, "nas-backup")


@pytest.mark.capability("4.7", "2.8")
def test_several_guests_end_each_with_a_result(lab: Pmpc) -> None:
    outcome = lab("backup", "create", "200", "201", "--storage", "nas-backup", "--yes", "-o", "json")
    assert outcome.status == 0, outcome
    assert [(row["id"], row["status"]) for row in outcome.json] == [(200, "done"), (201, "done")]


@pytest.mark.capability("7.4", "10.2")
@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("create",), 2, "which guests"),
        (("create", "200"), 2, "which storage"),
        (("create", "200", "--storage", "nope"), 5, "no storage 'nope'"),
        (("create", "200", "--storage", "nas"), 2, "takes no backups"),
        (("create", "200", "--storage", "nas-backup", "--mode", "fast"), 2, "--mode"),
        (("create", "nobody", "--storage", "nas-backup"), 5, "there is no guest nobody"),
        (("delete", "nothing"), 2, "no volume id"),
        (("delete", "nas-backup:backup/none"), 5, "there is no backup"),
        (("restore", "103"), 5, "no backup of guest"),
        (("restore", "200", "--overwrite"), 2, "which guest"),
        (("restore", "200", "--vmid", "5"), 2, "no id of a guest"),
        (("restore", "200", "--vmid", "201"), 6, "has the id 201 already"),
        (("restore", "200", "--vmid", "200", "--overwrite"), 6, "only a stopped guest"),
        (("restore", "200", "--vmid", "103", "--overwrite"), 6, "cannot be restored over"),
        (("restore", "200", "--storage", "nas-backup"), 2, "takes no volumes"),
        (("restore", "200", "--storage", "nope"), 5, "no storage 'nope'"),
        (("restore", "200", "--on-node", "nope"), 5, "there is no node"),
        (("restore", "200", "--live-restore"), 2, "--live-restore"),
        (("prune", "nope"), 5, "no storage 'nope'"),
        (("prune", "nas-backup", "--keep", "three"), 2, "no retention"),
        (("job", "create", "new", "--all"), 2, "--schedule"),
        (("job", "create", "new", "--all", "--schedule", "now and then"), 2, "no calendar event"),
        (("job", "create", "new", "--schedule", "02:00"), 2, "which guests"),
        (("job", "create", "new", "--all", "--pool", "prod", "--schedule", "02:00"), 2, "exclude each other"),
        (("job", "create", "backup-prod", "--all", "--schedule", "02:00"), 6, "already"),
        (("job", "set", "backup-prod"), 2, "nothing is to be changed"),
        (("job", "set", "nope", "--schedule", "02:00"), 5, "no backup job"),
        (("job", "delete", "nope"), 5, "no backup job"),
        (("job", "run", "nope"), 5, "no backup job"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_is_sent(
    words: tuple[str, ...], status: int, said: str, lab: Pmpc
) -> None:
    outcome = lab("backup", *words, "--yes", "-o", "json")
    assert (outcome.status, outcome.stdout) == (status, ""), outcome
    assert said in outcome.error["message"], outcome.error


@pytest.mark.capability("4.7", "9.9")
def test_a_protected_backup_stays_until_it_is_not(lab: Pmpc) -> None:
    one = volid(lab)
    assert lab.ok("backup", "protect", one, "--yes")["changed"] is True
    assert lab.ok("backup", "protect", one, "--yes")["changed"] is False
    assert lab.ok("backup", "show", one)["protected"] is True
    refused = lab("backup", "delete", one, "--yes", "-o", "json")
    assert (refused.status, lab("backup", "show", one).status) == (9, 0)
    undone = lab.ok("backup", "unprotect", one, "--yes")
    assert lab.ok("audit", "undo", undone["operation"], "--yes")[0]["status"] == "done"
    assert lab.ok("backup", "show", one)["protected"] is True
    lab.ok("backup", "unprotect", one, "--yes")
    assert lab.ok("backup", "delete", one, "--yes")["status"] == "done"
    assert lab("backup", "show", one).status == 5
    assert lab.ok("backup", "delete", one, "--yes", "--ignore-missing")["changed"] is False


@pytest.mark.capability("4.7", "7.8")
def test_checking_backups_finds_what_speaks_against_them(lab: Pmpc) -> None:
    outcome = lab("backup", "verify", "200", "150", "103", "-o", "json")
    assert outcome.status == 8
    good, bad, none = outcome.json
    assert (good["guest"], good["ok"], good["config"], good["restored"]) == (200, True, True, None)
    assert (bad["guest"], bad["ok"], bad["verified"]) == (150, False, "failed")
    assert (none["exists"], none["ok"], none["guest"]) == (False, False, 103)
    assert lab("backup", "verify", "200").status == 0


@pytest.mark.capability("4.7", "7.8")
def test_a_restore_test_leaves_nothing_behind(lab: Pmpc) -> None:
    before = [row["vmid"] for row in lab.ok("guest", "list")]
    volumes = len(lab.ok("storage", "content", "tank"))
    planned = lab.ok("backup", "verify", "200", "--restore-test", "--dry-run")
    assert [call["method"] for call in planned[0]["calls"]] == ["POST", "PUT", "POST", "POST", "DELETE"]
    assert "link_down=1" in planned[0]["calls"][1]["params"]["net0"]
    assert lab("backup", "verify", "200", "--restore-test", "-o", "json").status == 9
    (row,) = lab.ok("backup", "verify", "200", "--restore-test", "--yes")
    assert (row["restored"], row["ok"]) == (True, True)
    assert [row["vmid"] for row in lab.ok("guest", "list")] == before
    assert len(lab.ok("storage", "content", "tank")) == volumes


@pytest.mark.capability("4.7", "7.8", "2.6")
def test_a_restore_goes_to_a_free_id_or_with_its_name_typed_over_the_guest(lab: Pmpc) -> None:
    made = lab.ok("backup", "restore", "200", "--name", "copy", "--storage", "nas", "--yes")
    assert (made["kind"], made["name"], made["node"], made["status"]) == ("ct", "copy", "pve1", "done")
    config = lab.ok("ct", "config", made["id"])
    assert config["rootfs"].startswith("nas:") and config["hostname"] == "copy"
    assert config["net0"] != lab.ok("ct", "config", 200)["net0"], "the original is there: new MAC addresses"
    over = ("backup", "restore", "200", "--vmid", str(made["id"]), "--overwrite", "--yes")
    assert lab(*over).status == 9
    assert lab(*over, "--confirm", "copy").status == 9, "there is no backup of what would be overwritten"
    row = lab.ok(*over, "--confirm", "copy", "--without-backup")
    assert (row["status"], row["id"]) == ("done", made["id"])
    assert lab.ok("ct", "config", made["id"])["hostname"] == "dns"


@pytest.mark.capability("4.7")
def test_pruning_names_what_goes_and_removes_only_that(lab: Pmpc) -> None:
    shown = lab("backup", "prune", "nas-backup", "--keep", "last=1", "--dry-run")
    going = [line.split()[1] for line in shown.stdout.splitlines() if line.strip().startswith("goes:")]
    assert len(going) == 1 and "1 backups go" in shown.stdout
    before = {row["volid"] for row in lab.ok("backup", "list")}
    assert lab.ok("backup", "prune", "nas-backup", "--keep", "last=1", "--yes")["status"] == "done"
    assert before - {row["volid"] for row in lab.ok("backup", "list")} == set(going)
    assert lab.ok("backup", "prune", "nas-backup", "--keep", "last=1", "--yes")["changed"] is False


@pytest.mark.capability("4.7")
def test_guests_without_a_recent_backup_are_found(lab: Pmpc) -> None:
    rows = {row["guest"]: row for row in lab.ok("backup", "coverage")}
    assert {103, 105, 202, 100} <= rows.keys() and not {101, 102, 104, 200} & rows.keys()
    assert (rows[103]["newest"], rows[103]["backups"], rows[103]["recent"]) == (None, 0, False)
    assert rows[202]["job"] is True
    assert 104 in {row["guest"] for row in lab.ok("backup", "coverage", "--older-than", "1d")}
    everyone = lab.ok("backup", "coverage", "--all")
    assert len(everyone) == len(lab.ok("guest", "list"))


@pytest.mark.capability("4.7")
def test_a_job_is_made_changed_undone_and_removed(lab: Pmpc) -> None:
    words = ("--guest", "103,105", "--storage", "nas-backup", "--keep", "last=3", "--comment", "new")
    assert (
        lab.ok("backup", "job", "create", "night", "--schedule", "mon..fri 22:00", *words, "--yes")["status"] == "done"
    )
    page = lab.ok("backup", "job", "show", "night")
    assert (page["selection"], page["retention"], [row["guest"] for row in page["guests"]]) == (
        "103,105",
        "keep-last=3",
        [103, 105],
    )
    changed = lab.ok("backup", "job", "set", "night", "--all", "--exclude", "103", "--disabled", "--yes")
    page = lab.ok("backup", "job", "show", "night")
    assert (page["selection"], page["exclude"], page["enabled"]) == ("all", ["103"], False)
    assert lab.ok("backup", "job", "set", "night", "--disabled", "--yes")["changed"] is False
    assert lab.ok("audit", "undo", changed["operation"], "--yes")[0]["status"] == "done"
    assert lab.ok("backup", "job", "show", "night")["selection"] == "103,105"
    assert (
        lab.ok("backup", "job", "create", "night", "--all", "--schedule", "1:00", "--if-missing", "--yes")["changed"]
        is False
    )
    assert lab.ok("backup", "job", "delete", "night", "--yes")["status"] == "done"
    assert lab("backup", "job", "show", "night").status == 5


@pytest.mark.capability("4.7", "2.8")
def test_running_a_job_backs_up_each_guest_that_it_covers(lab: Pmpc) -> None:
    rows = lab.ok("backup", "job", "run", "backup-infra", "--dry-run")
    assert [row["id"] for row in rows] == [100, 104, 200]
    assert {call["params"]["storage"] for row in rows for call in row["calls"]} == {"nas-backup"}
    assert {call["params"]["remove"] for row in rows for call in row["calls"]} == {1}
