"""The command line frame: options, formats, errors and exit statuses, seen from outside."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.conftest import Pmpc

PMPC = [sys.executable, "-m", "proxmox_mpc"]


@pytest.mark.capability("10.1")
def test_pmpc_alone_prints_its_help(pmpc: Pmpc) -> None:
    outcome = pmpc()
    assert (outcome.status, outcome.stderr) == (0, "")
    assert outcome.stdout.startswith("Usage: pmpc ")


@pytest.mark.parametrize("argv", [("--version",), ("-V",)])
def test_version(argv: tuple[str, ...], pmpc: Pmpc) -> None:
    from proxmox_mpc._version import __version__

    assert pmpc(*argv).stdout == f"pmpc {__version__}\n"
    assert pmpc.process(*argv).stdout == f"pmpc {__version__}\n"


@pytest.mark.capability("10.2", "7.4")
def test_an_unknown_command_names_the_nearest(pmpc: Pmpc) -> None:
    outcome = pmpc("vn", "list")
    assert (outcome.status, outcome.stdout) == (2, "")
    assert outcome.stderr == "error: pmpc: there is no command 'vn'\nhint: did you mean 'vm'? see: pmpc --help\n"


@pytest.mark.parametrize(
    "argv", [("-o", "json", "vn"), ("vn", "-o", "json"), ("vn", "--output=json"), ("vn", "-ojson")]
)
def test_an_error_of_parsing_has_the_form_that_was_asked_for(argv: tuple[str, ...], pmpc: Pmpc) -> None:
    outcome = pmpc(*argv)
    assert (outcome.status, outcome.stdout) == (2, "")
    assert outcome.error["code"] == "usage"


def test_the_environment_asks_for_the_form_too(pmpc: Pmpc) -> None:
    assert pmpc("vn", env={"PMPC_OUTPUT": "json"}).error["code"] == "usage"
    assert pmpc("schema", "schema", env={"PMPC_OUTPUT": "xml"}).status == 3


@pytest.mark.capability("7.4")
@pytest.mark.parametrize(
    "argv",
    [
        ("schema", "schema", "-o", "xml"),
        ("schema", "schema", "--color", "sometimes"),
        ("schema", "schema", "--request-timeout", "-1"),
        ("schema", "schema", "--request-timeout", "soon"),
        ("schema", "schema", "--query", "[?"),
        ("schema", "vm"),
        ("completion", "tcsh"),
        ("completion",),
        ("completion", "bash", "extra"),
    ],
)
def test_a_value_that_cannot_be_used_is_a_usage_error(argv: tuple[str, ...], pmpc: Pmpc) -> None:
    outcome = pmpc(*argv)
    assert (outcome.status, outcome.stdout) == (2, "")
    assert outcome.stderr.startswith("error: ")
    assert "\nhint: " in outcome.stderr


@pytest.mark.capability("10.2")
def test_something_that_does_not_exist_is_not_found(pmpc: Pmpc) -> None:
    outcome = pmpc("help", "vm", "fly", "-o", "json")
    assert (outcome.status, outcome.error["code"]) == (5, "not_found")


@pytest.mark.capability("2.3")
def test_options_stand_before_or_after_the_verb_and_the_inner_one_wins(pmpc: Pmpc) -> None:
    for argv in (
        ("-o", "json", "schema", "vm", "list"),
        ("schema", "vm", "list", "-o", "json"),
        ("-o", "yaml", "schema", "-o", "json", "vm", "list"),
    ):
        assert json.loads(pmpc(*argv).stdout)["title"] == "pmpc vm list"
    assert yaml.safe_load(pmpc("-o", "json", "schema", "vm", "list", "-o", "yaml").stdout)["title"] == "pmpc vm list"


def test_query_picks_from_the_output(pmpc: Pmpc) -> None:
    assert pmpc("schema", "vm", "list", "--query", "title").stdout == "pmpc vm list\n"
    assert pmpc("schema", "vm", "list", "--query", "title", "-o", "json").stdout == '"pmpc vm list"\n'


def test_the_log_has_a_line_an_event_with_the_id_of_the_run(pmpc: Pmpc, tmp_path: Path) -> None:
    assert pmpc("help", "fly", "--log-file", "run.log").status == 5
    events = [json.loads(line) for line in (tmp_path / "run.log").read_text().splitlines()]
    assert [event["event"] for event in events] == ["start", "error"]
    assert events[1]["code"] == "not_found"
    assert len({event["run"] for event in events}) == 1
    assert (tmp_path / "run.log").stat().st_mode & 0o777 == 0o600


def test_a_log_that_cannot_be_written_is_an_error(pmpc: Pmpc) -> None:
    outcome = pmpc("help", "fly", "--log-file", "no/such/dir/run.log")
    assert outcome.status == 3
    assert "--log-file" in outcome.stderr


@pytest.mark.parametrize("argv", [("schema", "vm", "list"), ("--help",), ("vm", "list", "--help")])
def test_a_reader_that_goes_away_is_no_error(argv: tuple[str, ...]) -> None:
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {' '.join([*PMPC, *argv])} | true"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_stdout_that_is_full_is_an_error_and_no_traceback() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*PMPC, "schema", "vm", "list"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    assert "No space left on device" in done.stderr


def test_colours_only_on_a_terminal_and_never_with_no_color() -> None:
    def on_terminal(**env: str) -> bytes:
        leader, follower = pty.openpty()
        subprocess.run([*PMPC, "vn"], stderr=follower, check=False, env={**os.environ, "TERM": "xterm", **env})
        os.close(follower)
        return os.read(leader, 4096)

    assert b"\x1b[31m" in on_terminal()
    assert b"\x1b" not in on_terminal(NO_COLOR="1")


@pytest.mark.capability("10.6")
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_there_is_a_completion_script_for_each_shell(shell: str, pmpc: Pmpc) -> None:
    assert "__complete" in pmpc("completion", shell).stdout


@pytest.mark.capability("10.6")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("",), "vm\tVirtual machines"),
        (("vm", "li"), "list\tList the virtual machines of the cluster"),
        (("vm", "list", "--col"), "--columns\tonly these keys, in this order"),
        (("--outp",), "--output\ttable, json or yaml [PMPC_OUTPUT]"),
    ],
)
def test_completion_answers_with_names_and_help(words: tuple[str, ...], expected: str, pmpc: Pmpc) -> None:
    outcome = pmpc.process("__complete", *words)
    assert (outcome.status, outcome.stderr) == (0, "")
    assert expected in outcome.stdout.splitlines()


def test_completion_never_shows_an_error(pmpc: Pmpc) -> None:
    outcome = pmpc.process("__complete", "no", "such", "thing", "")
    assert (outcome.status, outcome.stderr) == (0, "")


@pytest.mark.capability("10.6")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("vm li", "list"),
        ("vm list --output = t", "table"),
        ("vm list --sort me", "memory memory_used"),
        ("-w la", "lab"),
        ("schema vm agent in", "info"),
        ("workspace config set defaults.n", "defaults.node"),
        # bash splits at colons: only what stands after the last one is wanted.
        ("task log UPID : pve1 : 0", ""),
        ("vm show web", "web"),
    ],
)
def test_bash_completes_through_the_script(words: str, expected: str, lab: Pmpc, tmp_path: Path) -> None:
    program = tmp_path / "bin" / "pmpc"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {" ".join(PMPC)} "$@"\n')
    program.chmod(0o755)
    script = tmp_path / "completion.bash"
    script.write_text(lab("completion", "bash").stdout)
    ask = f". {script}; COMP_WORDS=(pmpc {words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))"
    ask += '; _pmpc; printf "%s\\n" "${COMPREPLY[@]}"'
    done = subprocess.run(
        ["bash", "-c", ask],
        capture_output=True,
        text=True,
        check=True,
        cwd=lab.cwd,
        env={**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}"},
    )
    found = done.stdout.split()
    assert found == expected.split() or (not expected and found and all(one[0].isalnum() for one in found))


def test_a_bug_is_reported_as_one_and_shows_its_place_only_when_asked(
    pmpc: Pmpc, monkeypatch: pytest.MonkeyPatch
) -> None:
    from proxmox_mpc.cli import context

    def broken(*args: object) -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(context, "render", broken)
    quiet, verbose = pmpc("schema", "schema"), pmpc("schema", "schema", "-v")
    assert (quiet.status, quiet.stdout) == (1, "")
    assert quiet.stderr.startswith("error: this is a bug in pmpc: ZeroDivisionError: oops\nhint: ")
    assert "Traceback" not in quiet.stderr
    assert "Traceback" in verbose.stderr


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "2>/dev/full"])
def test_a_stream_that_is_closed_or_full_is_no_bug(closed: str) -> None:
    program = f"{sys.executable} -m proxmox_mpc schema no-such-command {closed}"
    done = subprocess.run(["bash", "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (5, "")
    assert "bug" not in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize(("where", "status"), [("| true", 0), ("> /dev/full", 3), (">&-", 0)])
def test_the_version_too_copes_with_a_reader_that_is_not_there(where: str, status: int) -> None:
    program = f"set -o pipefail; {sys.executable} -m proxmox_mpc --version {where}"
    done = subprocess.run(["bash", "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == status
    assert "Traceback" not in done.stderr
