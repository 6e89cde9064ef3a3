"""The top of the API: its directory and the version."""

from __future__ import annotations

from proxmox_mpc.simulator.call import Call
from proxmox_mpc.simulator.json import Json
from proxmox_mpc.simulator.router import Routes

routes = Routes()
routes.index("/", "version", "cluster", "nodes", "storage", "access", "pools")


@routes.get("/version")
def version(call: Call) -> Json:
    """Return the version of the API."""
    return {"version": call.world.version, "release": call.world.release, "repoid": call.world.repoid}
