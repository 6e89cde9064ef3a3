"""Nodes: one request for the list, and pages that survive what cannot be read."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from proxmox_mpc.domain.json import Json, JsonObject
from proxmox_mpc.errors import (
    AuthenticationError,
    NodeUnreachable,
    NotFound,
    NotRecorded,
    PermissionDenied,
    ServerError,
    UsageError,
)
from proxmox_mpc.services.node_details import list_certificates, list_disks, list_services, list_updates
from proxmox_mpc.services.node_log import node_log
from proxmox_mpc.services.node_metrics import NODE_METRIC_ROWS, node_metrics
from proxmox_mpc.services.nodes import NODE_PAGE, NODE_ROWS, list_nodes, old_release, release, show_node
from tests.services.answers import Answers

RESOURCES: list[Json] = [
    {"type": "node", "node": "pve2", "status": "offline"},
    {"type": "node", "node": "pve1", "status": "online", "maxcpu": 8, "cpu": "0.25", "maxmem": "1024", "mem": 512,
     "maxdisk": 100, "disk": 40, "uptime": 60, "level": "c"},
    {"type": "node", "node": "pve3", "status": "unknown"},
    {"type": "qemu", "vmid": 101, "node": "pve1", "status": "running"},
    {"type": "qemu", "vmid": 102, "node": "pve1", "status": "stopped", "template": "1"},
    {"type": "lxc", "vmid": 201, "node": "pve1", "status": "stopped"},
    {"type": "lxc", "vmid": 202, "node": "pve2", "status": "unknown"},
    {"type": "storage", "storage": "local", "node": "pve1", "status": "available", "disk": 25, "maxdisk": "100"},
    {"type": "storage", "storage": "nas", "node": "pve1", "status": "unknown", "shared": 1},
]  # fmt: skip
STATUS: JsonObject = {
    "pveversion": "pve-manager/9.2.11/14a22df3", "kversion": "Linux 6.14", "uptime": 61, "cpu": 0.5, "wait": 0.01,
    "loadavg": ["1.00", "0.50", "0.25"], "cpuinfo": {"model": "EPYC", "sockets": 1, "cores": 4, "cpus": 8},
    "memory": {"total": 2048, "used": 1024, "free": 1024}, "swap": {"total": 10, "used": 0},
    "rootfs": {"total": 200, "used": 100}, "ksm": {"shared": 0}, "current-kernel": {"release": "6.14.11-4-pve"},
    "boot-info": {"mode": "efi", "secureboot": 1},
}  # fmt: skip


def cluster(more: Mapping[str, Json] | None = None) -> Answers:
    return Answers(
        {
            "/cluster/resources": RESOURCES,
            "/cluster/status": [{"type": "node", "name": "pve1", "ip": "10.0.0.1", "nodeid": 1, "online": 1}],
            "/nodes": [{"node": "pve1", "ssl_fingerprint": None}],
            "/nodes/pve1/status": STATUS,
            "/nodes/pve1/time": {"time": 1795375657, "localtime": 1795379257, "timezone": "Europe/Vienna"},
            "/nodes/pve1/subscription": {"status": "notfound"},
            **(more or {}),
        }
    )


@pytest.mark.capability("4.2", "8.1")
def test_the_list_is_one_request_and_names_the_node_that_is_down() -> None:
    source = cluster()
    reading = list_nodes(source)
    assert source.paths == ["/cluster/resources"]
    assert [(row["node"], row["status"], row["guests"], row["running"]) for row in reading.value] == [
        ("pve1", "online", 3, 1),
        ("pve2", "offline", 1, 0),
        ("pve3", "unknown", 0, 0),
    ]
    assert reading.value[0]["cpu"] == 0.25 and reading.value[0]["memory"] == 1024
    assert all(set(row) == {field.key for field in NODE_ROWS.fields} for row in reading.value)
    assert (reading.partial, [warn.details["node"] for warn in reading.warnings]) == (True, ["pve2"])


@pytest.mark.capability("4.2", "2.4")
def test_the_page_of_a_node() -> None:
    reading = show_node(cluster(), "pve1")
    page = reading.value
    assert set(page) == {field.key for field in NODE_PAGE.fields}
    assert (page["version"], page["kernel"], page["ip"]) == ("9.2.11", "6.14.11-4-pve", "10.0.0.1")
    assert (page["memory"], page["memory_used"], page["disk"], page["cpu"]) == (2048, 1024, 200, 0.5)
    assert (page["vms"], page["vms_running"], page["containers"], page["templates"]) == (1, 1, 1, 1)
    assert (page["time"], page["secure_boot"]) == ("2026-11-22T19:27:37Z", True)
    assert page["storages"] == [
        {"storage": "local", "type": None, "shared": False, "status": "available", "total": 100, "used": 25,
         "used_fraction": 0.25},
        {"storage": "nas", "type": None, "shared": True, "status": "unknown", "total": None, "used": None,
         "used_fraction": None},
    ]  # fmt: skip
    assert not reading.warnings and not reading.partial


@pytest.mark.capability("4.2", "7.3")
def test_a_part_that_is_denied_is_null_and_said() -> None:
    source = cluster()
    source.table["/nodes/pve1/status"] = PermissionDenied("lacks Sys.Audit")
    reading = show_node(source, "pve1")
    assert (reading.value["kernel"], reading.value["memory"], reading.value["cpu"]) == (None, 1024, 0.25)
    assert reading.partial and [warn.code for warn in reading.warnings] == ["permission"]


@pytest.mark.capability("4.1", "4.9")
def test_a_refused_token_is_an_error_and_no_warning() -> None:
    source = cluster()
    source.table["/nodes/pve1/status"] = AuthenticationError("no")
    with pytest.raises(AuthenticationError):
        show_node(source, "pve1")


@pytest.mark.capability("4.2", "7.3")
def test_the_page_of_a_node_that_is_down_shows_what_is_remembered_and_asks_it_nothing() -> None:
    source = cluster()
    reading = show_node(source, "pve2")
    assert reading.value["status"] == "offline" and reading.value["containers"] == 1
    assert reading.partial and [warn.code for warn in reading.warnings] == ["node_offline"]
    assert not [path for path in source.paths if path.startswith("/nodes/pve2")]


@pytest.mark.capability("3.1")
def test_from_the_database_what_is_never_recorded_is_not_asked_for() -> None:
    source = cluster()
    source.live = False
    source.table["/nodes/pve1/status"] = NotRecorded("no")
    reading = show_node(source, "pve1")
    assert reading.value["timezone"] is None and reading.value["cpus"] == 8
    assert not reading.partial and [warn.code for warn in reading.warnings] == ["not_recorded"]


def test_an_unknown_node_is_not_found_with_the_way_to_the_list() -> None:
    source = cluster()
    source.table["/nodes/nope/services"] = NotFound("hostname lookup 'nope' failed - Name or service not known")
    for call in (lambda: show_node(source, "nope"), lambda: list_services(source, "nope")):
        with pytest.raises(NotFound, match="there is no node 'nope'") as caught:
            call()
        assert caught.value.hint == "pmpc node list shows the nodes"


@pytest.mark.capability("4.2")
def test_services_of_all_nodes_that_answer() -> None:
    found: list[Json] = [{"service": "pveproxy", "state": "running", "active-state": "active", "desc": "d"}]
    source = cluster({"/nodes/pve1/services": found})
    source.table["/nodes/pve3/services"] = NodeUnreachable("node pve3 does not answer")
    reading = list_services(source, None)
    assert reading.value == [
        {
            "node": "pve1",
            "service": "pveproxy",
            "state": "running",
            "active": "active",
            "unit": None,
            "description": "d",
        }
    ]
    assert reading.partial and [warn.code for warn in reading.warnings] == ["node_offline", "node_unreachable"]
    assert "/nodes/pve2/services" not in source.paths


@pytest.mark.capability("4.9")
def test_when_every_node_refuses_it_is_an_error() -> None:
    source = cluster()
    for node in ("pve1", "pve3"):
        source.table[f"/nodes/{node}/services"] = PermissionDenied("lacks Sys.Audit")
    with pytest.raises(PermissionDenied):
        list_services(source, None)


@pytest.mark.capability("4.2", "4.8")
@pytest.mark.parametrize(("left", "used"), [(93, 7), ("100", 0), ("N/A", None), (None, None)])
def test_the_wear_of_a_disk_is_the_part_that_is_used_up(left: Json, used: float | None) -> None:
    disk: Json = {"devpath": "/dev/sda", "health": "PASSED", "wearout": left, "serial": "unknown", "osdid": -1,
                        "used": "", "size": "1000", "gpt": 1}  # fmt: skip
    (row,) = list_disks(cluster({"/nodes/pve1/disks/list": [disk]}), "pve1").value
    assert (row["wearout"], row["size"], row["gpt"], row["mounted"]) == (used, 1000, True, False)
    assert (row["serial"], row["osd"], row["used"]) == (None, None, None)


@pytest.mark.capability("4.2")
def test_updates_are_in_order_of_their_names() -> None:
    updates: list[Json] = [{"Package": "zfs", "Version": "2", "OldVersion": "1"}, {"Package": "apt", "Version": "3"}]
    rows = list_updates(cluster({"/nodes/pve1/apt/update": updates}), "pve1").value
    assert [(row["package"], row["installed"]) for row in rows] == [("apt", None), ("zfs", "1")]


@pytest.mark.capability("4.2", "4.10")
def test_certificates_tell_the_days_they_have_left() -> None:
    found: list[Json] = [
        {"filename": "pve-ssl.pem", "notafter": 1000 + 86400 * 3 - 1, "san": ["pve1"]},
        {"filename": "old.pem", "notafter": 999},
        {"filename": "none.pem"},
    ]
    rows = list_certificates(cluster({"/nodes/pve1/certificates/info": found}), "pve1", lambda: 1000.0).value
    assert [(row["filename"], row["days_left"]) for row in rows] == [
        ("none.pem", None),
        ("old.pem", -1),
        ("pve-ssl.pem", 2),
    ]


@pytest.mark.capability("4.8")
def test_metrics_are_in_order_of_time_with_gaps_null() -> None:
    found: list[Json] = [{"time": 120, "cpu": 0.5, "memused": 7}, {"time": 60}]
    source = cluster({"/nodes/pve1/rrddata": found})
    rows = node_metrics(source, "pve1", "day", "max").value
    assert [row["time"] for row in rows] == ["1970-01-01T00:01:00Z", "1970-01-01T00:02:00Z"]
    assert (rows[0]["cpu"], rows[1]["cpu"], rows[1]["memory_used"]) == (None, 0.5, 7)
    assert all(set(row) == {field.key for field in NODE_METRIC_ROWS.fields} for row in rows)
    assert source.asked[-1] == ("/nodes/pve1/rrddata", {"timeframe": "day", "cf": "MAX"})


@pytest.mark.capability("4.8", "10.2")
def test_a_node_of_which_nothing_was_recorded_is_told_from_one_that_does_not_exist() -> None:
    missing = ServerError("RRD error: opening '/var/lib/rrdcached/db/pve-node-9.0/x': No such file or directory")
    source = cluster()
    source.table["/nodes/pve1/rrddata"] = source.table["/nodes/nope/rrddata"] = missing
    reading = node_metrics(source, "pve1", "hour", "average")
    assert (reading.value, [warn.code for warn in reading.warnings]) == ([], ["no_metrics"])
    with pytest.raises(NotFound, match="there is no node 'nope'"):
        node_metrics(source, "nope", "hour", "average")


class Syslog(Answers):
    """A log of 100 lines, of which PVE gives the oldest first."""

    def __init__(self, count: int = 100) -> None:
        super().__init__(cluster().table)
        self.table["/nodes/pve1/syslog"] = [{"n": at + 1, "t": f"line {at + 1}\n"} for at in range(count)]

    def read(self, path: str, params: object = None) -> Json:
        asked: JsonObject = {"start": 0, **(params if isinstance(params, dict) else {})}
        return super().read(path, asked)  # type: ignore[arg-type]


@pytest.mark.capability("4.2")
@pytest.mark.parametrize(("limit", "first", "count"), [(3, 98, 3), (100, 1, 100), (0, 1, 100), (500, 1, 100)])
def test_the_log_shows_the_newest_lines(limit: int, first: int, count: int) -> None:
    rows = node_log(Syslog(), "pve1", limit=limit).value
    assert (len(rows), rows[0]["line"], rows[0]["text"]) == (count, first, f"line {first}")


def test_all_lines_of_a_long_log() -> None:
    assert len(node_log(Syslog(1200), "pve1", limit=0).value) == 1200


@pytest.mark.parametrize(
    ("since", "sent"),
    [
        ("2026-11-22 08:00", "2026-11-22 08:00"),
        ("2026-11-22", "2026-11-22"),
        ("1h", "2026-11-22 19:27:37"),  # the node's clock shows 20:27:37
        ("2026-11-22T08:00:00Z", "2026-11-22 09:00:00"),
        ("2026-11-22T08:00:00", "2026-11-22 08:00:00"),
    ],
)
def test_times_are_sent_in_the_nodes_own_time(since: str, sent: str) -> None:
    source = Syslog()
    node_log(source, "pve1", limit=1, since=since, service="pvedaemon")
    asked = [params for path, params in source.asked if path.endswith("/syslog")]
    assert {str(params["since"]) for params in asked} == {sent}
    assert all(params["service"] == "pvedaemon" for params in asked)


def test_nonsense_as_a_time_is_a_usage_error_that_names_the_option() -> None:
    with pytest.raises(UsageError, match="--until"):
        node_log(Syslog(), "pve1", limit=1, until="yesterday")


@pytest.mark.parametrize(
    ("text", "version", "old"),
    [
        ("pve-manager/8.3.5/abc", "8.3.5", True),
        ("pve-manager/8.4.0/abc", "8.4.0", False),
        ("9.2.11", "9.2.11", False),
        (None, None, False),
    ],
)
def test_releases(text: str | None, version: str | None, old: bool) -> None:
    assert (release(text), bool(old_release(version))) == (version, old)


@pytest.mark.parametrize(("version", "old"), [("7.4-3", True), ("7.4.3", True), ("10.0", False), ("", False)])
def test_what_is_older_than_the_oldest_supported_release_is_warned_of(version: str, old: bool) -> None:
    assert bool(old_release(version)) is old
