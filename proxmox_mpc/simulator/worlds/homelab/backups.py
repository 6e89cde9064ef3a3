"""The homelab's backups: fresh, old, protected, of guests that are gone, and the jobs that should make them."""

from __future__ import annotations

from proxmox_mpc.simulator.json import JsonObject
from proxmox_mpc.simulator.worlds.builder import DAY, HOUR, Builder


def add_backups(build: Builder) -> None:
    """Add backups and jobs; 103, 105 to 109 and 203 have no backup at all."""
    for vmid, sizes in {101: (11.2, 11.1, 10.8), 102: (52.0, 51.7, 51.1), 201: (1.9, 1.9, 1.9)}.items():
        for at, gib in enumerate(sizes):
            age = at * DAY + 17 * HOUR + vmid
            name = build.world.guests[vmid].name
            build.backup(vmid, "pbs", age, gib, notes=name, verification=_verified(build, at))
    build.backup(
        102, "pbs", 71 * DAY, 44.5, protected=True, notes="before the move to PostgreSQL 17\ndo not delete",
        verification=_verified(build, 1),
    )  # fmt: skip
    build.backup(104, "nas-backup", 2 * DAY + 4 * HOUR, 8.3, notes="docker")
    build.backup(104, "nas-backup", 9 * DAY + 4 * HOUR, 8.1, notes="docker")
    build.backup(100, "nas-backup", 41 * DAY, 1.4, notes="router, before 26.1")
    build.backup(200, "nas-backup", 2 * DAY + 4 * HOUR, 0.3, notes="dns")
    build.backup(202, "nas-backup", 96 * DAY, 14.9)
    build.backup(
        150, "pbs", 210 * DAY, 6.6, kind="qemu", notes="old-mail (removed)", verification=_verified(build, 2, "failed")
    )
    build.backup(202, "local", 400 * DAY, 9.0, node="pve3", notes="by hand")
    _jobs(build)


def _verified(build: Builder, at: int, state: str = "ok") -> JsonObject | None:
    if at == 0:
        return None
    return {"state": state, "upid": f"UPID:pbs:0000{at:04X}:00ABCDEF:00000001:{build.now:08X}:verify:main:root@pam:"}


def _jobs(build: Builder) -> None:
    build.world.backup_jobs = {
        "backup-prod": {
            "id": "backup-prod", "type": "vzdump", "enabled": 1, "pool": "prod", "schedule": "02:30", "storage": "pbs",
            "mode": "snapshot", "notes-template": "{{guestname}}", "comment": "production, every night",
            "mailnotification": "failure", "mailto": "zoe@lab.example", "prune-backups": {"keep-last": 3},
        },
        "backup-infra": {
            "id": "backup-infra", "type": "vzdump", "enabled": 1, "vmid": "100,104,200", "schedule": "sat 04:00",
            "storage": "nas-backup", "mode": "snapshot", "compress": "zstd", "notes-template": "{{guestname}}",
        },
        "backup-gitea": {
            "id": "backup-gitea", "type": "vzdump", "enabled": 0, "vmid": "202", "schedule": "sun 05:00",
            "storage": "nas-backup", "mode": "stop", "compress": "zstd", "comment": "paused: pve3 is short of space",
        },
    }  # fmt: skip
