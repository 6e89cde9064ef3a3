"""The core that both doors call: one request in, one answer out, checked in the order in which PVE checks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import RLock

from proxmox_mpc.simulator import apidoc, events, facts, router, tasks
from proxmox_mpc.simulator.auth import authenticate
from proxmox_mpc.simulator.authorization import authorize
from proxmox_mpc.simulator.call import Answer, Call
from proxmox_mpc.simulator.clock import Clock
from proxmox_mpc.simulator.decoding import decode_body, decode_form, decode_path, decode_upload
from proxmox_mpc.simulator.errors import ApiError, failed, invalid
from proxmox_mpc.simulator.faults import Fault, Faults
from proxmox_mpc.simulator.http import Request, Response
from proxmox_mpc.simulator.json import Json, JsonObject
from proxmox_mpc.simulator.permissions import Permissions
from proxmox_mpc.simulator.validation import validate
from proxmox_mpc.simulator.world import World

METHODS = frozenset({"GET", "POST", "PUT", "DELETE"})
UNAUTHORIZED_DELAY = 3.0
"""Seconds by which PVE holds back every 401 (pve-http-server, AnyEvent.pm)."""

_WRITES_NOTHING = re.compile(r"^/access/ticket|/agent(?:/|$)|/tasks/|/status/(?:stop|shutdown|reset|suspend|resume)$")
"""Calls other than GET that work without quorum."""

_UPLOAD = re.compile(r"/nodes/[^/]+/storage/[^/]+/upload")
_JSON = "application/json;charset=UTF-8"
_HEADERS = {"Cache-Control": "max-age=0", "Pragma": "no-cache", "Server": "pve-api-daemon/3.0"}


class Simulator:
    """A world that answers requests; safe to call from several threads.

    ``unrouted`` lists what was asked for and is not served (501), so that a test can fail on it. ``dirty`` is set when
    the world changed and cleared by whoever saves it.
    """

    def __init__(self, world: World, clock: Clock, faults: Faults | None = None) -> None:
        self.world = world
        self.clock = clock
        self.faults = faults or Faults()
        self.unrouted: list[str] = []
        self.requests = 0
        self.dirty = False
        self._lock = RLock()

    @property
    def local_node(self) -> str:
        """The node whose API is called: the first that is up."""
        nodes = list(self.world.nodes.values())
        return next((node.name for node in nodes if node.online), nodes[0].name)

    def stands(self, address: str) -> bool:
        """Whether a node that is up holds an address: without it, nobody answers there."""
        return any(
            row.get("address") == address
            for node in self.world.nodes.values() if node.online
            for row in node.network.values()
        )  # fmt: skip

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Hold off requests, so that the world can be saved as a whole."""
        with self._lock:
            yield

    def handle(self, request: Request) -> Response:
        """Answer one request; never raises for what a client sent."""
        self.requests += 1
        form, parts = _split(request.path)
        path = "/" + "/".join(parts)
        wire: Fault | None = None
        try:
            if request.headers.get("transfer-encoding", "").lower() == "chunked":
                raise _PlainError(501, "chunked transfer encoding not supported")
            if request.method == "GET" and request.path == apidoc.PATH:
                return _response(200, "OK", "application/javascript", apidoc.script())
            if form is None:
                raise (
                    _PlainError(501, "no such uri")
                    if request.path.startswith("/api2")
                    else _PlainError(404, "not found")
                )
            wire = self.faults.strike(self.world, self.clock, request.method, path)
            if wire is not None and wire.kind in {"drop", "hang"}:
                return Response(0, wire=wire.kind, seconds=wire.seconds)
            with self._lock:
                self._pass_time(self.clock.now())
                if not any(node.online for node in self.world.nodes.values()):
                    return Response(0, wire="drop")
                answer = self._answer(request, parts, path)
            response = _success(form, answer)
        except _PlainError as error:
            response = _plain(error.status, str(error))
        except ApiError as error:
            if error.status == 401:
                self.clock.sleep(UNAUTHORIZED_DELAY)
            response = _refusal(form or "json", error)
        if wire is None:
            return response
        return Response(response.status, response.reason, response.headers, response.body, wire.kind, wire.seconds)

    def _answer(self, request: Request, parts: list[str], path: str) -> Answer:
        """Go through PVE's checks: method, login, body, route, duplicates, rights, node, parameters, then the work."""
        method, now = request.method, self.clock.now()
        if method not in METHODS:
            raise ApiError(501, f"method '{method}' not available", empty=True)
        caller = authenticate(self.world, request, method, path, now)
        sent, upload = _parameters(request, path)
        found = router.find(method, parts)
        if found is None:
            self.unrouted.append(f"{method} {path}")
            raise ApiError(501, f"Method '{method} {path}' not implemented")
        given = _merge(found.params, sent)
        endpoint = facts.endpoint(found.family, method, found.template)
        permissions = Permissions(self.world)
        authorize(self.world, permissions, caller, endpoint, given, path)
        if endpoint.proxy:
            self._reach(str(given["node"]))
        checked = validate(endpoint, given)
        call = Call(
            self.world, self.clock, caller, method, found.template, checked, self.local_node, permissions,
            upload,
        )  # fmt: skip
        if method != "GET":
            self._need_quorum(found.template)
        answer = found.handler(call)
        self.dirty = self.dirty or method != "GET" or call.changed
        return answer if isinstance(answer, Answer) else Answer(answer)

    def _pass_time(self, now: float) -> None:
        """Finish the tasks and let happen the events whose time has come; one may bring the other about."""
        while events.settle(self.world, now) | tasks.settle(self.world, now, self.faults.scripts):
            self.dirty = True

    def _reach(self, name: str) -> None:
        """Raise what a request to a node gives that is not there (500) or does not answer (595)."""
        if name == "localhost":
            return
        node = self.world.nodes.get(name)
        if node is None:
            reason = f"failed to get address info for: {name}: Temporary failure in name resolution"
            raise failed(f"hostname lookup '{name}' failed - {reason}")
        if not node.online:
            raise ApiError(595, "No route to host", empty=True)

    def _need_quorum(self, template: str) -> None:
        """Raise what a write gives while /etc/pve is read-only; some calls write nothing there."""
        if not self.world.quorate and not _WRITES_NOTHING.search(template):
            raise failed("cluster not ready - no quorum?")


class _PlainError(Exception):
    """An answer in plain text, from before the API is reached."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


def _split(path: str) -> tuple[str | None, list[str]]:
    """Return the format (json, extjs, …) and the decoded parts of a path below /api2/FORMAT."""
    raw = path.split("/")
    if len(raw) > 2 and raw[1] == "api2" and raw[2] in {"json", "extjs", "html"}:
        return raw[2], decode_path("/".join(raw[3:]))
    return None, []


def _parameters(request: Request, path: str) -> tuple[dict[str, object], bytes | None]:
    """Return query and body parameters, and the file of an upload; a query parameter beats the body's."""
    kind, upload = request.headers.get("content-type", ""), None
    if request.method == "POST" and kind.startswith("multipart/form-data") and _UPLOAD.fullmatch(path):
        sent, upload = decode_upload(kind, request.body)
    else:
        sent = decode_body(request.method, kind, request.body)
    sent.update(decode_form(request.query))
    sent.pop("_dc", None)
    return sent, upload


def _merge(uri: Mapping[str, str], sent: Mapping[str, object]) -> dict[str, object]:
    """Join the path's parameters with those sent; raises 400 when one is given twice with different values."""
    for name, value in uri.items():
        if name in sent and sent[name] != value:
            raise invalid({name: "duplicate parameter (already defined in URI) with conflicting values!"})
    return {**sent, **uri}


def _response(status: int, reason: str, kind: str, body: bytes) -> Response:
    headers = dict(_HEADERS)
    if body:
        headers["Content-Type"] = kind
    return Response(status, reason, headers, body)


def _plain(status: int, text: str) -> Response:
    return _response(status, text, "text/plain", text.encode())


def _success(form: str, answer: Answer) -> Response:
    body: JsonObject = {"data": answer.data, **answer.extra}
    if form == "extjs":
        body |= {"success": 1}
    return _json(200, "OK", body)


def _refusal(form: str, error: ApiError) -> Response:
    if error.status == 501 and error.message.startswith(("Unexpected content", "for data too large")):
        return _plain(501, error.message)
    if error.empty:
        return _response(error.status, error.reason, _JSON, b"")
    body: JsonObject = {"data": None, "message": error.message}
    if error.errors:
        body["errors"] = dict[str, Json](error.errors)
    if form == "extjs":
        return _json(200, "OK", {**body, "success": 0, "status": error.status})
    return _json(error.status, error.reason, body)


def _json(status: int, reason: str, body: JsonObject) -> Response:
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return _response(status, reason, _JSON, text.encode())
