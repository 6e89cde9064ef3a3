"""The life of a workspace: backed up while in use, restored, upgraded and back, repaired, and killed in the middle."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from proxmox_mpc.state import StateStore, migrate
from tests.cli.first_release import FIRST, age, rows
from tests.conftest import ROOT, Pmpc, Served

SECRET = {"PMPC_PASSPHRASE": "correct horse"}


def dump(path: Path) -> list[str]:
    """Return all that a database holds, the journal and what it knows of itself apart."""
    connection = sqlite3.connect(path)
    try:
        return [line for line in connection.iterdump() if "journal" not in line and "state_meta" not in line]
    finally:
        connection.close()


def revision(root: Path) -> str:
    connection = sqlite3.connect(root / ".proxmox/state.db")
    try:
        return str(connection.execute(migrate.VERSION_QUERY).fetchone()[0])
    finally:
        connection.close()


def declared(root: Path) -> dict[str, str]:
    """Return the files that people write, and the configuration."""
    paths = [root / ".proxmox/config.yml", *(root / "infra").rglob("*"), *(root / "templates").rglob("*")]
    return {str(path.relative_to(root)): path.read_text() for path in paths if path.is_file()}


@pytest.fixture
def written(lab: Pmpc) -> Pmpc:
    """A workspace with a manifest, a template, a secret and an operation in its journal."""
    (lab.cwd / "infra/vm").mkdir()
    (lab.cwd / "infra/vm/101-web.yml").write_text("# ours\nmemory: 4096\n")
    (lab.cwd / "infra/.base/vm").mkdir(parents=True)
    (lab.cwd / "infra/.base/vm/101.json").write_text('{"identity": null, "keys": {}}')
    (lab.cwd / "templates").mkdir(exist_ok=True)
    (lab.cwd / "templates/main.tf.j2").write_text("{{ name }}\n")
    (lab.cwd / "infra/api.secret").write_text("hunter2")
    lab.ok("vm", "set", "101", "--description", "ours", "-y")
    return lab


# Backup and restore


@pytest.mark.capability("6.7", "7.8", "6.5")
def test_a_backup_is_restored_elsewhere_whole(written: Pmpc, tmp_path: Path) -> None:
    made = written.ok("workspace", "backup", "--to", str(tmp_path / "b.tar.gz"))
    assert made["left_out"] == [
        {"path": "infra/api.secret", "why": "may hold secrets in clear: only in an encrypted backup"}
    ]
    assert (tmp_path / "b.tar.gz").stat().st_mode & 0o777 == 0o600
    checked = written.ok("workspace", "verify", str(tmp_path / "b.tar.gz"))
    assert {row["check"]: row["status"] for row in checked} == {
        "backup": "ok", "config": "ok", "database": "ok", "schema": "ok", "journal": "ok",
    }  # fmt: skip
    other = tmp_path / "deep/other"
    restored = written("workspace", "restore", str(tmp_path / "b.tar.gz"), str(other), "-o", "json")
    assert restored.status == 0, restored
    assert restored.json["replaced"] == [] and restored.json["kept_aside"] is None
    assert "infra/api.secret" in restored.events[0]["warning"]["message"]
    mine = declared(written.cwd)
    del mine["infra/api.secret"]
    assert declared(other) == mine
    assert dump(other / ".proxmox/state.db") == dump(written.cwd / ".proxmox/state.db")
    moved = Pmpc(other, {})
    assert moved.ok("audit", "verify")["rows"] == written.ok("audit", "verify")["rows"] + 1
    assert moved.ok("vm", "list", "--offline") == written.ok("vm", "list", "--offline")
    assert {path.stat().st_mode & 0o077 for path in (other / ".proxmox").rglob("*")} == {0}


@pytest.mark.capability("6.7", "9.5")
def test_an_encrypted_backup_holds_the_secrets_and_no_clear_text(written: Pmpc, tmp_path: Path) -> None:
    file = tmp_path / "b.pmpc"
    made = written.ok("workspace", "backup", "--encrypt", "--to", str(file), env=SECRET)
    assert made["encrypted"] and made["left_out"] == []
    assert b"hunter2" not in file.read_bytes() and b"\x1f\x8b" not in file.read_bytes()[:64]
    wrong = written("workspace", "restore", str(file), "x", "-o", "json", env={"PMPC_PASSPHRASE": "no"})
    assert wrong.status == 3 and wrong.error["code"] == "secret" and "does not open" in wrong.error["message"]
    assert not (written.cwd / "x").exists()
    assert written("workspace", "verify", str(file), env={"PMPC_PASSPHRASE": "no"}).status == 3
    unasked = written("workspace", "restore", str(file), "x", "-o", "json")
    assert unasked.status == 3 and "PMPC_PASSPHRASE" in unasked.error["hint"]
    assert written("workspace", "restore", str(file), "x", env=SECRET).status == 0
    assert (written.cwd / "x/infra/api.secret").read_text() == "hunter2"


@pytest.mark.capability("6.7", "7.8")
def test_restoring_in_place_keeps_what_was_there(written: Pmpc) -> None:
    name = Path(written.ok("workspace", "backup")["file"]).name
    before = declared(written.cwd)
    (written.cwd / "infra/vm/101-web.yml").write_text("memory: 1\n")
    (written.cwd / "infra/vm/105-new.yml").write_text("memory: 2\n")
    written.ok("workspace", "config", "set", "defaults.node", "pve2")
    refused = written("workspace", "restore", name, "-o", "json")
    assert refused.status == 9 and "--yes" in refused.error["hint"]
    done = written("workspace", "restore", name, "--yes", "-o", "json").json
    del before["infra/api.secret"]
    assert declared(written.cwd) == before
    aside = Path(done["kept_aside"])
    assert (aside / "infra/vm/105-new.yml").read_text() == "memory: 2\n"
    assert (aside / "infra/api.secret").read_text() == "hunter2"
    assert "pve2" in (aside / ".proxmox/config.yml").read_text()
    last = written("audit", "export").stdout.splitlines()[-2]
    assert json.loads(last)["event"] == "restored"
    assert written.ok("audit", "verify")["ok"]


@pytest.mark.capability("6.7")
def test_a_freeze_outlives_a_restore(lab: Pmpc) -> None:
    name = Path(lab.ok("workspace", "backup")["file"]).name
    lab.ok("safety", "freeze")
    lab.ok("workspace", "restore", name, "--yes")
    assert lab("vm", "set", "101", "--description", "frozen", "-y").status == 9


@pytest.mark.capability("6.7", "7.8")
def test_a_damaged_backup_is_refused_by_name_and_changes_nothing(written: Pmpc) -> None:
    file = Path(written.ok("workspace", "backup")["file"])
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 0xFF
    file.write_bytes(data)
    before = declared(written.cwd), dump(written.cwd / ".proxmox/state.db")
    outcome = written("workspace", "restore", file.name, "--yes", "-o", "json")
    assert outcome.status == 3 and outcome.error["code"] == "state_damaged" and outcome.error["details"]["member"]
    assert (declared(written.cwd), dump(written.cwd / ".proxmox/state.db")) == before
    checked = written("workspace", "verify", file.name, "-o", "json")
    assert checked.status == 8 and checked.json[0]["status"] == "failed"
    assert not list((written.cwd / ".proxmox").glob(".work-*"))


@pytest.mark.capability("6.7")
def test_old_backups_are_removed_and_the_rest_listed(lab: Pmpc) -> None:
    for _ in range(3):
        lab.ok("workspace", "backup")
    assert len(lab.ok("workspace", "backups")) == 3
    made = lab.ok("workspace", "backup", "--keep", "2")
    listed = lab.ok("workspace", "backups")
    assert len(made["removed"]) == 2 and len(listed) == 2
    assert made["file"] in [row["file"] for row in listed] and listed[0]["schema"] == migrate.HEAD
    assert lab("workspace", "backup", "--keep", "2", "--to", "x.tar.gz").status == 2
    assert lab("workspace", "backup", "--to", made["file"]).status == 3


@pytest.mark.capability("6.7", "3.6")
def test_a_backup_taken_during_pulls_is_whole(lab: Pmpc, tmp_path: Path) -> None:
    puller = subprocess.Popen(
        [sys.executable, "-c", _PULLS], cwd=lab.cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    )
    assert puller.stdout is not None
    try:
        puller.stdout.readline()
        made = [lab.ok("workspace", "backup", "--to", str(tmp_path / f"{number}.tar.gz")) for number in range(6)]
    finally:
        puller.kill()
        puller.wait()
        puller.stdout.close()
    runs = []
    for one in made:
        checked = lab("workspace", "verify", one["file"], "-o", "json")
        assert checked.status == 0, checked
        runs.append(int(checked.json[2]["message"].split()[1]))
    assert runs == sorted(runs) and runs[-1] > 1


# Pulls in a loop, a guest changed each time.
_PULLS = """
import os, io
from proxmox_mpc.cli.main import run
from proxmox_mpc.output.streams import Streams
number = 0
while True:
    number += 1
    quiet = lambda: Streams(io.StringIO(), io.StringIO(), io.StringIO())
    run(["vm", "set", "101", "--description", str(number), "-y"], environ=dict(os.environ), streams=quiet())
    run(["sync", "pull"], environ=dict(os.environ), streams=quiet())
    print(number, flush=True)
"""


# Upgrade


@pytest.mark.capability("6.8", "3.7")
def test_the_first_release_is_upgraded_and_back(written: Pmpc) -> None:
    before = age(written.cwd)
    assert revision(written.cwd) == FIRST
    shown = written.ok("workspace", "upgrade", "--dry-run")
    assert shown["changed"] and not shown["done"]
    parts = {step["part"]: (step["before"], step["after"]) for step in shown["steps"]}
    assert parts["database"] == (FIRST, migrate.HEAD) and parts["config"] == ("1", "1")
    assert revision(written.cwd) == FIRST and not (written.cwd / ".proxmox/backups").exists()
    done = written.ok("workspace", "upgrade")
    assert done["done"] and revision(written.cwd) == migrate.HEAD
    after = rows(written.cwd / ".proxmox/state.db")
    assert {table: after[table] for table in before} == before | {"state_meta": after["state_meta"]}
    assert (written.cwd / ".proxmox/backups").is_dir()
    assert [row["status"] for row in written.ok("workspace", "verify")] == ["ok"] * 5
    assert not written.ok("workspace", "upgrade")["changed"]
    assert written("workspace", "upgrade", "--revert").status == 9
    back = written("workspace", "upgrade", "--revert", "--yes", "-o", "json")
    assert back.status == 0 and revision(written.cwd) == FIRST
    assert any(event["warning"]["code"] == "old_schema" for event in back.events)
    assert rows(written.cwd / ".proxmox/state.db")["guest"] == before["guest"]
    assert len(written.ok("guest", "list", "--offline")) == before["guest"]


def test_there_is_nothing_to_revert(lab: Pmpc) -> None:
    assert lab("workspace", "upgrade", "--revert", "--yes").status == 5


# Repair


def may_read_all() -> bool:
    """Say whether no mode of a file keeps this process out, as root is not kept out."""
    with tempfile.NamedTemporaryFile() as file:
        os.fchmod(file.fileno(), 0)
        return os.access(file.name, os.R_OK)


def noise(path: Path, start: float, end: float) -> None:
    data = bytearray(path.read_bytes())
    first, last = int(len(data) * start), int(len(data) * end)
    data[first:last] = random.Random(20261122).randbytes(last - first)
    path.write_bytes(data)


def cut(path: Path, size: int) -> None:
    path.write_bytes(path.read_bytes()[:size])


DAMAGES: dict[str, Callable[[Path], None]] = {
    "noise in the middle": lambda path: noise(path, 0.45, 0.55),
    "noise at the start": lambda path: noise(path, 0.0, 0.02),
    "noise at the end": lambda path: noise(path, 0.9, 1.0),
    "truncated": lambda path: cut(path, path.stat().st_size // 2),
    "one byte": lambda path: cut(path, 1),
    "no bytes": lambda path: cut(path, 0),
    "noise alone": lambda path: noise(path, 0.0, 1.0),
}


@pytest.mark.capability("7.2", "6.5", "7.8")
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_database_is_told_and_repaired(written: Pmpc, damage: str) -> None:
    guests = {row["vmid"] for row in written.ok("guest", "list", "--offline")}
    state = written.cwd / ".proxmox/state.db"
    journal = written.ok("audit", "verify")["last"]
    DAMAGES[damage](state)
    broken = state.read_bytes()
    told = written("sync", "status", "-o", "json")
    assert told.status == 3 and told.error["code"] == "state_damaged" and "workspace repair" in told.error["hint"]
    listed = written("guest", "list", "--offline", "-o", "json")
    assert listed.status == 3 or len(listed.json) == len(guests)
    assert written("workspace", "verify").status == 8
    assert state.read_bytes() == broken
    outcome = written("workspace", "repair", "-o", "json")
    assert outcome.status == 0, outcome
    done = outcome.json
    assert done["changed"] and done["problem"] and done["pulled"]
    assert (Path(done["kept_aside"]) / ".proxmox/state.db").read_bytes() == broken
    assert [row["status"] for row in written.ok("workspace", "verify")][2] == "ok"
    assert {row["vmid"] for row in written.ok("guest", "list", "--offline")} == guests
    lost = {row["table"]: row["lost"] for row in done["tables"]}
    verified = written("audit", "verify", "-o", "json")
    assert verified.status == 0, verified
    gone = sum(gap["last"] - gap["first"] + 1 for gap in done["journal_lost"])
    assert verified.json["lost"] == gone == lost.get("journal", 0)
    assert verified.json["last"] == journal + 1
    assert bool(gone) == any(event["warning"]["code"] == "journal_gap" for event in verified.events)
    assert not written.ok("workspace", "repair")["changed"]
    assert written("vm", "set", "101", "--description", "again", "-y").status == 0
    assert written("audit", "verify").status == 0


@pytest.mark.capability("7.2")
def test_a_log_that_was_deleted_is_found_by_the_journals_head(written: Pmpc) -> None:
    state = written.cwd / ".proxmox/state.db"
    connection = sqlite3.connect(state, isolation_level=None)
    connection.execute("DELETE FROM journal WHERE seq > 2")
    connection.close()
    assert written("audit", "verify").status == 3
    outcome = written("workspace", "repair", "-o", "json")
    assert outcome.status == 0 and outcome.json["journal_lost"] == [{"first": 3, "last": 5}]
    assert written.ok("audit", "verify")["lost"] == 3


@pytest.mark.capability("7.2")
def test_without_its_log_a_database_is_empty_and_says_so(written: Pmpc) -> None:
    state = written.cwd / ".proxmox/state.db"
    # As a process leaves it that dies before anything of a new file has left the log.
    state.write_bytes(state.read_bytes()[:4096])
    for words in (("guest", "list", "--offline"), ("sync", "pull"), ("vm", "set", "101", "--description", "x", "-y")):
        outcome = written(*words, "-o", "json")
        assert outcome.status == 3 and outcome.error["code"] == "state_damaged", words
    assert written("workspace", "repair").status == 0
    assert written.ok("guest", "list", "--offline")


@pytest.mark.capability("7.2")
def test_a_database_that_was_moved_away_begins_anew(written: Pmpc) -> None:
    (written.cwd / ".proxmox/state.db").rename(written.cwd / "old.db")
    told = written("workspace", "repair", "-o", "json")
    assert told.status == 3 and "sync pull" in told.error["hint"]
    assert written("sync", "pull").status == 0
    assert written.ok("guest", "list", "--offline")


@pytest.mark.capability("7.2", "9.4")
@pytest.mark.skipif(may_read_all(), reason="root may read and write everything")
def test_rights_that_are_missing_are_told(written: Pmpc) -> None:
    private = written.cwd / ".proxmox"
    noise(private / "state.db", 0.45, 0.55)
    private.chmod(0o500)
    try:
        for words in (("repair",), ("backup",), ("upgrade",)):
            outcome = written("workspace", *words, "-o", "json")
            assert outcome.status == 3 and outcome.error["hint"], words
    finally:
        private.chmod(0o700)
    (private / "state.db").chmod(0)
    outcome = written("workspace", "repair", "-o", "json")
    assert outcome.status == 3 and "Permission denied" in outcome.error["message"]


@pytest.mark.capability("6.7", "7.2")
def test_while_another_process_uses_the_database_nothing_is_exchanged(written: Pmpc) -> None:
    name = Path(written.ok("workspace", "backup")["file"]).name
    with StateStore.open(written.cwd / ".proxmox/state.db"):
        for words in (("restore", name, "--yes"), ("repair",)):
            outcome = written("workspace", *words, "-o", "json")
            assert outcome.status == 6 and "another process" in outcome.error["message"]
        assert written("workspace", "backup").status == 0


@pytest.mark.capability("6.7")
def test_a_database_on_a_server_is_left_out_and_said(written: Pmpc) -> None:
    written.ok("workspace", "config", "set", "state.url", "postgresql://team@db.example.org/pmpc")
    outcome = written("workspace", "backup", "-o", "json")
    assert outcome.status == 0 and outcome.json["schema"] is None
    assert outcome.json["left_out"][-1]["path"] == "state.url" and "pg_dump" in outcome.events[0]["warning"]["hint"]
    checked = written.ok("workspace", "verify", Path(outcome.json["file"]).name)
    assert [row["status"] for row in checked] == ["ok", "ok", "skipped"]
    assert written("workspace", "repair").status == 3
    restored = written("workspace", "restore", Path(outcome.json["file"]).name, "--yes", "-o", "json")
    assert restored.status == 0 and ".proxmox/state.db" not in restored.json["replaced"]
    assert (written.cwd / ".proxmox/state.db").exists()


@pytest.mark.capability("7.2")
def test_the_environments_database_is_repaired_too(pmpc: Pmpc, serve: Callable[..., Served], scrubbed: Path) -> None:
    server = serve()
    assert pmpc("sync", "pull", env=server.environ).status == 0
    (state,) = scrubbed.rglob("state.db")
    noise(state, 0.3, 0.4)
    outcome = pmpc("workspace", "repair", "-o", "json", env=server.environ)
    assert outcome.status == 0 and outcome.json["changed"] and outcome.json["pulled"], outcome
    assert pmpc("guest", "list", "--offline", env=server.environ).status == 0


@pytest.mark.capability("7.2", "9.4")
def test_a_server_that_is_away_is_a_warning(written: Pmpc) -> None:
    DAMAGES["truncated"](written.cwd / ".proxmox/state.db")
    for world in (written.cwd / ".proxmox/sim").glob("*.json"):
        world.write_text("{")
    outcome = written("workspace", "repair", "-o", "json")
    assert outcome.status == 11 and outcome.json["changed"] and outcome.json["pulled"] is None
    listed = written("guest", "list", "--offline", "-o", "json")
    assert listed.status == 3 and listed.error["code"] == "not_recorded"


@pytest.mark.capability("7.2")
def test_what_a_repair_cannot_do_is_told_and_changes_nothing(written: Pmpc, monkeypatch: pytest.MonkeyPatch) -> None:
    state = written.cwd / ".proxmox/state.db"
    good = state.read_bytes()
    connection = sqlite3.connect(state, isolation_level=None)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    newer = state.read_bytes()
    for words in (("repair",), ("upgrade",), ("verify",)):
        outcome = written("workspace", *words, "-o", "json")
        assert outcome.status == (8 if words == ("verify",) else 3)
        assert "newer than this pmpc" in outcome.error["message"] and outcome.error["hint"]
    assert state.read_bytes() == newer
    state.write_bytes(good)
    noise(state, 0.45, 0.55)
    broken = state.read_bytes()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    outcome = written("workspace", "repair", "-o", "json")
    assert outcome.status == 3 and "No space left" in outcome.error["message"]
    assert "nothing was changed" in outcome.error["message"] and state.read_bytes() == broken
    assert not list((written.cwd / ".proxmox").glob(".work-*"))


@pytest.mark.capability("7.2")
def test_a_simulated_world_that_is_damaged_says_what_to_do(lab: Pmpc) -> None:
    for world in (lab.cwd / ".proxmox/sim").glob("*.json"):
        world.write_text("{")
    outcome = lab("vm", "list", "-o", "json")
    assert outcome.status == 3 and "remove the file" in outcome.error["hint"]


# Killed in the middle


def killed(lab: Path, directory: Path, moments: int, *words: str) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.cli.killed_life", str(lab), str(directory), str(moments), *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert results[0]["ending"] in (0, 11), done
    assert sum(result["ending"] == -9 for result in results) >= 8
    return results[1:]


@pytest.mark.capability("6.7", "3.6", "7.8")
def test_a_restore_that_is_killed_leaves_the_old_or_the_new(written: Pmpc, tmp_path: Path) -> None:
    file = written.ok("workspace", "backup", "--to", str(tmp_path / "b.tar.gz"))["file"]
    saved = declared(written.cwd)
    del saved["infra/api.secret"]
    (written.cwd / "infra/vm/105-new.yml").write_text("memory: 2\n")
    written.ok("vm", "set", "101", "--description", "later", "-y")
    written.ok("sync", "pull")
    now = declared(written.cwd), dump(written.cwd / ".proxmox/state.db")
    seen = set()
    for result in killed(written.cwd, tmp_path / "k", 6, "workspace", "restore", file, "%", "--yes"):
        place = Pmpc(tmp_path / "k" / result["place"], {})
        outcome = place("workspace", "verify", "-o", "json")
        assert outcome.status == 0, (result, outcome)
        found = declared(place.cwd), dump(place.cwd / ".proxmox/state.db")
        seen.add("old" if found == now else "new")
        assert found == now or found[0] == saved, result
        assert place("workspace", "backup").status == 0
    assert "old" in seen


@pytest.mark.capability("6.8", "3.6", "3.7")
def test_an_upgrade_that_is_killed_leaves_the_old_or_the_new(written: Pmpc, tmp_path: Path) -> None:
    before = age(written.cwd)
    for result in killed(written.cwd, tmp_path / "k", 10, "workspace", "upgrade"):
        root = tmp_path / "k" / result["place"]
        assert revision(root) in (FIRST, migrate.HEAD)
        assert {one: count for one, count in rows(root / ".proxmox/state.db").items() if one in before} == before | {
            "state_meta": rows(root / ".proxmox/state.db")["state_meta"]
        }
        place = Pmpc(root, {})
        assert place("workspace", "upgrade").status == 0 and revision(root) == migrate.HEAD


@pytest.mark.capability("7.2", "3.6")
def test_a_repair_that_is_killed_leaves_the_damaged_file_as_it_was(written: Pmpc, tmp_path: Path) -> None:
    state = written.cwd / ".proxmox/state.db"
    noise(state, 0.45, 0.55)
    broken = hashlib.sha256(state.read_bytes()).hexdigest()
    ends = set()
    for result in killed(written.cwd, tmp_path / "k", 10, "workspace", "repair", "--no-pull"):
        place = Pmpc(tmp_path / "k" / result["place"], {})
        place("workspace", "show")
        as_it_was = hashlib.sha256((place.cwd / ".proxmox/state.db").read_bytes()).hexdigest() == broken
        ends.add(as_it_was)
        done = place("workspace", "repair", "-o", "json")
        assert done.status == 0 and done.json["changed"] == as_it_was, (result, done)
        assert place("audit", "verify").status == 0
    assert True in ends
