"""sync run --every, --notify and --metrics: a foreground process for systemd or a container, one turn for cron."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from proxmox_mpc.services.sync_metrics import Figures, metrics_text
from proxmox_mpc.workspace.turn import turn
from tests.cli.sync_lab import SyncLab
from tests.conftest import Outcome, Pmpc

Between = Callable[[int], None]


class Enough(BaseException):
    """What ends a loop that has no end."""


def watch(sync: SyncLab, monkeypatch: pytest.MonkeyPatch, turns: int, between: Between, *argv: str) -> list[float]:
    """Run ``sync run --every``; ``between`` is called with the number of each turn that ended. Returns the pauses."""
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == turns:
            raise Enough
        between(len(pauses))
        sync.bench.clock.sleep(seconds)

    clock = sync.bench.clock
    now = SimpleNamespace(time=clock.now, monotonic=clock.now, sleep=sleep)
    monkeypatch.setattr("proxmox_mpc.cli.context.time", now)
    with pytest.raises(Enough):
        sync("run", "--every", "5m", "--yes", *argv)
    return pauses


def figures(path: Path) -> dict[str, float]:
    lines = [line.split() for line in path.read_text().splitlines() if not line.startswith("#")]
    return {name.removeprefix("pmpc_sync_"): float(value) for name, value in lines}


def listener(sync: SyncLab) -> tuple[str, Path]:
    """Return a command that keeps what it is told, and where."""
    heard = sync.bench.pmpc.cwd / "heard.jsonl"
    script = sync.bench.pmpc.cwd / "listen.py"
    script.write_text(
        "import os, sys\n"
        f"with open({str(heard)!r}, 'a') as file:\n"
        "    file.write(os.environ['PMPC_DIFFERENCES'] + ' ' + sys.stdin.read().strip() + chr(10))\n"
    )
    return f"{sys.executable} {script}", heard


def told(heard: Path) -> list[tuple[int, list[tuple[str, object]]]]:
    found = []
    for line in heard.read_text().splitlines() if heard.exists() else []:
        count, _, rows = line.partition(" ")
        found.append((int(count), [(row["action"], row["id"]) for row in json.loads(rows)]))
    return found


@pytest.mark.capability("3.5", "9.9")
def test_it_goes_on_through_errors_and_recovers(sync: SyncLab, monkeypatch: pytest.MonkeyPatch) -> None:
    command, heard = listener(sync)
    metrics = sync.bench.pmpc.cwd / "pmpc.prom"
    seen: list[dict[str, float]] = []

    def between(number: int) -> None:
        seen.append(figures(metrics))
        if number == 1:
            sync.live(101, memory="3000")
        elif number == 2:
            sync.bench.faults({"kind": "drop", "times": 0})
        elif number == 3:
            sync.bench.faults()
            sync.edit(104, tags="late")

    pauses = watch(sync, monkeypatch, 5, between, "--notify", command, "--metrics", "pmpc.prom")
    seen.append(figures(metrics))
    assert pauses == [300.0] * 5
    assert "memory: 3000" in sync.file(101).read_text() and sync.now(104)["tags"] == "late"
    assert [one["status"] for one in seen] == [0, 0, 7, 0, 0]
    assert [one["differences"] for one in seen] == [0, 1, 0, 1, 0]
    assert [one["failures_total"] for one in seen] == [0, 0, 1, 1, 1]
    assert [one["turns_total"] for one in seen] == [1, 2, 3, 4, 5]
    assert seen[2]["last_success_timestamp_seconds"] == seen[1]["last_success_timestamp_seconds"]
    assert seen[3]["last_success_timestamp_seconds"] == seen[3]["last_end_timestamp_seconds"]
    assert told(heard) == [(1, [("pull", 101)]), (1, [("push", 104)])]


@pytest.mark.capability("3.5", "9.9")
def test_a_conflict_is_told_once(sync: SyncLab, monkeypatch: pytest.MonkeyPatch) -> None:
    command, heard = listener(sync)
    sync.live(101, memory="3000")
    sync.edit(101, memory=5000)
    watch(sync, monkeypatch, 3, lambda _: None, "--notify", command, "--metrics", "pmpc.prom")
    assert told(heard) == [(1, [("conflict", "101")])]
    found = figures(sync.bench.pmpc.cwd / "pmpc.prom")
    assert (found["status"], found["conflicts"], found["differences"], found["failures_total"]) == (6, 1, 1, 3)


@pytest.mark.capability("3.5")
def test_one_turn_for_cron_notes_and_tells_as_well(sync: SyncLab) -> None:
    command, heard = listener(sync)
    sync.live(101, memory="3000")
    assert sync.run("--notify", command, "--metrics", "one.prom").status == 0
    assert told(heard) == [(1, [("pull", 101)])]
    metrics = sync.bench.pmpc.cwd / "one.prom"
    assert figures(metrics)["turns_total"] == 1
    assert metrics.stat().st_mode & 0o777 == 0o644
    failing = sync.run("--notify", "false")
    assert failing.status == 0 and failing.stderr == ""


@pytest.mark.capability("3.5")
def test_a_command_that_fails_is_a_warning(sync: SyncLab) -> None:
    for number, command in enumerate(("false", "/nowhere/at-all")):
        sync.live(101, memory=str(3000 + number))
        outcome = sync.run("--notify", command)
        assert outcome.status == 0, outcome
        assert [event["warning"]["code"] for event in outcome.events] == ["notify"]


@pytest.mark.capability("9.9", "3.5")
def test_to_only_watch_changes_nothing(sync: SyncLab) -> None:
    command, heard = listener(sync)
    sync.edit(104, tags="new")
    sync.live(101, memory="3000")
    before = sync.files()
    assert sync("run", "--dry-run", "--notify", command).status == 0
    assert (sync.files(), sync.sent) == (before, [])
    assert [sorted(rows, key=str) for _, rows in told(heard)] == [[("pull", 101), ("push", 104)]]


@pytest.mark.capability("7.4")
@pytest.mark.parametrize(
    "words",
    [
        ("--every", "1s", "--yes"),
        ("--every", "often", "--yes"),
        ("--every", "5m"),
        ("--notify", "", "--yes"),
        ("--notify", "'unclosed", "--yes"),
    ],
)
def test_what_cannot_go_on_is_refused(words: tuple[str, ...], sync: SyncLab) -> None:
    outcome = sync("run", *words)
    assert (outcome.status, outcome.stdout) == (2, ""), outcome


@pytest.mark.capability("7.7")
def test_turns_wait_for_another_process(sync: SyncLab, monkeypatch: pytest.MonkeyPatch) -> None:
    with turn(sync.bench.pmpc.cwd / ".proxmox" / "run.sync", "sync run", 0.0):
        watch(sync, monkeypatch, 1, lambda _: None, "--metrics", "pmpc.prom")
    assert figures(sync.bench.pmpc.cwd / "pmpc.prom")["status"] == 6


@pytest.mark.capability("3.5", "9.9")
def test_a_terminated_process_ends_with_143(lab: Pmpc) -> None:
    words = [
        sys.executable,
        "-m",
        "proxmox_mpc",
        "sync",
        "run",
        "--every",
        "1h",
        "--yes",
        "--metrics",
        "m.prom",
        "-o",
        "json",
    ]
    process = subprocess.Popen(words, cwd=lab.cwd, env=dict(os.environ), stdout=subprocess.PIPE, text=True)
    patience = time.monotonic() + 60
    while not (lab.cwd / "m.prom").exists() and process.poll() is None:
        assert time.monotonic() < patience
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=30)
    assert Outcome(process.returncode, out, "").status == 143
    assert [json.loads(line) for line in out.splitlines()] in ([], [[]])


@pytest.mark.capability("3.5")
def test_the_figures_are_written_as_prometheus_reads_them() -> None:
    text = metrics_text(Figures().after(ended=1795375657.25, seconds=1.5, status=6, differences=3, conflicts=1))
    assert text == (
        "# HELP pmpc_sync_turns_total Turns since the process began.\n"
        "# TYPE pmpc_sync_turns_total counter\n"
        "pmpc_sync_turns_total 1\n"
        "# HELP pmpc_sync_failures_total Turns that did not end with 0.\n"
        "# TYPE pmpc_sync_failures_total counter\n"
        "pmpc_sync_failures_total 1\n"
        "# HELP pmpc_sync_last_end_timestamp_seconds When the last turn ended.\n"
        "# TYPE pmpc_sync_last_end_timestamp_seconds gauge\n"
        "pmpc_sync_last_end_timestamp_seconds 1795375657.25\n"
        "# HELP pmpc_sync_last_success_timestamp_seconds When one ended with 0.\n"
        "# TYPE pmpc_sync_last_success_timestamp_seconds gauge\n"
        "pmpc_sync_last_success_timestamp_seconds 0.0\n"
        "# HELP pmpc_sync_duration_seconds How long the last turn took.\n"
        "# TYPE pmpc_sync_duration_seconds gauge\n"
        "pmpc_sync_duration_seconds 1.5\n"
        "# HELP pmpc_sync_status The exit status of the last turn.\n"
        "# TYPE pmpc_sync_status gauge\n"
        "pmpc_sync_status 6\n"
        "# HELP pmpc_sync_differences Differences that the last turn found.\n"
        "# TYPE pmpc_sync_differences gauge\n"
        "pmpc_sync_differences 3\n"
        "# HELP pmpc_sync_conflicts Conflicts that the last turn left alone.\n"
        "# TYPE pmpc_sync_conflicts gauge\n"
        "pmpc_sync_conflicts 1\n"
    )
