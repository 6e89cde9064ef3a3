"""Backup jobs: made, changed, removed, and run now."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from proxmox_mpc.domain.call import Call, FormValue, Known
from proxmox_mpc.domain.json import Json, JsonObject, as_object, as_rows, integer, text
from proxmox_mpc.domain.moments import iso
from proxmox_mpc.domain.plan import Keep, Plan, Probe, ProbeCheck, Send, Step, Target, Undo
from proxmox_mpc.domain.source import Source, api_path
from proxmox_mpc.errors import AlreadyExists, InvalidValue, NotFound, UsageError
from proxmox_mpc.services.backup_create import BackupWish, plan_backups
from proxmox_mpc.services.backups import property_text
from proxmox_mpc.services.guests import inventory

_ID = re.compile(r"[A-Za-z][A-Za-z0-9_-]+")
_SELECTING = ("all", "pool", "vmid")
_READ_ONLY = frozenset({"id", "type", "digest", "next-run"})


def _jobs(source: Source) -> list[JsonObject]:
    return as_rows(source.read("/cluster/backup"), "/cluster/backup")


def find_job(source: Source, name: str) -> JsonObject:
    """Return one job as PVE has it; raises NotFound."""
    job = next((row for row in _jobs(source) if text(row, "id") == name), None)
    if job is None:
        raise NotFound(f"there is no backup job {name!r}", hint="pmpc backup job list shows the jobs")
    return job


def next_runs(source: Source, schedule: str, count: int = 3) -> list[str]:
    """Return when a calendar event comes next; raises UsageError for one that the server does not understand."""
    try:
        answer = source.read("/cluster/jobs/schedule-analyze", {"schedule": schedule, "iterations": count})
    except InvalidValue as error:
        raise UsageError(
            f"--schedule: {schedule!r} is no calendar event",
            hint="as in: 02:30, sat 04:00, mon..fri 22:00, */6:00, monthly",
            details={"schedule": schedule, "said": error.message},
        ) from error
    return [moment for row in as_rows(answer, "the schedule") if (moment := iso(integer(row, "timestamp")))]


def plan_job_create(source: Source, name: str, settings: Mapping[str, FormValue], *, if_missing: bool) -> Plan:
    """Return the plan that makes a job; raises AlreadyExists unless ``if_missing``."""
    if not _ID.fullmatch(name):
        raise UsageError(
            f"{name[:60]!r} is no id of a job", hint="at least two letters, digits, _ or -, a letter first"
        )
    target = Target("backup job", name)
    if any(text(row, "id") == name for row in _jobs(source)):
        if if_missing:
            return Plan("backup job create", (Keep(target, f"backup job {name} is there already"),))
        raise AlreadyExists(f"there is a backup job {name!r} already", hint=f"pmpc backup job set {name}")
    schedule = settings.get("schedule")
    if schedule is None:
        raise UsageError("a backup job needs --schedule", hint="as in: --schedule 'sat 04:00'")
    if not any(key in settings for key in _SELECTING):
        raise UsageError("which guests? say --guest, --pool or --all")
    runs = next_runs(source, str(schedule))
    path = api_path("cluster", "backup", name)
    send = Send(
        Call("POST", "/cluster/backup", {"id": name, **settings}),
        target,
        "add",
        f"make the backup job {name}",
        watch=path,
        undo=Undo((Send(Call("DELETE", path), target, "remove", f"remove the backup job {name}"),)),
    )
    steps = (send, Probe(f"backup job {name} is there", _has(path, settings), target))
    return Plan("backup job create", steps, notes=(f"it runs next at {', '.join(runs)}",) if runs else ())


def plan_job_set(source: Source, name: str, settings: Mapping[str, FormValue], deletes: Sequence[str]) -> Plan:
    """Return the plan that changes a job; what is so already is left out."""
    job = find_job(source, name)
    target = Target("backup job", name)
    wanted = {key: value for key, value in settings.items() if _now(job, key) != str(value)}
    gone = [key for key in deletes if key in job]
    if any(key in settings for key in _SELECTING):
        # all, pool and vmid exclude one another.
        gone += [key for key in _SELECTING if key in job and key not in settings and key not in gone]
    if not settings and not deletes:
        raise UsageError("nothing is to be changed", hint="see: pmpc backup job set --help")
    if not wanted and not gone:
        return Plan("backup job set", (Keep(target, f"backup job {name} is so already"),))
    notes: tuple[str, ...] = ()
    if "schedule" in wanted:
        runs = next_runs(source, str(wanted["schedule"]))
        notes = (f"it runs next at {', '.join(runs)}",) if runs else ()
    path = api_path("cluster", "backup", name)
    before: JsonObject = {key: job.get(key) for key in (*wanted, *gone)}
    back = {key: _now(job, key) for key in (*wanted, *gone)}
    form: dict[str, FormValue] = {**wanted, **({"delete": ",".join(gone)} if gone else {})}
    send = Send(
        Call("PUT", path, form),
        target,
        "config",
        f"change the backup job {name}",
        before=before,
        watch=path,
        undo=Undo((Send(Call("PUT", path, _back(back)), target, "config", f"put the backup job {name} back"),)),
    )
    return Plan("backup job set", (send, Probe(f"backup job {name} is so", _has(path, wanted), target)), notes=notes)


def _back(before: Mapping[str, str | None]) -> dict[str, FormValue]:
    form: dict[str, FormValue] = {key: value for key, value in before.items() if value is not None}
    new = [key for key, value in before.items() if value is None]
    return form | ({"delete": ",".join(new)} if new else {})


def plan_job_delete(source: Source, names: Sequence[str], *, missing_ok: bool, many: bool) -> Plan:
    """Return the plan that removes jobs; the backups that they made stay."""
    jobs = {text(row, "id") or "": row for row in _jobs(source)}
    steps: list[Step] = []
    for name in dict.fromkeys(names):
        target = Target("backup job", name)
        job = jobs.get(name)
        if job is None:
            if not missing_ok:
                raise NotFound(f"there is no backup job {name!r}", hint="pmpc backup job list shows the jobs")
            steps.append(Keep(target, f"there is no backup job {name}"))
            continue
        path = api_path("cluster", "backup", name)
        form: dict[str, FormValue] = {key: _now(job, key) for key in job if key not in _READ_ONLY}
        again = Send(
            Call("POST", "/cluster/backup", {"id": name, **form}), target, "add", f"make backup job {name} again"
        )
        steps.append(
            Send(
                Call("DELETE", path),
                target,
                "remove",
                f"remove the backup job {name}",
                before={key: job.get(key) for key in form},
                watch=path,
                undo=Undo((again,)),
            )
        )
        steps.append(Probe(f"backup job {name} is gone", _absent(name), target))
    return Plan("backup job delete", tuple(steps), many)


def plan_job_run(source: Source, name: str) -> Plan:
    """Return the plan that backs up now what a job covers, as the job says; each guest ends with its own result."""
    job = find_job(source, name)
    tree = as_object(source.read(api_path("cluster", "backup", name, "included_volumes")), "what a job covers")
    covered = {integer(row, "id") for row in as_rows(tree.get("children") or [])}
    guests = [ref for ref in inventory(source).guests if ref.vmid in covered]
    if not guests:
        raise NotFound(f"backup job {name} covers no guest", hint=f"pmpc backup job show {name}")
    keep = property_text(job.get("prune-backups"))
    wish = BackupWish(
        storage=text(job, "storage"),
        mode=text(job, "mode") or "snapshot",
        compress={"0": "none", "1": "lzo"}.get(text(job, "compress") or "", text(job, "compress")),
        notes=text(job, "notes-template") or "{{guestname}}",
        protected=text(job, "protected") == "1",
        prune=True,
        keep=keep,
        bandwidth=integer(job, "bwlimit"),
    )
    plan = plan_backups(source, guests, wish, many=True, escaped=True)
    return Plan("backup job run", plan.steps, True, plan.notes, plan.warnings)


def _now(job: JsonObject, key: str) -> str | None:
    """Return a setting as PVE takes it; property strings come back as objects."""
    value: Json = job.get(key)
    return property_text(value) if isinstance(value, dict) else text(job, key)


def _has(path: str, wanted: Mapping[str, FormValue]) -> ProbeCheck:
    def check(source: Source, known: Known) -> str | None:
        try:
            job = as_object(source.read(path), "the job")
        except (NotFound, InvalidValue):
            return "it is not there"
        missing = [key for key in wanted if key not in job]
        return f"{', '.join(missing)} is not set" if missing else None

    return check


def _absent(name: str) -> ProbeCheck:
    def check(source: Source, known: Known) -> str | None:
        return "it is still there" if any(text(row, "id") == name for row in _jobs(source)) else None

    return check
