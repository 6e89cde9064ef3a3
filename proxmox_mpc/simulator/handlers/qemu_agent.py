"""The guest agent inside a VM."""

from __future__ import annotations

from proxmox_mpc.simulator.call import Call
from proxmox_mpc.simulator.errors import failed
from proxmox_mpc.simulator.json import Json
from proxmox_mpc.simulator.router import Handler, Routes
from proxmox_mpc.simulator.validation import parse_property_string
from proxmox_mpc.simulator.world import Guest

routes = Routes()
AGENT = "/nodes/{node}/qemu/{vmid}/agent"
READS = (
    "get-fsinfo", "get-host-name", "get-memory-block-info", "get-memory-blocks", "get-osinfo", "get-time",
    "get-timezone", "get-users", "get-vcpus", "info", "network-get-interfaces",
)  # fmt: skip

routes.index(
    AGENT, *READS, "exec", "exec-status", "file-read", "file-write", "fsfreeze-freeze", "fsfreeze-status",
    "fsfreeze-thaw", "fstrim", "ping", "set-user-password", "shutdown", "suspend-disk", "suspend-hybrid",
    "suspend-ram", key="name",
)  # fmt: skip


def reachable(call: Call) -> tuple[Guest, dict[str, Json]]:
    """Return the VM and its agent's answers; raises in PVE's order: configured, running, answering."""
    guest = call.guest("qemu")
    if not enabled(guest):
        raise failed("No QEMU guest agent configured")
    if not guest.running:
        raise failed(f"VM {guest.vmid} is not running")
    if guest.agent is None or guest.paused:
        raise failed("QEMU guest agent is not running")
    return guest, guest.agent


def enabled(guest: Guest) -> bool:
    """Return whether the configuration says that an agent is there."""
    return parse_property_string("qemu-agent", str(guest.config.get("agent", "0"))).get("enabled") == "1"


def _read(command: str) -> Handler:
    def read(call: Call) -> Json:
        _, answers = reachable(call)
        if command == "get-time":
            return {"result": int(call.clock.now() * 1e9)}
        if command not in answers:
            raise failed(f"Agent error: The command {command} has not been found")
        return {"result": answers[command]}

    return read


for _command in READS:
    routes.get(f"{AGENT}/{_command}")(_read(_command))


@routes.post(f"{AGENT}/ping")
def ping(call: Call) -> Json:
    """Answer when the agent is there."""
    reachable(call)
    return {"result": {}}
