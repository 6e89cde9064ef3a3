"""Many at once, what protects a guest, and names that nobody should have."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from proxmox_mpc.simulator.http import Request
from tests.conftest import Pmpc
from tests.matrix.bench import Bench, open_bench

NASTY = [
    'it\'s "quoted" and 100 % `$(real)`',
    "two\nlines\tand a tab",
    "../../etc/passwd",
    "\x1b[31mred\x1b[0m \x07",
    "Zoë 🚀 名前",
    "a=b&c=d;e+f,g",
    "x" * 8000,
]


@pytest.fixture
def bench(lab: Pmpc, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Return a bench on a homelab of its own."""
    return open_bench(lab, monkeypatch)


def started(cwd: Path, *words: str) -> subprocess.Popen[str]:
    argv = [sys.executable, "-m", "proxmox_mpc", *words, "-o", "json"]
    pipe = subprocess.PIPE
    return subprocess.Popen(argv, cwd=cwd, env=dict(os.environ), stdout=pipe, stderr=pipe, text=True)


@pytest.mark.capability("4.3", "9.7")
def test_of_two_that_change_one_guest_one_wins(bench: Bench) -> None:
    def other(request: Request) -> Request:
        # Somebody at the web interface: a second pmpc of this workspace would wait for its turn.
        bench.before_write = None
        bench.world.guests[103].config["description"] = "the other one"
        return replace(request)

    bench.before_write = other
    lost = bench("vm", "set", 103, "--cores", 2, "--description", "this one", "--yes")
    assert (lost.status, lost.stdout) == (6, ""), lost
    config = bench.ok("vm", "config", 103)
    assert (config["description"].strip(), config["cores"]) == ("the other one", 4)
    assert [row["status"] for row in bench.ok("audit", "list")] == ["failed"]
    assert bench.ok("audit", "verify")["ok"] is True


@pytest.mark.capability("4.3", "9.7")
def test_two_processes_change_one_guest_and_nothing_is_half_done(lab: Pmpc) -> None:
    words = ("vm", "set", "103", "--yes", "--cores")
    both = [started(lab.cwd, *words, cores, "--description", f"cores {cores}") for cores in ("2", "3")]
    ended = {one.wait(timeout=60): one.communicate() for one in both}
    assert 0 in ended, ended
    for status in ended:
        # Where both were planned on the same state, Proxmox VE finds the difference in the second one's task.
        assert status in (0, 6), ended
    config = lab.ok("vm", "config", 103)
    assert config["description"].strip() == f"cores {config['cores']}"
    assert lab.ok("audit", "verify")["ok"] is True


@pytest.mark.capability("2.5", "4.3")
def test_twenty_creates_at_once_get_twenty_ids(lab: Pmpc) -> None:
    def create(number: int) -> int:
        process = started(lab.cwd, "vm", "create", f"new{number}", "--on-node", "pve1", "--nic", "vmbr0", "--yes")
        out, err = process.communicate(timeout=240)
        assert process.returncode == 0, err
        vmid: int = json.loads(out)["id"]
        return vmid

    with ThreadPoolExecutor(6) as pool:
        ids = list(pool.map(create, range(20)))
    assert len(set(ids)) == 20
    found = {row["vmid"] for row in lab.ok("vm", "list", "--name", "new*")}
    assert found == set(ids)


@pytest.mark.capability("4.2", "9.9")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("vm", "delete", "102", "--yes", "--confirm", "db"), "protected"),
        (("vm", "disk", "remove", "102", "scsi1", "--yes", "--confirm", "db"), "protected"),
        (("vm", "delete", "103", "--yes", "--confirm", "win11"), "backup"),
    ],
)
def test_what_is_protected_or_has_no_backup_stays(words: tuple[str, ...], said: str, bench: Bench) -> None:
    assert bench("vm", "stop", 102, "--yes").status == 0
    bench.sent.clear()
    before = bench.state()
    outcome = bench(*words)
    assert (outcome.status, outcome.stdout) == (9, ""), outcome
    assert said in outcome.error["message"]
    assert bench.sent == []
    assert bench.state() == before


@pytest.mark.capability("4.2")
@pytest.mark.parametrize("by", ["103", "win*", "tag:windows"])
def test_what_the_workspace_protects_needs_its_name(by: str, bench: Bench) -> None:
    bench.ok("workspace", "config", "set", "safety.protected", json.dumps([by]))
    outcome = bench("vm", "start", 103, "--yes")
    assert (outcome.status, bench.sent) == (9, []), outcome
    assert bench("vm", "start", 103, "--yes", "--confirm", "win11").status == 0


@pytest.mark.capability("2.3", "9.1")
@pytest.mark.parametrize("text", NASTY, ids=range(len(NASTY)))
def test_a_description_of_any_kind_is_sent_as_it_is_and_shown_harmless(text: str, bench: Bench) -> None:
    assert bench("vm", "set", 103, "--description", text, "--yes").status == 0
    (sent,) = bench.sent
    assert sent.form["description"] == text
    assert bench.ok("vm", "config", 103)["description"].rstrip("\n") == text.rstrip("\n")
    for words in (
        ("vm", "show", "103"),
        ("vm", "set", "103", "--delete", "description", "--dry-run"),
        ("audit", "list"),
    ):
        shown = bench.pmpc(*words)
        assert all(char.isprintable() or char == "\n" for char in shown.stdout + shown.stderr), words
    dry = bench.pmpc("vm", "set", 107, "--description", text, "--dry-run")
    assert all(char.isprintable() or char == "\n" for char in dry.stdout + dry.stderr)


@pytest.mark.capability("9.3")
@pytest.mark.parametrize("name", ["../x", "a b", "x\ny", "ü", "-x", "a" * 300, "x;y"])
def test_a_name_or_tag_that_cannot_be_is_refused_before_anything_is_sent(name: str, bench: Bench) -> None:
    for verb, rest in ((("vm", "set"), (f"--name={name}", "103")), (("vm", "snapshot", "create"), ("--", "103", name))):
        outcome = bench.pmpc(*verb, "--yes", "--output=json", *rest)
        assert (outcome.status, outcome.stdout) == (2, ""), outcome
    assert bench.sent == []
