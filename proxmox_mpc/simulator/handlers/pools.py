"""Resource pools."""

from __future__ import annotations

from proxmox_mpc.simulator.call import Call
from proxmox_mpc.simulator.errors import failed, invalid
from proxmox_mpc.simulator.json import Json, JsonObject
from proxmox_mpc.simulator.resources import Rows
from proxmox_mpc.simulator.router import Routes
from proxmox_mpc.simulator.world import Pool

routes = Routes()


def _find(call: Call, poolid: str) -> Pool:
    pool = call.world.pools.get(poolid)
    if pool is None:
        raise failed(f"pool '{poolid}' does not exist")
    return pool


def _short(pool: Pool) -> JsonObject:
    row: JsonObject = {"poolid": pool.poolid}
    return row if pool.comment is None else row | {"comment": pool.comment}


def _with_members(call: Call, pool: Pool, kind: str) -> JsonObject:
    """Return a pool with the rows of its guests and storages; a shared storage shows once."""
    rows = Rows(call.world, call.now)
    members: list[Json] = []
    if kind in {"", "qemu", "lxc"}:
        guests = [call.world.guests[vmid] for vmid in pool.vms if vmid in call.world.guests]
        members += [_member(rows.guest(guest)) for guest in guests if kind in {"", guest.kind}]
    if kind in {"", "storage"}:
        for name in pool.storages:
            storage = call.world.storages.get(name)
            nodes = [node for node in call.world.nodes.values() if storage is not None and storage.on(node.name)]
            for node in nodes[:1] if storage is not None and storage.shared else nodes:
                if storage is not None:
                    members.append(rows.storage(storage, node))
    return _short(pool) | {"members": members}


def _member(row: JsonObject) -> JsonObject:
    """Drop what a pool's member list leaves out of a resource's row."""
    return {key: value for key, value in row.items() if key not in {"pool", "tags"}}


@routes.get("/pools")
def list_pools(call: Call) -> Json:
    """List the pools the caller may see; with ``poolid`` that one and its members, as a list of one."""
    poolid, kind = call.text("poolid"), call.text("type")
    if kind and not poolid:
        raise invalid({"type": "missing property - 'type' requires this property"})
    if poolid:
        call.require(f"/pool/{poolid}", "Pool.Audit")
        return [_with_members(call, _find(call, poolid), kind)]
    return [_short(pool) for pool in call.world.pools.values() if call.may(f"/pool/{pool.poolid}", "Pool.Audit")]


@routes.get("/pools/{poolid}")
def read_pool(call: Call) -> Json:
    """Return a pool with its members (deprecated in PVE 8: it cannot name nested pools)."""
    return _with_members(call, _find(call, call.text("poolid")), call.text("type"))


@routes.post("/pools")
def create_pool(call: Call) -> Json:
    """Make a pool; a nested one needs its parent."""
    poolid = call.text("poolid")
    if poolid in call.world.pools:
        raise failed(f"create pool failed: pool '{poolid}' already exists")
    parent = poolid.rpartition("/")[0]
    if parent and parent not in call.world.pools:
        raise failed(f"create pool failed: parent '{parent}' of pool '{poolid}' does not exist")
    call.world.pools[poolid] = Pool(poolid, call.text("comment") if "comment" in call.params else None)
    return None


@routes.put("/pools")
@routes.put("/pools/{poolid}")
def change_pool(call: Call) -> Json:
    """Change a pool's comment, add members or (``delete``) take them out."""
    pool = _update_target(call)
    if "comment" in call.params:
        pool.comment = call.text("comment")
    leaving = call.flag("delete")
    for text in call.texts("vms"):
        _change_guest(call, pool, int(text), leaving=leaving)
    for name in call.texts("storage"):
        call.require(f"/storage/{name}", "Datastore.Allocate")
        _change_storage(pool, name, leaving=leaving)
    return None


def _update_target(call: Call) -> Pool:
    poolid = call.text("poolid")
    if poolid not in call.world.pools:
        raise failed(f"update pools failed: pool '{poolid}' does not exist")
    return call.world.pools[poolid]


def _change_guest(call: Call, pool: Pool, vmid: int, *, leaving: bool) -> None:
    call.require(f"/vms/{vmid}", "VM.Allocate")
    if leaving:
        if vmid not in pool.vms:
            raise failed(f"update pools failed: VM {vmid} is not a pool member")
        pool.vms.remove(vmid)
        return
    other = call.world.pool_of(vmid)
    if vmid in pool.vms:
        raise failed(f"update pools failed: VM {vmid} is already a pool member")
    if other is not None and not call.flag("allow-move"):
        raise failed(f"update pools failed: VM {vmid} belongs already to pool '{other}' and 'allow-move' is not set")
    if other is not None:
        call.world.pools[other].vms.remove(vmid)
    pool.vms.append(vmid)


def _change_storage(pool: Pool, name: str, *, leaving: bool) -> None:
    if leaving and name not in pool.storages:
        raise failed(f"update pools failed: Storage '{name}' is not a pool member")
    if not leaving and name in pool.storages:
        raise failed(f"update pools failed: Storage '{name}' is already a pool member")
    if leaving:
        pool.storages.remove(name)
    else:
        pool.storages.append(name)


@routes.delete("/pools")
@routes.delete("/pools/{poolid}")
def delete_pool(call: Call) -> Json:
    """Remove a pool, which must be empty."""
    poolid = call.text("poolid")
    pool = call.world.pools.get(poolid)
    if pool is None:
        raise failed(f"delete pool failed: pool '{poolid}' does not exist")
    for kind, members in (("VM", pool.vms), ("storage", pool.storages)):
        if members:
            raise failed(f"delete pool failed: pool '{poolid}' is not empty (contains {kind} {members[0]})")
    if any(other.startswith(f"{poolid}/") for other in call.world.pools):
        raise failed(f"delete pool failed: pool '{poolid}' is not empty (contains pools)")
    del call.world.pools[poolid]
    return None
