"""The homelab: three nodes, eleven VMs, four containers, and something of everything that belongs to them."""

from __future__ import annotations

from proxmox_mpc.simulator.world import World
from proxmox_mpc.simulator.worlds.builder import Builder
from proxmox_mpc.simulator.worlds.homelab.access import add_access
from proxmox_mpc.simulator.worlds.homelab.backups import add_backups
from proxmox_mpc.simulator.worlds.homelab.cluster import add_cluster
from proxmox_mpc.simulator.worlds.homelab.containers import add_containers
from proxmox_mpc.simulator.worlds.homelab.firewall import add_firewall
from proxmox_mpc.simulator.worlds.homelab.nodes import add_nodes
from proxmox_mpc.simulator.worlds.homelab.storage import add_storage
from proxmox_mpc.simulator.worlds.homelab.tasks import add_tasks
from proxmox_mpc.simulator.worlds.homelab.vms import add_vms


def homelab(created: int, *, version: str = "9.2.11") -> World:
    """Return the world as it is at ``created``; a version below 9 has HA groups in place of rules."""
    eight = version.startswith("8.")
    world = World("homelab8" if eight else "homelab", created, seed=7, cluster="homelab", version=version)
    world.release = version.rsplit(".", 1)[0]
    world.repoid = "8e2f6b1c" if eight else "14a22df3"
    build = Builder(world)
    add_nodes(build)
    add_storage(build)
    add_vms(build)
    add_containers(build)
    add_access(build)
    add_cluster(build)
    add_firewall(build)
    add_backups(build)
    add_tasks(build)
    return world
