"""Changing which guests' disks are copied to another node, and how often."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from proxmox_mpc.domain.call import Call, FormValue, Known
from proxmox_mpc.domain.json import as_object, as_rows, integer, number, text
from proxmox_mpc.domain.plan import Plan, Probe, Send, Step, Target, Undo
from proxmox_mpc.domain.source import Source, api_path
from proxmox_mpc.errors import AlreadyExists, ServerError, UsageError
from proxmox_mpc.services import object_writes as objects
from proxmox_mpc.services.guests import find_guest
from proxmox_mpc.services.object_writes import Noun
from proxmox_mpc.services.reads import no_such_node, node_states, resources
from proxmox_mpc.services.setting_tables import Given, checked_deletes, gathered, read_keys

_ID = re.compile(r"[1-9]\d{2,8}-\d{1,9}")
JOB = Noun(
    "replication", "/cluster/replication", "id",
    read_keys("""
        comment text
        disable bool
        rate num(1..)
        schedule ~calendar
        source ~name
        target ~name !
    """),
    "pmpc replication list", fixed={"type": "local"},
)  # fmt: skip


def create_job(source: Source, guest: str, to: str, options: Mapping[str, Given], pairs: Sequence[str]) -> Plan:
    """Plan a new job for a guest; its number is the next one that is free."""
    ref = find_guest(source, guest)
    if to not in node_states(resources(source)):
        raise no_such_node(to)
    if ref.node == to:
        raise UsageError(f"{ref.label} is on {to} itself", hint="name another node")
    jobs = as_rows(source.read(JOB.collection), JOB.collection)
    mine = [job for job in jobs if integer(job, "guest") == ref.vmid]
    if any(text(job, "target") == to for job in mine):
        raise AlreadyExists(f"{ref.label} is replicated to {to} already", hint="pmpc replication list")
    taken = {text(job, "id") for job in mine}
    free = next(count for count in range(1_000) if f"{ref.vmid}-{count}" not in taken)
    form = gathered(JOB.keys, {"target": to, **options}, pairs)
    return objects.create(source, JOB, f"{ref.vmid}-{free}", form)


def set_job(
    source: Source, job: str, options: Mapping[str, Given], pairs: Sequence[str], deletes: Sequence[str]
) -> Plan:
    """Plan other settings of a job."""
    form = gathered(JOB.keys, options, pairs, creating=False)
    gone = checked_deletes(JOB.keys, deletes, form)
    if not form and not gone:
        raise UsageError("there is nothing to change", hint="--schedule, --rate, --enable, --set KEY=VALUE")
    return objects.change(source, JOB, checked_job(job), form, gone)


def delete_jobs(
    source: Source, jobs: Sequence[str], *, ignore_missing: bool = False, keep: bool = False, force: bool = False
) -> Plan:
    """Plan to delete jobs; the copies on the other node go too, unless ``keep``; ``force`` for a node that is gone."""
    if keep and force:
        raise UsageError("--keep and --force cannot be used together")
    form: dict[str, FormValue] = {"keep": True} if keep else {"force": True} if force else {}
    named = [checked_job(job) for job in jobs]
    notes = () if keep else ("the copies on the other node are deleted with the job",)
    plan = objects.delete(source, JOB, named, ignore_missing=ignore_missing, form=form, notes=notes)
    # PVE only marks the job: the node of the guest deletes the copies, then the job (pve-guest-common).
    steps = [step if keep else _without_copies(step) for step in plan.steps if not isinstance(step, Probe)]
    return Plan(plan.action, tuple(steps), plan.many, plan.notes)


def _without_copies(step: Step) -> Step:
    """Return the step whose undo says what it does not bring back."""
    if not isinstance(step, Send):
        return step
    lost = "its copies do not come back, the next run copies the whole disks again"
    return replace(step, undo=Undo(tuple(replace(send, says=f"{send.says} ({lost})") for send in step.undo.sends)))


def run_job(source: Source, job: str) -> Plan:
    """Plan to replicate now, and wait until it was tried."""
    found = objects.existing(source, JOB, checked_job(job))
    if found is None:
        raise JOB.missing(job)
    guest = find_guest(source, job.partition("-")[0])
    path = api_path("nodes", guest.node, "replication", job)
    before = as_object(source.read(f"{path}/status"), "the job's state")
    last = number(before, "last_try") or 0
    target = Target("replication", job, None, guest.node)
    send = Send(
        Call("POST", f"{path}/schedule_now"),
        target,
        "config",
        f"replicate {guest.label} to {text(found, 'target')} now",
        undo=Undo(why_not="a copy that was brought up to date stays so"),
    )

    def tried(source: Source, _known: Known) -> str | None:
        now = as_object(source.read(f"{path}/status"), "the job's state")
        if (number(now, "last_try") or 0) <= last or number(now, "pid"):
            return "it has not run yet"
        if error := text(now, "error"):
            raise ServerError(f"replication {job} failed: {error}", hint=f"pmpc api get {path}/log")
        return None

    return Plan("run", (send, Probe(f"replication {job} has run", tried, target, 600.0)))


def checked_job(job: str) -> str:
    """Return a job's id; raises UsageError."""
    if _ID.fullmatch(job) is None:
        raise UsageError(f"{job[:40]!r} is no replication job", hint="GUEST-NUMBER, such as 101-0")
    return job
