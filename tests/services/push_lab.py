"""A simulated cluster in memory with a guard in front: what a plan does to it, at no cost in time."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from proxmox_mpc.api import Api, connect
from proxmox_mpc.domain.connection import Connection, Login, Secret, Tls
from proxmox_mpc.domain.declared_guest import declared_form
from proxmox_mpc.domain.guests import GuestRef
from proxmox_mpc.domain.json import JsonObject
from proxmox_mpc.domain.plan import Plan, Step, WriteOptions
from proxmox_mpc.safety.guard import Guard, Report
from proxmox_mpc.services.guest_config_write import read_config
from proxmox_mpc.services.guests import inventory
from proxmox_mpc.simulator import open_world
from proxmox_mpc.simulator.clock import ManualClock
from proxmox_mpc.simulator.core import Simulator
from proxmox_mpc.simulator.http import Request, Response
from proxmox_mpc.simulator.transport import SimTransport
from proxmox_mpc.simulator.world import World
from tests.contract.requests import request_problems
from tests.matrix.bench import Sent, sent_of
from tests.safety.fakes import Bench, FakeJournal


class _Journal(FakeJournal):
    """Nobody else is about."""

    def reserve(self, vmid: int) -> str | None:
        return None

    def unreserve(self, vmid: int) -> None:
        return None


class PushLab:
    """``world`` is behind ``api``; ``run`` carries steps out with every confirmation given."""

    def __init__(self, world: str, home: Path) -> None:
        self.clock = ManualClock()
        self.simulator = Simulator(open_world(world, self.clock), self.clock)
        self.writes: list[Sent] = []
        self._handle, self.simulator.handle = self.simulator.handle, self._watch  # type: ignore[method-assign]
        self.bench = Bench(home)
        self.bench.journal = _Journal(self.bench.time)
        # Not the token: what only root may set (affinity, args, hookscript) no token may.
        password = self.world.users["root@pam"].password or ""
        self.api: Api = connect(
            Connection(("sim://lab",), Login("root@pam", lambda: Secret(password)), Tls(), request_timeout=5),
            transport=lambda endpoint, context, limits: SimTransport(self.simulator, None),
            clock=self.clock.now,
            sleep=self.clock.sleep,
            jitter=lambda: 0.5,
        )

    def _watch(self, request: Request) -> Response:
        if request.method != "GET" and "/access/ticket" not in request.path:
            self.writes.append(sent_of(request))
        return self._handle(request)

    @property
    def world(self) -> World:
        return self.simulator.world

    def refs(self) -> list[GuestRef]:
        """The guests as a list has them now."""
        self.clock.advance(60)
        return list(inventory(self.api).guests)

    def ref(self, vmid: int) -> GuestRef:
        return next(ref for ref in self.refs() if ref.vmid == vmid)

    def form(self, ref: GuestRef) -> dict[str, str]:
        """A guest as a manifest writes it."""
        return declared_form(ref.kind, read_config(self.api, ref), dict(ref.row))

    def config(self, vmid: int) -> JsonObject:
        return read_config(self.api, self.ref(vmid))

    def wipe(self) -> None:
        """Take every guest and its volumes away, as if the cluster were new."""
        gone = set(self.world.guests)
        self.world.volumes = {key: one for key, one in self.world.volumes.items() if one.vmid not in gone}
        self.world.guests.clear()
        self.world.ha.resources.clear()
        self.world.ha.state.clear()
        for pool in self.world.pools.values():
            pool.vms.clear()

    def run(self, steps: Iterable[Step]) -> Report:
        """Carry steps out; what was sent is in ``writes``, and the schema allows it."""
        many = tuple(steps)
        self.writes.clear()
        targets = {step.target for step in many}
        word = str(len(targets)) if len(targets) != 1 else str(next(iter(targets)).name)
        options = WriteOptions(yes=True, confirm=word, without_backup=True)
        guard = Guard(
            source=self.api,
            cluster=self.api,
            journal=lambda: self.bench.journal,
            safety=self.bench.safety,
            brake=self.bench.brake,
            voice=self.bench.voice,
            options=options,
            about={"caller": "me@here", "command": "pmpc sync push"},
            now=self.clock.now,
            clock=self.clock.now,
            pause=lambda seconds, until: self.clock.sleep(seconds),
        )
        report = guard.run(Plan("sync push", many, many=True))
        for sent in self.writes:
            assert [*request_problems(sent.method, sent.quoted, sent.form)] == []
        return report
