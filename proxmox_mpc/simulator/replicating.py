"""Running replication jobs: what a run leaves on the target, and what is remembered of it."""

from __future__ import annotations

from dataclasses import replace

from proxmox_mpc.simulator import disks
from proxmox_mpc.simulator.json import JsonObject
from proxmox_mpc.simulator.world import Guest, Volume, World

STATE = "/replication/state"
"""The document of a world that holds how each job's last runs went."""

DURATION = 3.2


def state_of(world: World, job: str) -> JsonObject:
    """Return what is remembered of a job's runs, to be changed."""
    kept = world.documents.setdefault(STATE, {})
    if not isinstance(kept, dict):
        return {}
    found = kept.setdefault(job, {"fail_count": 0, "last_sync": 0, "last_try": 0, "duration": 0})
    return found if isinstance(found, dict) else {}


def replicated(world: World, guest: Guest) -> list[Volume]:
    """Return a guest's volumes that can be replicated: those on ZFS."""
    found = []
    for _, volid in disks.volumes_of(guest):
        storage, volume = world.storages.get(volid.split(":", 1)[0]), world.volume(volid, guest.node)
        if storage is not None and storage.kind == "zfspool" and volume is not None:
            found.append(volume)
    return found


def run_job(world: World, now: float, name: str) -> None:
    """Run a job: copy the volumes to the target, or remove them with the job when it is to go."""
    job = world.replication.get(name)
    if job is None:
        return
    guest = world.guests.get(int(str(job["guest"])))
    if job.get("remove_job"):
        _remove(world, name, guest)
        return
    state = state_of(world, name)
    state |= {"last_try": int(now), "duration": DURATION}
    problem = _problem(world, job, guest)
    if problem or guest is None:
        state |= {"fail_count": int(str(state.get("fail_count", 0))) + 1, "error": problem}
        return
    for volume in replicated(world, guest):
        world.add_volume(replace(volume, node=str(job["target"])))
    state |= {"last_sync": int(now), "fail_count": 0}
    state.pop("error", None)


def _problem(world: World, job: JsonObject, guest: Guest | None) -> str:
    """Return why a run fails, or nothing."""
    target = world.nodes.get(str(job["target"]))
    if guest is None:
        return f"guest '{job['guest']}' does not exist"
    if target is None or not target.online:
        return f"command '/usr/bin/ssh ... root@{job['target']} -- pvesr prepare-local-job' failed: exit code 255"
    storages = [world.storages[volume.storage] for volume in replicated(world, guest)]
    away = [storage.name for storage in storages if not storage.on(target.name)]
    return f"storage '{away[0]}' is not available on node '{target.name}'" if away else ""


def _remove(world: World, name: str, guest: Guest | None) -> None:
    """Drop a job; unless only the job itself is to go, its copies go with it."""
    job = world.replication.pop(name)
    kept = world.documents.get(STATE)
    if isinstance(kept, dict):
        kept.pop(name, None)
    if job["remove_job"] == "full" and guest is not None and guest.node != job["target"]:
        for volume in replicated(world, guest):
            copy = world.volumes.get(f"{job['target']}/{volume.volid}")
            if copy is not None:
                world.drop_volume(copy)
