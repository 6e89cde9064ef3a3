"""Many guests at once: a thousand of them, some that fail, few file handles, a full disk, stages."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.conftest import Pmpc, Served


class Child(NamedTuple):
    """A process that ended, and the most memory it used, in bytes."""

    status: int
    rows: list[dict[str, Any]]
    stderr: str
    memory: int


def run(served: Served, home: Path, *argv: str, limits: dict[int, int] | None = None) -> Child:
    """Run pmpc as a process of its own, under limits of the system."""

    def limit() -> None:
        for which, most in (limits or {}).items():
            resource.setrlimit(which, (most, most))

    out, err = home / "out", home / "err"
    with out.open("wb") as stdout, err.open("wb") as stderr:
        child = subprocess.Popen(
            [sys.executable, "-m", "proxmox_mpc", *argv, "-o", "json"],
            cwd=home,
            env={**os.environ, **served.environ, "HOME": str(home)},
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            preexec_fn=limit,
        )
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    text = out.read_text()
    per = 1 if sys.platform == "darwin" else 1024
    return Child(child.returncode, json.loads(text) if text else [], err.read_text(), used.ru_maxrss * per)


def quick(serve: Callable[..., Served], world: str, faults: list[dict[str, Any]] | None = None) -> Served:
    """Serve a world whose tasks take no time."""
    served = serve(world, faults=faults)
    served.server.simulator.world.task_speed = 0
    return served


def failing(guest: int, text: str = "scripted", times: int = 1) -> dict[str, Any]:
    """Return the fault that makes the next stop of a guest fail in its task."""
    return {
        "kind": "task-fails", "guest": str(guest), "method": "POST", "path": f"*/{guest}/status/stop", "text": text,
        "times": times,
    }  # fmt: skip


@pytest.mark.capability("2.8", "7.6", "8.3", "8.5", "8.6")
def test_a_thousand_guests_of_which_three_fail(serve: Callable[..., Served], tmp_path: Path) -> None:
    few_handles = {resource.RLIMIT_NOFILE: 64}
    bad = [115, 499, 1001]
    served = quick(serve, "datacenter:20:1000:7", [failing(guest) for guest in bad])
    guests = served.server.simulator.world.guests
    for guest in bad:
        guests[guest].running = True
    running = {vmid for vmid, guest in guests.items() if guest.running}
    some = run(served, tmp_path, "guest", "stop", "100-110", "--yes", limits=few_handles)
    assert some.status == 0

    argv = ("guest", "stop", "--all", "--yes", "--parallel", "64")
    done = run(served, tmp_path, *argv, limits=few_handles)
    rows = {row["id"]: row for row in done.rows}
    assert done.status == 8
    assert {vmid for vmid, row in rows.items() if row["status"] == "failed"} == set(bad)
    assert all(rows[vmid]["status"] == "done" for vmid in running - set(bad) - set(range(100, 111)))
    assert len(rows) == sum(not guest.template for guest in guests.values())
    (error,) = [json.loads(line)["error"] for line in done.stderr.splitlines() if "error" in json.loads(line)]
    assert error["details"]["failed"] == bad
    assert {vmid for vmid, guest in guests.items() if guest.running} == set(bad)
    # Ninety times as many guests must not take much more memory: rows and steps, no answers.
    assert done.memory - some.memory < 48 << 20

    operation = str(error["details"]["operation"])
    again = run(served, tmp_path, "guest", "stop", "--retry-failed", operation, "--yes", limits=few_handles)
    assert again.status == 0, again.stderr
    assert [(row["id"], row["status"]) for row in again.rows] == [(guest, "done") for guest in bad]
    assert not any(guest.running for guest in guests.values())


@pytest.mark.capability("2.8", "7.6", "9.7")
def test_a_full_disk_stops_it_with_nothing_lost(serve: Callable[..., Served], tmp_path: Path) -> None:
    served = quick(serve, "datacenter:5:100:7")
    guests = served.server.simulator.world.guests
    full = run(served, tmp_path, "guest", "stop", "--all", "--yes", limits={resource.RLIMIT_FSIZE: 400 << 10})
    off = {row["id"] for row in full.rows if row["status"] == "done"}
    assert full.status == 8
    assert off
    assert "the database" in full.stderr
    # What was sent stands in the journal, and nothing was sent that does not.
    assert len(served.writes) < 40
    assert run(served, tmp_path, "audit", "verify").status == 0
    shown = run(served, tmp_path, "audit", "list")
    operation = str(shown.rows[0]["operation"])
    again = run(served, tmp_path, "guest", "stop", "--retry-failed", operation, "--yes")
    assert again.status == 0, again.stderr
    assert not off & {row["id"] for row in again.rows}
    assert not any(guest.running for guest in guests.values())
    assert len(served.writes) == len(set(served.writes))


@pytest.fixture
def many(serve: Callable[..., Served], pmpc: Pmpc) -> Iterator[tuple[Pmpc, Served]]:
    served = quick(serve, "datacenter:3:30:7")
    for guest in served.server.simulator.world.guests.values():
        guest.running = not guest.template
    yield Pmpc(pmpc.cwd, served.environ), served


@pytest.mark.capability("2.8")
def test_no_more_at_a_time_than_was_said(many: tuple[Pmpc, Served]) -> None:
    pmpc, served = many
    simulator = served.server.simulator
    simulator.world.task_speed = 5
    handle, seen = simulator.handle, []

    def counted(request: Any) -> Any:
        answer = handle(request)
        if request.method == "POST":
            seen.append(sum(task.endtime is None for task in simulator.world.tasks.values()))
        return answer

    simulator.handle = counted
    assert pmpc("guest", "stop", "100-115", "--yes", "--parallel", "3").status == 0
    assert max(seen) in (2, 3)


@pytest.mark.capability("2.8")
def test_a_roll_out_in_stages_ends_where_one_fails(serve: Callable[..., Served], pmpc: Pmpc) -> None:
    served = quick(serve, "datacenter:3:30:7", [failing(102)])
    guests = served.server.simulator.world.guests
    for guest in guests.values():
        guest.running = True
    argv = ("guest", "stop", "100-109", "--yes", "-o", "json", "--stage", "1,3,rest")
    outcome = pmpc(*argv, env=served.environ)
    states = {row["id"]: row["status"] for row in outcome.json}
    assert outcome.status == 8
    begun = {vmid for vmid, status in states.items() if status != "skipped"}
    assert (len(begun), states[102]) == (4, "failed")
    again = pmpc(*argv[:4], "-o", "json", "--retry-failed", outcome.json[0]["operation"], env=served.environ)
    assert again.status == 0, again


@pytest.mark.capability("2.8")
def test_no_further_one_is_begun_after_too_many_failures(serve: Callable[..., Served], pmpc: Pmpc) -> None:
    served = quick(serve, "datacenter:3:30:7", [failing(100), failing(101)])
    for guest in served.server.simulator.world.guests.values():
        guest.running = True
    argv = ("guest", "stop", "100-109", "--yes", "-o", "json", "--parallel", "1", "--max-failures", "1")
    outcome = pmpc(*argv, env=served.environ)
    states = [row["status"] for row in outcome.json]
    assert outcome.status == 8
    left = len(states) - 2
    assert left > 0
    assert states == ["failed", "failed", *["skipped"] * left]
    assert f"{left} were not begun" in outcome.error["message"]
