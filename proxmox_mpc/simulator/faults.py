"""Scripted faults: what goes wrong, on which requests, how often; never by chance.

A script is a JSON list of objects (or an object with ``faults``), tried in order::

    {"kind": "status", "status": 503, "reason": "…", "method": "GET", "path": "/nodes/*", "after": 2, "times": 1}

``path`` is a glob on the path below /api2/json; ``method`` and ``path`` default to everything, ``after`` (matching
requests let through first) to 0, ``times`` to 1 (0: for ever). Kinds, with their own members:

``latency`` (``seconds``) · ``drop`` (no answer, nothing done) · ``lost`` (done, but the answer is lost) · ``hang``
(``seconds``, then no answer) · ``truncate`` (half of the body) · ``status`` (``status``, ``reason``; 595 and 596 have
no body) · ``expired`` (401 as for an old ticket) · ``certificate`` (the TLS door shows another certificate from then
on) · ``offline`` (``node`` goes down), ``online`` · ``no-quorum``, ``quorum`` · ``task-fails`` (``type``, ``text``) ·
``task-warns`` (``type``, ``text``), which meet the next task of that type that ends after the request; with ``guest``
(an id) the next one on that guest.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from proxmox_mpc.simulator.clock import Clock
from proxmox_mpc.simulator.errors import ApiError
from proxmox_mpc.simulator.tasks import Scripts, script_key
from proxmox_mpc.simulator.world import World

KINDS = frozenset({
    "latency", "drop", "lost", "hang", "truncate", "status", "expired", "certificate", "offline", "online",
    "no-quorum", "quorum", "task-fails", "task-warns",
})  # fmt: skip
WIRE = frozenset({"drop", "lost", "hang", "truncate"})
"""Kinds that the doors carry out: the answer (if any) does not arrive whole."""


@dataclass
class Fault:
    """One scripted fault and how often it was met."""

    kind: str
    method: str = "*"
    path: str = "*"
    after: int = 0
    times: int = 1
    status: int = 500
    reason: str = "Internal Server Error"
    seconds: float = 0.0
    node: str = ""
    type: str = "*"
    guest: str = ""
    text: str = "simulated failure"
    met: int = 0

    def takes(self, method: str, path: str) -> bool:
        """Count a request that matches and return whether the fault strikes it."""
        if self.method not in {"*", method} or not fnmatchcase(path, self.path):
            return False
        self.met += 1
        struck = self.met - self.after
        return struck > 0 and (self.times == 0 or struck <= self.times)


@dataclass
class Faults:
    """The faults of one simulator; ``scripts`` are those that tasks meet, ``certificates`` counts changes."""

    faults: list[Fault] = field(default_factory=list)
    scripts: Scripts = field(default_factory=Scripts)
    certificates: int = 0

    @classmethod
    def read(cls, source: Path | list[dict[str, Any]]) -> Faults:
        """Read a script from a JSON file or from its rows; raises ValueError that names what is wrong."""
        rows = json.loads(source.read_text("utf-8")) if isinstance(source, Path) else source
        if isinstance(rows, dict):
            rows = rows.get("faults")
        if not isinstance(rows, list):
            raise ValueError("a fault script is a JSON list of objects")
        return cls([_fault(row) for row in rows])

    def strike(self, world: World, clock: Clock, method: str, path: str) -> Fault | None:
        """Apply the faults that a request meets; return the one that the door carries out, if any."""
        wire: Fault | None = None
        for fault in self.faults:
            if fault.takes(method, path):
                self._apply(fault, world, clock)
                wire = fault if fault.kind in WIRE else wire
        return wire

    def _apply(self, fault: Fault, world: World, clock: Clock) -> None:
        match fault.kind:
            case "latency":
                clock.sleep(fault.seconds)
            case "status":
                text = fault.reason if fault.status in {401, 595, 596} else f"{fault.reason}\n"
                raise ApiError(fault.status, text, empty=fault.status in {401, 595, 596})
            case "expired":
                raise ApiError(401, "permission denied - invalid PVE ticket", empty=True)
            case "certificate":
                self.certificates += 1
            case "offline" | "online":
                world.nodes[fault.node].online = fault.kind == "online"
            case "no-quorum" | "quorum":
                world.quorate = fault.kind == "quorum"
            case "task-fails":
                self.scripts.failures.setdefault(script_key(fault.type, fault.guest), []).append(fault.text)
            case "task-warns":
                self.scripts.warnings.setdefault(script_key(fault.type, fault.guest), []).append(fault.text)


def _fault(row: object) -> Fault:
    if not isinstance(row, dict):
        raise ValueError(f"a fault is an object, not {row!r}")
    if row.get("kind") not in KINDS:
        raise ValueError(f"unknown fault {row.get('kind')!r}; known are {', '.join(sorted(KINDS))}")
    try:
        return Fault(**row)
    except TypeError as error:
        raise ValueError(f"fault {row['kind']!r}: {error}") from error
