"""Which backups a retention keeps (PVE::Storage::prune_mark_backup_group)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from proxmox_mpc.simulator.world import Volume

PERIODS: tuple[tuple[str, Callable[[datetime], str]], ...] = (
    ("keep-hourly", lambda at: at.strftime("%Y-%m-%d %H")),
    ("keep-daily", lambda at: at.strftime("%Y-%m-%d")),
    ("keep-weekly", lambda at: at.strftime("%G-%V")),
    ("keep-monthly", lambda at: at.strftime("%Y-%m")),
    ("keep-yearly", lambda at: at.strftime("%Y")),
)


def read_keep(text: str) -> dict[str, int]:
    """Read ``keep-last=3,keep-monthly=2``; nothing given, or only zeros, keeps all."""
    keep = {key: int(value) for key, _, value in (part.partition("=") for part in text.split(",") if "=" in part)}
    return keep if keep.get("keep-all") or any(keep.values()) else {"keep-all": 1}


def marks(backups: Iterable[Volume], keep: dict[str, int]) -> dict[str, str]:
    """Return ``keep``, ``remove`` or ``protected`` for each volume id; every guest counts for itself."""
    groups: dict[tuple[str | None, int | None], list[Volume]] = {}
    found: dict[str, str] = {}
    for backup in backups:
        if backup.protected:
            found[backup.volid] = "protected"
        else:
            groups.setdefault((backup.subtype, backup.vmid), []).append(backup)
    for members in groups.values():
        members.sort(key=lambda backup: backup.ctime, reverse=True)
        found |= _mark(members, keep)
    return found


def _mark(members: list[Volume], keep: dict[str, int]) -> dict[str, str]:
    if keep.get("keep-all"):
        return {backup.volid: "keep" for backup in members}
    kept = {backup.volid: "keep" for backup in members[: keep.get("keep-last", 0)]}
    for name, period in PERIODS:
        _keep_one_of_each(members, keep.get(name, 0), period, kept)
    return {backup.volid: kept.get(backup.volid, "remove") for backup in members}


def _keep_one_of_each(
    members: list[Volume], count: int, period: Callable[[datetime], str], kept: dict[str, str]
) -> None:
    """Keep the newest of each of ``count`` periods in which nothing is kept yet."""
    covered = {period(_moment(backup)) for backup in members if backup.volid in kept}
    chosen: set[str] = set()
    for backup in members:
        span = period(_moment(backup))
        if len(chosen) >= count and span not in chosen:
            return
        if backup.volid not in kept and span not in covered and span not in chosen:
            chosen.add(span)
            kept[backup.volid] = "keep"


def _moment(backup: Volume) -> datetime:
    return datetime.fromtimestamp(backup.ctime, UTC)
