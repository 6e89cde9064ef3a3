"""sync, in the command tree."""

from __future__ import annotations

from proxmox_mpc.cli.tree import Group, Leaf

SYNC = Group(
    "The recorded state: pulled from the cluster, with the history of every object",
    {
        "pull": Leaf("sync:pull", "Read the cluster and record what changed since the last pull"),
        "status": Leaf("sync:status", "Show how old and how sound the recorded state is"),
        "log": Leaf("sync:log", "List the pulls, newest first"),
        "show": Leaf("sync:show", "Show what a pull found changed, key by key; without a number the last one"),
    },
    aliases={"list": "log", "ls": "log", "describe": "show"},
)
