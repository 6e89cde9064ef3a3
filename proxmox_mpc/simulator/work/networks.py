"""Applying networks: a node's interfaces, and the software defined ones of all nodes; reloading services."""

from __future__ import annotations

from proxmox_mpc.simulator import tasks
from proxmox_mpc.simulator.applying import apply_interfaces, apply_sdn
from proxmox_mpc.simulator.tasks import Work, Worker


def _reload(work: Work) -> None:
    """Take over interfaces.new; other services have nothing to reload."""
    if work.task.id == "networking":
        apply_interfaces(work.world.nodes[work.task.node])


def _reload_all(work: Work) -> None:
    """Take over the pending SDN objects, then reload the network of every node; one that is down is passed over."""
    apply_sdn(work.world)
    for node in work.world.nodes.values():
        work.log(f"{node.name}: reloading network config")
        if not node.online:
            work.log(f"command 'pvesh set /nodes/{node.name}/network' failed: exit code 255")
            continue
        tasks.start(
            work.world, work.now, kind="srvreload", guest="networking", user=work.task.user, node=node.name, job={}
        )


WORKERS = {"srvreload": Worker(_reload, seconds=1.5), "reloadnetworkall": Worker(_reload_all, seconds=1.0)}
