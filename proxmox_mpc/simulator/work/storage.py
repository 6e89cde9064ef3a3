"""Removing volumes."""

from __future__ import annotations

from proxmox_mpc.simulator.errors import TaskError
from proxmox_mpc.simulator.tasks import Work, Worker


def _remove(work: Work) -> None:
    volume = work.world.volume(work.text("volid"), work.task.node)
    if volume is None:
        raise TaskError(f"volume '{work.text('volid')}' does not exist")
    work.world.drop_volume(volume)
    work.log(f"Removed volume '{volume.volid}'")


WORKERS = {"imgdel": Worker(_remove, seconds=0.5)}
