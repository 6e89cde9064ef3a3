"""Backup jobs: what they cover and when they run next, guests that no job covers, and the jobs that sync realms."""

from __future__ import annotations

from proxmox_mpc.simulator.call import Call, rows, split_list
from proxmox_mpc.simulator.disks import is_cdrom, is_disk, split
from proxmox_mpc.simulator.errors import failed, invalid
from proxmox_mpc.simulator.json import Json, JsonObject
from proxmox_mpc.simulator.router import Routes
from proxmox_mpc.simulator.schedule import parse
from proxmox_mpc.simulator.world import Guest, World

routes = Routes()
routes.index("/cluster/backup-info", "not-backed-up")
routes.index("/cluster/jobs", "realm-sync", "schedule-analyze")

SYNC = "/cluster/jobs/realm-sync"


def job_row(call: Call, job: JsonObject) -> JsonObject:
    """Return a job with the time of its next run; one that is disabled has none."""
    if not job.get("enabled", 1) or not job.get("schedule"):
        return dict(job)
    coming = parse(str(job["schedule"])).after(call.now)
    return dict(job) if coming is None else {**job, "next-run": coming}


@routes.get("/cluster/backup")
def index(call: Call) -> Json:
    """Return the backup jobs."""
    return rows(job_row(call, job) for job in call.world.backup_jobs.values())


def find_job(call: Call) -> JsonObject:
    """Return the job of the path; raises PVE's 400 (not 500, as elsewhere) when there is none."""
    name = call.text("id")
    if name not in call.world.backup_jobs:
        raise invalid({"id": f"No such job '{name}'"})
    return call.world.backup_jobs[name]


@routes.get("/cluster/backup/{id}")
def read(call: Call) -> Json:
    """Return one backup job."""
    return job_row(call, find_job(call))


def covered(world: World, job: JsonObject) -> list[Guest]:
    """Return the guests that a job backs up: named ones, those of a pool, or all but some."""
    left_out = {int(vmid) for vmid in split_list(str(job.get("exclude", "")))}
    if job.get("pool"):
        pool = world.pools.get(str(job["pool"]))
        wanted = set(pool.vms) if pool else set()
    elif job.get("all"):
        wanted = set(world.guests)
    else:
        wanted = {int(vmid) for vmid in split_list(str(job.get("vmid", "")))}
    node = job.get("node")
    guests = (world.guests[vmid] for vmid in sorted(wanted - left_out) if vmid in world.guests)
    return [guest for guest in guests if not node or guest.node == node]


@routes.get("/cluster/backup/{id}/included_volumes")
def included_volumes(call: Call) -> Json:
    """Return a tree of the guests that a job covers and of their volumes, each with whether and why it is included."""
    children = [
        {"id": guest.vmid, "name": guest.name, "type": guest.kind, "children": rows(_volumes(guest))}
        for guest in covered(call.world, find_job(call))
    ]
    return {"children": rows(children)}


def _volumes(guest: Guest) -> list[JsonObject]:
    """Return a guest's volumes; a container's mount points are left out unless ``backup`` is set."""
    found: list[JsonObject] = []
    for key, value in sorted(guest.config.items()):
        if not is_disk(key, guest.kind) or is_cdrom(str(value)):
            continue
        volume, options = split(str(value))
        usual = "0" if guest.kind == "lxc" and key != "rootfs" else "1"
        included = options.get("backup", usual) in {"1", "on", "yes", "true"}
        reason = "enabled" if included else "disabled"
        if key.startswith("efidisk") and guest.config.get("bios") != "ovmf":
            included, reason = False, "efidisk but no OMVF BIOS"
        row: JsonObject = {"id": key, "name": volume, "included": int(included), "reason": reason}
        found.append(row)
    return found


@routes.get("/cluster/backup-info/not-backed-up")
def not_backed_up(call: Call) -> Json:
    """Return the guests that no job covers; a disabled job counts as one."""
    held = {guest.vmid for job in call.world.backup_jobs.values() for guest in covered(call.world, job)}
    return rows(
        {"vmid": guest.vmid, "name": guest.name, "type": guest.kind}
        for guest in call.world.guests.values()
        if guest.vmid not in held and call.may(f"/vms/{guest.vmid}", "VM.Audit")
    )


def sync_jobs(call: Call) -> dict[str, Json]:
    """Return the jobs that sync realms, by id."""
    known = call.world.documents.get(SYNC)
    return known if isinstance(known, dict) else {}


@routes.get(SYNC)
def realm_syncs(call: Call) -> Json:
    """Return the jobs that sync realms."""
    return rows(job_row(call, job) for job in sync_jobs(call).values() if isinstance(job, dict))


@routes.get(f"{SYNC}/{{id}}")
def realm_sync(call: Call) -> Json:
    """Return one job that syncs a realm."""
    job = sync_jobs(call).get(call.text("id"))
    if not isinstance(job, dict):
        raise invalid({"id": f"No such job '{call.text('id')}'"})
    return job


@routes.get("/cluster/jobs/schedule-analyze")
def schedule_analyze(call: Call) -> Json:
    """Return the next times of a calendar event."""
    try:
        event = parse(call.text("schedule"))
    except ValueError as error:
        raise invalid({"schedule": f"invalid format - {error}\n"}) from error
    found: list[JsonObject] = []
    moment: int | None = call.number("starttime", call.now)
    for _ in range(call.number("iterations", 10)):
        moment = event.after(moment) if moment is not None else None
        if moment is not None:
            found.append({"timestamp": moment, "utc": _utc(moment)})
    return rows(found)


def _utc(moment: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(moment, UTC).strftime("%a %b %e %H:%M:%S %Y")


@routes.get("/nodes/{node}/vzdump/defaults")
def defaults(call: Call) -> Json:
    """Return what vzdump does when nothing else is said."""
    return {
        "mode": "snapshot",
        "compress": "0",
        "ionice": 7,
        "lockwait": 180,
        "stopwait": 10,
        "mailnotification": "always",
    }


@routes.get("/nodes/{node}/vzdump/extractconfig")
def extract_config(call: Call) -> Json:
    """Return the guest configuration that a backup holds."""
    volid = call.text("volume")
    storage = call.storage(volid.split(":", 1)[0])
    if not call.may(f"/storage/{storage.name}", "Datastore.Audit", "Datastore.AllocateSpace"):
        call.require(f"/storage/{storage.name}", "Datastore.Audit")
    volume = call.world.volume(volid, call.node.name)
    if volume is None or volume.content != "backup":
        raise failed(f"volume '{volid}' does not exist" if volume is None else f"'{volid}' is no backup")
    return volume.config or ""
