"""Starting a backup."""

from __future__ import annotations

from proxmox_mpc.simulator.call import Call, split_list
from proxmox_mpc.simulator.errors import failed, invalid
from proxmox_mpc.simulator.handlers.starting import start_task
from proxmox_mpc.simulator.json import Json, JsonObject
from proxmox_mpc.simulator.router import Routes

routes = Routes()
_ROOT_ONLY = ("tmpdir", "dumpdir", "script", "job-id")


@routes.post("/nodes/{node}/vzdump")
def backup(call: Call) -> Json:
    """Back up guests of a node in one task; guests of other nodes are left out."""
    for name in _ROOT_ONLY:
        if name in call.params and not call.caller.is_root:
            raise invalid({name: "Only root may set this option."})
    pool, everything = call.text("pool"), call.flag("all")
    chosen = [int(text) for text in split_list(call.text("vmid"))]
    if not chosen and not everything and not pool:
        raise failed("you need to specify at least one VM ID")
    if pool and pool not in call.world.pools:
        raise failed(f"no such pool '{pool}'")
    storage = call.text("storage") or "local"
    found = call.storage(storage)
    if "backup" not in found.content:
        raise failed(f"storage '{storage}' does not support backups")
    call.require(f"/storage/{storage}", "Datastore.AllocateSpace")
    for vmid in chosen:
        call.require(f"/vms/{vmid}", "VM.Backup")
    left_out = {int(text) for text in split_list(call.text("exclude"))}
    here = sorted(guest.vmid for guest in call.world.guests_on(call.node.name))
    if everything or pool:
        members = set(here) if everything else set(call.world.pools[pool].vms)
        chosen = [v for v in here if v in members - left_out and call.may(f"/vms/{v}", "VM.Backup")]
    given = {name: call.text(name) for name in call.params if name not in {"node", "vmid"}}
    job: JsonObject = {
        "guests": [*chosen], "storage": storage, "mode": call.text("mode") or "snapshot",
        "notes": call.text("notes-template"), "protected": call.flag("protected"),
        "compress": call.text("compress") or "zstd",
        "said": " ".join([*map(str, chosen), *(f"--{name} {value}" for name, value in sorted(given.items()))]),
    }  # fmt: skip
    return start_task(call, "vzdump", chosen[0] if len(chosen) == 1 else "", job)
