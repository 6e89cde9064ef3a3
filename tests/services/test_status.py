"""Status: the verdict, what is wrong, and what could not be read."""

from __future__ import annotations

from collections.abc import Mapping

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxmox_mpc.domain.json import Json, JsonObject
from proxmox_mpc.errors import (
    AuthenticationError,
    FingerprintMismatch,
    NodeUnreachable,
    PermissionDenied,
    PmpcError,
    RequestTimeout,
    Unreachable,
)
from proxmox_mpc.output.schema import schema_of
from proxmox_mpc.services.health import Problem, problems_of, ranked, verdict
from proxmox_mpc.services.status import Place, show_status
from proxmox_mpc.services.status_shape import STATUS_PAGE
from tests.services.answers import Answers

NOW = 1_795_400_000.0
DAY = 86400
GOOD: JsonObject = {
    "type": "node",
    "status": "online",
    "cpu": 0.1,
    "maxmem": 100,
    "mem": 50,
    "maxdisk": 100,
    "disk": 10,
}


def cluster(more: Mapping[str, Json | PmpcError] | None = None) -> Answers:
    return Answers(
        {
            "/cluster/resources": [
                {**GOOD, "node": "pve1"},
                {"type": "qemu", "vmid": 101, "name": "web", "node": "pve1", "status": "running"},
                {"type": "qemu", "vmid": 9000, "name": "tpl", "node": "pve1", "status": "stopped", "template": 1},
                {
                    "type": "storage",
                    "storage": "local",
                    "node": "pve1",
                    "status": "available",
                    "disk": 1,
                    "maxdisk": 10,
                },
            ],
            "/cluster/status": [{"type": "cluster", "name": "lab", "quorate": 1}],
            "/version": {"version": "9.2.11"},
            "/cluster/tasks": [],
            "/cluster/backup": [{"id": "nightly", "all": 1}, {"id": "off", "enabled": 0}],
            "/cluster/backup-info/not-backed-up": [],
            "/cluster/replication": [],
            "/nodes/pve1/certificates/info": [{"filename": "pve-ssl.pem", "notafter": NOW + 400 * DAY}],
            **(more or {}),
        }
    )


def page_of(source: Answers, place: Place | None = None, threshold: float = 0.85) -> JsonObject:
    reading = show_status(lambda: source, place or Place(), threshold, lambda: NOW)
    jsonschema.validate(reading.value, schema_of(STATUS_PAGE, "status"))
    return reading.value


def messages(page: JsonObject) -> list[tuple[str, str]]:
    problems = page["problems"]
    assert isinstance(problems, list)
    return [(str(row["level"]), str(row["message"])) for row in problems if isinstance(row, dict)]


@pytest.mark.capability("1.3", "4.2")
def test_all_is_well() -> None:
    page = page_of(cluster())
    assert (page["health"], page["problems"], page["unread"], page["source"]) == ("ok", [], [], "server")
    assert page["guests"] == {
        "total": 1, "running": 1, "stopped": 0, "paused": 0, "unknown": 0, "templates": 1, "locked": [], "ha_error": [],
    }  # fmt: skip
    assert page["backups"] == {"jobs": 1, "not_covered": []}
    assert (page["workspace"], page["database"]) == (None, None)


def bent(source: Answers, *rows: JsonObject) -> Answers:
    found = source.table["/cluster/resources"]
    assert isinstance(found, list)
    source.table["/cluster/resources"] = [*found, *rows]
    return source


@pytest.mark.capability("1.3", "4.2", "4.5")
def test_everything_that_can_be_wrong_is_listed_the_worst_first() -> None:
    source = bent(
        cluster(
            {
                "/cluster/status": [{"type": "cluster", "name": "lab", "quorate": 0}],
                "/version": {"version": "8.2.1"},
                "/cluster/tasks": [
                    {"upid": "a", "node": "pve1", "type": "vzdump", "user": "u", "status": "job errors",
                     "starttime": NOW - DAY - 600, "endtime": NOW - 600},
                    {"upid": "b", "node": "pve1", "type": "qmstart", "user": "u", "status": "boom",
                     "starttime": NOW - 2 * DAY, "endtime": NOW - 2 * DAY},
                    {"upid": "c", "node": "pve1", "type": "qmstart", "user": "u", "status": "WARNINGS: 1",
                     "starttime": NOW - 60, "endtime": NOW},
                ],
                "/cluster/backup-info/not-backed-up": [{"vmid": 9000, "name": "tpl"}, {"vmid": 101, "name": "web"}],
                "/cluster/replication": [{"id": "101-0", "source": "pve1", "target": "pve2"}],
                "/nodes/pve1/replication": [{"id": "101-0", "fail_count": 2, "error": "no space"}],
                "/nodes/pve1/certificates/info": [
                    {"filename": "pve-root-ca.pem", "notafter": NOW + 3000 * DAY},
                    {"filename": "pve-ssl.pem", "notafter": NOW + 3 * DAY},
                ],
            }
        ),
        {**GOOD, "node": "pve3", "mem": 99, "disk": 96},
        {"type": "qemu", "vmid": 102, "name": "db", "node": "pve1", "status": "unknown", "lock": "backup"},
        {"type": "lxc", "vmid": 201, "name": "dns", "node": "pve1", "status": "running", "hastate": "error"},
        {"type": "storage", "storage": "nas", "node": "pve1", "status": "available", "disk": 90, "maxdisk": 100,
         "shared": 1, "plugintype": "nfs"},
        {"type": "storage", "storage": "usb", "node": "pve1", "status": "unknown"},
    )  # fmt: skip
    source.table["/nodes/pve3/certificates/info"] = [{"filename": "pve-ssl.pem", "notafter": NOW - 1}]
    page = page_of(source)
    assert page["health"] == "critical"
    assert messages(page) == [
        ("critical", "the cluster has no quorum: nothing can be changed"),
        ("critical", "root file system on pve3 is 96 % full"),
        ("critical", "high availability gave up on 201 dns"),
        ("critical", "certificate pve-ssl.pem of pve1 expires in 3 days"),
        ("critical", "certificate pve-ssl.pem of pve3 has expired"),
        ("warning", "Proxmox VE 8.2.1 is older than 8.4, the oldest that pmpc knows"),
        ("warning", "memory of node pve3 is 99 % in use"),
        ("warning", "nas is 90 % full"),
        ("warning", "storage usb on pve1 is not active"),
        ("warning", "the state of 1 guest is unknown"),
        ("warning", "1 task failed in the last day: vzdump"),
        ("warning", "replication 101-0 to pve2 failed 2 times"),
        ("notice", "locked: 102 db (backup)"),
        ("notice", "1 guest in no backup job"),
    ]
    assert page["backups"] == {"jobs": 1, "not_covered": ["101 web"]}


@pytest.mark.capability("4.5")
@pytest.mark.parametrize(("threshold", "names"), [(0.85, []), (0.1, ["root file system", "local"]), (0.11, [])])
def test_the_threshold_decides_what_is_nearly_full(threshold: float, names: list[str]) -> None:
    full = page_of(cluster(), threshold=threshold)["full"]
    assert isinstance(full, list)
    assert [row["storage"] for row in full if isinstance(row, dict)] == names


@pytest.mark.capability("7.3")
def test_a_node_that_is_down_is_critical_and_what_it_holds_is_not_read() -> None:
    source = bent(cluster(), {"type": "node", "node": "pve2", "status": "offline"})
    reading = show_status(lambda: source, Place(), 0.85, lambda: NOW)
    assert reading.partial and reading.value["health"] == "critical"
    assert messages(reading.value) == [("critical", "node pve2 does not answer")]
    assert [row["part"] for row in reading.value["unread"]] == ["pve2"]  # type: ignore[union-attr, index, call-overload]
    assert "/nodes/pve2/certificates/info" not in source.paths


@pytest.mark.capability("7.3")
def test_a_part_that_is_denied_is_null_and_named() -> None:
    denied = PermissionDenied("lacks Sys.Audit on /")
    source = cluster(
        {"/cluster/tasks": denied, "/cluster/status": denied, "/cluster/backup-info/not-backed-up": denied}
    )
    source.table["/nodes/pve1/certificates/info"] = NodeUnreachable("node pve1 does not answer")
    reading = show_status(lambda: source, Place(), 0.85, lambda: NOW)
    page = reading.value
    assert page["failed_tasks"] is None and page["certificates"] == []
    unread = page["unread"]
    assert isinstance(unread, list) and len(unread) == 4 == len(reading.warnings)
    assert reading.partial


@pytest.mark.capability("7.3", "4.9")
@pytest.mark.parametrize(
    "error", [Unreachable("no answer from https://pve1:8006"), RequestTimeout("no answer in time")]
)
def test_a_server_that_is_down_is_a_problem_on_the_page(error: PmpcError) -> None:
    place = Place({"name": "lab", "path": "/lab"}, None)
    reading = show_status(lambda: cluster({"/cluster/resources": error}), place, 0.85, lambda: NOW)
    assert reading.partial and reading.value["health"] == "critical"
    assert reading.value["cluster"] is None and reading.value["nodes"] is None
    assert reading.value["workspace"] == {"name": "lab", "path": "/lab"}
    assert error.message in messages(reading.value)[0][1]


@pytest.mark.capability("4.1", "4.10")
@pytest.mark.parametrize("error", [AuthenticationError("no"), FingerprintMismatch("another certificate")])
def test_refused_credentials_and_certificates_are_errors(error: PmpcError) -> None:
    with pytest.raises(type(error)):
        page_of(cluster({"/cluster/resources": error}))


@pytest.mark.capability("3.5")
def test_from_the_database_what_is_not_recorded_is_said_and_not_partial() -> None:
    source = cluster()
    source.live = False
    reading = show_status(lambda: source, Place(), 0.85, lambda: NOW)
    assert (reading.value["source"], reading.value["certificates"], reading.partial) == ("database", None, False)
    assert [warn.code for warn in reading.warnings] == ["not_recorded"]
    assert not [path for path in source.paths if path.startswith("/nodes")]


@pytest.mark.capability("7.2", "1.3")
@pytest.mark.parametrize(
    ("database", "level"),
    [
        ({"error": "it is damaged", "hint": "restore"}, "critical"),
        ({"last_failure": "server down"}, "warning"),
        ({"age": 8 * DAY}, "notice"),
        ({"stale": 3}, "notice"),
        ({"age": 60, "stale": 0}, None),
    ],
)
def test_the_health_of_the_database(database: JsonObject, level: str | None) -> None:
    found = list(problems_of({"database": database}))
    assert [problem.level for problem in found] == ([level] if level else [])


def test_old_data_is_a_warning_where_it_is_all_there_is() -> None:
    (problem,) = problems_of({"source": "database", "database": {"age": 8 * DAY}})
    assert (problem.level, problem.message) == ("warning", "the last pull is 8 days old")


@given(st.lists(st.sampled_from(["critical", "warning", "notice"]), max_size=6))
def test_the_verdict_is_the_worst_level_and_notices_do_not_count(levels: list[str]) -> None:
    problems = ranked(Problem(level, "x", str(at)) for at, level in enumerate(levels))  # type: ignore[arg-type]
    expected = next((level for level in ("critical", "warning") if level in levels), "ok")
    assert verdict(problems) == expected
    assert [problem.level for problem in problems] == sorted(levels, key=["critical", "warning", "notice"].index)
