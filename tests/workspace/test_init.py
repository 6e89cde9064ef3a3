"""workspace init: a ready workspace, or nothing at all."""

from __future__ import annotations

import io
import json
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from proxmox_mpc.cli.main import run
from proxmox_mpc.output.streams import Streams
from proxmox_mpc.simulator import open_world, serve
from proxmox_mpc.simulator.server import Server
from tests.conftest import Outcome, Pmpc

SIM = ("--url", "sim://homelab", "--no-input")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """The homelab behind a real TLS door."""
    running = serve(open_world("homelab"))
    yield running
    running.shutdown()


def real(server: Server, *more: str) -> tuple[str, ...]:
    """Options for a real server."""
    return (
        "--url", server.url, "--token-id", server.token_id, "--token-secret-from", "env:LAB", "--no-input", *more
    )  # fmt: skip


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Outcome]:
    """Run pmpc on a terminal on which the given lines are typed; secrets are typed unseen."""

    def at_terminal(*argv: str, lines: list[str], secrets: list[str] | None = None) -> Outcome:
        unseen = iter(secrets or [])
        monkeypatch.setattr("getpass.getpass", lambda _question, stream=None: next(unseen))
        stdout, stderr = io.StringIO(), Terminal()
        stdin = Terminal("".join(f"{line}\n" for line in lines))
        status = run(list(argv), environ=dict(os.environ), cwd=tmp_path, streams=Streams(stdin, stdout, stderr))
        return Outcome(status, stdout.getvalue(), stderr.getvalue())

    return at_terminal


@pytest.mark.capability("6.1", "6.2", "6.4", "1.1")
def test_one_command_makes_a_ready_workspace(pmpc: Pmpc) -> None:
    made = pmpc.ok("workspace", "init", "lab", "--name", "lab", *SIM)
    assert made["name"] == "lab"
    assert made["nodes"] == ["pve1", "pve2", "pve3"]
    assert made["missing"] == []
    here = Pmpc(pmpc.cwd / "lab", {})
    assert len(here.ok("vm", "list")) == 11
    assert {row["status"] for row in here.ok("workspace", "check")} == {"ok"}


@pytest.mark.capability("9.5", "9.4", "6.2")
def test_nobody_else_may_look_into_it(pmpc: Pmpc) -> None:
    pmpc.ok("workspace", "init", "lab", *SIM)
    private = pmpc.cwd / "lab/.proxmox"
    modes = {path.relative_to(private): stat.S_IMODE(path.stat().st_mode) for path in (private, *private.rglob("*"))}
    directories = {path for path in modes if (private / path).is_dir()}
    assert {str(path) for path in directories} == {".", "backups", "cache", "sim"}
    assert {modes[path] for path in directories} == {0o700}
    assert {mode for path, mode in modes.items() if path not in directories} == {0o600}


@pytest.mark.capability("6.2", "9.6")
def test_version_control_takes_the_configuration_and_nothing_else(pmpc: Pmpc) -> None:
    import subprocess

    lab = pmpc.cwd / "lab"
    lab.mkdir()
    (lab / ".gitignore").write_text("*.pyc")
    pmpc.ok("workspace", "init", "lab", *SIM)
    for name in ("terraform.tfstate", "terraform.tfstate.backup", "x.tfplan", "my.secret", ".env"):
        (lab / name).write_text("x")
    subprocess.run(["git", "init", "-q"], cwd=lab, check=True)
    listed = subprocess.run(["git", "ls-files", "-o", "--exclude-standard"], cwd=lab, capture_output=True, text=True,
                            check=True)  # fmt: skip
    assert set(listed.stdout.split()) == {".gitignore", ".proxmox/config.yml"}
    assert (lab / ".gitignore").read_text().startswith("*.pyc\n")


@pytest.mark.capability("6.1", "4.1", "4.10", "9.2")
def test_a_real_server_with_token_and_pin(pmpc: Pmpc, server: Server) -> None:
    environ = {"LAB": server.token_secret}
    made = pmpc.ok("workspace", "init", "lab", *real(server, "--fingerprint", server.fingerprint), env=environ)
    assert made["fingerprint"] == server.fingerprint
    here = Pmpc(pmpc.cwd / "lab", environ)
    assert len(here.ok("vm", "list")) == 11
    shown = here.ok("workspace", "show")
    assert (shown["credentials"], shown["secret_from"]) == (server.token_id, "env:LAB")
    assert shown["tls"] == f"pinned: {server.fingerprint}"


@pytest.mark.capability("4.10", "9.2")
def test_a_real_server_with_its_authority(pmpc: Pmpc, server: Server) -> None:
    environ = {"LAB": server.token_secret}
    pmpc.ok("workspace", "init", "lab", *real(server, "--ca-file", str(server.ca_file)), env=environ)
    assert len(Pmpc(pmpc.cwd / "lab", environ).ok("vm", "list")) == 11


@pytest.mark.capability("9.2", "4.10", "10.2")
def test_an_unknown_certificate_is_refused_with_the_option_that_pins_it(pmpc: Pmpc, server: Server) -> None:
    outcome = pmpc("workspace", "init", "lab", *real(server), "-o", "json", env={"LAB": server.token_secret})
    assert (outcome.status, outcome.stdout) == (7, "")
    assert outcome.error["details"]["fingerprint"] == server.fingerprint
    assert f"--fingerprint {server.fingerprint}" in outcome.error["hint"]
    assert list(pmpc.cwd.iterdir()) == []


@pytest.mark.capability("6.1", "7.4")
@pytest.mark.parametrize(
    ("argv", "status", "words"),
    [
        (("--url", "sim://nowhere"), 3, "nowhere"),
        (("--url", "http://pve1"), 2, "--url: it is plain http"),
        (("--url", "pve1"), 2, "init needs --token-id"),
        (("--url", "pve1", "--token-id", "root"), 2, "--token-id: it must be USER@REALM!NAME"),
        (("--url", "pve1", "--token-id", "ops@pve!ci"), 2, "init needs --token-secret-from"),
        (("--url", "pve1", "--token-id", "ops@pve!ci", "--token-secret-from", "hidden-one"), 2, "--token-secret-from"),
        (("--url", "pve1", "--token-id", "ops@pve!ci", "--token-secret-from", "env:UNSET", "--insecure"), 3, "UNSET"),
        (("--url", "127.0.0.1:1", "--token-id", "ops@pve!ci", "--token-secret-from", "env:HOME"), 7, "127.0.0.1:1"),
        (("--url", "sim://homelab", "--insecure", "--fingerprint", "AB" * 32), 2, "--insecure"),
        (("--url", "sim://homelab", "--ca-file", "absent.pem"), 3, "absent.pem"),
        (("--url", "sim://homelab", "--name", "a/b"), 2, "no name for a workspace"),
        ((), 2, "init needs --url"),
    ],
)
def test_a_failure_says_why_and_leaves_nothing(pmpc: Pmpc, argv: tuple[str, ...], status: int, words: str) -> None:
    outcome = pmpc("workspace", "init", "deep/lab", *argv, "--no-input", "-o", "json")
    assert outcome.status == status, outcome
    assert outcome.stdout == ""
    assert words in outcome.error["message"]
    assert "hidden-one" not in outcome.stderr
    assert list(pmpc.cwd.iterdir()) == []


@pytest.mark.capability("6.1", "9.1")
def test_a_wrong_token_ends_with_4_and_leaves_what_was_there(pmpc: Pmpc, server: Server) -> None:
    lab = pmpc.cwd / "lab"
    lab.mkdir()
    (lab / "notes").write_text("mine")
    (lab / ".gitignore").write_text("own\n")
    outcome = pmpc(
        "workspace", "init", "lab", *real(server, "--fingerprint", server.fingerprint), env={"LAB": "wrong-secret"}
    )
    assert outcome.status == 4
    assert "wrong-secret" not in outcome.stderr
    assert sorted(path.name for path in lab.iterdir()) == [".gitignore", "notes"]
    assert (lab / ".gitignore").read_text() == "own\n"


@pytest.mark.capability("6.2")
def test_a_workspace_is_never_made_over_another(pmpc: Pmpc) -> None:
    pmpc.ok("workspace", "init", "lab", *SIM)
    before = (pmpc.cwd / "lab/.proxmox/config.yml").read_bytes()
    outcome = pmpc("workspace", "init", "lab", "--name", "other", *SIM)
    assert outcome.status == 3
    assert "is a workspace already" in outcome.stderr
    assert (pmpc.cwd / "lab/.proxmox/config.yml").read_bytes() == before


def test_one_inside_another_is_made_with_a_warning(pmpc: Pmpc) -> None:
    pmpc.ok("workspace", "init", "lab", *SIM)
    outcome = pmpc("workspace", "init", "lab/inner", *SIM, "-o", "json")
    assert outcome.status == 0
    assert [event["warning"]["code"] for event in outcome.events] == ["nested"]


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_place_that_cannot_be_written_is_said(pmpc: Pmpc) -> None:
    closed = pmpc.cwd / "closed"
    closed.mkdir(mode=0o500)
    outcome = pmpc("workspace", "init", "closed/lab", *SIM)
    assert outcome.status == 3
    assert list(closed.iterdir()) == []


def test_a_place_that_is_a_file_is_said(pmpc: Pmpc) -> None:
    (pmpc.cwd / "file").write_text("")
    outcome = pmpc("workspace", "init", "file/lab", *SIM)
    assert outcome.status == 3
    assert "cannot make a workspace" in outcome.stderr


@pytest.mark.capability("6.6")
def test_the_same_name_twice_gives_the_second_another(pmpc: Pmpc) -> None:
    pmpc.ok("workspace", "init", "one", "--name", "lab", *SIM)
    outcome = pmpc("workspace", "init", "two", "--name", "lab", *SIM, "-o", "json")
    assert outcome.json["name"] == "lab-2"
    assert outcome.events[0]["warning"]["code"] == "renamed"
    assert [(row["name"], row["path"]) for row in pmpc.ok("workspace", "list")] == [
        ("lab", str(pmpc.cwd / "one")),
        ("lab-2", str(pmpc.cwd / "two")),
    ]


@pytest.mark.capability("6.1", "6.5")
def test_pull_fills_the_database_at_once(lab: Pmpc) -> None:
    assert len(lab.ok("vm", "list", "--offline")) == 11


@pytest.mark.capability("9.1", "10.2")
def test_a_token_that_may_not_look_is_told_how_it_may(pmpc: Pmpc, server: Server) -> None:
    world = server.simulator.world
    user = world.users["nobody@pve"]
    token = user.tokens["nothing"]
    outcome = pmpc(
        "workspace", "init", "lab", "--url", server.url, "--token-id", "nobody@pve!nothing", "--token-secret-from",
        "env:LAB", "--fingerprint", server.fingerprint, "--no-input", "-o", "json", env={"LAB": token.secret},
    )  # fmt: skip
    assert outcome.status == 0, outcome
    assert "Sys.Audit on /" in outcome.json["missing"]
    assert outcome.json["grants"] == [
        "pveum acl modify / --users nobody@pve --roles PVEAuditor",
        "pveum acl modify / --tokens 'nobody@pve!nothing' --roles PVEAuditor",
    ]
    warning = next(event["warning"] for event in outcome.events if event["warning"]["code"] == "missing_privileges")
    assert outcome.json["grants"][1] in warning["hint"]


@pytest.mark.capability("9.6", "9.1")
def test_the_secret_is_in_no_output_file_or_trace(pmpc: Pmpc, server: Server) -> None:
    argv = ("workspace", "init", "lab", *real(server, "--fingerprint", server.fingerprint), "--pull", "-vv")
    outcome = pmpc(*argv, "--log-file", "log.jsonl", env={"LAB": server.token_secret})
    assert outcome.status in (0, 11), outcome
    texts = [outcome.stdout, outcome.stderr]
    texts += [path.read_bytes().decode("latin-1") for path in pmpc.cwd.rglob("*") if path.is_file()]
    assert len(texts) > 6
    assert not any(server.token_secret in text for text in texts)


@pytest.mark.capability("6.1", "1.1", "10.3")
def test_the_wizard_asks_for_what_no_option_says(
    typed: Callable[..., Outcome], tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [server.url.removeprefix("https://"), "first", server.token_id, "", "y", "n"]
    secrets = [server.token_secret, "open sesame", "open sesame"]
    outcome = typed("workspace", "init", "lab", lines=lines, secrets=secrets)
    assert outcome.status == 0, outcome
    assert server.fingerprint in outcome.stderr
    assert "pveum user token add" in outcome.stderr
    config = (tmp_path / "lab/.proxmox/config.yml").read_text()
    assert "encrypted: v1:" in config.replace('"', "")
    assert server.token_secret not in config + outcome.stderr + outcome.stdout
    here = Pmpc(tmp_path / "lab", {"PMPC_PASSPHRASE": "open sesame"})
    assert here.ok("workspace", "show")["name"] == "first"
    assert len(here.ok("vm", "list")) == 11


def test_a_certificate_that_is_not_accepted_makes_nothing(
    typed: Callable[..., Outcome], tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAB", server.token_secret)
    argv = [word for word in real(server) if word != "--no-input"]
    outcome = typed("workspace", "init", "lab", *argv, "--name", "x", lines=["n"])
    assert outcome.status == 7
    assert "was not accepted" in outcome.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_end_of_the_input_is_no_traceback(typed: Callable[..., Outcome], tmp_path: Path) -> None:
    outcome = typed("workspace", "init", "lab", lines=[])
    assert outcome.status == 2
    assert "input ended" in outcome.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.capability("6.2")
def test_a_file_in_the_workspace_is_kept_from_version_control(pmpc: Pmpc, server: Server) -> None:
    lab = pmpc.cwd / "lab"
    lab.mkdir()
    (lab / "door").write_text(server.token_secret)
    (lab / "door").chmod(0o600)
    argv = list(real(server, "--fingerprint", server.fingerprint))
    argv[argv.index("env:LAB")] = "file:lab/door"
    pmpc.ok("workspace", "init", "lab", *argv)
    assert "/door\n" in (lab / ".gitignore").read_text()
    assert "token_secret: {file: door}" in (lab / ".proxmox/config.yml").read_text()
    assert len(Pmpc(pmpc.cwd, {}).ok("vm", "list", "--workspace", str(lab))) == 11


def test_a_command_named_at_init_is_trusted_here_and_nowhere_else(pmpc: Pmpc, server: Server) -> None:
    import shutil

    argv = list(real(server, "--fingerprint", server.fingerprint))
    (pmpc.cwd / "door").write_text(server.token_secret)
    argv[argv.index("env:LAB")] = f"command:cat {pmpc.cwd / 'door'}"
    pmpc.ok("workspace", "init", "lab", *argv)
    assert len(Pmpc(pmpc.cwd / "lab", {}).ok("vm", "list")) == 11
    shutil.copytree(pmpc.cwd / "lab", pmpc.cwd / "copy")
    outcome = Pmpc(pmpc.cwd / "copy", {})("vm", "list", "-o", "json")
    assert (outcome.status, outcome.error["code"]) == (3, "untrusted")
    assert json.loads(outcome.stdout or "null") is None


@pytest.mark.capability("4.1", "6.1")
def test_a_user_with_a_password_instead_of_a_token(pmpc: Pmpc, server: Server) -> None:
    environ = {"PW": "homelab-password"}
    pmpc.ok(
        "workspace", "init", "lab", "--url", server.url, "--username", "auditor@pve", "--password-from", "env:PW",
        "--fingerprint", server.fingerprint, "--no-input", env=environ,
    )  # fmt: skip
    here = Pmpc(pmpc.cwd / "lab", environ)
    assert here.ok("workspace", "show")["credentials"] == "auditor@pve"
    assert len(here.ok("vm", "list")) == 11


@pytest.mark.capability("8.1")
def test_a_list_in_a_fresh_workspace_costs_one_request(pmpc: Pmpc) -> None:
    pmpc.ok("workspace", "init", "lab", *SIM)
    outcome = Pmpc(pmpc.cwd / "lab", {})("vm", "list", "-vv")
    assert outcome.stderr.count("GET ") == 1
