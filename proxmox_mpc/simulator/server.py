"""The TLS door: PVE's HTTP server on 127.0.0.1, one thread a connection."""

from __future__ import annotations

import contextlib
import socket
import ssl
import tempfile
import threading
from pathlib import Path
from typing import BinaryIO, cast

from proxmox_mpc.simulator import access_for, certificates, storing
from proxmox_mpc.simulator.core import Simulator
from proxmox_mpc.simulator.http import Request, Response
from proxmox_mpc.simulator.wire import BadRequestError, Head, encode, read_body, read_head

HOST = "127.0.0.1"
REQUESTS_A_CONNECTION = 100
IDLE = 5.0
TLS_HANDSHAKE = 0x16
"""The first byte of a TLS connection; anything else is plain HTTP, which is redirected."""


class Server:
    """A running simulator; ``url``, ``fingerprint``, ``ca_file``, ``token_id`` and ``token_secret`` lead to it."""

    def __init__(self, simulator: Simulator, port: int, save: Path | None, directory: Path | None) -> None:
        self.simulator = simulator
        self._save = save
        self._home = tempfile.TemporaryDirectory(prefix="pmpc-sim-") if directory is None else None
        self._directory = Path(self._home.name) if self._home else cast("Path", directory)
        names = list(simulator.world.nodes)
        self._identities = [certificates.create(self._directory, names)]
        self._contexts = [self._identities[0].context()]
        self._listener = socket.create_server((HOST, port), backlog=128)
        self._stopped = threading.Event()
        self._accepting = threading.Thread(target=self._accept, name="pmpc-sim", daemon=True)
        self._saving = threading.Lock()
        self._open: set[socket.socket] = set()
        self.connections = 0
        self.token_id, self.token_secret = access_for(simulator.world)

    @property
    def url(self) -> str:
        """The base URL, without ``/api2``."""
        return f"https://{HOST}:{self._listener.getsockname()[1]}"

    @property
    def fingerprint(self) -> str:
        """The SHA-256 fingerprint of the certificate shown at present."""
        return self._identities[-1].fingerprint

    @property
    def ca_file(self) -> Path:
        """The authority that signed it."""
        return self._identities[-1].ca

    def start(self) -> None:
        """Begin to accept connections."""
        self._accepting.start()

    def wait(self) -> None:
        """Return when :meth:`shutdown` was called."""
        self._stopped.wait()

    def shutdown(self) -> None:
        """Stop: close every connection, save the world, remove temporary certificates."""
        if self._stopped.is_set():
            return
        self._stopped.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._accepting.join()
        for connection in list(self._open):
            _close(connection)
        self._keep()
        if self._home:
            self._home.cleanup()

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, raw: socket.socket) -> None:
        """Serve one connection until either side ends it."""
        connection: socket.socket = raw
        self._open.add(raw)
        try:
            raw.settimeout(IDLE)
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            first = raw.recv(1, socket.MSG_PEEK)
            if first and first[0] == TLS_HANDSHAKE:
                connection = self._context().wrap_socket(raw, server_side=True)
                self._open.discard(raw)
                self._open.add(connection)
                self._talk(connection)
            elif first:
                _redirect(raw)
        except (OSError, ssl.SSLError, BadRequestError):
            pass  # the client went away, spoke no TLS, or refused the certificate: nothing is left to answer
        finally:
            self._open.discard(connection)
            _close(connection)

    def _context(self) -> ssl.SSLContext:
        """Return the TLS context of the certificate shown at present; a fault may have changed it."""
        with self._saving:
            while len(self._contexts) <= self.simulator.faults.certificates:
                names = list(self.simulator.world.nodes)
                self._identities.append(certificates.create(self._directory, names, len(self._contexts) + 1))
                self._contexts.append(self._identities[-1].context())
            return self._contexts[-1]

    def _talk(self, connection: socket.socket) -> None:
        stream = cast("BinaryIO", connection.makefile("rb"))
        for count in range(1, REQUESTS_A_CONNECTION + 1):
            head = read_head(stream)
            if head is None:
                return
            response = self._answer(head, stream)
            if response.wire in {"drop", "lost"}:
                return
            if response.wire == "hang":
                self._stopped.wait(response.seconds)
                return
            wanted = head.headers.get("connection", "").lower() != "close" and head.version != "HTTP/1.0"
            keep = wanted and response.status < 400 and count < REQUESTS_A_CONNECTION and not response.wire
            accepted = head.headers.get("accept-encoding", "")
            connection.sendall(encode(response, accepted, self.simulator.clock.now(), keep=keep))
            if not keep:
                return

    def _answer(self, head: Head, stream: BinaryIO) -> Response:
        path, _, query = head.target.partition("?")
        body = read_body(stream, head.headers)
        response = self.simulator.handle(Request(head.method, path, query, head.headers, body))
        if self.simulator.dirty and self._save is not None:
            self._keep()
        return response

    def _keep(self) -> None:
        if self._save is None:
            return
        with self._saving:
            self.simulator.dirty = False
            with self.simulator.paused():
                storing.save(self.simulator.world, self._save)


def _redirect(connection: socket.socket) -> None:
    """Answer plain HTTP on the TLS port: 301 for what reads, 308 for what must be sent again as it was."""
    head = read_head(cast("BinaryIO", connection.makefile("rb")))
    if head is None:
        return
    status, reason = (301, "Moved Permanently") if head.method in {"GET", "HEAD"} else (308, "Permanent Redirect")
    host = head.headers.get("host") or "{}:{}".format(*connection.getsockname())
    lines = [f"HTTP/1.1 {status} {reason}", f"Location: https://{host}{head.target}", "Connection: close", "", ""]
    connection.sendall("\r\n".join(lines).encode("latin-1"))


def _close(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
