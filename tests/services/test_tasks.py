"""Tasks: states, lists, pages and logs."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from proxmox_mpc.domain.json import Json, JsonObject, Param
from proxmox_mpc.domain.source import Answer
from proxmox_mpc.domain.upid import Upid
from proxmox_mpc.errors import NotFound, PermissionDenied, UsageError
from proxmox_mpc.services.tasks import (
    TASK_PAGE,
    TASK_ROWS,
    Wanted,
    check_exclusive,
    end_state,
    list_tasks,
    show_task,
    task_log,
    waited,
)
from proxmox_mpc.services.times import earliest
from tests.services.answers import Answers

NOW = 1_795_400_000.0
UPID = "UPID:pve1:0003F2A1:01C2D3E4:6B034230:qmstart:101:root@pam!ci:"
PATH = "/nodes/pve1/tasks/" + UPID.replace(":", "%3A").replace("@", "%40").replace("!", "%21")


def task(number: int, **more: Json) -> JsonObject:
    began = 1_795_300_000 + number
    upid = f"UPID:pve1:00000001:00000001:{began:08X}:vzdump:101:root@pam:"
    row: JsonObject = {"upid": upid, "node": "pve1", "type": "vzdump", "id": "101", "user": "root@pam"}
    return {**row, "starttime": began, "endtime": began + 10, "status": "OK", **more}


@pytest.mark.capability("4.2")
@pytest.mark.parametrize(
    ("exitstatus", "state"),
    [
        ("OK", "ok"),
        ("WARNINGS: 3", "warnings"),
        ("unexpected status", "unknown"),
        (None, "unknown"),
        ("", "unknown"),
        ("command 'x' failed: exit code 1", "failed"),
        ("job errors", "failed"),
    ],
)
def test_what_a_task_ended_with(exitstatus: str | None, state: str) -> None:
    assert end_state(exitstatus) == state


@pytest.mark.capability("4.2", "8.1")
def test_the_list_is_one_request_newest_first_and_without_doubles() -> None:
    running = task(5, status=None, endtime=None)
    found: list[Json] = [
        task(1, starttime=str(1_795_300_001)),
        {**running},
        {**running, "endtime": 1_795_300_009, "status": "WARNINGS: 1", "saved": "1"},
        task(3, status="boom", id="", tokenid="ci"),
        task(4, status="RUNNING", endtime=None),
    ]
    source = Answers({"/cluster/tasks": found})
    rows = list_tasks(source, Wanted(), lambda: NOW).value
    assert [(row["status"], row["duration"], row["exitstatus"]) for row in rows] == [
        ("warnings", 4, "WARNINGS: 1"),
        ("running", int(NOW) - 1_795_300_004, None),
        ("failed", 10, "boom"),
        ("ok", 10, "OK"),
    ]
    assert (rows[2]["id"], rows[2]["token"]) == (None, "ci")
    assert all(set(row) == {field.key for field in TASK_ROWS.fields} for row in rows)
    assert source.paths == ["/cluster/tasks"]


@pytest.mark.capability("2.3")
@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (Wanted(), [4, 3, 2, 1]),
        (Wanted(guest=102), [2]),
        (Wanted(type="qmstart"), [3]),
        (Wanted(failed=True), [4, 2]),
        (Wanted(running=True), []),
        (Wanted(since=1_795_300_003), [4, 3]),
        (Wanted(limit=2), [4, 3]),
    ],
)
def test_what_a_list_can_be_narrowed_to(wanted: Wanted, numbers: list[int]) -> None:
    found: list[Json] = [
        task(1),
        task(2, id="102", status="boom"),
        task(3, type="qmstart"),
        task(4, status="unexpected status"),
    ]
    rows = list_tasks(Answers({"/cluster/tasks": found}), wanted, lambda: NOW).value
    assert [int(str(row["upid"]).split(":")[4], 16) - 1_795_300_000 for row in rows] == numbers


@pytest.mark.capability("4.2")
def test_the_archive_of_a_node_is_narrowed_by_the_server_and_what_is_left_out_is_said() -> None:
    source = Answers({"/nodes/pve1/tasks": [task(number) for number in range(7)]})
    real = source.answer

    def answer(path: str, params: Mapping[str, Param] | None = None) -> Answer:
        # PVE takes a limit without a start.
        return real(path, {"start": 0, **(params or {})})

    source.answer = answer  # type: ignore[method-assign]
    reading = list_tasks(source, Wanted(node="pve1", guest=101, failed=False, limit=5), lambda: NOW)
    assert len(reading.value) == 5
    assert reading.warnings[0].details == {"shown": 5, "total": 7} and not reading.partial
    asked = source.asked[0][1]
    assert (asked["source"], asked["vmid"], asked["limit"], asked["errors"]) == ("all", 101, 5, None)
    assert not list_tasks(source, Wanted(node="pve1"), lambda: NOW).warnings


def test_an_unknown_node_has_no_tasks() -> None:
    source = Answers({"/nodes/x/tasks": NotFound("hostname lookup 'x' failed")})
    with pytest.raises(NotFound, match="there is no node 'x'"):
        list_tasks(source, Wanted(node="x"), lambda: NOW)


def one(**more: Json | NotFound | PermissionDenied) -> Answers:
    log: list[Json] = [{"n": at, "t": f"line {at}"} for at in range(1, 31)]
    table: dict[str, Json | NotFound | PermissionDenied] = {
        f"{PATH}/status": {"status": "stopped", "exitstatus": "boom", "starttime": 1795375664, "pid": 7,
                           "user": "root@pam", "tokenid": "ci"},
        f"{PATH}/log": log,
        "/nodes/pve1/tasks": [{"upid": UPID, "endtime": 1795375670}],
    }  # fmt: skip
    return Answers({**table, **more})


@pytest.mark.capability("4.2", "2.4")
def test_the_page_of_a_task_ends_with_the_end_of_its_log() -> None:
    reading = show_task(one(), UPID, lambda: NOW)
    page = reading.value
    assert set(page) == {field.key for field in TASK_PAGE.fields}
    assert (page["status"], page["exitstatus"], page["duration"], page["token"]) == ("failed", "boom", 6, "ci")
    lines = str(page["log"]).splitlines()
    assert (page["log_lines"], len(lines), lines[-1]) == (30, 20, "line 30")
    assert not reading.partial


def test_a_running_task_has_no_end() -> None:
    source = one()
    source.table[f"{PATH}/status"] = {"status": "running", "starttime": int(NOW) - 5}
    page = show_task(source, UPID, lambda: NOW).value
    assert (page["status"], page["duration"], page["ended"], page["exitstatus"]) == ("running", 5, None, None)
    assert "/nodes/pve1/tasks" not in source.paths


def test_a_log_that_is_denied_leaves_the_rest() -> None:
    source = one()
    source.table[f"{PATH}/log"] = PermissionDenied("no")
    reading = show_task(source, UPID, lambda: NOW)
    assert reading.value["log"] is None and reading.partial


@pytest.mark.parametrize(
    ("text", "message"),
    [("no such task", "knows no task UPID:pve1"), ("hostname lookup 'pve1' failed", "there is no node 'pve1'")],
)
def test_a_task_that_nobody_knows(text: str, message: str) -> None:
    source = Answers({f"{PATH}/status": NotFound(text), f"{PATH}/log": NotFound(text)})
    with pytest.raises(NotFound, match=message):
        show_task(source, UPID, lambda: NOW)
    with pytest.raises(NotFound, match=message):
        task_log(source, UPID)
    with pytest.raises(UsageError, match="is no task id"):
        show_task(source, "101", lambda: NOW)


def test_a_log_without_lines() -> None:
    source = one()
    source.table[f"{PATH}/log"] = [{"n": 1, "t": "no content"}]
    assert task_log(source, UPID).value == []
    source.table[f"{PATH}/log"] = [{"n": 1, "t": "no content"}, {"n": 2, "t": "TASK OK"}]
    assert [row["text"] for row in task_log(source, UPID).value] == ["no content", "TASK OK"]


def test_warnings_of_a_task_are_a_success_with_a_warning() -> None:
    reading = waited(Upid.parse(UPID), "WARNINGS: 2", 1.23456)
    assert (reading.value["status"], reading.value["waited"], reading.partial) == ("warnings", 1.235, False)
    assert [warn.code for warn in reading.warnings] == ["task_warnings"]
    assert waited(Upid.parse(UPID), "OK", 0).warnings == ()


def test_flags_that_exclude_each_other() -> None:
    check_exclusive({"--running": True, "--failed": False})
    with pytest.raises(UsageError, match="--running and --failed exclude each other"):
        check_exclusive({"--running": True, "--failed": True})


@pytest.mark.parametrize(
    ("text", "expected"),
    [(None, None), ("2h", NOW - 7200), ("20260101", NOW - 20260101), ("2026-11-22T00:00:00Z", 1_795_305_600.0)],
)
def test_ages_and_moments(text: str | None, expected: float | None) -> None:
    assert earliest(text, "--since", lambda: NOW) == expected


def test_what_is_neither_age_nor_moment() -> None:
    with pytest.raises(UsageError, match="--since"):
        earliest("soon", "--since", lambda: NOW)
