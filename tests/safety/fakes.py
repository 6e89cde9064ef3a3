"""A cluster, a journal and a listener in memory, for tests of the guard."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from proxmox_mpc.domain.call import Call
from proxmox_mpc.domain.journal import Entry
from proxmox_mpc.domain.json import Json, JsonObject, Param
from proxmox_mpc.domain.moments import iso
from proxmox_mpc.domain.plan import Plan, Send, Target, Undo, WriteOptions
from proxmox_mpc.domain.risk import NO_FACTS, Effect, Facts
from proxmox_mpc.domain.source import Answer, Query, Warn, api_path
from proxmox_mpc.domain.upid import Upid
from proxmox_mpc.errors import NotFound, PmpcError, StateError, TaskFailed
from proxmox_mpc.safety.freeze import Brake
from proxmox_mpc.safety.guard import Guard
from proxmox_mpc.safety.ports import Sleep
from proxmox_mpc.workspace.places import Safety

POLICY = {"low": "run", "medium": "confirm", "high": "plan", "critical": "name"}
NODE = "pve1"


class Time:
    """Time that passes only when somebody waits."""

    def __init__(self) -> None:
        self.moment = 1_795_000_000.0

    def now(self) -> float:
        return self.moment

    def pause(self, seconds: float, until: threading.Event) -> None:
        self.moment += seconds


@dataclass
class Ended:
    exitstatus: str | None
    warnings: int = 0


@dataclass
class FakeCluster:
    """Objects at paths, and tasks. ``script`` is asked before each send and may raise or say how it goes."""

    time: Time
    objects: dict[str, JsonObject] = field(default_factory=dict)
    tasks: list[Upid] = field(default_factory=list)
    ends: dict[str, str] = field(default_factory=dict)
    sent: list[Call] = field(default_factory=list)
    executed: list[Call] = field(default_factory=list)
    script: Callable[[Call, FakeCluster], str | None] = lambda call, cluster: None
    live: bool = True
    lock: threading.Lock = field(default_factory=threading.Lock)

    def read(self, path: str, params: Mapping[str, Param] | None = None) -> Json:
        return self.answer(path, params).data

    def answer(self, path: str, params: Mapping[str, Param] | None = None) -> Answer:
        if path == api_path("nodes", NODE, "time"):
            return Answer({"time": int(self.time.now())})
        if path == api_path("nodes", NODE, "tasks"):
            since = int(str((params or {}).get("since", 0)))
            return Answer([{"upid": task.text} for task in reversed(self.tasks) if task.started >= since])
        if "/tasks/UPID" in path and path.endswith("/status"):
            found = next((task for task in self.tasks if task.path("status") == path), None)
            if found is None:
                raise NotFound("no such task")
            return Answer({"status": "stopped", "exitstatus": self.ends[found.text]})
        if path not in self.objects:
            raise NotFound(f"{path} does not exist")
        return Answer(dict(self.objects[path]))

    def read_many(self, queries: Sequence[Query]) -> list[Json | PmpcError]:
        return [self.read(query.path, query.params) for query in queries]

    def send(self, call: Call) -> Json:
        with self.lock:
            self.sent.append(call)
            said = self.script(call, self)
            return self.execute(call, said or "OK")

    def execute(self, call: Call, end: str = "OK") -> Json:
        """Do what a call asks: a PUT changes the object at its path, the rest starts a task ending with ``end``."""
        self.executed.append(call)
        if call.method == "PUT":
            form = {key: value for key, value in call.params.items() if isinstance(value, (str, int))}
            self.objects.setdefault(call.path, {}).update(form)
            return None
        if "/status/" not in call.path:
            return None
        vmid = call.path.split("/")[4]
        started = int(self.time.now())
        text = f"UPID:{NODE}:{len(self.tasks):08X}:00000001:{started:08X}:qmstart:{vmid}:root@pam!t:"
        self.tasks.append(Upid.parse(text))
        self.ends[text] = end
        return text

    def wait(self, upid: Upid, *, timeout: float | None = None, sleep: Sleep | None = None) -> Ended:
        if sleep is not None:
            sleep(1.0)
        end = self.ends[upid.text]
        if end == "OK" or end.startswith("WARNINGS"):
            return Ended(end, int(end.partition(": ")[2] or 0))
        raise TaskFailed(f"task failed: {end}", details={"upid": upid.text, "exitstatus": end})


@dataclass
class FakeJournal:
    """Rows in a list; ``fails`` is asked before each row. A process that died leaves ``held`` behind: clear it."""

    time: Time
    rows: list[Entry] = field(default_factory=list)
    held: set[int] = field(default_factory=set)
    fails: Callable[[str], None] = lambda event: None
    busy: dict[int, Callable[[], str | None]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, body: JsonObject) -> int:
        seq = self._add(None, 0, "begun", body)
        self.held.add(seq)
        return seq

    def note(self, operation: int, step: int, event: str, body: JsonObject) -> None:
        self._add(operation, step, event, body)

    def _add(self, operation: int | None, step: int, event: str, body: JsonObject) -> int:
        with self.lock:
            self.fails(event)
            seq = len(self.rows) + 1
            self.rows.append(Entry(seq, str(iso(self.time.now())), operation or seq, step, event, body))
            return seq

    def release(self, operation: int) -> None:
        self.held.discard(operation)

    def reserve(self, vmid: int) -> str | None:
        return self.busy.get(vmid, lambda: None)()

    def unreserve(self, vmid: int) -> None:
        """Nobody else is there to wait for it."""

    @contextmanager
    def taken_over(self, operation: int) -> Iterator[bool]:
        yield operation not in self.held

    def orphans(self) -> Sequence[int]:
        ended = {row.operation for row in self.rows if row.event in ("ended", "reconciled")}
        return [row.seq for row in self.rows if row.event == "begun" and row.seq not in ended | self.held]

    def entries(self, operation: int) -> Sequence[Entry]:
        return [row for row in self.rows if row.operation == operation]

    def upids(self) -> frozenset[str]:
        return frozenset(upid for row in self.rows if isinstance(upid := row.body.get("upid"), str))

    def events(self, step: int | None = None) -> list[str]:
        """Return the events in order, of one step or of all."""
        return [row.event for row in self.rows if step in (None, row.step)]


@dataclass
class FakeVoice:
    """Answers questions from a list; without one nobody is there."""

    answers: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    warnings: list[Warn] = field(default_factory=list)
    rows: list[Mapping[str, Json]] = field(default_factory=list)

    @property
    def interactive(self) -> bool:
        return bool(self.answers)

    def ask(self, question: str) -> str:
        self.asked.append(question)
        return self.answers.pop(0)

    def note(self, text: str) -> None:
        self.notes.append(text)

    def warn(self, warn: Warn) -> None:
        self.warnings.append(warn)

    def ended(self, row: Mapping[str, Json]) -> None:
        self.rows.append(row)


@dataclass
class Bench:
    """A guard with all that it needs, and what came of it."""

    home: Path
    safety: Safety = field(default_factory=lambda: Safety("normal", (), True, POLICY))
    options: WriteOptions = field(default_factory=lambda: WriteOptions(yes=True))
    voice: FakeVoice = field(default_factory=FakeVoice)
    time: Time = field(default_factory=Time)
    cluster: FakeCluster = field(init=False)
    journal: FakeJournal = field(init=False)

    def __post_init__(self) -> None:
        self.cluster = FakeCluster(self.time)
        self.journal = FakeJournal(self.time)

    @property
    def brake(self) -> Brake:
        return Brake(self.home / "frozen")

    def guard(self) -> Guard:
        return Guard(
            source=self.cluster,
            cluster=self.cluster,
            journal=lambda: self.journal,
            safety=self.safety,
            brake=self.brake,
            voice=self.voice,
            options=self.options,
            about={"caller": "me@here", "command": "pmpc test"},
            now=self.time.now,
            clock=self.time.now,
            pause=self.time.pause,
        )

    def no_space(self, *events: str) -> None:
        """Make the journal refuse rows of these events."""

        def fails(event: str) -> None:
            if event in events:
                raise StateError("no space left to write the database")

        self.journal.fails = fails


def vm(vmid: int, name: str | None = "web", stage: int = 0, tags: tuple[str, ...] = ()) -> Target:
    return Target("vm", vmid, name, NODE, tags, stage)


def start(target: Target, *, effect: Effect = "start", facts: Facts = NO_FACTS) -> Send:
    """Return a step that starts a task."""
    path = ("nodes", NODE, "qemu", str(target.id), "status")
    stop = Send(Call("POST", api_path(*path, "stop")), target, "stop", f"stop {target.label}")
    call = Call("POST", api_path(*path, "start"))
    return Send(call, target, effect, f"start {target.label}", facts, undo=Undo((stop,)))


def put(target: Target, before: JsonObject, **form: str | int) -> Send:
    """Return a step that changes an object at once."""
    path = api_path("nodes", NODE, "qemu", str(target.id), "config")
    back: dict[str, str | int] = {key: value for key, value in before.items() if isinstance(value, (str, int))}
    undo = Send(Call("PUT", path, back), target, "config", f"set {target.label} back")
    return Send(
        Call("PUT", path, form), target, "config", f"set {target.label}", before=before, watch=path, undo=Undo((undo,))
    )


def plan(*steps: Send, many: bool = False) -> Plan:
    return Plan("test", steps, many=many)
