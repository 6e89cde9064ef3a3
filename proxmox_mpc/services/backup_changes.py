"""Backups that are there: removed, protected from removal, and no longer."""

from __future__ import annotations

from collections.abc import Sequence

from proxmox_mpc.domain.call import Call, Known
from proxmox_mpc.domain.json import as_object, boolean
from proxmox_mpc.domain.plan import Keep, Plan, Probe, ProbeCheck, Send, Step, Target, Undo
from proxmox_mpc.domain.risk import Facts
from proxmox_mpc.domain.source import Source
from proxmox_mpc.errors import NotFound
from proxmox_mpc.services.backup_archives import Archive, archives_at, find_archives


def plan_delete(source: Source, volids: Sequence[str], node: str | None, *, missing_ok: bool, many: bool) -> Plan:
    """Return the plan that removes backups; raises NotFound unless ``missing_ok``. The guard refuses protected ones."""
    found = {one.volid: one for one in find_archives(source, volids, node, missing_ok=missing_ok)}
    steps: list[Step] = []
    for volid in dict.fromkeys(volids):
        archive = found.get(volid)
        steps += _removal(archive) if archive else [Keep(Target("backup", volid), f"there is no backup {volid}")]
    return Plan("backup delete", tuple(steps), many)


def _removal(archive: Archive) -> list[Step]:
    send = Send(
        Call("DELETE", archive.path),
        archive.target,
        "backup_delete",
        f"remove {archive.label}",
        Facts(protection=archive.protected),
        before={"protected": int(archive.protected)},
        watch=archive.path,
        undo=Undo(why_not="a backup that was removed cannot be brought back"),
    )
    return [send, Probe(f"{archive.volid} is gone", _gone(archive), archive.target)]


def _gone(archive: Archive) -> ProbeCheck:
    def check(source: Source, known: Known) -> str | None:
        left = any(one.volid == archive.volid for one in archives_at(source, archive.place, archive.vmid))
        return "it is still there" if left else None

    return check


def plan_protection(source: Source, volids: Sequence[str], node: str | None, *, protect: bool, many: bool) -> Plan:
    """Return the plan that protects backups from removal, or no longer."""
    word = "protect" if protect else "unprotect"
    steps: list[Step] = []
    for archive in find_archives(source, volids, node):
        if archive.protected == protect:
            state = "protected already" if protect else "not protected"
            steps.append(Keep(archive.target, f"{archive.label} is {state}"))
        else:
            steps += _protection(archive, word, protect=protect)
    return Plan(f"backup {word}", tuple(steps), many)


def _protection(archive: Archive, word: str, *, protect: bool) -> list[Step]:
    back = Send(
        Call("PUT", archive.path, {"protected": int(not protect)}),
        archive.target,
        "config",
        f"{'unprotect' if protect else 'protect'} {archive.label}",
    )
    send = Send(
        Call("PUT", archive.path, {"protected": int(protect)}),
        archive.target,
        "config",
        f"{word} {archive.label}",
        before={"protected": int(archive.protected)},
        watch=archive.path,
        undo=Undo((back,)),
    )

    def check(source: Source, known: Known) -> str | None:
        try:
            now = boolean(as_object(source.read(archive.path), "the backup"), "protected")
        except NotFound:
            return "the backup is gone"
        return None if now == protect else f"it is {'protected' if now else 'not protected'}"

    return [send, Probe(f"{archive.volid} is {'' if protect else 'not '}protected", check, archive.target)]
