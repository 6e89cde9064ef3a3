"""An unmodified third-party client, proxmoxer, reads the simulator over TLS, and sees what our own client sees."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from proxmoxer import ProxmoxAPI
from proxmoxer.core import AuthenticationError, ResourceException

from proxmox_mpc.api import connect
from proxmox_mpc.domain.connection import Connection, Secret, Tls, Token
from proxmox_mpc.simulator import access_for, open_world, serve
from proxmox_mpc.simulator.auth import totp
from proxmox_mpc.simulator.clock import ManualClock
from proxmox_mpc.simulator.server import Server

PASSWORD = "homelab-password"
TOTP_SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
Proxmox = Callable[..., Any]


@pytest.fixture(scope="module")
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(scope="module")
def server(clock: ManualClock, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = serve(open_world("homelab", clock), clock=clock, directory=tmp_path_factory.mktemp("certificates"))
    yield running
    running.shutdown()


@pytest.fixture
def proxmox(server: Server) -> Iterator[Proxmox]:
    """Return a function that connects with a token, or with other credentials."""
    made: list[Any] = []

    def connected(**credentials: Any) -> Any:
        if not credentials:
            token_id, secret = access_for(server.simulator.world)
            user, _, name = token_id.partition("!")
            credentials = {"user": user, "token_name": name, "token_value": secret}
        host = server.url.removeprefix("https://")
        api = ProxmoxAPI(host, verify_ssl=str(server.ca_file), timeout=30, **credentials)
        made.append(api)
        return api

    yield connected
    for api in made:
        api._store["session"].close()


@pytest.mark.capability("4.1", "4.10")
def test_a_token_reads_the_cluster(proxmox: Proxmox) -> None:
    api = proxmox()
    assert api.version.get()["release"] == "9.2"
    assert sorted(node["node"] for node in api.nodes.get()) == ["pve1", "pve2", "pve3"]
    guests = api.cluster.resources.get(type="vm")
    assert {"qemu", "lxc"} == {guest["type"] for guest in guests}
    web = api.nodes("pve1").qemu(101)
    assert web.config.get()["name"] == "web"
    assert web.status.current.get()["status"] == "running"
    assert api("nodes/pve1/qemu").get(101, "config")["name"] == "web"


@pytest.mark.capability("4.1")
def test_a_ticket_reads_and_is_renewed(proxmox: Proxmox) -> None:
    api = proxmox(user="root@pam", password=PASSWORD)
    ticket, csrf = api.get_tokens()
    assert ticket.startswith("PVE:root@pam:") and csrf
    assert api.cluster.status.get()
    authority = api._backend.auth
    authority.birth_time = time.monotonic() - authority.renew_age - 1
    assert api.cluster.status.get()
    assert time.monotonic() - authority.birth_time < authority.renew_age


@pytest.mark.capability("4.1")
def test_a_second_factor(proxmox: Proxmox, clock: ManualClock) -> None:
    api = proxmox(user="zoe@pve", password=PASSWORD, otp=totp(TOTP_SECRET, clock.now()))
    assert api.access.permissions.get(path="/")["/"]["Sys.Audit"] == 1


@pytest.mark.capability("4.1", "4.9")
def test_what_is_refused_comes_as_proxmoxer_expects_it(proxmox: Proxmox) -> None:
    with pytest.raises(AuthenticationError, match="401"):
        proxmox(user="root@pam", password="wrong")
    with pytest.raises(ResourceException) as caught:
        proxmox(user="root@pam", token_name="pmpc", token_value="wrong").version.get()
    assert caught.value.status_code == 401
    api = proxmox()
    with pytest.raises(ResourceException) as caught:
        api.nodes("pve1").qemu(999).config.get()
    assert caught.value.status_code == 500
    assert "qemu-server/999.conf' does not exist" in caught.value.content
    with pytest.raises(ResourceException) as caught:
        api.nodes("pve1").qemu(101).rrddata.get()
    assert (caught.value.status_code, "timeframe" in (caught.value.errors or {})) == (400, True)
    with pytest.raises(ResourceException) as caught:
        api.nodes("pve1").nothing.get()
    assert caught.value.status_code == 501
    bob = proxmox(user="bob@pve", password=PASSWORD)
    with pytest.raises(ResourceException) as caught:
        bob.cluster.ha.resources.get()
    assert caught.value.status_code == 403


@pytest.mark.capability("4.1", "4.3")
def test_writes_with_ticket_and_token_become_tasks(proxmox: Proxmox) -> None:
    for api in (proxmox(), proxmox(user="root@pam", password=PASSWORD)):
        upid = api.nodes("pve1").qemu(101).snapshot.post(snapname="probe")
        assert upid.startswith("UPID:pve1:")


PATHS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("version", {}),
    ("nodes", {}),
    ("cluster/resources", {}),
    ("cluster/status", {}),
    ("cluster/options", {}),
    ("cluster/tasks", {}),
    ("cluster/backup", {}),
    ("cluster/replication", {}),
    ("cluster/ha/resources", {}),
    ("cluster/ha/rules", {}),
    ("cluster/ha/status/current", {}),
    ("cluster/sdn/zones", {"pending": 1}),
    ("cluster/sdn/vnets", {"pending": 1}),
    ("cluster/sdn/vnets/k8s/subnets", {}),
    ("cluster/firewall/rules", {}),
    ("cluster/firewall/options", {}),
    ("cluster/firewall/ipset/management", {}),
    ("cluster/firewall/groups", {}),
    ("nodes/pve1/status", {}),
    ("nodes/pve1/network", {}),
    ("nodes/pve1/disks/list", {}),
    ("nodes/pve1/services", {}),
    ("nodes/pve1/storage", {}),
    ("nodes/pve1/storage/nas/content", {"content": "backup"}),
    ("nodes/pve1/tasks", {"limit": 5}),
    ("nodes/pve1/firewall/rules", {}),
    ("nodes/pve1/qemu", {}),
    ("nodes/pve1/qemu/101/config", {}),
    ("nodes/pve1/qemu/101/pending", {}),
    ("nodes/pve1/qemu/101/snapshot", {}),
    ("nodes/pve1/qemu/101/firewall/rules", {}),
    ("nodes/pve1/qemu/101/rrddata", {"timeframe": "hour"}),
    ("nodes/pve1/qemu/101/agent/network-get-interfaces", {}),
    ("nodes/pve2/lxc/201/config", {}),
    ("nodes/pve2/lxc/201/interfaces", {}),
    ("storage", {}),
    ("pools", {}),
    ("access/users", {"full": 1}),
    ("access/acl", {}),
    ("access/roles", {}),
    ("access/domains", {}),
    ("access/permissions", {}),
)


@pytest.mark.capability("4.1", "4.2")
@pytest.mark.parametrize(("path", "params"), PATHS, ids=[path for path, _ in PATHS])
def test_it_sees_what_our_client_sees(path: str, params: dict[str, Any], proxmox: Proxmox, server: Server) -> None:
    token_id, secret = access_for(server.simulator.world)
    connection = Connection((server.url,), Token(token_id, lambda: Secret(secret)), Tls(fingerprint=server.fingerprint))
    with connect(connection) as ours:
        assert proxmox()(path).get(**params) == ours.read(f"/{path}", params)
