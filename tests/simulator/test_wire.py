"""The TLS door speaks HTTP as PVE's own server does."""

from __future__ import annotations

import gzip
import json
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from proxmox_mpc.simulator import open_world, serve
from proxmox_mpc.simulator.clock import ManualClock
from proxmox_mpc.simulator.faults import Faults
from proxmox_mpc.simulator.server import Server


class Line:
    """One raw connection to a server."""

    def __init__(self, server: Server, *, tls: bool = True) -> None:
        self._server = server
        raw = socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), timeout=5)
        self.socket: socket.socket = raw
        if tls:
            context = ssl.create_default_context(cafile=str(server.ca_file))
            self.socket = context.wrap_socket(raw, server_hostname="127.0.0.1")
        self._stream = self.socket.makefile("rb")

    def ask(
        self, method: str, path: str, body: bytes = b"", *, token: bool = True, **headers: str
    ) -> tuple[int, str, dict[str, str], bytes]:
        """Send one request and return status, reason, headers (lower case) and body."""
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost"]
        if token:
            lines.append(f"Authorization: PVEAPIToken={self._server.token_id}={self._server.token_secret}")
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode() + body)
        return self.read()

    def read(self) -> tuple[int, str, dict[str, str], bytes]:
        """Read one answer."""
        status = self._stream.readline().decode().split(" ", 2)
        found: dict[str, str] = {}
        while (line := self._stream.readline().decode().strip()) != "":
            name, _, value = line.partition(": ")
            found[name.lower()] = value
        body = self._stream.read(int(found.get("content-length", "0")))
        return int(status[1]), status[2].rstrip("\r\n"), found, body

    def ended(self) -> bool:
        """Return whether the server has closed the connection."""
        return self._stream.read(1) == b""

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()
        self.socket.close()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A tiny world behind TLS, whose clock stands still."""
    clock = ManualClock()
    running = serve(open_world("tiny", clock), clock=clock, faults=Faults(), directory=tmp_path)
    yield running
    running.shutdown()


@pytest.fixture
def line(server: Server) -> Iterator[Line]:
    """A connection to it."""
    opened = Line(server)
    yield opened
    opened.close()


def test_an_answer_has_the_headers_of_pve(line: Line) -> None:
    status, reason, headers, body = line.ask("GET", "/api2/json/version")
    assert (status, reason) == (200, "OK")
    assert headers["content-type"] == "application/json;charset=UTF-8"
    assert headers["server"] == "pve-api-daemon/3.0"
    assert (headers["cache-control"], headers["pragma"]) == ("max-age=0", "no-cache")
    assert headers["connection"] == "Keep-Alive"
    assert json.loads(body)["data"]["version"] == "9.2.11"


def test_a_connection_carries_a_hundred_requests(line: Line) -> None:
    kept = [line.ask("GET", "/api2/json/version")[2]["connection"] for _ in range(100)]
    assert kept == ["Keep-Alive"] * 99 + ["close"]
    assert line.ended()


def test_an_error_ends_the_connection(line: Line) -> None:
    status, reason, headers, body = line.ask("GET", "/api2/json/nodes/pve1/qemu/999/config")
    assert status == 500
    assert reason == "Configuration file 'nodes/pve1/qemu-server/999.conf' does not exist"
    assert json.loads(body)["message"] == reason + "\n"
    assert headers["connection"] == "close"
    assert line.ended()


def test_a_401_is_empty_and_late(server: Server, line: Line) -> None:
    before = server.simulator.clock.now()
    status, reason, _, body = line.ask("GET", "/api2/json/version", token=False)
    assert (status, reason, body) == (401, "No ticket", b"")
    assert server.simulator.clock.now() - before == pytest.approx(3.0)
    assert line.ended()


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("DELETE", "/api2/json/version", b"a=1", (501, "Unexpected content for method 'DELETE'")),
        ("PATCH", "/api2/json/version", b"", (501, "method 'PATCH' not available")),
        ("GET", "/api2", b"", (501, "no such uri")),
        ("GET", "/api2/json/nosuch", b"", (501, "Method 'GET /nosuch' not implemented")),
    ],
)
def test_what_is_not_implemented(line: Line, method: str, path: str, body: bytes, expected: tuple[int, str]) -> None:
    status, reason, _, _ = line.ask(method, path, body)
    assert (status, reason) == expected


def test_chunked_requests_are_refused(line: Line) -> None:
    status, reason, _, _ = line.ask("POST", "/api2/json/pools", Transfer_Encoding="chunked")
    assert (status, reason) == (501, "chunked transfer encoding not supported")


def test_long_answers_are_packed_for_who_can_unpack(line: Line) -> None:
    _, _, headers, body = line.ask("GET", "/api2/json/access/roles", Accept_Encoding="gzip")
    assert headers["content-encoding"] == "gzip"
    assert any(role["roleid"] == "PVEAuditor" for role in json.loads(gzip.decompress(body))["data"])
    _, _, headers, _ = line.ask("GET", "/api2/json/version", Accept_Encoding="gzip")
    assert "content-encoding" not in headers


def test_plain_http_is_sent_to_https(server: Server) -> None:
    plain = Line(server, tls=False)
    status, _, headers, _ = plain.ask("GET", "/api2/json/version")
    assert status == 301
    assert headers["location"].startswith("https://")
    plain.close()
    plain = Line(server, tls=False)
    assert plain.ask("POST", "/api2/json/pools", b"poolid=x")[0] == 308
    plain.close()


def test_the_fingerprint_is_the_leafs(server: Server, line: Line) -> None:
    import hashlib

    assert isinstance(line.socket, ssl.SSLSocket)
    leaf = line.socket.getpeercert(binary_form=True)
    assert leaf is not None
    assert server.fingerprint.replace(":", "").lower() == hashlib.sha256(leaf).hexdigest()


def test_faults_break_answers(server: Server) -> None:
    faults = [{"kind": "drop", "path": "/version"}, {"kind": "truncate", "path": "/nodes"}]
    server.simulator.faults.faults += Faults.read(faults).faults
    dropped = Line(server)
    with pytest.raises(IndexError):
        dropped.ask("GET", "/api2/json/version")
    dropped.close()
    cut = Line(server)
    _, _, headers, body = cut.ask("GET", "/api2/json/nodes")
    assert len(body) < int(headers["content-length"])
    cut.close()


def test_a_certificate_changes(server: Server) -> None:
    before = server.fingerprint
    server.simulator.faults.faults += Faults.read([{"kind": "certificate"}]).faults
    first = Line(server)
    assert first.ask("GET", "/api2/json/version")[0] == 200
    first.close()
    with pytest.raises(ssl.SSLCertVerificationError):
        Line(server)
    assert server.fingerprint != before
    again = Line(server)
    assert again.ask("GET", "/api2/json/version")[0] == 200
    again.close()


def test_a_lost_answer_was_given(server: Server) -> None:
    server.simulator.faults.faults += Faults.read([{"kind": "lost", "method": "POST"}]).faults
    lost = Line(server)
    with pytest.raises(IndexError):
        lost.ask("POST", "/api2/json/pools", b"poolid=kept", Content_Type="application/x-www-form-urlencoded")
    lost.close()
    assert "kept" in server.simulator.world.pools


def test_a_world_is_saved_when_it_changed(tmp_path: Path) -> None:
    clock, kept = ManualClock(), tmp_path / "world.json"
    running = serve(open_world("tiny", clock), clock=clock, save=kept, directory=tmp_path / "certificates")
    asked = Line(running)
    asked.ask("GET", "/api2/json/version")
    assert not kept.exists()
    asked.ask("POST", "/api2/json/pools", b"poolid=kept", Content_Type="application/x-www-form-urlencoded")
    asked.close()
    running.shutdown()
    assert kept.stat().st_mode & 0o777 == 0o600
    assert "kept" in open_world(str(kept)).pools
