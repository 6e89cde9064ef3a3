"""What must be known of guests before they are changed: their state now, their lock, HA, protection and backups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from proxmox_mpc.domain.guests import GuestRef
from proxmox_mpc.domain.json import JsonObject, boolean, text
from proxmox_mpc.domain.moments import epoch
from proxmox_mpc.domain.risk import BackupFact, Facts
from proxmox_mpc.domain.source import Query, Source
from proxmox_mpc.errors import PmpcError, UnexpectedAnswer
from proxmox_mpc.services.guest_backups import backups_of


@dataclass(frozen=True, slots=True)
class Now:
    """A guest's state at this moment; ``row`` is the answer of status/current."""

    ref: GuestRef
    row: JsonObject

    @property
    def status(self) -> str:
        """running, stopped, paused: QEMU's own word where there is one."""
        return text(self.row, "qmpstatus") or text(self.row, "status") or "unknown"

    @property
    def running(self) -> bool:
        """Whether it runs, be it paused."""
        return text(self.row, "status") == "running"

    @property
    def lock(self) -> str | None:
        """What holds it locked."""
        return text(self.row, "lock")

    @property
    def ha(self) -> bool:
        """Whether high availability manages it."""
        managed = self.row.get("ha")
        return isinstance(managed, dict) and boolean(managed, "managed")

    def facts(self, *, protection: bool = False, backup: BackupFact | None = None) -> Facts:
        """Return what the guard must know."""
        return Facts(running=self.running, locked=self.lock, protection=protection, ha=self.ha, backup=backup)


def now_of(source: Source, refs: Sequence[GuestRef]) -> list[Now | PmpcError]:
    """Return the state of guests in their order; a failure stands in its place."""
    answers = source.read_many([Query(ref.path("status", "current")) for ref in refs])
    return [_now(ref, answer) for ref, answer in zip(refs, answers, strict=True)]


def _now(ref: GuestRef, answer: object) -> Now | PmpcError:
    if isinstance(answer, PmpcError):
        return answer
    if isinstance(answer, dict):
        return Now(ref, answer)
    return UnexpectedAnswer(f"the state of {ref.label} is no object")


def backup_fact(source: Source, ref: GuestRef) -> BackupFact:
    """Return the newest backup of a guest that holds something; what could not be seen is said."""
    try:
        found = backups_of(source, ref)
    except PmpcError as error:
        return BackupFact(None, complete=False, reasons=(error.message,))
    times = [epoch(str(row["created"])) for row in found.rows if row["created"] and row["size"] != 0]
    return BackupFact(max(times, default=None), found.complete, found.reasons)
