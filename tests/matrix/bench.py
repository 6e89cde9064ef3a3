"""A workbench for writes: pmpc in a workspace, on a world in memory whose time costs nothing, each request recorded."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from proxmox_mpc.simulator.clock import ManualClock
from proxmox_mpc.simulator.core import Simulator
from proxmox_mpc.simulator.decoding import decode_form, decode_path, decode_upload
from proxmox_mpc.simulator.faults import Faults
from proxmox_mpc.simulator.http import Request, Response
from proxmox_mpc.simulator.transport import SimTransport
from proxmox_mpc.simulator.world import World
from tests.cli.write_samples import SECRETS, Sample
from tests.conftest import Outcome, Pmpc

_NOT_STATE = ("tasks", "log", "counters", "config_version")
_NOT_STATE_OF_A_GUEST = (
    "pid", "started", "load", "memory_used", "disk_used", "net_rate", "disk_rate", "known", "interfaces",
)  # fmt: skip
_GIVEN_ANEW = ("vmgenid", "meta", "digest")


@dataclass(frozen=True)
class Sent:
    """A writing request as it reached the simulator; ``quoted`` is the path as sent, below /api2/json."""

    method: str
    quoted: str
    form: dict[str, object]

    @property
    def path(self) -> str:
        """The path in clear."""
        return "/" + "/".join(decode_path(self.quoted))


@dataclass
class Bench:
    """``before_write`` is called with each writing request and may put another in its place; ``wire`` with its number.

    What ``wire`` returns breaks the answer: ``lost`` (it was done), ``drop`` (nothing arrives), "" for a whole one.
    """

    pmpc: Pmpc
    simulator: Simulator
    clock: ManualClock
    environ: dict[str, str]
    sent: list[Sent] = field(default_factory=list)
    answers: list[Response] = field(default_factory=list)
    before_write: Callable[[Request], Request] | None = None
    wire: Callable[[int], str] | None = None
    on_pause: Callable[[], None] | None = None

    @property
    def world(self) -> World:
        """The simulated cluster."""
        return self.simulator.world

    def __call__(self, *argv: str | int, env: dict[str, str] | None = None) -> Outcome:
        """Run pmpc with -o json."""
        return self.pmpc(*argv, "-o", "json", env={**self.environ, **(env or {})})

    def do(self, sample: Sample, *options: str, env: dict[str, str] | None = None) -> Outcome:
        """Run a sample's verb with further options."""
        return self(*sample.argv, *options, env=env)

    def sure(self, sample: Sample, env: dict[str, str] | None = None) -> Outcome:
        """Run a sample's verb with all confirmations."""
        return self.do(sample, "--yes", *sample.confirmed, env=env)

    def prepare(self, sample: Sample) -> None:
        """Do what must have been done before a sample's verb can do anything; the record then starts empty."""
        for name, content in sample.files:
            (self.pmpc.cwd / name).parent.mkdir(parents=True, exist_ok=True)
            (self.pmpc.cwd / name).write_text(content)
        if sample.setting is not None:
            sample.setting(self.world)
        for words in sample.before:
            done = self(*words, "--yes")
            assert done.status == 0, done
        self.sent.clear()
        self.answers.clear()

    def faults(self, *rows: dict[str, Any]) -> None:
        """Script what goes wrong from now on."""
        self.simulator.faults = Faults.read(list(rows))

    def operation(self) -> dict[str, Any]:
        """Return the newest operation as ``audit show`` tells it."""
        newest = max(row["operation"] for row in self.ok("audit", "list"))
        shown: dict[str, Any] = self.ok("audit", "show", newest)
        return shown

    def ok(self, *argv: str | int) -> Any:
        """Run pmpc, expect 0, return the data."""
        outcome = self(*argv)
        assert outcome.status == 0, outcome
        return outcome.json

    def settle(self) -> None:
        """Let every task end."""
        self.clock.advance(3600)
        with self.simulator.paused():
            self.simulator._pass_time(self.clock.now())

    def state(self) -> dict[str, Any]:
        """Return the world as JSON without what comes and goes by itself: tasks, counters, loads."""
        self.settle()
        doc: dict[str, Any] = json.loads(json.dumps(self.world.to_json()))
        for key in _NOT_STATE:
            doc.pop(key, None)
        for guest in doc["guests"].values():
            for key in _NOT_STATE_OF_A_GUEST:
                guest.pop(key, None)
            for key in _GIVEN_ANEW:
                guest["config"].pop(key, None)
            guest["agent"] = {k: v for k, v in (guest["agent"] or {}).items() if v}
        for volume in doc["volumes"].values():
            volume.pop("ctime", None)
        for key in [key for key in doc["documents"] if key == "/events" or key.startswith("/replication/state")]:
            del doc["documents"][key]
        doc["groups"] = {name: comment or "" for name, comment in doc["groups"].items()}
        return doc

    def watch(self, request: Request, handle: Callable[[Request], Response]) -> Response:
        """Record a writing request on its way to the simulator."""
        if request.method == "GET":
            return handle(request)
        if self.before_write is not None:
            request = self.before_write(request)
        self.sent.append(sent_of(request))
        wire = self.wire(len(self.sent)) if self.wire is not None else ""
        answer = Response(0) if wire == "drop" else handle(request)
        self.answers.append(answer)
        return replace(answer, wire=wire) if wire else answer


def sent_of(request: Request) -> Sent:
    """Return method, path and parameters of a request."""
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        form, _ = decode_upload(request.headers["content-type"], request.body)
    else:
        form = decode_form(request.body.decode("utf-8"))
    return Sent(request.method, request.path.removeprefix("/api2/json"), {**form, **decode_form(request.query)})


def open_bench(lab: Pmpc, monkeypatch: pytest.MonkeyPatch, world: str = "homelab") -> Bench:
    """Return a bench on a world of its own; every run of ``lab`` in this process reaches it from now on."""
    import proxmox_mpc.api
    from proxmox_mpc.simulator import open_world

    clock = ManualClock()
    simulator = Simulator(open_world(world, clock), clock)
    bench = Bench(lab, simulator, clock, dict(SECRETS))
    handle = simulator.handle
    monkeypatch.setattr(simulator, "handle", lambda request: bench.watch(request, handle))
    monkeypatch.setattr("proxmox_mpc.simulator.transport.connect", lambda _url, _worlds: SimTransport(simulator, None))

    def pause(seconds: float, _until: threading.Event) -> None:
        if bench.on_pause is not None:
            bench.on_pause()
        clock.sleep(seconds)

    now = SimpleNamespace(time=clock.now, monotonic=clock.now, sleep=clock.sleep)
    monkeypatch.setattr("proxmox_mpc.cli.context.time", now)
    monkeypatch.setattr("proxmox_mpc.cli.context.pause", pause)
    connect = partial(proxmox_mpc.api.connect, clock=clock.now, sleep=clock.sleep)
    monkeypatch.setattr("proxmox_mpc.api.connect", connect)
    return bench


def planned_calls(outcome: Outcome) -> list[dict[str, Any]]:
    """Return the calls that a dry run said it would send."""
    rows = outcome.json if isinstance(outcome.json, list) else [outcome.json]
    return [call for row in rows for call in row["calls"] or []]


_PLACE = re.compile(r"<[^<>]*>")


def agrees(shown: object, sent: object) -> bool:
    """Whether what was sent is what a dry run showed: a slot's preview stands for anything, ``***`` for a secret."""
    if isinstance(shown, list):
        found = sent if isinstance(sent, list) else [sent]
        return len(shown) == len(found) and all(agrees(one, other) for one, other in zip(shown, found, strict=True))
    text = str(int(shown)) if isinstance(shown, bool) else str(shown)
    pattern = ".+".join(re.escape(part) for part in _PLACE.split(text)).replace(re.escape("***"), ".+")
    return re.fullmatch(pattern, str(sent), re.DOTALL) is not None


def differences(before: Any, after: Any, at: str = "") -> Iterator[str]:
    """Yield where two states of a world differ; the order of members and of lists of grants does not count."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted({*before, *after}):
            yield from differences(before.get(key), after.get(key), f"{at}/{key}")
    elif isinstance(before, list) and isinstance(after, list):
        old, new = (sorted(json.dumps(one, sort_keys=True) for one in state) for state in (before, after))
        if old != new:
            yield f"{at}: {before} is now {after}"
    elif before != after:
        yield f"{at}: {before!r} is now {after!r}"
