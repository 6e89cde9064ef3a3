"""The verbs that turn guests on and off, wait for them and work inside them."""

from __future__ import annotations

from proxmox_mpc.cli.tree import Group, Leaf

POWER: dict[str, Leaf] = {
    "start": Leaf("power:start", "Start guests, in their startup order"),
    "shutdown": Leaf("power:shutdown", "Ask guests to shut down, in reverse startup order"),
    "stop": Leaf("power:stop", "Stop guests hard, as if their power were cut, in reverse startup order"),
    "reboot": Leaf("power:reboot", "Shut guests down and start them again"),
    "suspend": Leaf("power:suspend", "Suspend guests: they stand still and keep their memory"),
    "resume": Leaf("power:resume", "Let suspended guests go on, from memory or from disk"),
    "wait": Leaf(
        "guest_wait:wait",
        "Wait until guests are in a state, have an address, or their agent answers; 7 when the time is over",
    ),
}
RESET: dict[str, Leaf] = {"reset": Leaf("power:reset", "Reset virtual machines, as the button of a computer does")}
AGENT: dict[str, Leaf | Group] = {
    "ping": Leaf("agent_write:ping", "Ask whether a guest agent answers"),
    "exec": Leaf(
        "agent_write:execute", "Run a program in a guest and print what it wrote; 8 where it ends with anything but 0"
    ),
    "file-read": Leaf("agent_write:file_read", "Print a file of a guest, up to 16 MiB"),
    "file-write": Leaf(
        "agent_write:file_write", "Write a file in a guest, up to 45 KiB; one that is there is overwritten"
    ),
    "fsfreeze": Group(
        "File systems of a guest, frozen for a copy",
        {
            "status": Leaf("agent_write:fsfreeze_status", "Show whether the file systems of a guest are frozen"),
            "freeze": Leaf(
                "agent_write:fsfreeze_freeze",
                "Freeze the file systems of a guest: whatever writes there waits until they are thawed",
            ),
            "thaw": Leaf("agent_write:fsfreeze_thaw", "Thaw the file systems of a guest"),
        },
        aliases={"show": "status"},
    ),
}
