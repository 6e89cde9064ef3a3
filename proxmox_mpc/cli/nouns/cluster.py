"""node, cluster, storage, backup, replication, pool, task, status and api in the command tree."""

from __future__ import annotations

from proxmox_mpc.cli.tree import Group, Leaf

CLUSTER: dict[str, Leaf | Group] = {}
