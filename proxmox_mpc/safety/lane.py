"""One target's steps, carried out in their order; the only place from which a write is sent."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TypeAlias

from proxmox_mpc.domain.call import Call, Known, Value, filled_path
from proxmox_mpc.domain.connection import Secret
from proxmox_mpc.domain.json import Json, JsonObject
from proxmox_mpc.domain.plan import Cannot, Give, Keep, Lane, Probe, Send, Step, Take
from proxmox_mpc.domain.source import Source, Warn
from proxmox_mpc.domain.upid import Upid
from proxmox_mpc.errors import (
    AlreadyExists,
    Locked,
    PmpcError,
    RequestTimeout,
    Stopped,
    TaskFailed,
    UnexpectedAnswer,
    Unreachable,
    WaitExpired,
)
from proxmox_mpc.safety.freeze import Brake
from proxmox_mpc.safety.lookup import Found, is_open, look, pauses_for, values_at
from proxmox_mpc.safety.ports import Clock, Cluster, Journal
from proxmox_mpc.safety.records import error_record, intent_record, restored_undo, settings_asked, undo_record

Pause: TypeAlias = Callable[[float, threading.Event], object]
"""Waits for seconds, or until the event is set."""

_MOST_TAKES = 100
_LOOKS = (0.25, 0.5, 1.0, 2.0)
_TURNS = (0.25, 0.25, 0.5, 1.0, 1.0, 2.0)
"""How long one operation waits for another on the same guest: five seconds in all."""
_OUT_OF_TURN = frozenset({"ping", "stop", "reset", "agent_exec", "agent_write"})
"""What waits for nobody: a hard stop must come through, and what goes on inside a guest is its own business."""


class Halted(Exception):
    """The run is to end: nothing further is sent, nothing further waited for."""


@dataclass(slots=True)
class Operation:
    """What the lanes of one run share; ``halt`` forbids further sends, ``leave`` ends every wait too."""

    number: int
    source: Source
    cluster: Cluster
    journal: Journal
    brake: Brake
    now: Clock
    clock: Clock
    pause: Pause
    no_wait: bool = False
    wait_timeout: float | None = None
    halt: threading.Event = field(default_factory=threading.Event)
    leave: threading.Event = field(default_factory=threading.Event)
    steps: itertools.count[int] = field(default_factory=lambda: itertools.count(1))
    trouble: list[PmpcError] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        """Pause; raises Halted when the user wants to leave."""
        self.pause(seconds, self.leave)
        if self.leave.is_set():
            raise Halted

    def note(self, step: int, event: str, body: JsonObject) -> None:
        """Journal what has happened already: a journal that fails must not hide it, but stops whatever would follow."""
        try:
            self.journal.note(self.number, step, event, body)
        except PmpcError as error:
            self.trouble.append(error)
            self.halt.set()

    @contextmanager
    def reserved(self, lane: Lane) -> Iterator[None]:
        """Keep others from changing the lane's guest; waits briefly for who does, then raises Locked naming him."""
        target = lane.target
        if target.kind not in ("vm", "ct") or not isinstance(target.id, int) or not _takes_turns(lane):
            yield
            return
        pauses = iter(_TURNS)
        while (holder := self.journal.reserve(target.id)) is not None:
            pause = next(pauses, None)
            if pause is None:
                raise Locked(
                    f"{target.label} is being changed by {holder}",
                    hint="wait until that is done, look at what it did (pmpc audit list), and repeat the command",
                )
            self.sleep(pause)
        try:
            yield
        finally:
            self.journal.unreserve(target.id)


@dataclass(frozen=True, slots=True)
class Finished:
    """A send that was done, and what takes it back."""

    step: int
    did: Send
    undo: JsonObject
    known: Known


@dataclass(slots=True)
class Outcome:
    """How it went for one target; ``status`` as in the rows that are printed."""

    lane: Lane
    status: str = "skipped"
    changed: bool | None = False
    upid: str | None = None
    seconds: float | None = None
    error: PmpcError | None = None
    known: dict[str, Value] = field(default_factory=dict)
    sent: list[Call] = field(default_factory=list)
    finished: list[Finished] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    warnings: list[Warn] = field(default_factory=list)
    running: str | None = None
    """The task that was still running when the waiting ended."""
    answer: Json = None
    """What the last call answered, for verbs that print it; it may hold a secret, and is never journalled."""


class Runner:
    """Carries out the steps of one lane."""

    def __init__(self, operation: Operation, lane: Lane) -> None:
        self._operation = operation
        self._lane = lane
        self.outcome = Outcome(lane)

    def run(self) -> Outcome:
        """Carry the steps out until one fails; what went wrong is in the outcome. Raises Halted, KeyboardInterrupt."""
        outcome, began = self.outcome, self._operation.clock()
        try:
            with self._operation.reserved(self._lane):
                self._steps()
        except Stopped as error:
            if outcome.finished:
                outcome.status, outcome.error = "failed", error
        except PmpcError as error:
            outcome.error = error
            if outcome.status not in ("running", "unknown"):
                outcome.status = "failed"
        finally:
            outcome.seconds = max(0.0, self._operation.clock() - began)
        return outcome

    def _steps(self) -> None:
        outcome = self.outcome
        at = 0
        refused: dict[int, set[Value]] = {}
        while at < len(self._lane.steps):
            outcome.left = [step.says for step in self._lane.steps[at:] if isinstance(step, Send)]
            try:
                self._one(self._lane.steps[at], frozenset(refused.get(at, ())), last=len(outcome.left) == 1)
            except AlreadyExists:
                back = self._nearest_take(at)
                if back is None or len(refused.get(back, ())) >= _MOST_TAKES:
                    raise
                take = self._lane.steps[back]
                assert isinstance(take, Take)
                refused.setdefault(back, set()).add(outcome.known[take.slot.name])
                at = back
                continue
            if outcome.status == "running":
                break
            at += 1
        else:
            outcome.left = []
            outcome.status = "done" if outcome.changed else "unchanged"

    def undo(self, finished: Finished) -> bool:
        """Send what takes a finished step back; False where nothing does. Raises PmpcError, Halted."""
        undo = restored_undo(finished.undo, finished.known)
        with self._operation.reserved(self._lane):
            for send in undo.sends:
                self._send(send, last=False, undoes=finished.step)
        return bool(undo.sends)

    def _one(self, step: Step, refused: frozenset[Value], *, last: bool) -> None:
        outcome, operation = self.outcome, self._operation
        match step:
            case Keep():
                pass
            case Cannot(error=error):
                raise error
            case Take(slot=slot, read=read):
                outcome.known[slot.name] = read(operation.source, outcome.known, refused)
            case Probe():
                self._probe(step)
            case Send():
                self._send(step, last=last)

    def _nearest_take(self, at: int) -> int | None:
        for index in range(at - 1, -1, -1):
            step = self._lane.steps[index]
            if isinstance(step, Send):
                return None
            if isinstance(step, Take):
                return index
        return None

    def _probe(self, probe: Probe) -> None:
        operation = self._operation
        began = operation.clock()
        looks = iter(_LOOKS)
        while True:
            found = probe.check(operation.source, self.outcome.known)
            if found is None:
                return
            left = probe.patience - (operation.clock() - began)
            if left <= 0:
                message = f"{probe.says}: not after {probe.patience:g} s, {found}" if probe.patience else found
                raise WaitExpired(message, details={"upid": self.outcome.upid} if self.outcome.upid else {})
            operation.sleep(min(next(looks, _LOOKS[-1]), left))

    def _send(self, send: Send, *, last: bool, undoes: int | None = None) -> None:
        operation, outcome = self._operation, self.outcome
        call = send.call.filled(outcome.known)
        if operation.leave.is_set():
            raise Halted
        if operation.halt.is_set():
            raise operation.trouble[0] if operation.trouble else Stopped("stopped: others failed")
        operation.brake.check()
        step = next(operation.steps)
        intent = intent_record(send, call, outcome.known, self._lane.previews(), undoes)
        # Only what is on disk is sent: were this process killed now, the next one would know where to look.
        operation.journal.note(operation.number, step, "intent", intent)
        outcome.sent.append(call)
        sent = operation.now()
        try:
            answer = operation.cluster.send(call)
        except PmpcError as error:
            if not is_open(error):
                operation.note(step, "refused", {"error": error_record(error)})
                raise
            answer = self._after_loss(step, send, intent, sent, error)
        outcome.changed = True
        outcome.answer = answer
        upid = Upid.of(answer)
        outcome.running = upid.text if upid is not None else None
        try:
            self._take_answer(step, send.gives, answer, upid)
        except UnexpectedAnswer:
            self._done(step, send, undo_record(send.undo, outcome.known), None)
            outcome.left = outcome.left[1:]
            raise
        undo = undo_record(send.undo, outcome.known)
        if upid is not None:
            outcome.upid = upid.text
            if last and operation.no_wait and undoes is None:
                operation.note(step, "outcome", {"status": "running", "upid": upid.text, "undo": undo})
                outcome.finished.append(Finished(step, send, undo, dict(outcome.known)))
                outcome.status, outcome.running = "running", upid.text
                return
            self._wait(step, send, upid)
        self._done(step, send, undo, self._after(send, call))

    def _done(self, step: int, send: Send, undo: JsonObject, after: Json) -> None:
        self._operation.note(step, "outcome", {"status": "done", "undo": undo, "after": after})
        self.outcome.finished.append(Finished(step, send, undo, dict(self.outcome.known)))

    def _take_answer(self, step: int, gives: tuple[Give, ...], answer: Json, upid: Upid | None) -> None:
        given: dict[str, Value] = {}
        for give in gives:
            value = answer.get(give.key) if isinstance(answer, dict) and give.key else answer
            if not isinstance(value, (str, int, float)):
                self._operation.note(step, "sent", {"upid": None, "gives": {}})
                raise UnexpectedAnswer(
                    f"the answer does not hold {give.slot.preview}, but what was asked for was done",
                    hint="nothing else can tell it: take back what was done, then do it again",
                )
            given[give.slot.name] = Secret(str(value)) if give.secret else value
        plain: JsonObject = {key: value for key, value in given.items() if isinstance(value, (str, int, float))}
        taken: JsonObject = {k: v for k, v in self.outcome.known.items() if isinstance(v, (str, int, float))}
        self._operation.note(step, "sent", {"upid": upid.text if upid else None, "gives": taken | plain})
        self.outcome.known |= given

    def _wait(self, step: int, send: Send, upid: Upid) -> None:
        operation, outcome = self._operation, self.outcome
        limits = [one for one in (operation.wait_timeout, send.patience) if one is not None]
        try:
            ended = operation.cluster.wait(upid, timeout=min(limits, default=None), sleep=operation.sleep)
        except TaskFailed as error:
            outcome.running = None
            operation.note(step, "outcome", {"status": "failed", "error": error_record(error)})
            outcome.changed = True if outcome.finished else None
            raise
        except WaitExpired:
            outcome.status = "running"
            raise
        except Unreachable:
            outcome.status, outcome.changed = "unknown", None
            raise
        outcome.running = None
        if ended.warnings:
            outcome.warnings.append(
                Warn(
                    "task_warnings",
                    f"{self._lane.target.label}: the task ended with {ended.exitstatus}",
                    f"they are in its log: pmpc task log {upid}",
                    {"upid": upid.text, "exitstatus": ended.exitstatus},
                )
            )

    def _after(self, send: Send, call: Call) -> Json:
        """Read back what was changed: the keys of the before-image and those asked for."""
        if send.watch is None:
            return None
        watched = filled_path(send.watch, self.outcome.known)
        with suppress(PmpcError):
            now = values_at(self._operation.source, watched)
            if now is None or send.before is None:
                return now
            keys = {*send.before, *(settings_asked(call) if send.expects is None else send.expects)}
            return {key: value for key, value in now.items() if key in keys}
        return None

    def _after_loss(self, step: int, send: Send, intent: JsonObject, sent: float, error: PmpcError) -> Json:
        """Look up what became of a call whose answer was lost; return what it answered, or raise."""
        operation, outcome = self._operation, self.outcome
        found = self._looked_up(intent, sent, error)
        became: JsonObject = {"status": found.became, "error": error_record(error)}
        if found.became == "done":
            operation.note(step, "looked up", became | {"upid": found.upid.text if found.upid else None})
            return found.upid.text if found.upid is not None else None
        operation.note(step, "outcome", became)
        outcome.upid = outcome.upid or None
        if found.became == "not done":
            said = type(error)(
                f"{error.message}; it was looked up: {send.says} was not done",
                hint="it can be repeated",
                details=error.details,
            )
        else:
            outcome.status, outcome.changed = "unknown", None
            said = RequestTimeout(
                f"{error.message}; whether it was done is unknown: {send.says}",
                hint=f"look at {send.target.label} before you repeat it; pmpc audit show {operation.number}",
                details=error.details,
            )
        raise said from error

    def _looked_up(self, intent: JsonObject, sent: float, error: PmpcError) -> Found:
        operation = self._operation
        known = operation.journal.upids()
        found = Found("unknown")
        slow = isinstance(error, RequestTimeout)
        for pause in (*pauses_for(error), None):
            try:
                found = look(operation.source, intent, sent=sent, now=operation.now(), known_tasks=known)
            except PmpcError:
                found = Found("unknown")
            if found.became == "done" or pause is None:
                break
            operation.sleep(pause)
        # A server that was only slow may still be about to do it.
        return Found("unknown") if slow and found.became == "not done" else found


def _takes_turns(lane: Lane) -> bool:
    return any(send.effect not in _OUT_OF_TURN for send in lane.sends)
