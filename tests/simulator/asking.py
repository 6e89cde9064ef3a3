"""Asking a simulator as a client would: by path, with a token, for the decoded answer."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from proxmox_mpc.simulator.clock import ManualClock
from proxmox_mpc.simulator.core import Simulator
from proxmox_mpc.simulator.http import Request
from proxmox_mpc.simulator.worlds import build


def simulate(name: str = "homelab") -> Simulator:
    """A fresh world on a clock that stands still."""
    clock = ManualClock()
    return Simulator(build(name, int(clock.now())), clock)


def token(sim: Simulator, full: str) -> tuple[str, str]:
    """Id and secret of a token of the world, by ``user@realm!name``."""
    user, _, name = full.partition("!")
    return full, sim.world.users[user].tokens[name].secret


def answer(sim: Simulator, path: str, /, who: str = "root@pam!pmpc", **query: str | int) -> tuple[int, str, Any]:
    """Status, reason and decoded body of GET ``path``; ``_`` in a query's name stands for ``-``."""
    name, secret = token(sim, who)
    text = urlencode({key.replace("_", "-"): value for key, value in query.items()})
    got = sim.handle(Request("GET", f"/api2/json{path}", text, {"authorization": f"PVEAPIToken={name}={secret}"}))
    return got.status, got.reason, json.loads(got.body) if got.body else None


def get(sim: Simulator, path: str, /, who: str = "root@pam!pmpc", **query: str | int) -> Any:
    """The data of GET ``path``, which must succeed."""
    status, reason, body = answer(sim, path, who, **query)
    assert status == 200, (path, status, reason)
    return body["data"]


def row(rows: list[dict[str, Any]], **wanted: object) -> dict[str, Any]:
    """The only row that has these values."""
    (found,) = [row for row in rows if all(row.get(key) == value for key, value in wanted.items())]
    return found
