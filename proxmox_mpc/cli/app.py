"""The root of the command tree."""

from __future__ import annotations

from proxmox_mpc.cli.tree import Group, Leaf

ROOT = Group(
    "Read, change, record and declare a Proxmox VE cluster",
    {
        "guest": Group(
            "Virtual machines and containers alike",
            {"list": Leaf("guests:guest_list", "List the guests of the cluster, virtual machines and containers")},
        ),
        "vm": Group("Virtual machines", {"list": Leaf("guests:vm_list", "List the virtual machines of the cluster")}),
        "ct": Group("Containers", {"list": Leaf("guests:ct_list", "List the containers of the cluster")}),
        "sim": Group(
            "The embedded Proxmox VE",
            {"serve": Leaf("sim:serve", "Serve a simulated cluster over TLS on 127.0.0.1")},
        ),
        "help": Leaf("about:help_", "Show the help of a command"),
        "schema": Leaf("about:schema", "Print the JSON Schema of a command's output"),
        "completion": Leaf("about:completion", "Print the completion script of a shell"),
    },
)
