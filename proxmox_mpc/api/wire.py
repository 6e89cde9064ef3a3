"""One HTTP exchange with one of the endpoints: the only module of the client that touches httpx.

The transport layer of httpx is used without its Client, which would add cookies, redirects, the environment's proxies
and netrc, none of which may touch credentials here, and a third of the time of each request.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple, TypeAlias
from urllib.parse import urlsplit

from proxmox_mpc.api.retry import Again, AttemptError, Clock
from proxmox_mpc.domain.connection import Connection
from proxmox_mpc.errors import ConfigError, PmpcError, RequestTimeout, TlsError, UnexpectedAnswer, Unreachable

if TYPE_CHECKING:
    import ssl

    import httpx

TransportFactory: TypeAlias = "Callable[[str, ssl.SSLContext | None, httpx.Limits], httpx.BaseTransport]"
"""Makes the transport to one endpoint; the context is None where the endpoint's scheme is not https."""

Headers: TypeAlias = list[tuple[str, str]]

# PVE closes an idle connection after 5 s.
_KEEP_ALIVE = 4.0
# No answer of PVE comes near this; it keeps a broken or hostile server from filling the memory.
_LARGEST_BODY = 256 * 1024 * 1024
_CONNECT = 10.0
# With another endpoint to go to, a silent one is given up sooner.
_CONNECT_OF_MANY = 4.0
# PVE holds every 401 back for this long.
_DELAY_OF_401 = 3.0


class Reply(NamedTuple):
    """An answer as it came: ``reason`` in bytes, because httpx drops what is not ASCII from its text."""

    status: int
    reason: bytes
    content_type: str
    location: str
    body: bytes
    endpoint: str


class Wire:
    """Sends requests to the first endpoint that can be reached, and stays with it."""

    def __init__(self, connection: Connection, transport: TransportFactory | None, clock: Clock) -> None:
        self._endpoints = [_checked(url, transport is not None) for url in connection.endpoints]
        if not self._endpoints:
            raise ConfigError("cluster.endpoints: there is no endpoint")
        self._tls = connection.tls
        self._parallel = connection.parallel
        self._timeout = connection.request_timeout
        self._connect = min(_CONNECT if len(self._endpoints) == 1 else _CONNECT_OF_MANY, self._timeout)
        self._factory = transport
        self._clock = clock
        self._lock = threading.Lock()
        self._transports: dict[str, httpx.BaseTransport] = {}
        self._context: ssl.SSLContext | None = None
        self._closed = False
        self.requests = 0

    @property
    def endpoint(self) -> str:
        """The endpoint that is asked first: the one that answered last."""
        return self._endpoints[0]

    def exchange(
        self, method: str, target: str, headers: Headers, content: bytes | None = None, *, fresh: bool = False
    ) -> Reply:
        """Send one request to ``target`` (path and query below ``/api2/json``) and return the whole answer.

        Goes on to the next endpoint only where no connection came about, so that nothing was sent yet. ``fresh`` takes
        a connection of its own. Raises AttemptError.
        """
        unreached: dict[str, str] = {}
        for endpoint in list(self._endpoints):
            try:
                reply = self._attempt(endpoint, method, target, headers, content, fresh)
            except _NoConnectionError as failure:
                unreached[endpoint] = failure.reason
                continue
            self._prefer(endpoint)
            return reply
        raise AttemptError(_unreachable(unreached), Again.LATER)

    def close(self) -> None:
        """Close every connection; the object cannot be used afterwards."""
        with self._lock:
            self._closed = True
            transports, self._transports = self._transports, {}
        for transport in transports.values():
            transport.close()

    def _attempt(
        self, endpoint: str, method: str, target: str, headers: Headers, content: bytes | None, fresh: bool
    ) -> Reply:
        transport = self._open(endpoint, keep=0) if fresh else self._kept(endpoint)
        import httpx

        limits = {"connect": self._connect, "read": self._timeout, "write": self._timeout, "pool": self._timeout}
        request = httpx.Request(
            method, f"{endpoint}/api2/json{target}", headers=headers, content=content, extensions={"timeout": limits}
        )
        with self._lock:
            self.requests += 1
        try:
            with self._failures(endpoint, method, target.partition("?")[0]):
                response = transport.handle_request(request)
                try:
                    body = _body(response)
                finally:
                    response.close()
        finally:
            if fresh:
                transport.close()
        return Reply(
            status=response.status_code,
            reason=response.extensions.get("reason_phrase", b""),
            content_type=response.headers.get("content-type", ""),
            location=response.headers.get("location", ""),
            body=body,
            endpoint=endpoint,
        )

    def _kept(self, endpoint: str) -> httpx.BaseTransport:
        with self._lock:
            if self._closed:
                raise Unreachable("the connection is closed")
            transport = self._transports.get(endpoint)
            if transport is None:
                transport = self._transports[endpoint] = self._open(endpoint, keep=self._parallel + 1)
            return transport

    def _open(self, endpoint: str, keep: int) -> httpx.BaseTransport:
        _load_httpx()
        import httpx

        limits = httpx.Limits(
            max_connections=max(keep, 1), max_keepalive_connections=keep, keepalive_expiry=_KEEP_ALIVE
        )
        context = None
        if endpoint.startswith("https:"):
            if self._context is None:
                from proxmox_mpc.api.tls import ssl_context

                self._context = ssl_context(self._tls)
            context = self._context
        if self._factory is not None:
            return self._factory(endpoint, context, limits)
        return httpx.HTTPTransport(verify=context or True, trust_env=False, limits=limits)

    def _prefer(self, endpoint: str) -> None:
        if self._endpoints[0] != endpoint:
            with self._lock:
                self._endpoints = [endpoint, *(other for other in self._endpoints if other != endpoint)]

    @contextmanager
    def _failures(self, endpoint: str, method: str, path: str) -> Iterator[None]:
        """Turn what httpx raises into errors of ours; most specific first."""
        import httpx

        details = {"endpoint": endpoint, "method": method, "path": path}
        try:
            yield
        except httpx.ConnectTimeout as error:
            raise _NoConnectionError(f"no connection within {self._connect:g} s") from error
        except httpx.ConnectError as error:
            raise _not_connected(endpoint, error) from error
        except httpx.TimeoutException as error:
            message = f"{endpoint} gave no answer to {method} {path} within {self._timeout:g} s"
            hint = "allow more time: --request-timeout SECONDS"
            if self._timeout <= _DELAY_OF_401:
                hint += f"; wrong credentials are answered only after {_DELAY_OF_401:g} s"
            raise AttemptError(RequestTimeout(message, hint=hint, details=details)) from error
        except httpx.DecodingError as error:
            raise AttemptError(UnexpectedAnswer("the answer's compression is broken", details=details)) from error
        except httpx.LocalProtocolError as error:
            raise AttemptError(ConfigError("the credentials hold characters that no header can carry")) from error
        except httpx.RemoteProtocolError as error:
            raise AttemptError(_broken_off(endpoint, str(error), details), Again.AT_ONCE) from error
        except httpx.TransportError as error:
            message = f"the connection to {endpoint} broke: {_reason(error)}"
            raise AttemptError(Unreachable(message, details=details), Again.AT_ONCE) from error


class _NoConnectionError(Exception):
    """No connection came about, so nothing was sent."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def _load_httpx() -> None:
    """Import httpx without its own command line, which it brings along where click is installed (50 ms)."""
    if "httpx" in sys.modules:
        return
    # None makes this import fail, and httpx goes on as it does where there is no click.
    sys.modules["httpx._main"] = None  # type: ignore[assignment]
    try:
        import httpx  # noqa: F401
    finally:
        del sys.modules["httpx._main"]


def split_endpoint(url: str) -> tuple[str, int]:
    """Return host and port of an endpoint; 443 where it names none, as for every https URL."""
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or 443


def _checked(url: str, any_scheme: bool) -> str:
    where = f"cluster.endpoints: {url!r}"
    try:
        parts = urlsplit(url)
        known = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        known = False
    if not known or parts.query or parts.fragment:
        raise ConfigError(f"{where} is no address", hint="write it like https://pve1.example.org:8006")
    if parts.username is not None or parts.password is not None:
        raise ConfigError("cluster.endpoints: an address holds no user and password", hint="give them as credentials")
    if parts.scheme != "https" and not any_scheme:
        raise ConfigError(f"{where} would send the credentials in clear", hint="write https://")
    return url.rstrip("/")


def _body(response: httpx.Response) -> bytes:
    chunks: list[bytes] = []
    size = 0
    for chunk in response.iter_bytes():
        size += len(chunk)
        if size > _LARGEST_BODY:
            raise AttemptError(UnexpectedAnswer(f"the answer is larger than {_LARGEST_BODY >> 20} MiB"))
        chunks.append(chunk)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__


def _reason(error: BaseException) -> str:
    """Return the operating system's own words where there are any."""
    for cause in _causes(error):
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror
    return str(error) or type(error).__name__


def _not_connected(endpoint: str, error: BaseException) -> Exception:
    import ssl

    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return AttemptError(
                TlsError(
                    f"the certificate of {endpoint} is not trusted: {cause.verify_message}",
                    hint="pin its fingerprint (tls.fingerprint), or trust the cluster's CA, /etc/pve/pve-root-ca.pem"
                    " (tls.ca_file)",
                    details={"endpoint": endpoint},
                )
            )
        if isinstance(cause, ssl.SSLError) and not isinstance(cause, ssl.SSLEOFError):
            return AttemptError(
                TlsError(
                    f"no TLS connection to {endpoint}: {cause.reason or cause}",
                    hint="is this the address of a Proxmox VE server? It listens on port 8006",
                    details={"endpoint": endpoint},
                )
            )
    return _NoConnectionError(_reason(error))


def _broken_off(endpoint: str, text: str, details: Mapping[str, str]) -> PmpcError:
    if "disconnected" in text:
        return Unreachable(f"{endpoint} closed the connection without an answer", details=details)
    if "incomplete" in text or "without sending complete" in text:
        return UnexpectedAnswer(f"the answer of {endpoint} was cut off", details=details)
    return UnexpectedAnswer(f"{endpoint} does not answer in HTTP: {text}", details=details)


def _unreachable(unreached: Mapping[str, str]) -> Unreachable:
    tried = ", ".join(f"{endpoint} ({reason})" for endpoint, reason in unreached.items())
    message = f"no endpoint answers: {tried}" if len(unreached) > 1 else f"no answer from {tried}"
    return Unreachable(
        message,
        hint="check address and port (Proxmox VE listens on 8006), the network, and that pveproxy runs there",
        details={"endpoints": dict(unreached)},
    )
