"""The in-process door: one file a world, kept between commands, safe between processes."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import httpx
import pytest

from proxmox_mpc.simulator.clock import ManualClock
from proxmox_mpc.simulator.faults import Faults
from proxmox_mpc.simulator.transport import SimTransport, access_for, connect


def _client(transport: SimTransport) -> httpx.Client:
    token_id, secret = access_for(transport.simulator.world)
    headers = {"Authorization": f"PVEAPIToken={token_id}={secret}"}
    return httpx.Client(transport=transport, base_url="http://sim/api2/json", headers=headers, trust_env=False)


def _file(directory: Path) -> Path:
    (found,) = [path for path in directory.iterdir() if path.suffix == ".json"]
    return found


@pytest.mark.capability("6.5")
def test_the_next_command_finds_what_this_one_did(tmp_path: Path) -> None:
    with _client(connect("sim://homelab", tmp_path)) as first:
        assert first.post("/pools", data={"poolid": "kept"}).status_code == 200
    with _client(connect("sim://homelab", tmp_path)) as second:
        assert any(pool["poolid"] == "kept" for pool in second.get("/pools").json()["data"])
    assert _file(tmp_path).stat().st_mode & 0o777 == 0o600


def test_reading_does_not_write(tmp_path: Path) -> None:
    clock = ManualClock()
    with _client(connect("sim://homelab", tmp_path, clock=clock)) as client:
        before = _file(tmp_path).stat()
        for path in ("/cluster/resources", "/nodes", "/nodes/pve1/qemu/100/config", "/nodes/pve1/qemu/999/config"):
            client.get(path)
        after = _file(tmp_path).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_reason_phrases_come_through(tmp_path: Path) -> None:
    with _client(connect("sim://tiny", tmp_path)) as client:
        answer = client.get("/nodes/pve1/qemu/999/config")
    assert answer.status_code == 500
    expected = b"Configuration file 'nodes/pve1/qemu-server/999.conf' does not exist"
    assert answer.extensions["reason_phrase"] == expected


def test_a_world_may_live_in_memory_alone() -> None:
    with _client(connect("sim://datacenter:3:12:7")) as client:
        guests = client.get("/cluster/resources", params={"type": "vm"}).json()["data"]
    assert len(guests) == 12


def test_a_streamed_body_is_refused_as_on_a_socket(tmp_path: Path) -> None:
    with _client(connect("sim://tiny", tmp_path)) as client:
        answer = client.post("/pools", content=iter([b"poolid=x1"]))
    assert answer.status_code == 501
    assert answer.extensions["reason_phrase"] == b"chunked transfer encoding not supported"


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"kind": "drop"}, httpx.RemoteProtocolError),
        ({"kind": "truncate"}, httpx.RemoteProtocolError),
        ({"kind": "hang", "seconds": 30}, httpx.ReadTimeout),
    ],
)
def test_broken_answers_raise_what_a_socket_raises(
    tmp_path: Path, fault: dict[str, object], expected: type[Exception]
) -> None:
    transport = connect("sim://tiny", tmp_path, clock=ManualClock(), faults=Faults.read([fault]))
    with _client(transport) as client, pytest.raises(expected):
        client.get("/version")


def test_an_unknown_world_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no world named 'atlantis'"):
        connect("sim://atlantis", tmp_path)
    assert not [path for path in tmp_path.iterdir() if path.suffix == ".json"]


def _make_pools(directory: Path, name: str) -> None:
    with _client(connect("sim://tiny", directory)) as client:
        for number in range(10):
            client.post("/pools", data={"poolid": f"{name}{number}"})


@pytest.mark.capability("8.5")
def test_two_commands_at_once_lose_nothing(tmp_path: Path) -> None:
    connect("sim://tiny", tmp_path)
    processes = [
        multiprocessing.get_context("spawn").Process(target=_make_pools, args=(tmp_path, name)) for name in ("aa", "bb")
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    with _client(connect("sim://tiny", tmp_path)) as client:
        assert len(client.get("/pools").json()["data"]) == 20
