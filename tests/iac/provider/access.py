"""Pools and their members, users, groups, roles, tokens, permissions."""

from __future__ import annotations

from tests.iac.provider.schema import Field, Resource, State
from tests.iac.provider.vm import plain
from tests.iac.provider.world import World


def _read_pool(world: World, state: State) -> State | None:
    row = world.one("pool", poolid=str(state["id"]))
    if row is None:
        return None
    members = []
    for guest in world.rows("guest", pool=str(state["id"])):
        sort = str(guest.get("type"))
        ident = f"{sort}/{guest.get('vmid')}"
        members.append(
            {"id": ident, "node_name": guest.get("node"), "datastore_id": "", "type": sort, "vm_id": guest.get("vmid")}
        )
    return {"comment": row.get("comment") or "", "members": members, "pool_id": state["id"]}


_MEMBER = {name: Field(read_only=True) for name in ("datastore_id", "id", "node_name", "type")}

POOL = Resource(
    {
        "comment": plain("string", ""),
        "members": Field("list", read_only=True, fields={**_MEMBER, "vm_id": Field("int", read_only=True)}),
        "pool_id": Field(required=True, force_new=True),
    },
    lambda ident: {"id": ident, "pool_id": ident},
    _read_pool,
)
