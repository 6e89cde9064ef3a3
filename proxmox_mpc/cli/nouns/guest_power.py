"""The verbs that turn guests on and off and wait for them, alike for guest, vm and ct."""

from __future__ import annotations

from proxmox_mpc.cli.tree import Leaf

POWER: dict[str, Leaf] = {
    "start": Leaf("power:start", "Start guests"),
    "shutdown": Leaf("power:shutdown", "Ask guests to shut down"),
    "stop": Leaf("power:stop", "Stop guests hard, as if their power were cut"),
    "reboot": Leaf("power:reboot", "Shut guests down and start them again"),
    "suspend": Leaf("power:suspend", "Suspend guests: they stand still and keep their memory"),
    "resume": Leaf("power:resume", "Let suspended guests go on"),
    "wait": Leaf("guest_wait:wait", "Wait until guests are in a state, have an address, or their agent answers"),
}
RESET: dict[str, Leaf] = {"reset": Leaf("power:reset", "Reset virtual machines, as a computer's button does")}
