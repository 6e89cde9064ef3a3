"""Real processes on a simulated cluster behind TLS: killed, interrupted, out of handles, out of space, two at once."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from proxmox_mpc.simulator.http import Request, Response
from tests.conftest import Outcome, Pmpc, Served


@pytest.fixture
def served(serve: Callable[..., Served]) -> Served:
    return serve("homelab")


@pytest.fixture
def user(pmpc: Pmpc, served: Served) -> Pmpc:
    pmpc.environ.update(served.environ)
    return pmpc


def journal_of(home: Path) -> Path:
    (found,) = (home / ".local" / "state" / "pmpc").glob("*/state.db")
    return found


def begun(user: Pmpc, *argv: str, prefix: str = "") -> subprocess.Popen[str]:
    command = f"{prefix} exec {sys.executable} -m proxmox_mpc {' '.join(argv)}"
    return subprocess.Popen(
        ["bash", "-c", command],
        cwd=user.cwd,
        env={**os.environ, **user.environ},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> Outcome:
    stdout, stderr = process.communicate(timeout=120)
    return Outcome(process.returncode, stdout, stderr)


@dataclass
class Arrival:
    """The first request of a kind at the simulator; it is answered when ``go_on`` is set."""

    came: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)


def arrival(served: Served, method: str, part: str) -> Arrival:
    """Return what happens at the first request with this method and part of a path."""
    handle: Callable[[Request], Response] = served.server.simulator.handle
    first = Arrival()

    def waiting(request: Request) -> Response:
        if request.method == method and part in request.path and not first.came.is_set():
            first.came.set()
            assert first.go_on.wait(60)
        return handle(request)

    served.server.simulator.handle = waiting
    return first


def rows(path: Path, event: str) -> list[dict[str, Any]]:
    connection = sqlite3.connect(path)
    try:
        found = connection.execute("SELECT body FROM journal WHERE event = ? ORDER BY seq", (event,)).fetchall()
    except sqlite3.OperationalError:
        return []
    finally:
        connection.close()
    return [json.loads(body) for (body,) in found]


@pytest.mark.capability("4.5")
def test_a_process_killed_in_the_middle_of_a_send_is_reconciled_by_the_next(
    user: Pmpc, served: Served, scrubbed: Path, serve: Callable[..., Served]
) -> None:
    seen = served.writes
    first = arrival(served, "POST", "/status/start")
    process = begun(user, "vm", "start", "103", "--yes")
    assert first.came.wait(60)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    first.go_on.set()
    # What was sent arrives all the same; its task must have ended, or it would be left for a later look.
    user.ok("vm", "wait", "103")
    assert len(rows(journal_of(scrubbed), "intent")) == 1
    assert rows(journal_of(scrubbed), "outcome") == []
    looked = user("audit", "list", "-o", "json")
    assert looked.status == 0
    (warning,) = [event["warning"] for event in looked.events]
    assert warning["code"] == "reconciled"
    (step,) = user.ok("audit", "show", 1)["steps"]
    assert step["state"] == "done"
    assert len(seen) == 1
    assert user.ok("audit", "verify")["ok"] is True
    assert user("audit", "list").stderr == ""


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_while_waiting_leaves_the_task_and_says_how_to_go_on(
    user: Pmpc, served: Served, scrubbed: Path, number: int, status: int
) -> None:
    # Whoever asks for a task's state has journalled its UPID.
    first = arrival(served, "GET", "/tasks/")
    process = begun(user, "vm", "start", "103", "--yes", "-o", "json")
    assert first.came.wait(60)
    process.send_signal(number)
    first.go_on.set()
    outcome = ended(process)
    assert (outcome.status, outcome.stdout) == (status, "")
    (sent,) = rows(journal_of(scrubbed), "sent")
    assert f"pmpc task wait {sent['upid']}" in outcome.stderr.encode().decode("unicode_escape")
    waited = user.ok("task", "wait", sent["upid"])
    assert waited["status"] == "ok"
    user("audit", "list")
    assert user.ok("audit", "show", 1)["steps"][0]["state"] == "done"


@pytest.mark.capability("4.6")
def test_of_two_processes_that_change_one_guest_the_second_is_told_who_was_first(
    user: Pmpc, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxmox_mpc.safety.lane._TURNS", ())
    handle: Callable[[Request], Response] = served.server.simulator.handle
    second: list[Outcome] = []

    def meanwhile(request: Request) -> Response:
        if request.method != "GET" and not second:
            second.append(Outcome(-1, "", ""))
            second[0] = user("vm", "set", "101", "--cores", "3", "--yes", "-o", "json")
        return handle(request)

    served.server.simulator.handle = meanwhile
    first = user("vm", "set", "101", "--cores", "5", "--yes", "-o", "json")
    assert (first.status, second[0].status, second[0].stdout) == (0, 6, "")
    assert second[0].error["code"] == "locked" and f"(process {os.getpid()})" in second[0].error["message"]
    assert user.ok("vm", "config", "101")["cores"] == 5
    assert user.ok("vm", "set", "101", "--cores", "3", "--yes")["changed"], "it is given back"


def test_with_few_file_handles_bulk_work_goes_on(serve: Callable[..., Served], pmpc: Pmpc) -> None:
    served = serve("datacenter:3:60:1")
    pmpc.environ.update(served.environ)
    argv = ("guest", "start", "--all", "--yes", "-o", "json", "--parallel", "16")
    outcome = ended(begun(pmpc, *argv, prefix="ulimit -n 64;"))
    assert outcome.status == 0, outcome
    assert {row["status"] for row in outcome.json} == {"done", "unchanged"}
    assert pmpc.ok("audit", "verify")["ok"] is True


def test_on_a_full_disk_nothing_is_sent_that_was_not_journalled(
    serve: Callable[..., Served], pmpc: Pmpc, scrubbed: Path
) -> None:
    served = serve("datacenter:3:120:1")
    pmpc.environ.update(served.environ)
    pmpc.ok("safety", "freeze")
    pmpc.ok("safety", "thaw")
    path = journal_of(scrubbed)
    seen = served.writes
    blocks = path.stat().st_size // 1024 + 8
    argv = ("guest", "start", "--all", "--yes", "-o", "json")
    outcome = ended(begun(pmpc, *argv, prefix=f"ulimit -f {blocks}; trap '' XFSZ;"))
    assert outcome.status in (3, 8), outcome
    assert "Traceback" not in outcome.stderr and "bug" not in outcome.stderr
    assert "database" in outcome.stderr
    sent = [one.split("/")[-3] for one in seen]
    intents = [row["target"]["id"] for row in rows(path, "intent")]
    assert set(sent) <= {str(one) for one in intents}
    assert len(sent) == len(set(sent))
    pmpc("audit", "list")
    assert pmpc.ok("audit", "verify")["ok"] is True
    states = {step["state"] for step in pmpc.ok("audit", "show", rows_begun(path))["steps"]}
    assert states <= {"done", "not done"}


def rows_begun(path: Path) -> int:
    connection = sqlite3.connect(path)
    (found,) = connection.execute("SELECT max(seq) FROM journal WHERE event = 'begun'").fetchone()
    connection.close()
    return int(found)


def test_freezing_stops_another_process_before_its_next_send(serve: Callable[..., Served], pmpc: Pmpc) -> None:
    served = serve("datacenter:3:60:1")
    pmpc.environ.update(served.environ)
    seen = served.writes
    frozen = threading.Event()
    handle: Callable[[Request], Response] = served.server.simulator.handle

    def freezing(request: Request) -> Response:
        if request.method == "POST" and not frozen.is_set():
            frozen.set()
            assert pmpc("safety", "freeze", "--reason", "fire").status == 0
        return handle(request)

    served.server.simulator.handle = freezing
    outcome = ended(begun(pmpc, "guest", "start", "--all", "--yes", "-o", "json", "--parallel", "1"))
    assert outcome.status == 8, outcome
    assert len(seen) == 1
    states = [row["status"] for row in outcome.json]
    assert states.count("done") == 1 and "skipped" in states
    assert any("frozen" in str(row["error"]) for row in outcome.json)
    assert pmpc("vm", "start", "101", "--yes").status in (0, 9)


def test_where_the_journal_cannot_be_written_writes_are_refused(
    user: Pmpc, served: Served, tmp_path: Path, scrubbed: Path
) -> None:
    seen = served.writes
    (tmp_path / "file").write_text("")
    outcome = user("vm", "start", "103", "--yes", "-o", "json", env={"XDG_STATE_HOME": str(tmp_path / "file")})
    assert (outcome.status, outcome.stdout) == (3, "")
    assert seen == []
