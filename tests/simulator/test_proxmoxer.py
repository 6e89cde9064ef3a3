"""A client of somebody else's making works against the simulator as it is."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from proxmoxer import AuthenticationError, ProxmoxAPI, ResourceException

from proxmox_mpc.simulator import open_world, serve
from proxmox_mpc.simulator.clock import ManualClock
from proxmox_mpc.simulator.server import Server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The homelab behind TLS."""
    clock = ManualClock()
    running = serve(open_world("homelab", clock), clock=clock, directory=tmp_path_factory.mktemp("tls"))
    yield running
    running.shutdown()


def _connect(server: Server, **login: Any) -> Any:
    host = server.url.removeprefix("https://")
    return ProxmoxAPI(host, verify_ssl=str(server.ca_file), **login)


@pytest.fixture
def by_token(server: Server) -> Any:
    """A client with the ready token."""
    user, _, name = server.token_id.partition("!")
    return _connect(server, user=user, token_name=name, token_value=server.token_secret)


def test_it_reads(by_token: Any) -> None:
    assert by_token.version.get()["version"] == "9.2.11"
    assert {node["node"] for node in by_token.nodes.get()} == {"pve1", "pve2", "pve3"}
    names = {row["vmid"]: row.get("name") for row in by_token.cluster.resources.get(type="vm")}
    assert names[101] == "web"
    assert by_token.nodes("pve1").qemu(100).config.get()["name"] == "router"


def test_it_logs_in_with_a_password(server: Server, tmp_path: Path) -> None:
    secret = server.simulator.world.users["root@pam"].password
    client = _connect(server, user="root@pam", password=secret)
    assert client.access.users.get()
    client.pools.create(poolid="made")
    assert any(pool["poolid"] == "made" for pool in client.pools.get())
    client.pools("made").delete()


def test_it_is_refused(server: Server, by_token: Any) -> None:
    with pytest.raises(ResourceException) as refused:
        by_token.nodes("pve1").qemu(999).config.get()
    assert refused.value.status_code == 500
    assert "does not exist" in str(refused.value)
    with pytest.raises(ResourceException) as bad:
        by_token.nodes("pve1").qemu(100).config.put(cores="many")
    assert "type check ('integer') failed" in str(bad.value)
    with pytest.raises(AuthenticationError), warnings.catch_warnings():
        _connect(server, user="root@pam", password="wrong")
