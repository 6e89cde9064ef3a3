"""Replication of ZFS volumes to other nodes: jobs, and how their last runs went."""

from __future__ import annotations

from datetime import UTC, datetime

from proxmox_mpc.simulator.call import Answer, Call, rows
from proxmox_mpc.simulator.digests import digest_of
from proxmox_mpc.simulator.errors import failed
from proxmox_mpc.simulator.json import Json, JsonObject
from proxmox_mpc.simulator.replicating import STATE
from proxmox_mpc.simulator.router import Routes
from proxmox_mpc.simulator.schedule import parse

routes = Routes()
routes.index("/nodes/{node}/replication/{id}", "schedule_now", "log", "status", key="name")


def _job(call: Call) -> JsonObject:
    """Return the job of the path; raises PVE's 500 when there is none, 403 when its guest may not be audited."""
    name = call.text("id")
    if name not in call.world.replication:
        raise failed(f"no such replication job '{name}'")
    call.require(f"/vms/{call.world.replication[name]['guest']}", "VM.Audit")
    return call.world.replication[name]


def _allowed(call: Call, job: JsonObject) -> bool:
    return call.may(f"/vms/{job['guest']}", "VM.Audit")


@routes.get("/cluster/replication")
def index(call: Call) -> Json:
    """Return the jobs of guests that the caller may audit."""
    return rows(job for job in call.world.replication.values() if _allowed(call, job))


@routes.get("/cluster/replication/{id}")
def read(call: Call) -> Json:
    """Return one job."""
    return {**_job(call), "digest": digest_of(dict(call.world.replication))}


def state_row(call: Call, job: JsonObject) -> JsonObject:
    """Return a job with its last runs: ``fail_count`` and ``error`` tell of failures, ``next_sync`` is to come."""
    kept = call.world.documents.get(STATE)
    state = kept.get(str(job["id"]), {}) if isinstance(kept, dict) else {}
    guest = call.world.guests.get(int(str(job["guest"])))
    seen: JsonObject = {"fail_count": 0, "last_sync": 0, "last_try": 0, "duration": 0}
    seen |= state if isinstance(state, dict) else {}
    coming = parse(str(job.get("schedule", "*/15"))).after(call.now)
    row: JsonObject = {**job, **seen, "vmtype": guest.kind if guest else "qemu"}
    return row if coming is None or job.get("disable") else {**row, "next_sync": coming}


def _is_here(call: Call, job: JsonObject) -> bool:
    guest = call.world.guests.get(int(str(job["guest"])))
    return guest is not None and guest.node == call.node.name


@routes.get("/nodes/{node}/replication")
def states(call: Call) -> Json:
    """Return the jobs of the guests that are on a node, with how they went."""
    wanted = call.number("guest")
    return rows(
        state_row(call, job)
        for job in call.world.replication.values()
        if _is_here(call, job) and _allowed(call, job) and (not wanted or job["guest"] == wanted)
    )


@routes.get("/nodes/{node}/replication/{id}/status")
def state(call: Call) -> Json:
    """Return how one job went."""
    return state_row(call, _job(call))


@routes.get("/nodes/{node}/replication/{id}/log")
def log(call: Call) -> Answer:
    """Return the log of a job's last run."""
    row = state_row(call, _job(call))
    tried = datetime.fromtimestamp(int(str(row["last_try"])), UTC).strftime("%Y-%m-%d %H:%M:%S")
    ended = f" with error: {row['error']}" if "error" in row else ""
    said = ("start replication job", f"guest => {row['guest']}, running => 1", f"end replication job{ended}")
    lines = [f"{tried} {row['id']}: {text}" for text in said]
    start, limit = call.number("start"), call.number("limit", 50)
    page = [*enumerate(lines, 1)][start : start + limit] or [(1, "no content")]
    return Answer(rows({"n": at, "t": line} for at, line in page), {"total": len(lines)})
