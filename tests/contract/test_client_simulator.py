"""The client through both doors of the simulator: in process, and over TLS on loopback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from proxmox_mpc.api import Api, TransportFactory, connect
from proxmox_mpc.domain.call import Call
from proxmox_mpc.domain.connection import Connection, Login, Secret, Tls, Token
from proxmox_mpc.domain.json import as_object, as_rows
from proxmox_mpc.domain.source import Query, api_path
from proxmox_mpc.domain.upid import Upid
from proxmox_mpc.errors import (
    AuthenticationError,
    FingerprintMismatch,
    InvalidValue,
    NodeUnreachable,
    NotFound,
    PermissionDenied,
    PmpcError,
    RequestTimeout,
    ServerBusy,
    TaskFailed,
    Unreachable,
)
from proxmox_mpc.simulator import access_for, open_world, serve
from proxmox_mpc.simulator.auth import totp
from proxmox_mpc.simulator.clock import ManualClock
from proxmox_mpc.simulator.core import Simulator
from proxmox_mpc.simulator.faults import Faults
from proxmox_mpc.simulator.transport import SimTransport
from proxmox_mpc.simulator.world import World

PASSWORD = "homelab-password"


@dataclass
class Door:
    """One way into a world; ``api`` makes clients of it, ``break_`` adds faults."""

    world: World
    clock: ManualClock
    faults: Faults
    endpoint: str
    tls: Tls
    transport: TransportFactory | None

    def api(self, credentials: Token | Login | None = None, tls: Tls | None = None) -> Api:
        token_id, secret = access_for(self.world)
        return connect(
            Connection(
                (self.endpoint,),
                credentials or Token(token_id, lambda: Secret(secret)),
                tls or self.tls,
                request_timeout=5,
            ),
            transport=self.transport,
            clock=self.clock.now,
            sleep=self.clock.sleep,
            jitter=lambda: 0.5,
        )

    def break_(self, **fault: Any) -> None:
        self.faults.faults += Faults.read([fault]).faults


@pytest.fixture(params=["in-process", "tls"])
def door(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Door]:
    """The homelab behind each door."""
    clock, faults = ManualClock(), Faults()
    world = open_world("homelab", clock)
    if request.param == "in-process":
        simulator = Simulator(world, clock, faults)
        yield Door(
            world,
            clock,
            faults,
            "sim://homelab",
            Tls(),
            lambda endpoint, context, limits: SimTransport(simulator, None),
        )
        return
    server = serve(world, faults=faults, clock=clock, directory=tmp_path)
    yield Door(world, clock, faults, server.url, Tls(fingerprint=server.fingerprint), None)
    server.shutdown()


def user(name: str, otp: Callable[[], Secret] | None = None) -> Login:
    return Login(name, lambda: Secret(PASSWORD), otp)


@pytest.mark.capability("4.1")
def test_a_token_reads(door: Door) -> None:
    with door.api() as api:
        assert as_object(api.read("/version"))["release"] == "9.2"
        assert len(as_rows(api.read("/cluster/resources", {"type": "vm"}))) == 15
        assert api.requests == 2


@pytest.mark.capability("4.1")
def test_a_ticket_is_renewed_before_it_expires(door: Door) -> None:
    with door.api(user("root@pam")) as api:
        for _ in range(5):
            assert api.read("/cluster/status")
            door.clock.sleep(3600)
        assert api.requests == 10


@pytest.mark.capability("4.1")
def test_a_ticket_that_expired_early_is_taken_anew(door: Door) -> None:
    with door.api(user("root@pam")) as api:
        api.read("/version")
        door.break_(kind="expired", path="/nodes")
        assert api.read("/nodes")


@pytest.mark.capability("4.1")
def test_a_second_factor(door: Door) -> None:
    def code() -> Secret:
        return Secret(totp("JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP", door.clock.now()))

    with door.api(user("zoe@pve", code)) as api:
        assert api.read("/version")
    with door.api(user("zoe@pve", lambda: Secret("000000"))) as api, pytest.raises(AuthenticationError):
        api.read("/version")
    with door.api(user("zoe@pve")) as api, pytest.raises(AuthenticationError, match="second factor"):
        api.read("/version")


@pytest.mark.capability("9.1")
def test_wrong_credentials(door: Door) -> None:
    token_id, _ = access_for(door.world)
    for wrong in (
        Token(token_id, lambda: Secret("00000000-0000-0000-0000-000000000000")),
        Token("no@pve!body", lambda: Secret("x")),
        Login("root@pam", lambda: Secret("wrong")),
    ):
        with door.api(wrong) as api, pytest.raises(AuthenticationError):
            api.read("/version")


@pytest.mark.capability("4.9")
@pytest.mark.parametrize(
    ("path", "params", "kind"),
    [
        ("/nodes/pve1/qemu/999/config", {}, NotFound),
        ("/nodes/nowhere/qemu", {}, NotFound),
        ("/storage/nowhere", {}, NotFound),
        ("/no/such/path", {}, NotFound),
        ("/nodes/pve1/qemu/101/config", {"nonsense": "1"}, InvalidValue),
        ("/cluster/nextid", {"vmid": "abc"}, InvalidValue),
    ],
)
def test_errors_get_their_class(door: Door, path: str, params: dict[str, str], kind: type[PmpcError]) -> None:
    with door.api() as api, pytest.raises(kind) as caught:
        api.read(path, params)
    assert caught.value.message


@pytest.mark.capability("9.1")
def test_a_user_without_rights_is_told_what_is_missing(door: Door) -> None:
    with door.api(user("nobody@pve")) as api, pytest.raises(PermissionDenied) as caught:
        api.read("/nodes/pve1/qemu/101/config")
    assert caught.value.details["privileges"] == ["VM.Audit"]


@pytest.mark.capability("7.1", "7.3")
def test_a_node_that_is_down_does_not_hide_the_others(door: Door) -> None:
    door.break_(kind="offline", node="pve2")
    with door.api() as api:
        one, two = api.read_many([Query("/nodes/pve1/qemu"), Query("/nodes/pve2/qemu")])
    assert isinstance(one, list)
    assert isinstance(two, NodeUnreachable)
    assert two.details["node"] == "pve2"


@pytest.mark.capability("7.1")
@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 503, "reason": "Service Unavailable"},
        {"kind": "status", "status": 596, "reason": "Connection timed out"},
        {"kind": "status", "status": 595, "reason": "Connection refused"},
        {"kind": "drop"},
        {"kind": "lost"},
        {"kind": "truncate"},
    ],
    ids=lambda fault: str(fault.get("status", fault["kind"])),
)
def test_a_fault_that_passes_is_not_noticed(door: Door, fault: dict[str, Any]) -> None:
    door.break_(**fault)
    with door.api() as api:
        assert api.read("/nodes/pve1/status")


@pytest.mark.capability("7.3")
@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"kind": "status", "status": 503, "reason": "Service Unavailable"}, ServerBusy),
        ({"kind": "status", "status": 596, "reason": "Connection timed out"}, NodeUnreachable),
        ({"kind": "truncate"}, Unreachable),
        ({"kind": "hang", "seconds": 60}, RequestTimeout),
    ],
    ids=lambda value: value["kind"] if isinstance(value, dict) else "",
)
def test_a_fault_that_stays_is_said(door: Door, fault: dict[str, Any], kind: type[PmpcError]) -> None:
    if fault["kind"] == "hang" and door.transport is None:
        pytest.skip("a real timeout is waited for in the tests of the wire")
    door.break_(times=0, **fault)
    with door.api() as api, pytest.raises(kind):
        api.read("/nodes/pve1/status")
    assert door.clock.now() < ManualClock().now() + 70


@pytest.mark.capability("4.10", "9.2")
def test_a_certificate_that_changes_is_refused(door: Door) -> None:
    if door.transport is not None:
        pytest.skip("there is no certificate without a socket")
    with door.api() as api:
        api.read("/version")
    door.break_(kind="certificate")
    with door.api() as api:
        api.read("/version")
    with door.api() as api, pytest.raises(FingerprintMismatch):
        api.read("/version")


@pytest.mark.capability("8.5")
def test_many_reads_at_once(door: Door) -> None:
    queries = [Query(f"/nodes/{node}/status") for node in ("pve1", "pve2", "pve3") for _ in range(60)]
    with door.api() as api:
        found = api.read_many(queries)
    assert all(isinstance(each, dict) for each in found)
    assert api.requests >= 180


@pytest.mark.capability("4.9")
@pytest.mark.parametrize("fault", [None, "task-warns", "task-fails"])
def test_a_task_is_waited_for(door: Door, fault: str | None) -> None:
    if fault is not None:
        door.break_(kind=fault, type="qmstart", text="no space left")
    with door.api() as api:
        stopped = next(
            row
            for row in as_rows(api.read("/cluster/resources", {"type": "vm"}))
            if row["type"] == "qemu" and row["status"] == "stopped" and not row.get("template")
        )
        path = api_path("nodes", str(stopped["node"]), "qemu", str(stopped["vmid"]), "status", "start")
        upid = Upid.of(api.send(Call("POST", path)))
        assert upid is not None
        log: list[str] = []
        if fault == "task-fails":
            with pytest.raises(TaskFailed, match="no space left"):
                api.wait(upid, on_log=log.append)
        else:
            assert api.wait(upid, on_log=log.append).warnings == (1 if fault else 0)
    assert log[-1].startswith("TASK ")


@pytest.mark.capability("9.9", "7.1")
def test_a_write_whose_answer_is_lost_was_done_once(door: Door) -> None:
    door.break_(kind="lost", method="PUT")
    with door.api() as api:
        with pytest.raises(Unreachable):
            api.send(Call("PUT", "/nodes/pve1/qemu/101/config", {"description": "a=b; c"}))
        assert as_object(api.read("/nodes/pve1/qemu/101/config"))["description"] == "a=b; c"
