"""The client against bytes on a TLS socket: what PVE does there, and what a broken network does."""

from __future__ import annotations

import socket
import threading
import time as real_time
from dataclasses import replace

import pytest

from proxmox_mpc.api import connect, split_endpoint
from proxmox_mpc.domain.call import Call
from proxmox_mpc.domain.connection import Connection
from proxmox_mpc.domain.json import Param
from proxmox_mpc.domain.source import Query
from proxmox_mpc.errors import (
    AuthenticationError,
    ConfigError,
    NodeUnreachable,
    NotFound,
    RequestTimeout,
    TlsError,
    UnexpectedAnswer,
    Unreachable,
)
from tests.api.conftest import StartServer
from tests.api.support import TOKEN, Time, bench, data, over_tls
from tests.api.wire_server import Bytes, Identity, Received, WireServer, http, unused_port

VERSION = http(b'{"data":{"version":"9.2"}}')


@pytest.mark.capability("4.10", "8.1")
def test_one_connection_serves_many_reads(server: StartServer, identity: Identity) -> None:
    pve = server(lambda request: VERSION)
    with over_tls(pve.url, fingerprint=identity.fingerprint) as api:
        assert [api.read("/version") for _ in range(5)] == [{"version": "9.2"}] * 5
    assert pve.connections == 1
    assert pve.requests[0].line == "GET /api2/json/version HTTP/1.1"


@pytest.mark.capability("4.9", "7.1")
def test_keep_alive_ends_after_a_hundred_requests(server: StartServer, identity: Identity) -> None:
    served = [0]

    def behave(request: Received) -> Bytes:
        served[0] += 1
        return replace(VERSION, close=True) if served[0] % 100 == 0 else VERSION

    pve = server(behave)
    with over_tls(pve.url, fingerprint=identity.fingerprint) as api:
        for _ in range(250):
            api.read("/version")
    assert pve.connections == 3
    assert api.requests <= 252


@pytest.mark.capability("4.9")
def test_every_error_ends_the_connection(server: StartServer, identity: Identity) -> None:
    gone = http(
        b'{"data":null,"message":"storage \'x\' does not exist\\n"}',
        b"500 storage 'x' does not exist",
        close=True,
    )
    pve = server(lambda request: gone if request.target.endswith("/x") else VERSION)
    with over_tls(pve.url, fingerprint=identity.fingerprint) as api:
        for _ in range(3):
            with pytest.raises(NotFound, match="storage 'x' does not exist"):
                api.read("/storage/x")
            api.read("/version")
    assert pve.connections == 4
    assert api.requests == 6


@pytest.mark.capability("7.1")
def test_a_connection_closed_while_idle_is_reopened_silently(server: StartServer, identity: Identity) -> None:
    pve = server(lambda request: VERSION)
    time = Time()
    with over_tls(pve.url, fingerprint=identity.fingerprint, time=time) as api:
        api.read("/version")
        pve.close_connections()
        assert api.read("/version") == {"version": "9.2"}
    assert pve.connections == 2
    assert time.slept == []


@pytest.mark.capability("7.1")
def test_a_connection_closed_under_a_request_is_replaced_at_once(server: StartServer, identity: Identity) -> None:
    pve = server(lambda request: Bytes(b"", close=True) if request.connection == 0 else VERSION)
    time = Time()
    with over_tls(pve.url, fingerprint=identity.fingerprint, time=time) as api:
        assert api.read("/version") == {"version": "9.2"}
    assert (pve.connections, time.slept) == (2, [])


@pytest.mark.capability("9.9", "7.1")
def test_a_write_whose_answer_is_lost_is_not_sent_again(server: StartServer, identity: Identity) -> None:
    pve = server(lambda request: Bytes(b"", close=True))
    with over_tls(pve.url, fingerprint=identity.fingerprint) as api, pytest.raises(Unreachable):
        api.send(Call("POST", "/nodes/pve1/qemu/100/status/start"))
    assert len(pve.requests) == 1


@pytest.mark.capability("9.9")
def test_a_write_goes_out_on_a_fresh_connection(server: StartServer, identity: Identity) -> None:
    pve = server(lambda request: VERSION)
    with over_tls(pve.url, fingerprint=identity.fingerprint) as api:
        api.read("/version")
        api.send(Call("POST", "/nodes/pve1/qemu/100/status/start"))
        api.read("/version")
    assert [request.method for request in pve.requests] == ["GET", "POST", "GET"]
    assert pve.connections == 2


@pytest.mark.capability("4.9", "9.3")
def test_forms_are_encoded_whole(server: StartServer, identity: Identity) -> None:
    pve = server(lambda request: VERSION)
    form: dict[str, Param] = {
        "net0": "virtio,bridge=vmbr0",
        "tags": "a;b",
        "onboot": True,
        "pool": None,
        "description": "é & +",
    }
    with over_tls(pve.url, fingerprint=identity.fingerprint) as api:
        api.send(Call("PUT", "/nodes/pve1/qemu/100/config", form))
    (request,) = pve.requests
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.body == (b"net0=virtio%2Cbridge%3Dvmbr0&tags=a%3Bb&onboot=1&description=%C3%A9%20%26%20%2B")
    assert request.headers["content-length"] == str(len(request.body))
    assert "transfer-encoding" not in request.headers


@pytest.mark.capability("4.9")
def test_a_delete_has_its_parameters_in_the_query_and_no_body(server: StartServer, identity: Identity) -> None:
    pve = server(lambda request: VERSION)
    with over_tls(pve.url, fingerprint=identity.fingerprint) as api:
        api.send(Call("DELETE", "/nodes/pve1/qemu/100", {"purge": True, "x": "a=b;c"}))
    (request,) = pve.requests
    assert request.target == "/api2/json/nodes/pve1/qemu/100?purge=1&x=a%3Db%3Bc"
    assert request.body == b""
    assert not {"content-length", "content-type", "transfer-encoding"} & set(request.headers)


def test_a_post_without_parameters_says_that_it_has_no_body(server: StartServer, identity: Identity) -> None:
    pve = server(lambda request: VERSION)
    with over_tls(pve.url, fingerprint=identity.fingerprint) as api:
        api.send(Call("POST", "/nodes/pve1/qemu/100/status/start"))
    assert pve.requests[0].headers["content-length"] == "0"


def test_paths_arrive_as_they_were_encoded(server: StartServer, identity: Identity) -> None:
    pve = server(lambda request: VERSION)
    path = "/nodes/pve1/tasks/UPID%3Apve1%3A0003F2A1%3A/log%2Fx%20y"
    with over_tls(pve.url, fingerprint=identity.fingerprint) as api:
        api.read(path, {"start": 0, "filter": "a b+c/ü"})
    assert pve.requests[0].target == f"/api2/json{path}?start=0&filter=a%20b%2Bc%2F%C3%BC"


@pytest.mark.capability("4.9")
def test_a_401_without_a_body(server: StartServer, identity: Identity) -> None:
    pve = server(lambda request: http(b"", b"401 No ticket", close=True))
    with (
        over_tls(pve.url, fingerprint=identity.fingerprint) as api,
        pytest.raises(AuthenticationError, match="No ticket"),
    ):
        api.read("/version")
    assert len(pve.requests) == 1


@pytest.mark.capability("4.9", "7.3")
def test_a_595_without_a_body(server: StartServer, identity: Identity) -> None:
    pve = server(lambda request: http(b"", b"595 No route to host", close=True))
    with (
        over_tls(pve.url, fingerprint=identity.fingerprint) as api,
        pytest.raises(NodeUnreachable, match="node pve2 does not answer: No route to host"),
    ):
        api.read("/nodes/pve2/status")


def test_a_reason_phrase_may_hold_any_bytes(server: StartServer, identity: Identity) -> None:
    pve = server(lambda request: http(b"", "500 pool 'Bü\xffro' does not exist".encode("latin-1"), close=True))
    with (
        over_tls(pve.url, fingerprint=identity.fingerprint) as api,
        pytest.raises(NotFound, match="pool 'B\ufffd\ufffdro' does not exist"),
    ):
        api.read("/pools")


@pytest.mark.capability("4.9")
def test_an_answer_that_is_cut_off(server: StartServer, identity: Identity) -> None:
    cut = Bytes(
        b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"data":[', close=True
    )
    pve = server(lambda request: cut)
    time = Time()
    with (
        over_tls(pve.url, fingerprint=identity.fingerprint, time=time) as api,
        pytest.raises(Unreachable, match="cut off"),
    ):
        api.read("/nodes")
    assert len(pve.requests) == 4


@pytest.mark.parametrize(
    "raw", [b"SSH-2.0-OpenSSH_9.9\r\n\r\n", b"HTTP/1.1 200 OK\r\nno header\r\n\r\n", b"\0" * 200_000]
)
def test_something_else_than_http(server: StartServer, identity: Identity, raw: bytes) -> None:
    pve = server(lambda request: Bytes(raw, close=True))
    with over_tls(pve.url, fingerprint=identity.fingerprint) as api, pytest.raises(UnexpectedAnswer):
        api.read("/version")


@pytest.mark.capability("4.9", "7.3")
def test_silence_ends_at_the_timeout(server: StartServer, identity: Identity) -> None:
    pve = server(lambda request: Bytes(b"", hang=True))
    started = real_time.monotonic()
    with (
        over_tls(pve.url, fingerprint=identity.fingerprint, timeout=0.3) as api,
        pytest.raises(RequestTimeout, match=r"within 0\.3 s"),
    ):
        api.read("/version")
    assert real_time.monotonic() - started < 3
    assert len(pve.requests) == 1


@pytest.mark.capability("4.9", "7.3")
def test_an_answer_that_stops_in_the_middle_ends_at_the_timeout(server: StartServer, identity: Identity) -> None:
    pve = server(lambda request: Bytes(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", hang=True))
    with over_tls(pve.url, fingerprint=identity.fingerprint, timeout=0.3) as api, pytest.raises(RequestTimeout):
        api.read("/version")


@pytest.mark.capability("7.1")
def test_a_handshake_that_never_comes_ends_at_the_timeout(identity: Identity) -> None:
    with (
        WireServer(identity, lambda request: Bytes(b"", hang=True), tls=False) as pve,
        over_tls(pve.url, fingerprint=identity.fingerprint, timeout=0.3) as api,
        pytest.raises(Unreachable, match=r"no connection within 0\.3 s"),
    ):
        api.read("/version")


@pytest.mark.capability("7.1")
def test_nobody_listening_is_known_in_seconds() -> None:
    time = Time()
    started = real_time.monotonic()
    with (
        unused_port() as port,
        over_tls(f"https://127.0.0.1:{port}", time=time, verify=False) as api,
        pytest.raises(Unreachable, match="Connection refused") as caught,
    ):
        api.read("/version")
    assert real_time.monotonic() - started + sum(time.slept) < 5
    assert caught.value.exit_status == 7


@pytest.mark.capability("7.1")
def test_a_dead_endpoint_is_passed_over(server: StartServer, identity: Identity) -> None:
    pve = server(lambda request: VERSION)
    with (
        unused_port() as port,
        over_tls((f"https://127.0.0.1:{port}", pve.url), fingerprint=identity.fingerprint) as api,
    ):
        assert api.read("/version") == {"version": "9.2"}
        assert api.endpoint == pve.url


@pytest.mark.capability("7.1")
def test_an_endpoint_that_dies_on_the_way_is_replaced(server: StartServer, identity: Identity) -> None:
    first, second = server(lambda request: VERSION), server(lambda request: VERSION)
    with over_tls((first.url, second.url), fingerprint=identity.fingerprint) as api:
        api.read("/version")
        first.stop()
        assert api.read("/version") == {"version": "9.2"}
        assert api.endpoint == second.url


@pytest.mark.capability("8.5")
def test_threads_share_few_connections(server: StartServer, identity: Identity) -> None:
    pve = server(lambda request: VERSION)
    with over_tls(pve.url, fingerprint=identity.fingerprint, parallel=4) as api:
        assert api.read_many([Query("/version")] * 60) == [{"version": "9.2"}] * 60
    assert pve.connections <= 4


@pytest.mark.capability("4.10")
def test_plain_text_on_the_port_is_recognised() -> None:
    def greet(listener: socket.socket) -> None:
        stream, _ = listener.accept()
        with stream:
            stream.recv(65536)
            stream.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=greet, args=(listener,), daemon=True)
        thread.start()
        with (
            over_tls(f"https://127.0.0.1:{listener.getsockname()[1]}", verify=False) as api,
            pytest.raises(TlsError, match="no TLS connection"),
        ):
            api.read("/version")
        thread.join(5)


@pytest.mark.capability("9.2", "9.6")
@pytest.mark.parametrize(
    ("endpoint", "text"),
    [
        ("http://pve1:8006", "in clear"),
        ("ftp://pve1", "in clear"),
        ("pve1:8006", "no address|in clear"),
        ("https://", "no address"),
        ("https://pve1:port", "no address"),
        ("https://pve1:8006/?x=1", "no address"),
        ("https://root:secret@pve1:8006", "no user and password"),
    ],
)
def test_endpoints_that_are_none(endpoint: str, text: str) -> None:
    with pytest.raises(ConfigError, match=text) as caught:
        connect(Connection((endpoint,), TOKEN))
    assert "secret" not in caught.value.message


def test_a_connection_needs_an_endpoint() -> None:
    with pytest.raises(ConfigError, match="no endpoint"):
        connect(Connection((), TOKEN))


def test_a_transport_of_its_own_may_have_any_name() -> None:
    made = bench(data("x"), endpoints=("sim://datacenter:50:10000:1",))
    assert made.api.read("/version") == "x"
    assert made.opened == ["sim://datacenter:50:10000:1"]
    assert made.seen[0].url == "sim://datacenter:50:10000:1/api2/json/version"
    with pytest.raises(ConfigError, match="in clear"):
        bench(data("x"), endpoints=("http://pve1:8006",))


@pytest.mark.parametrize(
    ("endpoint", "expected"), [("https://pve1:8006", ("pve1", 8006)), ("https://[::1]/pve", ("::1", 443))]
)
def test_host_and_port_of_an_endpoint(endpoint: str, expected: tuple[str, int]) -> None:
    assert split_endpoint(endpoint) == expected
