"""Waiting for tasks in time that only sleeping moves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import unquote

import httpx
import pytest

from proxmox_mpc.api.retry import Backoff, RetryPolicy
from proxmox_mpc.domain.upid import Upid
from proxmox_mpc.errors import FingerprintMismatch, NodeUnreachable, NotFound, TaskFailed, UnexpectedAnswer, WaitExpired
from tests.api.support import Bench, bench, data, error

UPID = Upid.parse("UPID:pve2:0003F2A1:01C2D3E4:66F0A1B2:qmstart:101:root@pam!ci:")
ONCE = RetryPolicy(tries=1)
RUNNING = {"status": "running", "upid": str(UPID)}


def stopped(exitstatus: str) -> dict[str, str]:
    return {"status": "stopped", "exitstatus": exitstatus, "upid": str(UPID)}


@pytest.mark.capability("4.9")
@pytest.mark.parametrize(("exitstatus", "warnings"), [("OK", 0), ("WARNINGS: 1", 1), ("WARNINGS: 12", 12)])
def test_a_task_that_ended_well(exitstatus: str, warnings: int) -> None:
    made = bench(data(RUNNING), data(RUNNING), data(stopped(exitstatus)))
    found = made.api.wait(UPID)
    assert (found.ok, found.running, found.warnings, found.exitstatus) == (True, False, warnings, exitstatus)
    assert {unquote(request.url.raw_path.decode()) for request in made.sent} == {
        f"/api2/json/nodes/pve2/tasks/{UPID}/status"
    }


@pytest.mark.capability("4.9")
@pytest.mark.parametrize("exitstatus", ["VM 101 already running", "unexpected status", "WARNINGS: many", "job errors"])
def test_a_task_that_failed_says_why(exitstatus: str) -> None:
    with pytest.raises(TaskFailed, match=exitstatus) as caught:
        bench(data(stopped(exitstatus))).api.wait(UPID)
    assert caught.value.details == {"upid": str(UPID), "exitstatus": exitstatus}
    assert "qmstart 101 on pve2" in caught.value.message


def test_a_task_without_an_exit_status_did_not_end_well() -> None:
    with pytest.raises(TaskFailed, match="unexpected status"):
        bench(data({"status": "stopped"})).api.wait(UPID)


def test_polls_come_more_slowly_as_time_goes_by() -> None:
    made = bench(*[data(RUNNING)] * 5, data(stopped("OK")))
    made.api.wait(UPID, every=Backoff(first=1, factor=2, most=5))
    assert made.time.slept == [1, 2, 4, 5, 5]


@pytest.mark.capability("7.3")
def test_a_wait_that_expires_gives_the_task_back() -> None:
    made = bench(data(RUNNING))
    with pytest.raises(WaitExpired, match="after 10 s") as caught:
        made.api.wait(UPID, timeout=10)
    assert caught.value.details == {"upid": str(UPID)}
    assert caught.value.hint == f"go on waiting: pmpc task wait '{UPID}'"
    assert sum(made.time.slept) == 10


def test_a_wait_of_no_time_still_looks_once() -> None:
    made = bench(data(stopped("OK")))
    assert made.api.wait(UPID, timeout=0).ok


@pytest.mark.capability("7.1", "7.3")
@pytest.mark.parametrize(
    "failure", [error(595), error(596), error(503), httpx.ReadTimeout("x"), httpx.ConnectError("x")]
)
def test_single_polls_may_fail(failure: httpx.Response | Exception) -> None:
    made = bench(data(RUNNING), failure, failure, data(stopped("OK")), retry=ONCE)
    assert made.api.wait(UPID).ok


@pytest.mark.capability("7.3")
def test_a_node_that_stays_silent_is_reported_with_the_task() -> None:
    made = bench(data(RUNNING), error(595), retry=ONCE)
    with pytest.raises(NodeUnreachable) as caught:
        made.api.wait(UPID)
    assert caught.value.details["upid"] == str(UPID)
    assert 300 <= sum(made.time.slept) < 310


def test_a_silent_node_does_not_outlast_the_timeout() -> None:
    with pytest.raises(WaitExpired):
        bench(error(595), retry=ONCE).api.wait(UPID, timeout=20)


@pytest.mark.capability("9.2")
def test_a_changed_certificate_ends_the_wait() -> None:
    made = bench(data(RUNNING), FingerprintMismatch("changed"))
    with pytest.raises(FingerprintMismatch):
        made.api.wait(UPID)


def test_a_task_that_nobody_knows() -> None:
    with pytest.raises(NotFound, match="no such task"):
        bench(error(400, "Parameter verification failed.\n", {"upid": "no such task"})).api.wait(UPID)


def test_a_status_that_is_none() -> None:
    with pytest.raises(UnexpectedAnswer):
        bench(data([])).api.wait(UPID)


def test_a_task_can_be_looked_at_without_waiting() -> None:
    assert bench(data(RUNNING)).api.task(UPID).running


def with_log(*states: tuple[str | None, int]) -> Bench:
    """Return a client of a server whose task has this exit status and so many lines at each poll."""
    polls: Iterator[tuple[str | None, int]] = iter(states)
    lines = [0]

    def serve(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/status"):
            exitstatus, lines[0] = next(polls)
            return data(RUNNING if exitstatus is None else stopped(exitstatus))
        start, limit = int(request.url.params["start"]), int(request.url.params["limit"])
        if lines[0] == 0:
            return data([{"n": 1, "t": "no content"}])
        return data([{"n": n + 1, "t": f"line {n + 1}"} for n in range(start, min(lines[0], start + limit))])

    return bench(serve)


def test_the_log_is_followed_line_by_line() -> None:
    shown: list[str] = []
    follow: Callable[[str], None] = shown.append
    with_log((None, 0), (None, 2), (None, 2), ("OK", 1203)).api.wait(UPID, on_log=follow)
    assert shown == [f"line {n}" for n in range(1, 1204)]


def test_the_log_of_a_failed_task_is_shown_to_its_end() -> None:
    shown: list[str] = []
    with pytest.raises(TaskFailed):
        with_log((None, 1), ("it broke", 3)).api.wait(UPID, on_log=shown.append)
    assert shown == ["line 1", "line 2", "line 3"]
