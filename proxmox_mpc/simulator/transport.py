"""The in-process door: an httpx transport that answers ``sim://WORLD`` without a socket.

Whatever host a request names, it goes to the world the transport was made for (a world's name may hold colons, which
no URL's host may). The world lives in one file of a directory, so that the next command finds what this one did.
"""

from __future__ import annotations

import re
import threading
from pathlib import Path

import httpx

from proxmox_mpc.simulator import access_for, open_world, storing
from proxmox_mpc.simulator.clock import Clock, SystemClock
from proxmox_mpc.simulator.core import Simulator
from proxmox_mpc.simulator.faults import Faults
from proxmox_mpc.simulator.http import Request, Response

__all__ = ["SimTransport", "access_for", "connect"]

SCHEME = "sim://"


class InProcessClock(SystemClock):
    """The machine's time; waiting is left out, there being no one on the other side to hold off."""

    def sleep(self, seconds: float) -> None:
        """Return at once."""


def connect(
    url: str, directory: Path | None = None, *, clock: Clock | None = None, faults: Faults | None = None
) -> SimTransport:
    """Return the door to the world that ``url`` names, kept in ``directory`` (in memory only when that is None).

    Raises ValueError for a world that is none.
    """
    name = url.removeprefix(SCHEME).rstrip("/")
    if "/" in name or name.endswith(".json"):
        raise ValueError("a world is named here; only `sim serve` reads one from a file")
    clock = clock or InProcessClock()
    path = None if directory is None else directory / (re.sub(r"[^A-Za-z0-9._-]", "_", name) + ".json")
    if path is None:
        return SimTransport(Simulator(open_world(name, clock), clock, faults), None)
    with storing.locked(path):
        if storing.stamp(path) is None:
            storing.save(open_world(name, clock), path)
        stamp = storing.stamp(path)
        simulator = Simulator(storing.load(path), clock, faults)
    return SimTransport(simulator, path, stamp)


class SimTransport(httpx.BaseTransport):
    """Sends requests to a simulator in this process; keeps its file and its world the same.

    ``simulator`` is the core behind it, for tests that look at the world or at ``unrouted``. ``address`` is where this
    door stands: it is shut while no node holds that address, as after a network change that took it away.
    """

    def __init__(
        self,
        simulator: Simulator,
        path: Path | None,
        stamp: tuple[int, int, int] | None = None,
        address: str | None = None,
    ) -> None:
        self.simulator = simulator
        self._address = address
        self._path = path
        self._stamp = stamp
        self._lock = threading.Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request; broken answers raise what httpx raises for them on a socket."""
        if self._address is not None and not self.simulator.stands(self._address):
            raise httpx.ConnectError("[Errno 113] No route to host", request=request)
        url = request.url
        asked = Request(
            request.method,
            url.raw_path.split(b"?", 1)[0].decode("ascii"),
            url.query.decode("ascii"),
            {name.lower(): value for name, value in request.headers.items()},
            request.read(),
        )
        response = self._handle(asked)
        if response.wire:
            self._break(response, request)
        return httpx.Response(
            response.status,
            headers={**response.headers, "Content-Length": str(len(response.body))},
            content=response.body,
            extensions={"reason_phrase": response.reason.encode("utf-8"), "http_version": b"HTTP/1.1"},
            request=request,
        )

    def _handle(self, asked: Request) -> Response:
        if self._path is None:
            return self.simulator.handle(asked)
        with self._lock, storing.locked(self._path):
            found = storing.stamp(self._path)
            if found is not None and found != self._stamp:
                self.simulator.world = storing.load(self._path)
            response = self.simulator.handle(asked)
            if self.simulator.dirty:
                storing.save(self.simulator.world, self._path)
                self.simulator.dirty = False
            self._stamp = storing.stamp(self._path)
        return response

    def _break(self, response: Response, request: httpx.Request) -> None:
        """Raise what a client sees when the answer is lost on its way."""
        match response.wire:
            case "hang":
                self.simulator.clock.sleep(response.seconds)
                raise httpx.ReadTimeout("timed out", request=request)
            case "truncate":
                text = "peer closed connection without sending complete message body"
                raise httpx.RemoteProtocolError(text, request=request)
            case _:
                raise httpx.RemoteProtocolError("Server disconnected without sending a response.", request=request)
