"""Replays recorded exchanges with a real PVE against a simulated world and compares what matters."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from proxmox_mpc.simulator import access_for, open_world
from proxmox_mpc.simulator.clock import ManualClock
from proxmox_mpc.simulator.core import Simulator
from proxmox_mpc.simulator.faults import Faults
from proxmox_mpc.simulator.http import Request, Response

STEP = 0.01
"""Seconds between two exchanges."""

# What differs from run to run: it must have the same form, and the same value wherever it comes again.
RANDOM = (
    ("upid", re.compile(r"UPID:[^:\s]+:[0-9A-F]{8}:[0-9A-F]{8,9}:[0-9A-F]{8}:[^:\s]+:[^:\s]*:[^:\s]+:")),
    ("uuid", re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")),
    ("digest", re.compile(r"\b[0-9a-f]{40}\b")),
    ("mac", re.compile(r"\b[0-9A-F]{2}(?::[0-9A-F]{2}){5}\b")),
    ("time", re.compile(r"\bctime=\d+|\b1[78]\d{8}\b")),
)
NUMBERS = frozenset(["pid", "pstart", "starttime", "endtime", "ctime", "time", "uptime", "snaptime", "uid", "id"])
"""Members whose numbers are of one run; ``id`` only in the cluster's log."""
SETS = frozenset(["content", "privs", "roles"])
"""Texts that are sets: PVE writes them in random order."""


def folder() -> Path | None:
    """Return where the reference recordings are, if anywhere."""
    given = os.environ.get("PMPC_SHARED")
    for place in [Path(given)] if given else [Path(__file__).parents[3] / "shared"]:
        for found in (place / "pve" / "recorded.jsonl", place / "recorded.jsonl"):
            if found.is_file():
                return found.parent
    return None


@dataclass
class Exchange:
    """One recorded request and its answer."""

    number: int
    method: str
    path: str
    params: dict[str, Any]
    raw: str | None
    status: int
    reason: str
    body: Any
    headers: dict[str, str]

    @property
    def name(self) -> str:
        """How the list of exceptions names it: the method and the path, UPIDs shortened to their type."""
        path = re.sub(r"UPID%3A[^/]*", lambda m: m[0].split("%3A")[5], self.path.partition("?")[0])
        return f"{self.method} {path}"


def exchanges(place: Path) -> Iterator[Exchange]:
    """Yield the recorded exchanges in their order."""
    for number, line in enumerate((place / "recorded.jsonl").read_text("utf-8").splitlines()):
        row = json.loads(line)
        yield Exchange(
            number, row["method"], row["path"], row["params"] or {}, row["raw"], row["status"], row["reason"],
            row["body"], row["headers"],
        )  # fmt: skip


@dataclass
class Replay:
    """A simulated world under replay; ``known`` maps random values of the recording to ours."""

    simulator: Simulator
    clock: ManualClock
    known: dict[str, str] = field(default_factory=dict)

    @classmethod
    def begin(cls, faults: list[dict[str, Any]] | None = None, start: float = 1_795_375_657.0) -> Replay:
        """Return a replay in a fresh world made like the recorded one."""
        clock = ManualClock(start)
        world = open_world("recorded", clock)
        return cls(Simulator(world, clock, Faults.read(faults or [])), clock)

    def send(self, exchange: Exchange) -> Response:
        """Send the recorded request with our values for its random ones, when the time for its answer has come."""
        self.clock.advance(STEP)
        if isinstance(exchange.body, dict) and isinstance(exchange.body.get("data"), dict):
            data = exchange.body["data"]
            if data.get("status") == "stopped" and "upid" in data:
                self._finish(self._ours(str(data["upid"])))
        path, _, query = exchange.path.partition("?")
        path = self._ours_in_path(path)
        form = "&".join(f"{key}={quote(self._ours(_text(value)), safe='')}" for key, value in exchange.params.items())
        body = (exchange.raw if exchange.raw is not None else form) or ""
        if exchange.method in {"GET", "DELETE"} and exchange.raw is None:
            query, body = "&".join(part for part in (query, form) if part), ""
        headers = {"content-type": "application/x-www-form-urlencoded", **self._login(exchange)}
        return self.simulator.handle(Request(exchange.method, "/api2/json" + path, query, headers, body.encode()))

    def _login(self, exchange: Exchange) -> dict[str, str]:
        """Return the token; none, or a wrong one, where the recording shows that."""
        token_id, secret = access_for(self.simulator.world)
        if exchange.reason == "No ticket":
            return {}
        if exchange.reason == "Authentication failed!":
            secret = "wrong"
        return {"authorization": f"PVEAPIToken={token_id}={secret}"}

    def _finish(self, upid: str) -> None:
        task = self.simulator.world.tasks.get(upid)
        if task is not None and task.end > self.clock.now():
            self.clock.advance(task.end - self.clock.now())

    def _ours(self, text: str) -> str:
        for theirs, ours in self.known.items():
            text = text.replace(theirs, ours)
        return text

    def _ours_in_path(self, path: str) -> str:
        for theirs, ours in self.known.items():
            path = path.replace(quote(theirs, safe=""), quote(ours, safe=""))
        return path

    def differences(self, exchange: Exchange, response: Response, *, form_only: bool = False) -> list[str]:
        """Return how our answer differs from the recorded one; ``form_only`` leaves out values of the same type."""
        found: list[str] = []
        if response.status != exchange.status:
            found.append(f"status {response.status}, not {exchange.status}")
        if response.reason != self._ours(exchange.reason):
            found.append(f"reason {response.reason!r}, not {exchange.reason!r}")
        kind = response.headers.get("Content-Type")
        if exchange.headers.get("Content-Type") and kind != exchange.headers["Content-Type"]:
            found.append(f"content type {kind}")
        text = response.body.decode()
        ours = json.loads(text) if text.startswith("{") else text
        found += self._compare("body", exchange.body, ours)
        return [line for line in found if not (form_only and _is_value(line))]

    def _compare(self, at: str, theirs: Any, ours: Any) -> list[str]:
        key = at.rpartition(".")[2]
        if isinstance(theirs, dict) and isinstance(ours, dict):
            found = [f"{at}.{name} is missing" for name in theirs if name not in ours]
            found += [f"{at}.{name} is too much: {ours[name]!r}" for name in ours if name not in theirs]
            both = [name for name in theirs if name in ours]
            return found + [line for name in both for line in self._compare(f"{at}.{name}", theirs[name], ours[name])]
        if isinstance(theirs, list) and isinstance(ours, list):
            return self._compare_lists(at, theirs, ours)
        if isinstance(theirs, str) and isinstance(ours, str):
            return self._compare_texts(at, theirs, ours, as_set=key in SETS)
        random = key in NUMBERS and isinstance(theirs, int) and isinstance(ours, int)
        same = theirs == ours and isinstance(theirs, bool) == isinstance(ours, bool)
        return [] if random or same else [f"{at} is {ours!r}, not {theirs!r}"]

    def _compare_lists(self, at: str, theirs: list[Any], ours: list[Any]) -> list[str]:
        """Compare as sets, but for a log's lines: nearly every list of PVE comes in random order."""
        if len(theirs) != len(ours):
            return [f"{at} has {len(ours)} members, not {len(theirs)}: {ours!r:.300}"]
        if theirs and isinstance(theirs[0], dict) and "n" in theirs[0]:
            theirs, ours = sorted(theirs, key=lambda row: row["n"]), sorted(ours, key=lambda row: row["n"])
        else:
            theirs, ours = sorted(theirs, key=_rank), sorted(ours, key=_rank)
        pairs = enumerate(zip(theirs, ours, strict=True))
        return [line for number, (a, b) in pairs for line in self._compare(f"{at}[{number}]", a, b)]

    def _compare_texts(self, at: str, theirs: str, ours: str, *, as_set: bool) -> list[str]:
        if as_set:
            theirs, ours = ",".join(sorted(theirs.split(","))), ",".join(sorted(ours.split(",")))
        for name, pattern in RANDOM:
            for a, b in zip(pattern.findall(theirs), pattern.findall(ours), strict=False):
                self.known.setdefault(a, b)
            theirs, ours = pattern.sub(f"<{name}>", theirs), pattern.sub(f"<{name}>", ours)
        random = at.rpartition(".")[2] in NUMBERS and theirs.split(":")[0].isdigit() and ours.split(":")[0].isdigit()
        if at.endswith(".id") and random and ":" not in theirs:
            random = theirs == ours
        return [] if theirs == ours or random else [f"{at} is {ours!r}, not {theirs!r}"]


def _text(value: Any) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)


def _is_value(line: str) -> bool:
    """Return whether a difference is one of values of the same type."""
    said = re.fullmatch(r"\S+ is (.*), not (.*)", line, re.S)
    if said is None:
        return False
    texts = all(part[:1] in {"'", '"'} for part in said.groups())
    return texts or all(re.fullmatch(r"[\d.]+", part) for part in said.groups())


def _rank(row: Any) -> str:
    """Return what orders rows alike on both sides: their names before their values."""
    if not isinstance(row, dict):
        return json.dumps(row, sort_keys=True)
    names = ("key", "roleid", "realm", "subdir", "name", "volid", "type", "id", "pos")
    return json.dumps([row.get(name) for name in names], sort_keys=True)
