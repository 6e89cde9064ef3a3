"""iac, in the command tree."""

from __future__ import annotations

from proxmox_mpc.cli.tree import Group, Leaf

IAC = Group(
    "Infrastructure as code, made from what is recorded",
    {
        "inventory": Leaf(
            "iac_inventory:inventory", "Print the recorded guests as a dynamic inventory for Ansible, always as JSON"
        ),
    },
)
