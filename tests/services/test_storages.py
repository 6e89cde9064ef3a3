"""Storages, their content, and backups: shared storages once, silent nodes named."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from proxmox_mpc.domain.json import Json, JsonObject
from proxmox_mpc.errors import NodeUnreachable, NotFound, PermissionDenied, ServerError
from proxmox_mpc.services.backups import BACKUP_ROWS, JOB_ROWS, list_backups, list_jobs, show_job
from proxmox_mpc.services.storages import STORAGE_ROWS, VOLUME_ROWS, list_storages, show_storage, storage_content
from tests.services.answers import Answers

NOW = 1_795_400_000.0


def storage(name: str, node: str, content: str, **more: Json) -> JsonObject:
    row: JsonObject = {"type": "storage", "storage": name, "node": node, "content": content, "status": "available"}
    return {**row, "plugintype": "dir", "disk": 25, "maxdisk": 100, "id": f"storage/{node}/{name}", **more}


RESOURCES: list[Json] = [
    {"type": "node", "node": "pve1", "status": "online"},
    {"type": "node", "node": "pve2", "status": "online"},
    {"type": "node", "node": "pve3", "status": "offline"},
    storage("nas", "pve3", "backup,images", shared=1, status="unknown", disk=None, maxdisk=None),
    storage("nas", "pve2", "images,backup", shared="1"),
    storage("nas", "pve1", "images,backup", shared=1),
    storage("local", "pve1", "iso,backup"),
    storage("local", "pve3", "iso,backup", status="unknown", disk=0, maxdisk=0),
    storage("lvm", "pve2", "none", status="unknown"),
    {"type": "qemu", "vmid": 101, "name": "web", "node": "pve1", "status": "running"},
]
BACKUP: JsonObject = {
    "volid": "nas:backup/vzdump-qemu-101-2026_11_20-01_00_00.vma.zst", "content": "backup", "format": "vma.zst",
    "vmid": 101, "ctime": 1795100000, "size": "500", "protected": 1, "notes": "before\nthe move",
}  # fmt: skip


def cluster(more: Mapping[str, Json] | None = None) -> Answers:
    return Answers(
        {
            "/cluster/resources": RESOURCES,
            "/nodes/pve1/storage/nas/content": [
                BACKUP,
                {"volid": "nas:backup/ct/150/2026-11-01T00:00:00Z", "content": "backup", "format": "pbs-ct",
                 "vmid": "150", "ctime": 1795300000, "size": 9, "encrypted": "1",
                 "verification": {"state": "ok", "upid": "U"}},
                {"volid": "nas:101/vm-101-disk-0.raw", "content": "images", "format": "raw", "vmid": 101, "size": 7},
            ],
            "/nodes/pve1/storage/local/content": [
                {"volid": "local:iso/a.iso", "content": "iso", "format": "iso", "size": 1},
            ],
            "/storage": [
                {"storage": "local", "type": "dir", "content": "backup,iso", "path": "/var/lib/vz", "digest": "d"},
                {"storage": "off", "type": "nfs", "content": "images", "disable": 1, "nodes": "pve2,pve1",
                 "server": "s", "prune-backups": "keep-last=3"},
            ],
            **(more or {}),
        }
    )  # fmt: skip


@pytest.mark.capability("4.5", "8.1")
def test_the_list_is_one_request_and_a_shared_storage_stands_once() -> None:
    source = cluster()
    reading = list_storages(source)
    assert source.paths == ["/cluster/resources"]
    assert [(row["storage"], row["node"], row["status"], row["used_fraction"]) for row in reading.value] == [
        ("local", "pve1", "available", 0.25),
        ("local", "pve3", "unknown", None),
        ("lvm", "pve2", "unknown", 0.25),
        ("nas", None, "available", 0.25),
    ]
    assert reading.value[3]["nodes"] == ["pve1", "pve2", "pve3"]
    assert (reading.value[3]["content"], reading.value[2]["content"]) == (["backup", "images"], [])
    assert all(set(row) == {field.key for field in STORAGE_ROWS.fields} for row in reading.value)
    assert reading.partial and [warn.details["node"] for warn in reading.warnings] == ["pve3"]


@pytest.mark.capability("4.5")
def test_what_one_node_sees() -> None:
    reading = list_storages(cluster(), "pve2")
    assert [row["storage"] for row in reading.value] == ["lvm", "nas"]
    assert not reading.partial
    with pytest.raises(NotFound, match="there is no node 'nope'"):
        list_storages(cluster(), "nope")


@pytest.mark.capability("4.5", "2.4")
def test_the_page_of_a_storage() -> None:
    reading = show_storage(cluster(), "local")
    page = reading.value
    assert (page["type"], page["enabled"], page["config"]) == ("dir", True, {"path": "/var/lib/vz"})
    assert page["usage"] == [
        {"node": "pve1", "status": "available", "total": 100, "used": 25, "used_fraction": 0.25},
        {"node": "pve3", "status": "unknown", "total": 0, "used": 0, "used_fraction": None},
    ]
    assert reading.partial
    off = show_storage(cluster(), "off")
    assert (off.value["enabled"], off.value["nodes"], off.value["usage"]) == (False, ["pve1", "pve2"], [])
    assert off.value["retention"] == "keep-last=3" and not off.partial
    with pytest.raises(NotFound, match="there is no storage 'x'"):
        show_storage(cluster(), "x")


@pytest.mark.capability("4.5")
def test_content_of_a_local_storage_is_read_on_every_node_that_answers() -> None:
    reading = storage_content(cluster(), "local")
    assert [(row["volid"], row["node"], row["guest"]) for row in reading.value] == [("local:iso/a.iso", "pve1", None)]
    assert all(set(row) == {field.key for field in VOLUME_ROWS.fields} for row in reading.value)
    assert reading.partial and reading.warnings[0].details == {"storage": "local", "node": "pve3"}


@pytest.mark.capability("4.5")
def test_content_of_a_shared_storage_is_read_once_and_can_be_narrowed() -> None:
    source = cluster()
    rows = storage_content(source, "nas", content="images", guest=101).value
    assert [row["volid"] for row in rows] == ["nas:101/vm-101-disk-0.raw"]
    assert rows[0]["node"] is None
    assert source.asked[1:] == [("/nodes/pve1/storage/nas/content", {"content": "images", "vmid": 101})]


def test_a_storage_that_is_not_where_it_was_asked_for() -> None:
    with pytest.raises(NotFound, match="node pve2 has no storage 'local'"):
        storage_content(cluster(), "local", "pve2")
    with pytest.raises(NotFound, match="there is no enabled storage 'off'"):
        storage_content(cluster(), "off")
    denied = cluster()
    denied.table["/nodes/pve1/storage/nas/content"] = PermissionDenied("no")
    with pytest.raises(PermissionDenied):
        storage_content(denied, "nas")


@pytest.mark.capability("4.7", "8.1")
def test_backups_of_all_storages_newest_first() -> None:
    source = cluster()
    reading = list_backups(source, None, lambda: NOW)
    assert [(row["guest"], row["name"], row["type"], row["age"]) for row in reading.value] == [
        (150, None, "ct", 100_000),
        (101, "web", "vm", 300_000),
    ]
    newest, oldest = reading.value
    assert (newest["verified"], newest["encrypted"], newest["protected"]) == ("ok", True, False)
    assert (oldest["size"], oldest["protected"], oldest["node"], oldest["storage"]) == (500, True, None, "nas")
    assert all(set(row) == {field.key for field in BACKUP_ROWS.fields} for row in reading.value)
    # One request for the resources, one a storage: nas once, local where it answers.
    assert sorted(source.paths) == [
        "/cluster/resources",
        "/nodes/pve1/storage/local/content",
        "/nodes/pve1/storage/nas/content",
    ]
    assert reading.partial and reading.warnings[0].details["storage"] == "local"


@pytest.mark.capability("4.7")
@pytest.mark.parametrize(("named", "volumes"), [("101", 1), ("web", 1), ("150", 1), ("999", 0)])
def test_backups_of_one_guest_also_of_one_that_is_gone(named: str, volumes: int) -> None:
    assert len(list_backups(cluster(), named, lambda: NOW).value) == volumes


def test_backups_of_a_name_that_is_none() -> None:
    with pytest.raises(NotFound):
        list_backups(cluster(), "nobody", lambda: NOW)


@pytest.mark.capability("4.7", "7.3")
@pytest.mark.parametrize(
    "error", [PermissionDenied("no"), ServerError("storage 'nas' is not online"), NodeUnreachable("x")]
)
def test_one_storage_that_cannot_be_read_does_not_sink_the_list(
    error: PermissionDenied | ServerError | NodeUnreachable,
) -> None:
    source = cluster(
        {"/nodes/pve1/storage/local/content": [{**BACKUP, "volid": "local:backup/vzdump-lxc-5-x.tar.zst"}]}
    )
    source.table["/nodes/pve1/storage/nas/content"] = error
    reading = list_backups(source, None, lambda: NOW)
    assert [(row["storage"], row["node"], row["type"]) for row in reading.value] == [("local", "pve1", "ct")]
    assert reading.partial and error.code in [warn.code for warn in reading.warnings]


@pytest.mark.capability("3.3")
def test_the_database_tells_what_was_on_a_node_that_is_down() -> None:
    source = cluster({"/nodes/pve3/storage/local/content": [{**BACKUP, "volid": "local:backup/x", "vmid": 7}]})
    source.live = False
    reading = list_backups(source, "7", lambda: NOW)
    assert [(row["guest"], row["node"]) for row in reading.value] == [(7, "pve3")]
    assert not reading.partial


JOBS: list[Json] = [
    {"id": "b", "all": 1, "exclude": "100,101", "schedule": "02:00", "storage": "nas", "next-run": 60,
     "prune-backups": {"keep-weekly": "2", "keep-last": 3}, "mailnotification": "failure", "compress": "zstd"},
    {"id": "a", "vmid": "101,102", "enabled": "0", "mode": "stop", "dow": "sat", "starttime": "01:00",
     "prune-backups": "keep-all=1"},
    {"id": "c", "pool": "prod", "schedule": "sat 03:00", "node": "pve1"},
]  # fmt: skip


@pytest.mark.capability("4.7")
def test_backup_jobs() -> None:
    rows = list_jobs(cluster({"/cluster/backup": JOBS})).value
    assert [(row["id"], row["enabled"], row["schedule"], row["selection"], row["mode"]) for row in rows] == [
        ("a", False, "sat 01:00", "101,102", "stop"),
        ("b", True, "02:00", "all", "snapshot"),
        ("c", True, "sat 03:00", "pool prod", "snapshot"),
    ]
    assert [row["retention"] for row in rows] == ["keep-all=1", "keep-last=3,keep-weekly=2", None]
    assert rows[1]["next_run"] == "1970-01-01T00:01:00Z" and rows[1]["exclude"] == ["100", "101"]
    assert all(set(row) == {field.key for field in JOB_ROWS.fields} for row in rows)


@pytest.mark.capability("4.7")
def test_the_page_of_a_job_names_the_guests_it_covers() -> None:
    volumes: Json = [
        {"id": "scsi0", "name": "x", "included": 1, "reason": "enabled"},
        {"id": "scsi1", "name": "y", "included": 0, "reason": "backup=no"},
    ]
    covered: Json = {"children": [{"id": 101, "name": "web", "type": "qemu", "children": volumes}]}
    source = cluster({"/cluster/backup": JOBS, "/cluster/backup/b/included_volumes": covered})
    page = show_job(source, "b").value
    assert page["config"] == {"mailnotification": "failure"}
    assert page["guests"] == [
        {"guest": 101, "name": "web", "type": "vm", "included": ["scsi0"], "left_out": ["scsi1 (backup=no)"]}
    ]
    source.table["/cluster/backup/b/included_volumes"] = PermissionDenied("no")
    reading = show_job(source, "b")
    assert reading.value["guests"] is None and reading.partial
    with pytest.raises(NotFound, match="there is no backup job 'zzz'"):
        show_job(source, "zzz")
