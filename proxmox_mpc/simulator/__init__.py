"""An embedded, deterministic Proxmox VE API; imports nothing of the other packages.

Two doors lead to one core: :func:`proxmox_mpc.simulator.transport.connect` in process (``sim://homelab``) and
:func:`serve` over TLS on loopback.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from proxmox_mpc.simulator.clock import Clock, SystemClock

if TYPE_CHECKING:
    from proxmox_mpc.simulator.faults import Faults
    from proxmox_mpc.simulator.server import Server
    from proxmox_mpc.simulator.world import World


def open_world(name_or_path: str, clock: Clock | None = None, seed: int | None = None) -> World:
    """Return a world: a fresh one by name (``homelab``, ``datacenter:3:100:1``), or one that was saved, by its path.

    Raises ValueError for a name that is none and for a file that holds no world.
    """
    path = Path(name_or_path)
    if "/" in name_or_path or path.suffix == ".json":
        from proxmox_mpc.simulator.storing import load

        return load(path)
    from proxmox_mpc.simulator.worlds import build

    world = build(name_or_path, int((clock or SystemClock()).now()))
    if seed is not None:
        world.seed = seed
    return world


def access_for(world: World) -> tuple[str, str]:
    """Return id and secret of the token with all rights that a world holds ready."""
    token_id, secret = world.door_token
    return token_id, secret


def serve(
    world: World,
    port: int = 0,
    faults: Faults | None = None,
    save: Path | None = None,
    clock: Clock | None = None,
    directory: Path | None = None,
) -> Server:
    """Serve ``world`` over TLS on 127.0.0.1 until ``shutdown`` is called; port 0 takes a free one.

    ``save`` is where the world is kept when it changes, ``directory`` where the certificates are written (a new
    temporary one when not given).
    """
    from proxmox_mpc.simulator.core import Simulator
    from proxmox_mpc.simulator.server import Server

    server = Server(Simulator(world, clock or SystemClock(), faults), port, save, directory)
    server.start()
    return server
