"""Deleting guests with their disks and all that refers to them; PVE itself refuses running and protected ones."""

from __future__ import annotations

from collections.abc import Sequence

from proxmox_mpc.domain.call import Call, FormValue, Known
from proxmox_mpc.domain.guest_config import disks
from proxmox_mpc.domain.guests import GuestRef
from proxmox_mpc.domain.json import JsonObject, boolean, text
from proxmox_mpc.domain.plan import Cannot, Plan, Probe, ProbeCheck, Send, Step, Target, Undo
from proxmox_mpc.domain.source import Query, Source
from proxmox_mpc.errors import Conflict, NotFound, PmpcError
from proxmox_mpc.services.guest_facts import Now, backup_fact, now_of


def delete_guests(
    source: Source, refs: Sequence[GuestRef], *, many: bool = False, keep_references: bool = False
) -> Plan:
    """Return the plan that deletes these guests, their disks, and (purge) jobs, HA and permissions that name them.

    The age of the newest backup is read for each; a running guest cannot be planned.
    """
    configs = source.read_many([Query(ref.path("config")) for ref in refs])
    steps: list[Step] = []
    notes: list[str] = []
    # What /cluster/resources says of a guest may be ten seconds old: one that was just stopped would still run there.
    for ref, config, now in zip(refs, configs, now_of(source, refs), strict=True):
        error = next((one for one in (config, now) if isinstance(one, PmpcError)), None)
        if error is not None:
            steps.append(Cannot(Target.of(ref), error))
        elif isinstance(now, Now) and isinstance(config, dict):
            if now.running:
                steps.append(Cannot(Target.of(ref), _runs(ref)))
                continue
            steps += _deletion(source, now, config, keep_references=keep_references)
            notes += _losses(ref, config)
    return Plan("delete", tuple(steps), many, tuple(notes))


def _runs(ref: GuestRef) -> Conflict:
    return Conflict(
        f"{ref.label} is running and cannot be deleted",
        hint=f"stop it first: pmpc {ref.kind} stop {ref.vmid}",
        details={"vmid": ref.vmid},
    )


def _deletion(source: Source, now: Now, config: JsonObject, *, keep_references: bool) -> list[Step]:
    ref, target = now.ref, Target.of(now.ref)
    form: dict[str, FormValue] = {} if keep_references else {"purge": True}
    form["destroy-unreferenced-disks"] = True
    send = Send(
        Call("DELETE", ref.path(), form),
        target,
        "guest_delete",
        f"delete {ref.label} with its disks",
        now.facts(protection=boolean(config, "protection"), backup=backup_fact(source, ref)),
        before=None,
        watch=ref.path("config"),
        undo=Undo(why_not="what is deleted can only be restored from a backup"),
    )
    return [send, Probe(f"{ref.label} is gone", _is_gone(ref), target, 10)]


def _is_gone(ref: GuestRef) -> ProbeCheck:
    def check(source: Source, known: Known) -> str | None:
        try:
            source.read(ref.path("config"))
        except NotFound:
            return None
        return "it is still there"

    return check


def _losses(ref: GuestRef, config: JsonObject) -> list[str]:
    """Return a line that names the disks which go with a guest, and one for its place in high availability."""
    volumes = [
        f"{row['key']} {row['volume']}"
        for row in disks(config)
        if row["volume"] and row["media"] not in ("cdrom", "bind mount") and row["storage"]
    ]
    lines = [f"{ref.label} goes with {', '.join(volumes)}"] if volumes else []
    if ref.row.get("hastate"):
        lines.append(f"{ref.label} is managed by high availability ({text(ref.row, 'hastate')}) and is taken out of it")
    return lines
