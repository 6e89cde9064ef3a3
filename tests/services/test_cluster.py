"""The cluster as a whole, replication, pools and raw reads."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxmox_mpc.domain.json import Json
from proxmox_mpc.errors import NotFound, PermissionDenied, UsageError
from proxmox_mpc.services.cluster import cluster_log, cluster_options, show_cluster
from proxmox_mpc.services.pools import list_pools, show_pool
from proxmox_mpc.services.raw import raw_get, raw_params, raw_path
from proxmox_mpc.services.replication import REPLICATION_ROWS, list_replication
from tests.services.answers import Answers

STATUS: list[Json] = [
    {"type": "node", "name": "pve2", "online": 0, "nodeid": 2},
    {"type": "cluster", "name": "lab", "quorate": "1", "version": 7, "nodes": 2},
    {"type": "node", "name": "pve1", "online": 1, "local": 1, "ip": "10.0.0.1", "nodeid": 1, "level": ""},
]
NODES: list[Json] = [
    {"type": "node", "node": "pve1", "status": "online"},
    {"type": "node", "node": "pve2", "status": "offline"},
]


def source(more: Mapping[str, Json] | None = None) -> Answers:
    return Answers(
        {
            "/cluster/status": STATUS,
            "/cluster/resources": NODES,
            "/version": {"version": "9.2.11"},
            "/nodes/pve1/version": {"version": "9.2.11"},
            "/nodes/pve1/certificates/info": [{"filename": "pve-root-ca.pem", "fingerprint": "AA:BB"}],
            **(more or {}),
        }
    )


@pytest.mark.capability("4.2")
def test_a_cluster_with_a_node_down() -> None:
    reading = show_cluster(source())
    page = reading.value
    assert (page["name"], page["quorate"], page["root_ca"], page["version"]) == ("lab", True, "AA:BB", "9.2.11")
    assert (page["nodes_total"], page["nodes_online"], page["config_version"]) == (2, 1, 7)
    assert page["nodes"] == [
        {"node": "pve1", "nodeid": 1, "ip": "10.0.0.1", "online": True, "local": True, "version": "9.2.11",
         "level": None},
        {"node": "pve2", "nodeid": 2, "ip": None, "online": False, "local": False, "version": None, "level": None},
    ]  # fmt: skip
    assert reading.partial and [warn.code for warn in reading.warnings] == ["node_offline"]


@pytest.mark.capability("4.2")
def test_a_single_node_is_no_cluster() -> None:
    alone = source()
    alone.table["/cluster/status"] = [{"type": "node", "name": "pve1", "online": 1, "local": 1}]
    reading = show_cluster(alone)
    assert (reading.value["clustered"], reading.value["name"], reading.value["quorate"]) == (False, None, None)
    assert not reading.warnings


def test_old_and_mixed_releases_are_warned_of_without_being_partial() -> None:
    mixed = source({"/nodes/pve2/version": {"version": "9.2.11"}})
    mixed.table["/cluster/status"] = [{**row, "online": 1} for row in STATUS if isinstance(row, dict)]
    mixed.table["/nodes/pve1/version"] = mixed.table["/version"] = {"version": "8.2.4"}
    reading = show_cluster(mixed)
    assert [warn.code for warn in reading.warnings] == ["old_server", "mixed_releases"]
    assert "pve1 8.2.4, pve2 9.2.11" in reading.warnings[1].message
    assert not reading.partial


def test_from_the_database_the_recorded_releases_are_shown_and_no_certificate() -> None:
    recorded = source()
    recorded.live = False
    page = show_cluster(recorded).value
    assert (page["version"], page["root_ca"]) == ("9.2.11", None)
    assert [path for path in recorded.paths if path.startswith("/nodes")] == ["/nodes/pve1/version"]


def test_options_keep_the_names_of_pve() -> None:
    found = cluster_options(source({"/cluster/options": {"next-id": "lower=100", "digest": "x", "console": "html5"}}))
    assert list(found.value.items()) == [("console", "html5"), ("next-id", "lower=100")]


def test_the_log_is_newest_first_with_words_for_severities() -> None:
    entries: list[Json] = [
        {"time": 1, "pri": 6, "msg": "first", "node": "pve1", "user": "root", "tag": "x", "pid": 5},
        {"time": 3, "pri": "3", "msg": "last"},
        {"time": 2, "pri": 99},
    ]
    rows = cluster_log(source({"/cluster/log": entries}), 2).value
    assert [(row["message"], row["severity"]) for row in rows] == [("last", "err"), ("", None)]


@pytest.mark.capability("4.2")
def test_replication_tells_how_the_last_runs_went() -> None:
    jobs: list[Json] = [
        {"id": "102-0", "guest": 102, "source": "pve1", "target": "pve2", "type": "local", "disable": 1},
        {"id": "101-0", "source": "pve1", "target": "pve2", "schedule": "*/5"},
        {"id": "101-1", "guest": "101", "source": "pve2", "target": "pve1"},
        {"id": "103-0", "guest": 103, "source": "pve1", "target": "pve2"},
    ]
    states: list[Json] = [
        {"id": "101-0", "last_sync": 60, "fail_count": 0, "duration": 1.5},
        {"id": "102-0", "last_sync": 0, "fail_count": 2, "error": "no space"},
        {"id": "103-0", "pid": 77},
    ]
    found = source({"/cluster/replication": jobs, "/nodes/pve1/replication": states})
    reading = list_replication(found)
    assert [(row["id"], row["guest"], row["state"], row["enabled"]) for row in reading.value] == [
        ("101-0", 101, "ok", True),
        ("101-1", 101, None, True),
        ("102-0", 102, "failing", False),
        ("103-0", 103, "syncing", True),
    ]
    assert (reading.value[1]["schedule"], reading.value[2]["error"]) == ("*/15", "no space")
    assert all(set(row) == {field.key for field in REPLICATION_ROWS.fields} for row in reading.value)
    assert reading.partial and [warn.details["node"] for warn in reading.warnings] == ["pve2"]


def test_without_replication_one_request_is_enough() -> None:
    empty = source({"/cluster/replication": []})
    assert list_replication(empty).value == []
    assert empty.paths == ["/cluster/replication"]


@pytest.mark.capability("4.2")
def test_pools_count_their_guests() -> None:
    rows: list[Json] = [
        {"type": "qemu", "vmid": 101, "pool": "prod", "status": "running"},
        {"type": "lxc", "vmid": 201, "pool": "prod", "status": "stopped"},
        {"type": "qemu", "vmid": 102},
    ]
    pools: list[Json] = [{"poolid": "prod", "comment": "x"}, {"poolid": "lab/empty"}]
    found = source({"/pools": pools, "/cluster/resources": rows})
    assert list_pools(found).value == [
        {"pool": "lab/empty", "guests": 0, "running": 0, "comment": None},
        {"pool": "prod", "guests": 2, "running": 1, "comment": "x"},
    ]
    found.table["/cluster/resources"] = PermissionDenied("no")
    reading = list_pools(found)
    assert reading.partial and reading.value[0]["guests"] is None


def test_the_members_of_a_nested_pool() -> None:
    members: list[Json] = [
        {"id": "storage/pve1/nas", "type": "storage", "storage": "nas", "node": "pve1"},
        {"id": "lxc/201", "type": "lxc", "vmid": 201, "name": "dns", "status": "running"},
    ]
    found = source({"/pools": [{"poolid": "lab/web", "members": members}]})
    page = show_pool(found, "lab/web").value
    assert (page["guests"], page["storages"]) == (1, 1)
    assert [(row["type"], row["name"]) for row in page["members"]] == [("ct", "dns"), ("storage", "nas")]  # type: ignore[union-attr, index, call-overload]
    assert found.asked == [("/pools", {"poolid": "lab/web"})]
    found.table["/pools"] = NotFound("pool 'x' does not exist")
    with pytest.raises(NotFound, match="there is no pool 'x'"):
        show_pool(found, "x")


@pytest.mark.parametrize(
    "text",
    ["/nodes/pve1", "nodes/pve1", "/api2/json/nodes/pve1/", "api2/json/nodes/pve1", "//nodes//pve1", "/nodes/pve%31"],
)
def test_a_path_is_found_under_every_spelling(text: str) -> None:
    assert raw_path(text) == "/nodes/pve1"


@pytest.mark.capability("9.3")
@pytest.mark.parametrize(
    "text",
    [
        "nodes/../access",
        "nodes/%2e%2e/access",
        "nodes?x=1",
        "https://else.example/nodes",
        "nodes/a%0d%0ab",
        "nodes#x",
        "./nodes",
    ],
)
def test_a_path_that_leads_elsewhere_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        raw_path(text)


@pytest.mark.capability("9.3")
@given(st.text(max_size=60))
def test_whatever_is_asked_stays_below_the_api(text: str) -> None:
    try:
        path = raw_path(text)
    except UsageError:
        return
    assert path.startswith("/") and "?" not in path and "#" not in path
    assert not {".", ".."} & set(path.split("/"))
    assert path.isascii() and path.isprintable()


@pytest.mark.capability("9.3")
def test_a_task_id_may_be_encoded_or_not() -> None:
    upid = "UPID:pve1:0003F2A1:01C2D3E4:66F0A1B2:qmstart:101:root@pam!ci:"
    assert raw_path(f"nodes/pve1/tasks/{upid}/log") == raw_path(
        "nodes/pve1/tasks/UPID%3Apve1%3A0003F2A1%3A01C2D3E4%3A66F0A1B2%3Aqmstart%3A101%3Aroot%40pam%21ci%3A/log"
    )


def test_parameters_that_repeat_are_arrays() -> None:
    assert raw_params(["a=1", "b=x=y", "a=2", "a=3", "c="]) == {"a": ["1", "2", "3"], "b": "x=y", "c": ""}
    for pair in ("a", "=1"):
        with pytest.raises(UsageError, match="is no parameter"):
            raw_params([pair])


def test_a_raw_read_hands_on_what_is_there() -> None:
    found = source({"/cluster/nextid": "104"})
    assert raw_get(found, "cluster/nextid", ["vmid=104"]) == "104"
    assert found.asked == [("/cluster/nextid", {"vmid": "104"})]
