"""A node's power, and what it does to all of its guests at once."""

from __future__ import annotations

from proxmox_mpc.simulator import events, tasks
from proxmox_mpc.simulator.call import Call
from proxmox_mpc.simulator.errors import failed, invalid
from proxmox_mpc.simulator.handlers.starting import start_task
from proxmox_mpc.simulator.json import Json, JsonObject
from proxmox_mpc.simulator.router import Handler, Routes
from proxmox_mpc.simulator.validation import parse_property_string

routes = Routes()
STOPPING = 6.0
"""Seconds until a node is off after its guests were told to stop."""
BOOTING = 20.0
"""Seconds a node needs to come up."""


@routes.post("/nodes/{node}/status")
def power(call: Call) -> Json:
    """Reboot a node or shut it down: its guests stop first, then it is gone (and back, after a reboot)."""
    node = call.node
    back = BOOTING if call.text("command") == "reboot" else 0.0
    tasks.start(call.world, call.clock.now(), kind="stopall", guest="", user="root@pam", node=node.name, job={})
    if not events.expected(call.world, "down", node=node.name):
        events.expect(call.world, call.clock.now() + STOPPING, "down", node=node.name, back=back)
    return None


@routes.post("/nodes/{node}/wakeonlan")
def wake(call: Call) -> Json:
    """Wake a node by its MAC address; asked of any other node, since the node itself is off."""
    name = call.text("node")
    if name not in call.world.nodes:
        raise failed(f"no such cluster node '{name}'")
    if name == call.local_node:
        raise failed(f"'{name}' is local node, cannot wake my self!")
    config = call.world.nodes[name].documents.get("config")
    setting = str(config.get("wakeonlan", "")) if isinstance(config, dict) else ""
    if not setting:
        raise failed(f"No wake on LAN MAC address defined for '{name}'!")
    if not call.world.nodes[name].online:
        events.expect(call.world, call.clock.now() + BOOTING, "up", node=name)
    return parse_property_string("wakeonlan", setting)["mac"]


def _all(kind: str) -> Handler:
    def act(call: Call) -> Json:
        chosen = call.texts("vms")
        everything = call.may("/", "VM.PowerMgmt") if kind != "migrateall" else call.may("/", "VM.Migrate")
        if not everything and not chosen:
            call.require("/", "VM.Migrate" if kind == "migrateall" else "VM.PowerMgmt")
        for vmid in [] if everything else chosen:
            call.require(f"/vms/{vmid}", "VM.Migrate" if kind == "migrateall" else "VM.PowerMgmt")
        job: JsonObject = {
            "vms": [*chosen], "force": call.flag("force"), "target": call.text("target"),
            "local": call.flag("with-local-disks"),
        }  # fmt: skip
        if kind == "migrateall":
            _check_target(call)
        return start_task(call, kind, "", job)

    return act


def _check_target(call: Call) -> None:
    target = call.text("target")
    if target == call.node.name:
        raise invalid({"target": "target is local node."})
    if target not in call.world.nodes:
        raise failed(f"no such cluster node '{target}'")


for _kind in ("startall", "stopall", "suspendall", "migrateall"):
    routes.post(f"/nodes/{{node}}/{_kind}")(_all(_kind))
