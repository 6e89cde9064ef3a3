"""Changing the servers that metrics are sent to."""

from __future__ import annotations

from proxmox_mpc.simulator.call import Call
from proxmox_mpc.simulator.errors import failed
from proxmox_mpc.simulator.handlers.metrics import SERVERS
from proxmox_mpc.simulator.json import Json, JsonObject
from proxmox_mpc.simulator.router import Routes
from proxmox_mpc.simulator.sections import changed, given, locked

routes = Routes()
SERVER = f"{SERVERS}/{{id}}"


def _known(call: Call) -> dict[str, Json]:
    found = call.world.documents.setdefault(SERVERS, {})
    return found if isinstance(found, dict) else {}


def _find(call: Call) -> JsonObject:
    found = _known(call).get(call.text("id"))
    if not isinstance(found, dict):
        raise failed(f"no such metric server '{call.text('id')}'")
    return found


@routes.post(SERVER)
def create(call: Call) -> Json:
    """Name a server."""
    with locked("create metrics server failed"):
        if call.text("id") in _known(call):
            raise failed(f"metric server '{call.text('id')}' already exists")
        _known(call)[call.text("id")] = given(call, "token")
    return None


@routes.put(SERVER)
def change(call: Call) -> Json:
    """Change a server's settings."""
    with locked("update metrics server failed"):
        _known(call)[call.text("id")] = changed(call, _find(call), "token", fixed=("server", "port"))
    return None


@routes.delete(SERVER)
def delete(call: Call) -> Json:
    """Send nothing more to a server."""
    with locked("delete metrics server failed"):
        _find(call)
        del _known(call)[call.text("id")]
    return None
