"""workspace, sync, iac, sim and what pmpc says of itself, in the command tree."""

from __future__ import annotations

from proxmox_mpc.cli.nouns.iac import IAC
from proxmox_mpc.cli.nouns.sync import SYNC
from proxmox_mpc.cli.nouns.workspace import WORKSPACE
from proxmox_mpc.cli.tree import Group, Leaf

LOCAL: dict[str, Leaf | Group] = {
    "workspace": WORKSPACE,
    "sync": SYNC,
    "iac": IAC,
    "sim": Group(
        "The embedded Proxmox VE",
        {"serve": Leaf("sim:serve", "Serve a simulated cluster over TLS on 127.0.0.1")},
    ),
    "doctor": Leaf(
        "doctor:doctor",
        "Check all that pmpc needs: program, configuration, files, database, server, credentials, privileges, clock",
    ),
    "help": Leaf("about:help_", "Show the help of a command"),
    "schema": Leaf("about:schema", "Print the JSON Schema of a command's output"),
    "completion": Leaf("about:completion", "Print the completion script of a shell"),
}
