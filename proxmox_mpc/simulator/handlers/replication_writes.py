"""Changing replication jobs."""

from __future__ import annotations

from proxmox_mpc.simulator import events
from proxmox_mpc.simulator.call import Call
from proxmox_mpc.simulator.digests import check_digest
from proxmox_mpc.simulator.errors import failed, invalid
from proxmox_mpc.simulator.json import Json, JsonObject
from proxmox_mpc.simulator.replicating import replicated, state_of
from proxmox_mpc.simulator.router import Routes
from proxmox_mpc.simulator.sections import changed, given, locked

routes = Routes()
SOON = 2.0
"""Seconds until the scheduler runs what is due."""


def _allowed(call: Call, vmid: int) -> None:
    """Raise the 403 of who may not replicate a guest; PVE 8 asks for the storages' right."""
    if call.world.major < 9:
        call.require("/storage", "Datastore.Allocate")
    else:
        call.require(f"/vms/{vmid}", "VM.Replicate")


def _vmid(call: Call) -> int:
    return int(call.text("id").split("-", 1)[0])


def _job(call: Call) -> JsonObject:
    name = call.text("id")
    if name not in call.world.replication:
        raise failed(f"no such replication job '{name}'")
    return call.world.replication[name]


@routes.post("/cluster/replication")
def create(call: Call) -> Json:
    """Make a job for a guest to another node."""
    name, target, vmid = call.text("id"), call.text("target"), _vmid(call)
    _allowed(call, vmid)
    with locked("create replication job failed"):
        if name in call.world.replication:
            raise failed(f"replication job '{name}' already exists")
        guest = call.world.guests.get(vmid)
        if guest is None:
            raise failed(f"guest '{vmid}' does not exist")
        if target not in call.world.nodes:
            raise invalid({"target": f"no such cluster node '{target}'"})
        if target == guest.node:
            raise invalid({"target": "source and target node are the same"})
        for other in call.world.replication.values():
            if other["guest"] == vmid and other["target"] == target:
                raise failed(f"replication job for guest '{vmid}' to target '{target}' already exists")
        if not replicated(call.world, guest):
            raise failed(f"no replicatable volumes found for guest '{vmid}'")
        entry: JsonObject = {"source": guest.node, **given(call)}
        call.world.replication[name] = {
            **entry, "guest": vmid, "jobnum": int(name.split("-", 1)[1]),
            "schedule": entry.get("schedule", "*/15"),
        }  # fmt: skip
        state_of(call.world, name)
    return None


@routes.put("/cluster/replication/{id}")
def change(call: Call) -> Json:
    """Change a job."""
    with locked("update replication job failed"):
        entry = _job(call)
        _allowed(call, _vmid(call))
        check_digest(call.text("digest"), dict(call.world.replication))
        call.world.replication[call.text("id")] = changed(call, entry)
    return None


@routes.delete("/cluster/replication/{id}")
def delete(call: Call) -> Json:
    """Mark a job to be removed with its copies at its next run; ``keep`` leaves them, ``force`` drops it at once."""
    if call.flag("keep") and call.flag("force"):
        raise invalid({"keep": "conflicts with parameter 'force'"})
    with locked("delete replication job failed"):
        entry = _job(call)
        _allowed(call, _vmid(call))
        if call.flag("force"):
            del call.world.replication[call.text("id")]
            return None
        entry["remove_job"] = "local" if call.flag("keep") else "full"
    events.expect(call.world, call.clock.now() + SOON, "replicate", job=call.text("id"))
    return None


@routes.post("/nodes/{node}/replication/{id}/schedule_now")
def run_now(call: Call) -> Json:
    """Let a job run as soon as the scheduler looks."""
    entry = _job(call)
    _allowed(call, _vmid(call))
    guest = call.world.guests.get(_vmid(call))
    if guest is None or guest.node != call.node.name:
        raise failed(f"job '{call.text('id')}' is not local")
    if entry.get("disable"):
        raise failed(f"job '{call.text('id')}' is disabled")
    events.expect(call.world, call.clock.now() + SOON, "replicate", job=call.text("id"))
    return call.text("id")
