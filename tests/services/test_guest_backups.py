from __future__ import annotations

import pytest

from proxmox_mpc.domain.guests import GuestRef
from proxmox_mpc.domain.json import Json
from proxmox_mpc.errors import NodeUnreachable, PermissionDenied, PmpcError
from proxmox_mpc.services.guest_backups import backups_of
from tests.services.paths import Paths

REF = GuestRef(101, "qemu", "pve1", "web", "running")
STORAGES: Json = [
    {"storage": "pbs", "type": "pbs", "content": "backup", "active": 1, "enabled": 1},
    {"storage": "local", "type": "dir", "content": "iso,backup", "active": 1, "enabled": 1},
    {"storage": "lvm", "type": "lvmthin", "content": "images", "active": 1},
    {"storage": "off", "type": "dir", "content": "backup", "active": 0, "enabled": 0},
]
ROWS: Json = [
    {"volid": "local:backup/a.vma.zst", "content": "backup", "ctime": 100, "size": 5, "vmid": 101, "protected": 1},
    {"volid": "local:backup/b.vma.zst", "content": "backup", "ctime": 300, "size": 6, "vmid": "101", "notes": "n"},
    {"volid": "local:backup/c.vma.zst", "content": "backup", "ctime": 400, "size": 6, "vmid": 102},
    {"volid": "local:iso/d.iso", "content": "iso", "ctime": 500, "size": 6, "vmid": 101},
]


def source(live: bool = True, **answers: Json | PmpcError) -> Paths:
    paths = {f"/nodes/pve1/storage/{name}/content": answer for name, answer in answers.items()}
    return Paths({"/nodes/pve1/storage": STORAGES, **paths}, live=live)


@pytest.mark.capability("4.7")
def test_a_guests_backups_newest_first_from_the_storages_that_take_them() -> None:
    server = source(pbs=[], local=ROWS)
    found = backups_of(server, REF)
    assert [row["volid"] for row in found.rows] == ["local:backup/b.vma.zst", "local:backup/a.vma.zst"]
    assert (found.storages, found.complete) == (("local", "pbs"), True)
    assert found.rows[1]["protected"] is True
    assert server.asked == [
        "/nodes/pve1/storage?content=backup&enabled=1",
        "/nodes/pve1/storage/local/content?content=backup&vmid=101",
        "/nodes/pve1/storage/pbs/content?content=backup&vmid=101",
    ]


@pytest.mark.capability("4.7", "7.3")
def test_a_storage_that_cannot_be_read_leaves_the_answer_incomplete() -> None:
    found = backups_of(source(pbs=PermissionDenied("lacks Datastore.Audit"), local=ROWS), REF)
    assert (len(found.rows), found.complete) == (2, False)
    assert found.reasons == ("storage pbs could not be read: lacks Datastore.Audit",)
    silent: Json = [{"storage": "nfs", "content": "backup", "active": 0, "enabled": 1}]
    assert backups_of(source(), REF, silent).reasons == ("storage nfs does not answer",)
    assert backups_of(source(pbs=NodeUnreachable("down"), local=[]), REF).complete is False


@pytest.mark.capability("4.7", "9.9")
@pytest.mark.parametrize(
    ("on_guest", "on_storage", "reason"),
    [
        ({"VM.Audit": 1}, {"Datastore.Audit": 1}, "those on local are hidden without VM.Backup on /vms/101"),
        ({"VM.Backup": 1}, {"Datastore.Audit": 1}, "hidden without Datastore.AllocateSpace on /storage/local"),
        ({"VM.Backup": 1}, {"Datastore.AllocateSpace": 1}, None),
        ({}, {"Datastore.Allocate": 1}, None),
    ],
)
def test_no_backup_is_told_apart_from_not_allowed_to_see(
    on_guest: dict[str, Json], on_storage: dict[str, Json], reason: str | None
) -> None:
    server = Paths(
        {
            "/nodes/pve1/storage/local/content": [],
            "/access/permissions?path=/vms/101": {"/vms/101": on_guest},
            "/access/permissions?path=/storage/local": {"/storage/local": on_storage},
        }
    )
    found = backups_of(server, REF, [{"storage": "local", "content": "backup", "active": 1}])
    assert (found.rows, found.complete) == ((), reason is None)
    assert reason is None or reason in found.reasons[0]


def test_no_visible_storage_proves_nothing_and_the_database_is_not_asked_for_rights() -> None:
    assert backups_of(source(), REF, []).reasons == ("no storage for backups is visible",)
    recorded = source(live=False, pbs=[], local=[])
    assert backups_of(recorded, REF, STORAGES).complete
    assert not any("permissions" in path for path in recorded.asked)
