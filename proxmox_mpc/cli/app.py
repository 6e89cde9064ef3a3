"""The root of the command tree, put together from the tables in ``nouns/``."""

from __future__ import annotations

from proxmox_mpc.cli.nouns.cluster import CLUSTER
from proxmox_mpc.cli.nouns.guests import GUESTS
from proxmox_mpc.cli.nouns.local import LOCAL
from proxmox_mpc.cli.nouns.networks import NETWORKS
from proxmox_mpc.cli.nouns.safety import SAFETY
from proxmox_mpc.cli.tree import Group

ROOT = Group(
    "Read, change, record and declare a Proxmox VE cluster",
    {**GUESTS, **CLUSTER, **NETWORKS, **SAFETY, **LOCAL},
    elsewhere={"config": "the configuration is the workspace's: pmpc workspace config"},
    sections=(
        ("Guests", ("guest", "vm", "ct")),
        ("Cluster", ("status", "cluster", "node", "storage", "backup", "replication", "pool", "task", "api")),
        ("Network and access", ("network", "sdn", "firewall", "ha", "access")),
        ("Workspace", ("workspace", "sync", "iac", "audit", "safety")),
        ("pmpc", ("doctor", "sim", "help", "schema", "completion")),
    ),
)
