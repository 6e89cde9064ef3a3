"""A client whose server is a function, and whose time stands still until somebody sleeps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from proxmox_mpc.api import Api, RetryPolicy, connect
from proxmox_mpc.api.trace import Exchange
from proxmox_mpc.domain.connection import Connection, Login, Secret, Tls, Token

TOKEN_SECRET = "11111111-2222-3333-4444-555555555555"
TOKEN = Token("root@pam!ci", lambda: Secret(TOKEN_SECRET))
URL = "https://pve1.test:8006"

Handler = Callable[[httpx.Request], httpx.Response]


@dataclass
class Time:
    """A clock that only sleeping moves."""

    now: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@dataclass
class Bench:
    """A client under test, with what it sent and what it traced."""

    api: Api
    time: Time
    sent: list[httpx.Request]
    seen: list[Exchange]
    opened: list[str]


def bench(
    *handlers: Handler | httpx.Response | Exception,
    credentials: Token | Login = TOKEN,
    endpoints: Sequence[str] = (URL,),
    timeout: float = 30.0,
    parallel: int = 4,
    retry: RetryPolicy | None = None,
) -> Bench:
    """Return a client whose server gives these answers in turn, the last one for ever."""
    time, sent, seen, opened = Time(), list[httpx.Request](), list[Exchange](), list[str]()

    def serve(request: httpx.Request) -> httpx.Response:
        handler = handlers[min(len(sent), len(handlers) - 1)]
        sent.append(request)
        if isinstance(handler, Exception):
            raise handler
        if isinstance(handler, httpx.Response):
            return httpx.Response(
                handler.status_code,
                headers=handler.headers,
                content=handler.content,
                extensions=dict(handler.extensions),
            )
        return handler(request)

    def transport(endpoint: str, context: object, limits: httpx.Limits) -> httpx.BaseTransport:
        opened.append(endpoint)
        return httpx.MockTransport(serve)

    api = connect(
        Connection(tuple(endpoints), credentials, request_timeout=timeout, parallel=parallel),
        transport=transport,
        trace=seen.append,
        retry=retry,
        clock=time.clock,
        sleep=time.sleep,
        jitter=lambda: 0.5,
    )
    return Bench(api, time, sent, seen, opened)


def data(value: object) -> httpx.Response:
    """Return a good answer."""
    return httpx.Response(200, json={"data": value})


def error(
    status: int, message: str | None = None, errors: dict[str, str] | None = None, reason: bytes = b""
) -> httpx.Response:
    """Return an error as PVE sends it; with ``message`` None only the reason phrase speaks, over an empty body."""
    extensions = {"reason_phrase": reason}
    if message is None:
        return httpx.Response(status, content=b"", extensions=extensions)
    body: dict[str, object] = {"data": None, "message": message}
    if errors is not None:
        body["errors"] = errors
    return httpx.Response(status, json=body, extensions=extensions)


def over_tls(
    endpoint: str | Sequence[str],
    *,
    fingerprint: str | None = None,
    ca_file: Path | None = None,
    verify: bool = True,
    timeout: float = 5.0,
    time: Time | None = None,
    credentials: Token | Login = TOKEN,
    parallel: int = 4,
) -> Api:
    """Return a client that goes over the socket; its retries pause in ``time`` only."""
    endpoints = (endpoint,) if isinstance(endpoint, str) else tuple(endpoint)
    passing = time or Time()
    return connect(
        Connection(
            endpoints,
            credentials,
            Tls(verify=verify, ca_file=ca_file, fingerprint=fingerprint),
            request_timeout=timeout,
            parallel=parallel,
        ),
        clock=passing.clock,
        sleep=passing.sleep,
        jitter=lambda: 0.5,
    )
