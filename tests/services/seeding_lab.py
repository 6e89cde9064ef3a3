"""Simulated clusters of tests: pulled into a database, and made again from what was pulled."""

from __future__ import annotations

from pathlib import Path

from proxmox_mpc.api import Api, connect
from proxmox_mpc.domain.connection import Connection, Secret, Token
from proxmox_mpc.services.pull import pull
from proxmox_mpc.services.recorded_documents import recorded_documents
from proxmox_mpc.simulator import access_for
from proxmox_mpc.simulator.clock import ManualClock
from proxmox_mpc.simulator.core import Simulator
from proxmox_mpc.simulator.faults import Faults
from proxmox_mpc.simulator.seeding import Seeded, world_from
from proxmox_mpc.simulator.transport import SimTransport
from proxmox_mpc.simulator.world import World
from proxmox_mpc.state import RecordedSource
from proxmox_mpc.state.store import StateStore


def api_of(world: World, clock: ManualClock, faults: Faults | None = None) -> Api:
    """Return a client of a world in memory, as its token with all rights."""
    transport = SimTransport(Simulator(world, clock, faults), None)
    token_id, secret = access_for(world)
    connection = Connection(("sim://lab",), Token(token_id, lambda: Secret(secret)))
    return connect(connection, transport=lambda _url, _tls, _limits: transport, clock=clock.now, sleep=clock.sleep)


def recorded(world: World, clock: ManualClock, file: Path) -> RecordedSource:
    """Pull a world into a database; nothing of it may be unreadable."""
    with StateStore.open(file) as store:
        report = pull(api_of(world, clock), store, now=clock.now)
        assert not report.partial, report.warnings
    return RecordedSource(file, now=clock.now)


def seeded_from(source: RecordedSource, clock: ManualClock) -> Seeded:
    """Make a world of what is recorded."""
    return world_from(recorded_documents(source), int(clock.now()))
