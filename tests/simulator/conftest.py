"""A session with a simulated world: its time stands still until a test moves it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest

from proxmox_mpc.simulator import access_for, open_world
from proxmox_mpc.simulator.clock import ManualClock
from proxmox_mpc.simulator.core import Simulator
from proxmox_mpc.simulator.faults import Faults
from proxmox_mpc.simulator.http import Request, Response


@dataclass
class Session:
    """Requests to one world; ``data`` insists on success, ``refused`` on an error."""

    sim: Simulator
    clock: ManualClock

    def send(
        self, method: str, path: str, params: dict[str, Any] | None = None, headers: dict[str, str] | None = None
    ) -> Response:
        """Send one request with the ready token, or with other headers."""
        token_id, secret = access_for(self.sim.world)
        form = urlencode(params or {}, doseq=True)
        query, body = ("", form.encode()) if method in {"POST", "PUT"} else (form, b"")
        sent = headers if headers is not None else {"authorization": f"PVEAPIToken={token_id}={secret}"}
        sent = {"content-type": "application/x-www-form-urlencoded", **sent}
        return self.sim.handle(Request(method, "/api2/json" + path, query, sent, body))

    def data(self, method: str, path: str, **params: Any) -> Any:
        """Return the data of an answer that must be a success; ``_`` in a name stands for ``-``."""
        response = self.send(method, path, {name.replace("__", "-"): value for name, value in params.items()})
        assert response.status == 200, (method, path, response.status, response.reason, response.body)
        return json.loads(response.body)["data"]

    def refused(self, method: str, path: str, **params: Any) -> tuple[int, str, dict[str, str]]:
        """Return status, message and errors of an answer that must be none."""
        response = self.send(method, path, {name.replace("__", "-"): value for name, value in params.items()})
        body = json.loads(response.body) if response.body else {}
        assert response.status >= 400, (method, path, response.status, response.body)
        return response.status, body.get("message", response.reason).rstrip("\n"), body.get("errors", {})

    def run(self, method: str, path: str, **params: Any) -> str:
        """Start a task, let its time pass, and return how it ended."""
        upid = self.data(method, path, **params)
        self.clock.advance(self.sim.world.tasks[upid].end - self.clock.now() + 0.01)
        node = upid.split(":")[1]
        return str(self.data("GET", f"/nodes/{node}/tasks/{upid.replace(':', '%3A')}/status")["exitstatus"])


def session(name: str, faults: list[dict[str, Any]] | None = None) -> Session:
    """Return a session with a fresh world."""
    clock = ManualClock()
    return Session(Simulator(open_world(name, clock), clock, Faults.read(faults or [])), clock)


@pytest.fixture
def lab() -> Session:
    """The homelab."""
    return session("homelab")


@pytest.fixture
def bare() -> Session:
    """The node of the recordings: storage ``local``, no bridge, no guest."""
    return session("recorded")
