"""Changing backup jobs and the jobs that sync realms."""

from __future__ import annotations

from proxmox_mpc.simulator.call import Call, split_list
from proxmox_mpc.simulator.errors import failed, invalid
from proxmox_mpc.simulator.handlers.backup_jobs import SYNC, find_job, sync_jobs
from proxmox_mpc.simulator.json import Json, JsonObject
from proxmox_mpc.simulator.property_strings import new_uuid
from proxmox_mpc.simulator.router import Routes
from proxmox_mpc.simulator.sections import changed, given

routes = Routes()
_ROOT_ONLY = ("tmpdir", "dumpdir", "script")
_DAYS = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"}


def _schedule(call: Call, entry: JsonObject) -> None:
    """Replace the old ``dow`` and ``starttime`` by the calendar event that they mean."""
    days, start = entry.pop("dow", None), entry.pop("starttime", None)
    if start is None:
        return
    if "schedule" in call.params:
        raise invalid({"starttime": "'starttime' and 'schedule' cannot both be set"})
    named = [day for day in split_list(str(days or "")) if day in _DAYS]
    entry["schedule"] = f"{','.join(named)} {start}".strip() if 0 < len(named) < len(_DAYS) else str(start)


def _check(call: Call, entry: JsonObject) -> None:
    """Raise what a backup job gives that cannot run (PVE::VZDump::verify_vzdump_parameters)."""
    for name in _ROOT_ONLY:
        if name in call.params and not call.caller.is_root:
            raise invalid({name: "Only root may set this option."})
    chosen = [name for name in ("vmid", "pool", "all") if entry.get(name)]
    if not chosen:
        raise invalid({"vmid": "property is missing and it is not optional"})
    if len(chosen) > 1:
        raise invalid({chosen[1]: f"option conflicts with option '{chosen[0]}'"})
    if entry.get("exclude") and not entry.get("all"):
        raise invalid({"exclude": "option 'exclude' requires option 'all'"})
    if entry.get("pool") and entry["pool"] not in call.world.pools:
        raise failed(f"pool '{entry['pool']}' does not exist")
    if entry.get("storage"):
        storage = call.storage(str(entry["storage"]))
        if "backup" not in storage.content:
            raise failed(f"storage '{storage.name}' does not support backups")
    if entry.get("node") and entry["node"] not in call.world.nodes:
        raise failed(f"no such cluster node '{entry['node']}'")


@routes.post("/cluster/backup")
def create(call: Call) -> Json:
    """Make a backup job; one without an id gets one."""
    entry = given(call)
    _schedule(call, entry)
    if "schedule" not in entry:
        raise invalid({"schedule": "property is missing and it is not optional"})
    _check(call, entry)
    uuid = new_uuid(call.world.random("job"))
    name = str(entry.get("id") or f"backup-{uuid[:8]}-{uuid[9:13]}")
    if name in call.world.backup_jobs:
        raise invalid({"id": f"Job '{name}' already exists\n"})
    call.world.backup_jobs[name] = {"enabled": 1, "mode": "snapshot", **entry, "id": name, "type": "vzdump"}
    return None


@routes.put("/cluster/backup/{id}")
def change(call: Call) -> Json:
    """Change a backup job."""
    before = find_job(call)
    entry = changed(call, before, fixed=("schedule", "id"))
    chosen = [name for name in ("vmid", "pool", "all") if name in call.params]
    if len(chosen) == 1:  # a new choice of guests replaces the old one
        entry = {key: value for key, value in entry.items() if key in chosen or key not in {"vmid", "pool", "all"}}
    _schedule(call, entry)
    _check(call, entry)
    call.world.backup_jobs[call.text("id")] = entry
    return None


@routes.delete("/cluster/backup/{id}")
def delete(call: Call) -> Json:
    """Remove a backup job."""
    find_job(call)
    del call.world.backup_jobs[call.text("id")]
    return None


@routes.post(f"{SYNC}/{{id}}")
def create_sync(call: Call) -> Json:
    """Make a job that syncs a realm."""
    name, realm = call.text("id"), call.text("realm")
    known = sync_jobs(call)
    if name in known:
        raise invalid({"id": f"realm-sync job '{name}' already exists"})
    if call.world.realms.get(realm, {}).get("type") not in {"ldap", "ad"}:
        raise invalid({"realm": f"realm '{realm}' cannot be synced"})
    known[name] = {"enabled": 1, **given(call)}
    call.world.documents[SYNC] = known
    return None


@routes.put(f"{SYNC}/{{id}}")
def change_sync(call: Call) -> Json:
    """Change a job that syncs a realm."""
    known, entry = sync_jobs(call), _sync(call)
    known[call.text("id")] = changed(call, entry, fixed=("schedule", "realm"))
    return None


@routes.delete(f"{SYNC}/{{id}}")
def delete_sync(call: Call) -> Json:
    """Remove a job that syncs a realm."""
    _sync(call)
    del sync_jobs(call)[call.text("id")]
    return None


def _sync(call: Call) -> JsonObject:
    found = sync_jobs(call).get(call.text("id"))
    if not isinstance(found, dict):
        raise failed(f"unable to find realm-sync job '{call.text('id')}'")
    return found
