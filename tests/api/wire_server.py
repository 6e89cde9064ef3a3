"""A TLS server of raw bytes: it does on the wire whatever a test says, and keeps what it received."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from types import TracebackType

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from proxmox_mpc.api.tls import fingerprint_of


@dataclass(frozen=True)
class Identity:
    """A self-signed certificate for 127.0.0.1: its file (key included) and fingerprint."""

    file: Path
    fingerprint: str

    @classmethod
    def make(cls, directory: Path, name: str) -> Identity:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=30))
            .add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1")), x509.DNSName("localhost")]), False
            )
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
            .sign(key, hashes.SHA256())
        )
        file = directory / f"{name}.pem"
        file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        return cls(file, fingerprint_of(certificate.public_bytes(serialization.Encoding.DER)))


@dataclass(frozen=True)
class Received:
    """One request as it came: which connection brought it, and which request on it (both from 0)."""

    connection: int
    number: int
    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def method(self) -> str:
        return self.line.split(" ")[0]

    @property
    def target(self) -> str:
        return self.line.split(" ")[1]


@dataclass(frozen=True)
class Bytes:
    """What goes back: raw bytes, then perhaps the end of the connection, or silence until the server stops."""

    raw: bytes
    close: bool = False
    hang: bool = False


Behaviour = Callable[[Received], Bytes]


def http(
    body: bytes = b'{"data":null}', status: bytes = b"200 OK", headers: bytes = b"", *, close: bool = False
) -> Bytes:
    """Return a whole HTTP answer."""
    head = b"HTTP/1.1 " + status + b"\r\nContent-Type: application/json;charset=UTF-8\r\n" + headers
    if close:
        head += b"Connection: close\r\n"
    return Bytes(head + b"Content-Length: %d\r\n\r\n" % len(body) + body, close)


@dataclass
class WireServer:
    """Listens on 127.0.0.1 on a free port; one thread a connection."""

    identity: Identity
    behaviour: Behaviour
    requests: list[Received] = field(default_factory=list)
    connections: int = 0
    bytes_received: int = 0
    tls: bool = True

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(self.identity.file)
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._open: list[socket.socket] = []
        self._threads[0].start()

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def close_connections(self) -> None:
        """End every open connection, as PVE does with idle ones."""
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> WireServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop listening, end the connections, and return when every byte that came has been counted."""
        self._stop.set()
        # Wakes the thread that waits in accept().
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.close_connections()
        for thread in self._threads:
            thread.join(5)

    def _accept(self) -> None:
        while not self._stop.is_set():
            try:
                plain, _ = self._listener.accept()
            except OSError:
                return
            number, self.connections = self.connections, self.connections + 1
            self._open.append(plain)
            thread = threading.Thread(target=self._serve, args=(plain, number), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, plain: socket.socket, number: int) -> None:
        with plain:
            if not self.tls:
                with suppress(OSError):
                    self._talk(plain, number)
                return
            try:
                secured = self._context.wrap_socket(plain, server_side=True)
            except OSError:
                return
            self._open.append(secured)
            with secured, suppress(OSError):
                self._talk(secured, number)

    def _talk(self, stream: socket.socket, connection: int) -> None:
        for number, request in enumerate(self._received(stream, connection)):
            self.requests.append(request)
            answer = self.behaviour(Received(connection, number, request.line, request.headers, request.body))
            stream.sendall(answer.raw)
            if answer.hang:
                self._stop.wait(30)
            if answer.close or answer.hang:
                return

    def _received(self, stream: socket.socket, connection: int) -> Iterator[Received]:
        buffer = b""
        while True:
            while b"\r\n\r\n" not in buffer:
                chunk = stream.recv(65536)
                if not chunk:
                    return
                self.bytes_received += len(chunk)
                buffer += chunk
            head, _, buffer = buffer.partition(b"\r\n\r\n")
            line, *rest = head.decode("latin-1").split("\r\n")
            headers = {name.lower(): value for name, _, value in (each.partition(": ") for each in rest)}
            length = int(headers.get("content-length", "0"))
            while len(buffer) < length:
                chunk = stream.recv(65536)
                if not chunk:
                    return
                self.bytes_received += len(chunk)
                buffer += chunk
            yield Received(connection, 0, line, headers, buffer[:length])
            buffer = buffer[length:]


@contextmanager
def unused_port() -> Iterator[int]:
    """Yield a port on which nobody listens: bound, so that nobody else takes it, and never listening."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]
