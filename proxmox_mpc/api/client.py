"""The live server as a source of answers, and the one way to send a call."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING

from proxmox_mpc._version import __version__
from proxmox_mpc.api.answers import answer_of
from proxmox_mpc.api.auth import Authority, TicketAuthority, TokenAuthority
from proxmox_mpc.api.forms import checked_path, encode, node_of
from proxmox_mpc.api.pool import ordered
from proxmox_mpc.api.retry import POLL, Again, AttemptError, Backoff, Clock, Retries, RetryPolicy, Sleep
from proxmox_mpc.api.wire import API_ROOT, Headers, Reply, TransportFactory, Wire
from proxmox_mpc.domain.connection import Connection, Secret, Token
from proxmox_mpc.domain.json import Json, JsonObject, Param, as_object
from proxmox_mpc.domain.source import Answer, Query
from proxmox_mpc.errors import (
    AuthenticationError,
    NodeUnreachable,
    NotFound,
    PmpcError,
    ServerBusy,
    TlsError,
    Unreachable,
)

if TYPE_CHECKING:
    from proxmox_mpc.api.tasks import OnLog, TaskStatus
    from proxmox_mpc.api.trace import Exchange, Trace
    from proxmox_mpc.api.uploads import Upload
    from proxmox_mpc.domain.call import Call, FileBody
    from proxmox_mpc.domain.upid import Upid

_COMMON: Headers = [
    ("User-Agent", f"pmpc/{__version__}"),
    ("Accept", "application/json"),
    ("Accept-Encoding", "gzip"),
]
_FORM = ("Content-Type", "application/x-www-form-urlencoded")


class Api:
    """A cluster, read over HTTP: a ``Source`` whose answers are of this moment. Safe to share between threads."""

    live = True

    def __init__(
        self,
        connection: Connection,
        *,
        transport: TransportFactory | None,
        trace: Trace | None,
        retry: RetryPolicy,
        clock: Clock,
        sleep: Sleep,
        jitter: Callable[[], float],
    ) -> None:
        self._wire = Wire(connection, transport)
        self._parallel = connection.parallel
        self._trace = trace
        self._retry = retry
        self._clock = clock
        self._sleep = sleep
        self._jitter = jitter
        self._lock = threading.Lock()
        self._down: set[str] = set()
        self._authority: Authority
        if isinstance(connection.credentials, Token):
            self._authority = TokenAuthority(connection.credentials)
        else:
            self._authority = TicketAuthority(connection.credentials, self._post_ticket, clock)

    @property
    def requests(self) -> int:
        """How many HTTP requests have been sent, logins and repeated reads among them."""
        return self._wire.requests

    @property
    def endpoint(self) -> str:
        """The endpoint that answered last, or the first of the connection."""
        return self._wire.endpoint

    def read(self, path: str, params: Mapping[str, Param] | None = None) -> Json:
        """Return the ``data`` of one GET; raises PmpcError."""
        return self.answer(path, params).data

    def answer(self, path: str, params: Mapping[str, Param] | None = None) -> Answer:
        """Return ``data`` and what stands beside it of one GET, repeated as the policy allows; raises PmpcError."""
        retries = Retries(self._retry, self._clock, self._jitter)
        while True:
            try:
                return self._get(path, params or {})
            except AttemptError as failure:
                pause = None if self._given_up(failure.error) else retries.pause_after(failure)
                if pause is None:
                    raise failure.error from failure.__cause__
            if pause:
                self._sleep(pause)

    def read_many(self, queries: Sequence[Query]) -> list[Json | PmpcError]:
        """Return the ``data`` of many GETs in their order, a few at once; a failure stands in its place.

        What would fail in the same way is not tried: the rest of the queries to a node that is down, and all that are
        left where no endpoint can be reached or the credentials are refused.
        """
        broken: list[PmpcError] = []
        down: dict[str, PmpcError] = {}

        def one(query: Query) -> Json | PmpcError:
            node = node_of(query.path)
            if broken:
                return broken[0]
            if node in down:
                return down[node]
            try:
                return self.read(query.path, query.params)
            except PmpcError as error:
                if _concerns_all(error):
                    broken.append(error)
                elif node is not None and _node_is_down(error):
                    down[node] = error
                return error

        return ordered(one, queries, self._parallel)

    def document(self, path: str) -> str:
        """Return a file that the server keeps beside its API, as ``/pve-docs/…``; asked once, without credentials.

        Raises PmpcError.
        """
        try:
            reply = self._exchange("GET", path, checked_path(path), _COMMON, None, {}, False, root="")
        except AttemptError as failure:
            raise failure.error from failure.__cause__
        if reply.status != 200:
            raise NotFound(f"{reply.endpoint} has no {path}", details={"status": reply.status})
        return reply.body.decode("utf-8", "replace")

    def send(self, call: Call) -> Json:
        """Send a write on a connection of its own, once, and return its ``data``: null, a UPID, or what it made.

        Only the guard may call this: it has assessed, asked, and journalled. Raises PmpcError; RequestTimeout,
        Unreachable and UnexpectedAnswer leave open whether the write was done.
        """
        params = call.params
        if call.body is not None:
            return self._upload(call, call.body)
        form = encode(params)
        try:
            if call.method == "DELETE":
                reply = self._ask(call.method, call.path, f"?{form}" if form else "", None, params)
            else:
                reply = self._ask(call.method, call.path, "", form.encode(), params)
            return answer_of(reply, call.method, call.path, self._authority.who).data
        except AttemptError as failure:
            raise failure.error from failure.__cause__

    def _upload(self, call: Call, file: FileBody) -> Json:
        """Send a file; its fields travel in the same body, before it."""
        from proxmox_mpc.api.uploads import Upload

        try:
            reply = self._ask(call.method, call.path, "", Upload(call.params, file), call.params)
            return answer_of(reply, call.method, call.path, self._authority.who).data
        except AttemptError as failure:
            raise failure.error from failure.__cause__

    def task(self, upid: Upid) -> TaskStatus:
        """Return the state of a task, asked of the node in its UPID."""
        from proxmox_mpc.api.tasks import status

        return status(self, upid)

    def wait(
        self,
        upid: Upid,
        *,
        every: Backoff = POLL,
        timeout: float | None = None,
        on_log: OnLog | None = None,
        sleep: Sleep | None = None,
    ) -> TaskStatus:
        """Wait for a task to end well, see ``tasks.wait``; raises TaskFailed and WaitExpired.

        ``sleep`` pauses between two looks in place of this object's own; what it raises ends the wait.
        """
        from proxmox_mpc.api.tasks import wait

        pause = sleep or self._sleep
        return wait(self, upid, clock=self._clock, sleep=pause, every=every, timeout=timeout, on_log=on_log)

    def close(self) -> None:
        """Close every connection."""
        self._wire.close()

    def __enter__(self) -> Api:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _get(self, path: str, params: Mapping[str, Param]) -> Answer:
        query = encode(params)
        reply = self._ask("GET", path, f"?{query}" if query else "", None, params)
        return answer_of(reply, "GET", path, self._authority.who)

    def _ask(
        self,
        method: str,
        path: str,
        query: str,
        content: bytes | Upload | None,
        params: Mapping[str, Param | Secret],
    ) -> Reply:
        """Exchange one request with credentials; a read whose ticket is refused gets a second one."""
        target = checked_path(path) + query
        writes = method != "GET"
        common = _COMMON
        if content is not None:
            common = [*_COMMON, *([_FORM] if isinstance(content, bytes) else content.headers)]
        credentials = self._authority.headers(writes)
        reply = self._exchange(method, path, target, common + credentials, content, params, writes)
        if reply.status == 401 and self._authority.refused(credentials) and not writes:
            credentials = self._authority.headers(writes)
            reply = self._exchange(method, path, target, common + credentials, content, params, writes)
        return reply

    def _post_ticket(self, form: Mapping[str, Param | Secret]) -> JsonObject:
        """Log in: the only request that writes without the guard, and the only one without credentials."""
        path = "/access/ticket"
        try:
            reply = self._exchange("POST", path, path, [*_COMMON, _FORM], encode(form).encode(), form, True)
            return as_object(answer_of(reply, "POST", path, self._authority.who).data, "the answer to the login")
        except AttemptError as failure:
            if failure.again is Again.LATER:
                raise
            # A one-time code may be used up: only where the server could not take the login is it worth another.
            raise failure.error from failure.__cause__

    def _exchange(
        self,
        method: str,
        path: str,
        target: str,
        headers: Headers,
        content: bytes | Upload | None,
        params: Mapping[str, Param | Secret],
        fresh: bool,
        root: str = API_ROOT,
    ) -> Reply:
        if self._trace is None:
            return self._wire.exchange(method, target, headers, content, fresh=fresh, root=root)
        from proxmox_mpc.api.trace import Exchange, visible

        started = self._clock()

        def seen(endpoint: str, status: int | None, size: int, error: str | None) -> Exchange:
            ms = (self._clock() - started) * 1000
            url = f"{endpoint}{root}{path}"
            return Exchange(method, url, status, ms, size, visible(path, params), error)

        try:
            reply = self._wire.exchange(method, target, headers, content, fresh=fresh, root=root)
        except AttemptError as failure:
            self._trace(seen(self.endpoint, None, 0, failure.error.message))
            raise
        except PmpcError as error:
            self._trace(seen(self.endpoint, None, 0, error.message))
            raise
        self._trace(seen(reply.endpoint, reply.status, len(reply.body), None))
        return reply

    def _given_up(self, error: PmpcError) -> bool:
        """Give each node that is down one more try in the life of this object: it mostly stays down."""
        node = error.details.get("node")
        if not isinstance(node, str) or not _node_is_down(error):
            return False
        with self._lock:
            known = node in self._down
            self._down.add(node)
        return known


def _random() -> float:
    from random import random

    # It spreads retries and keeps no secret.
    return random()  # noqa: S311  # nosec B311


def connect(
    connection: Connection,
    *,
    transport: TransportFactory | None = None,
    trace: Trace | None = None,
    retry: RetryPolicy | None = None,
    clock: Clock = time.monotonic,
    sleep: Sleep = time.sleep,
    jitter: Callable[[], float] = _random,
) -> Api:
    """Return the cluster behind a connection; nothing is sent, and no secret asked for, before the first request.

    ``transport`` makes the transport to an endpoint (the simulator's for ``sim://``), again for each write;
    ``jitter`` gives numbers from 0 to 1. Raises ConfigError for what cannot be a connection.
    """
    return Api(
        connection,
        transport=transport,
        trace=trace,
        retry=retry or RetryPolicy(),
        clock=clock,
        sleep=sleep,
        jitter=jitter,
    )


def _node_is_down(error: PmpcError) -> bool:
    # 596 may be one hanging storage of a node that is well.
    return isinstance(error, NodeUnreachable) and error.details.get("status") == 595


def _concerns_all(error: PmpcError) -> bool:
    """Tell whether every other request would fail in the same way."""
    if isinstance(error, ServerBusy):
        # What a proxy in front of the cluster answers for it.
        return error.details.get("status") in (502, 503, 504)
    no_endpoint = isinstance(error, Unreachable) and "endpoints" in error.details
    return no_endpoint or isinstance(error, (AuthenticationError, TlsError))
