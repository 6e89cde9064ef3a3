"""Two people's workspaces on one cluster, their state in one PostgreSQL database."""

from __future__ import annotations

import shutil
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from proxmox_mpc.domain.cluster_identity import Identity
from proxmox_mpc.errors import StateError
from proxmox_mpc.state import StateStore
from proxmox_mpc.state.files import caller
from proxmox_mpc.state.journal import Journal
from proxmox_mpc.state.light_server import at_once
from proxmox_mpc.state.locks import SYNC
from tests.conftest import Outcome, Pmpc, Served
from tests.databases import PASSWORD, Database, PostgreSql


class Team:
    """A database on the server, and workspaces of the simulated homelab that use it."""

    def __init__(self, server: PostgreSql, name: str, root: Path, made: Path) -> None:
        self.server = server
        self.name = name
        self._root = root
        self._made = made

    def member(self, name: str, url: str | None = None) -> Pmpc:
        """Return pmpc in a workspace of somebody's own."""
        place = self._root / name
        shutil.copytree(self._made, place, symlinks=True)
        (place / ".proxmox" / "state.db").unlink()
        (place / ".proxmox" / "audit.head").unlink(missing_ok=True)
        pmpc = Pmpc(place, {"TEAM_SECRET": PASSWORD})
        pmpc.ok("workspace", "config", "set", "state.url", url or self.server.url(self.name))
        pmpc.ok("workspace", "config", "set", "state.password", "env:TEAM_SECRET")
        return pmpc

    def run(self, statement: str) -> None:
        """Carry a statement out past pmpc."""
        with self.server.connect(self.name, "team") as connection:
            connection.execute(statement.encode())


@pytest.fixture
def team(
    postgresql: PostgreSql, tmp_path: Path, made_workspace: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> Team:
    monkeypatch.delenv("PGPASSWORD", raising=False)
    return Team(postgresql, postgresql.create(), tmp_path, made_workspace("homelab"))


def failed(outcome: Outcome, status: int, code: str) -> str:
    """Check how a command with -o json failed, and return its message and hint."""
    assert (outcome.status, outcome.error["code"], outcome.stdout) == (status, code, ""), outcome
    assert PASSWORD not in outcome.stderr
    return f"{outcome.error['message']} {outcome.error['hint']}"


@pytest.mark.capability("6.4", "6.5")
def test_two_workspaces_share_what_was_recorded_and_what_was_done(team: Team) -> None:
    alice, bob = team.member("alice"), team.member("bob")
    assert bob.ok("sync", "status")["exists"] is False
    assert bob.ok("status")["database"]["exists"] is False
    assert failed(bob("vm", "list", "--offline", "-o", "json"), 3, "not_recorded")
    assert alice.ok("sync", "pull")["run"] == 1
    assert _vmids(bob, "--offline") == _vmids(alice)
    assert bob.ok("vm", "show", "101", "--offline")["name"] == "web"
    page = bob.ok("sync", "status")
    assert page["database"] == team.server.url(team.name) and page["size"] > 0 and page["guests"] == 15
    assert bob.ok("status")["database"]["last_pull"] == page["last_pull"]
    assert {"database": "ok"}.items() <= {row["check"]: row["status"] for row in bob.ok("doctor")}.items()
    assert [run["run"] for run in bob.ok("sync", "log")] == [1]

    first = alice.ok("vm", "tag", "add", "101", "one", "--yes")["operation"]
    second = bob.ok("vm", "tag", "add", "101", "two", "--yes")["operation"]
    assert [row["operation"] for row in alice.ok("audit", "list")] == [second, first]
    for one in (alice, bob):
        assert one.ok("audit", "verify")["ok"] is True
    for pressed in (alice("__complete", "vm", "show", "web"), alice("__complete", "vm", "show", "10")):
        assert pressed.status == 0 and pressed.stdout and not pressed.stderr
    assert not (alice.cwd / ".proxmox" / "state.db").exists()


@pytest.mark.capability("9.4")
def test_each_workspace_has_a_head_in_the_one_chain(team: Team) -> None:
    alice, bob = team.member("alice"), team.member("bob")
    alice.ok("vm", "tag", "add", "101", "one", "--yes")
    (head,) = (alice.cwd / ".proxmox").glob("audit-*.head")
    assert not list((bob.cwd / ".proxmox").glob("audit*.head"))
    assert bob.ok("audit", "verify")["ok"] is True, "who has not written yet has no head, and gets one by checking"
    bob.ok("vm", "tag", "add", "101", "two", "--yes")
    behind = head.read_text()
    assert alice.ok("audit", "verify")["ok"] is True and head.read_text() != behind
    head.write_text(behind)
    # Somebody rewrites what Alice did; her own head was behind, and is not carried on over a chain that it is not in.
    team.run("UPDATE journal SET hash = 'x' WHERE seq = (SELECT max(seq) FROM journal WHERE operation = 1)")
    bob.ok("vm", "tag", "add", "101", "three", "--yes")
    alice.ok("vm", "tag", "add", "101", "four", "--yes")
    assert head.read_text() == behind
    said = alice("audit", "verify", "-o", "json")
    assert said.status == 3 and "audit.head has another hash" in str(said.error["details"])
    team.run("DELETE FROM journal WHERE seq > 2")
    said = bob("audit", "verify", "-o", "json")
    assert said.status == 3 and "says audit.head" in str(said.error["details"])


@pytest.mark.capability("7.1", "9.4", "9.6")
def test_a_database_that_cannot_be_used_says_why_and_never_shows_the_password(team: Team) -> None:
    alice = team.member("alice")
    wrong = alice("sync", "log", "-o", "json", "-vv", env={"TEAM_SECRET": "n0t-this-one"})
    assert "state.password" in failed(wrong, 4, "authentication") and "n0t-this-one" not in wrong.stderr
    assert failed(alice("sync", "log", "-o", "json", env={"TEAM_SECRET": ""}), 3, "secret")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nowhere = team.member("nowhere", f"postgresql://team@127.0.0.1:{closed.getsockname()[1]}/x")
        assert "cannot be reached" in failed(nowhere("sync", "pull", "-o", "json"), 7, "unreachable")
        assert failed(nowhere("vm", "tag", "add", "101", "x", "--yes", "-o", "json"), 7, "unreachable")
        assert nowhere("__complete", "vm", "show", "1") == Outcome(0, "", ""), "no answer, and no word about it"
        assert nowhere.ok("status")["database"]["error"]
        frozen = nowhere("safety", "freeze", "-o", "json")
        assert frozen.status == 0 and frozen.json["frozen"] is True, "the brake works without the database"
    missing = team.member("missing", team.server.url("no_such_database"))
    assert "createdb" in failed(missing("sync", "log", "-o", "json"), 3, "state")
    stranger = team.member("stranger", team.server.url(team.name, "mallory"))
    assert failed(stranger("sync", "log", "-o", "json"), 4, "authentication")
    clear = team.member("clear", f"{team.server.url(team.name)}?sslmode=require")
    assert "sslmode" in failed(clear("sync", "log", "-o", "json"), 7, "tls")
    nonsense = team.member("nonsense", f"{team.server.url(team.name)}?nonsense=1")
    assert "nonsense" in failed(nonsense("sync", "log", "-o", "json"), 3, "config")
    given = alice("workspace", "config", "set", "state.url", f"postgresql://team:{PASSWORD}@127.0.0.1/x", "-o", "json")
    assert given.status in (2, 3) and "state.password" in given.stderr and PASSWORD not in given.stderr


@pytest.mark.capability("10.2")
def test_without_the_driver_it_is_named(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    alice = team.member("alice")
    monkeypatch.setitem(sys.modules, "psycopg", None)
    for argv in (("sync", "pull"), ("vm", "list", "--offline"), ("sync", "status")):
        said = failed(alice(*argv, "-o", "json"), 3, "state")
        assert "pip install 'proxmox-mpc[postgresql]'" in said


@pytest.mark.capability("3.7")
def test_a_database_of_a_newer_release_or_another_cluster_is_refused(
    team: Team, made_workspace: Callable[[str], Path]
) -> None:
    alice = team.member("alice")
    alice.ok("sync", "pull")
    other = Team(team.server, team.name, team._root / "elsewhere", made_workspace("datacenter:1:3:7"))
    carol = other.member("carol")
    for argv in (("sync", "pull"), ("vm", "list", "--offline"), ("vm", "tag", "add", "100", "x", "--yes")):
        assert "another cluster" in failed(carol(*argv, "-o", "json"), 3, "wrong_cluster")
    assert carol("__complete", "vm", "show", "1") == Outcome(0, "", "")
    team.run("UPDATE alembic_version SET version_num = '9999'")
    for argv in (("sync", "pull"), ("vm", "list", "--offline")):
        assert "install the same" in failed(alice(*argv, "-o", "json"), 3, "state_newer")
    team.run("DELETE FROM alembic_version")
    unbound = team.member("unbound")
    unbound.ok("workspace", "config", "unset", "cluster.identity")
    assert "workspace init" in failed(unbound("sync", "log", "-o", "json"), 3, "config")


@pytest.mark.capability("7.7")
def test_two_pulls_at_once_and_two_writes_on_one_guest_name_who_is_first(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxmox_mpc.safety.lane._TURNS", ())
    alice = team.member("alice")
    alice.ok("sync", "pull")
    server = team.server.server(team.name, _identity(alice))
    with StateStore.open(server) as bobs:
        with bobs.sync_lock(0):
            assert caller() in failed(alice("sync", "pull", "-o", "json"), 6, "conflict")
        journal = Journal(bobs, alice.cwd, lambda: 1_795_000_000.0)
        assert journal.reserve(101) is None
        refused = alice("vm", "tag", "add", "101", "x", "--yes", "-o", "json")
        assert caller() in failed(refused, 6, "locked")
        alice.ok("vm", "tag", "add", "102", "x", "--yes")
        running = journal.begin({"action": "test"})
        assert alice("audit", "list").stderr == "", "it runs elsewhere, and is nobody else's to look up"
        bobs.close()
        assert f"operation {running}" in alice("audit", "list").stderr
    alice.ok("vm", "tag", "add", "101", "x", "--yes")


@pytest.mark.capability("3.5", "7.7")
def test_of_two_checkouts_neither_reverts_the_other(
    postgresql: PostgreSql, tmp_path: Path, serve: Callable[..., Served], monkeypatch: pytest.MonkeyPatch
) -> None:
    served = serve("homelab")
    name = postgresql.create()

    def member(who: str) -> Pmpc:
        place = tmp_path / who
        secrets = {"TEAM_SECRET": PASSWORD, "TOKEN": served.environ["PMPC_TOKEN_SECRET"]}
        outside = Pmpc(tmp_path, secrets)
        given = ("--url", served.environ["PMPC_URL"], "--token-id", served.environ["PMPC_TOKEN_ID"])
        trusted = ("--token-secret-from", "env:TOKEN", "--fingerprint", served.environ["PMPC_FINGERPRINT"])
        outside.ok("workspace", "init", str(place), "--name", who, *given, *trusted)
        made = Pmpc(place, secrets)
        made.ok("workspace", "config", "set", "state.url", postgresql.url(name))
        made.ok("workspace", "config", "set", "state.password", "env:TEAM_SECRET")
        made.ok("sync", "declare", "101")
        return made

    def change(who: Pmpc, key: str, value: str) -> None:
        (file,) = (who.cwd / "infra" / "vm").glob("101*.yml")
        lines = [line for line in file.read_text().splitlines() if not line.startswith(f"{key}:")]
        file.write_text("\n".join([*lines, f"{key}: {value}", ""]))

    def declared(who: Pmpc) -> dict[str, str]:
        (file,) = (who.cwd / "infra" / "vm").glob("101*.yml")
        return dict(line.split(": ", 1) for line in file.read_text().splitlines() if ": " in line)

    def live(key: str) -> Any:
        return alice.ok("vm", "config", "101").get(key)

    alice, bob = member("alice"), member("bob")
    change(alice, "startup", "order=7")
    alice.ok("sync", "run", "--yes")
    assert live("startup") == "order=7"
    bob.ok("sync", "run", "--yes")
    assert live("startup") == "order=7", "that Bob's file says otherwise still is no wish to have it back"
    assert declared(bob)["startup"] == "order=7"
    change(bob, "protection", "1")
    bob.ok("sync", "run", "--yes")
    alice.ok("sync", "run", "--yes")
    assert (live("startup"), live("protection")) == ("order=7", 1)
    assert declared(alice) == declared(bob)
    for one in (alice, bob):
        assert one.ok("sync", "diff") == [] and one.ok("audit", "verify")["ok"] is True


def _vmids(member: Pmpc, *options: str) -> list[int]:
    return [row["vmid"] for row in member.ok("vm", "list", *options)]


def _identity(member: Pmpc) -> Identity:
    return Identity.of_data(member.ok("workspace", "config", "get", "cluster.identity"))


@pytest.mark.capability("7.7")
def test_locks_that_a_broken_connection_lost_are_taken_again_or_their_loss_is_told(team: Team) -> None:
    place = team.server.server(team.name)
    with StateStore.open(place) as mine, StateStore.open(place) as other:
        cut = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
        assert mine.locks.take(SYNC, 0) is None
        with team.server.connect() as connection:
            connection.execute(cut)
        assert not other.locks.is_taken(SYNC)
        mine.locks.keep()
        assert other.locks.is_taken(SYNC)
        other.locks.close()
        with team.server.connect() as connection:
            connection.execute(cut)
        assert other.locks.take(SYNC, 0) is None
        with pytest.raises(StateError, match="has taken over"):
            mine.locks.keep()


def test_what_answers_too_late_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("proxmox_mpc.state.light_server.PATIENCE", 0.01)
    asked, done = threading.Event(), threading.Event()

    def slow() -> list[str]:
        asked.set()
        done.wait(60)
        return ["late"]

    none: list[str] = []
    assert at_once(slow, none) == none
    assert asked.wait(60)
    done.set()
    monkeypatch.setattr("proxmox_mpc.state.light_server.PATIENCE", 60)
    assert at_once(lambda: ["in time"], none) == ["in time"]


@pytest.mark.postgresql
def test_every_text_is_compared_byte_by_byte(database: Database) -> None:
    if database.shared:
        odd = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public' AND "
        odd += "table_name <> 'alembic_version' AND data_type IN ('character varying', 'text') AND "
        assert database.rows(f"{odd} collation_name IS DISTINCT FROM 'C'") == []
    database.run("INSERT INTO state_meta VALUES ('b', ''), ('B', ''), ('a/b', ''), ('a!', ''), ('ä', '')")
    assert [name for (name,) in database.rows("SELECT name FROM state_meta ORDER BY name")] == [
        *("B", "a!", "a/b", "b", "ä")
    ]
