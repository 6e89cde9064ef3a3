"""One HTTP exchange with one of the endpoints, over the transports of httpx.

They are used without its Client, which would add cookies, redirects, the environment's proxies and netrc, none of which
may touch credentials here, and costs two thirds more CPU a request.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple, TypeAlias
from urllib.parse import urlsplit

from proxmox_mpc.api.failures import NoConnectionError, failures, unreachable
from proxmox_mpc.api.retry import Again, AttemptError
from proxmox_mpc.domain.connection import Connection
from proxmox_mpc.errors import ConfigError, UnexpectedAnswer, Unreachable

if TYPE_CHECKING:
    import ssl

    import httpx

TransportFactory: TypeAlias = "Callable[[str, ssl.SSLContext | None, httpx.Limits], httpx.BaseTransport]"
"""Makes the transport to one endpoint; the context is None where the endpoint's scheme is not https."""

Headers: TypeAlias = list[tuple[str, str]]

API_ROOT = "/api2/json"

# PVE closes an idle connection after 5 s.
_KEEP_ALIVE = 4.0
# No answer of PVE comes near this; it keeps a broken or hostile server from filling the memory.
_LARGEST_BODY = 256 * 1024 * 1024
_CONNECT = 10.0
# With another endpoint to go to, a silent one is given up sooner.
_CONNECT_OF_MANY = 4.0


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

    def __init__(self, connection: Connection, transport: TransportFactory | None) -> None:
        self._endpoints = [_checked(url, transport is not None) for url in connection.endpoints]
        if not self._endpoints:
            raise ConfigError("cluster.endpoints: there is no endpoint")
        self._tls = connection.tls
        self._parallel = connection.parallel
        self._timeout = connection.request_timeout
        self._connect = min(_CONNECT if len(self._endpoints) == 1 else _CONNECT_OF_MANY, self._timeout)
        self._factory = transport
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
        self,
        method: str,
        target: str,
        headers: Headers,
        content: bytes | Iterable[bytes] | None = None,
        *,
        fresh: bool = False,
        root: str = API_ROOT,
    ) -> Reply:
        """Send one request to ``target`` (path and query below ``root``) and return the whole answer.

        Goes on to the next endpoint only where no connection came about, so that nothing was sent yet. ``fresh`` takes
        a connection of its own. Raises AttemptError.
        """
        unreached: dict[str, str] = {}
        for endpoint in list(self._endpoints):
            try:
                reply = self._attempt(endpoint, method, root + target, headers, content, fresh)
            except NoConnectionError as failure:
                unreached[endpoint] = failure.reason
                continue
            self._prefer(endpoint)
            return reply
        raise AttemptError(unreachable(unreached), Again.LATER)

    def close(self) -> None:
        """Close every connection; the object cannot be used afterwards."""
        with self._lock:
            self._closed = True
            transports, self._transports = self._transports, {}
        for transport in transports.values():
            transport.close()

    def _attempt(
        self,
        endpoint: str,
        method: str,
        target: str,
        headers: Headers,
        content: bytes | Iterable[bytes] | None,
        fresh: bool,
    ) -> Reply:
        transport = self._open(endpoint, keep=0) if fresh else self._kept(endpoint)
        import httpx

        limits = {"connect": self._connect, "read": self._timeout, "write": self._timeout, "pool": self._timeout}
        request = httpx.Request(
            method,
            f"{_base(endpoint)}{target}",
            headers=headers,
            content=content,
            extensions={"timeout": limits},
        )
        with self._lock:
            self.requests += 1
        try:
            with failures(
                endpoint, method, target.partition("?")[0].removeprefix(API_ROOT), self._connect, self._timeout
            ):
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


def _base(endpoint: str) -> str:
    # A simulated world's name may hold colons, which no host may; its transport knows where it leads.
    return endpoint if endpoint.startswith("https:") else "sim://in-process"


def _checked(url: str, any_scheme: bool) -> str:
    if any_scheme and not url.startswith(("https:", "http:")) and "://" in url:
        return url
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
    if parts.scheme != "https":
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
