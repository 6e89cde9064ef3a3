"""What the rows of one operation say, taken together: its steps, how each went, and how it went as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from proxmox_mpc.domain.call import Value
from proxmox_mpc.domain.journal import Entry
from proxmox_mpc.domain.json import Json, JsonObject, as_object, as_rows, text
from proxmox_mpc.errors import NotFound

OPEN = ("sent", "intended", "running")
"""States of a step whose end is not known yet."""
_END = ("ended", "reconciled")


@dataclass(slots=True)
class Step:
    """One send of an operation; ``state``: intended, sent, running, done, failed, refused, not done, unknown."""

    number: int
    at: str
    intent: JsonObject
    state: str = "intended"
    upid: str | None = None
    ended: str | None = None
    error: JsonObject | None = None
    gives: dict[str, Value] = field(default_factory=dict)
    undo: JsonObject | None = None
    after: Json = None

    @property
    def says(self) -> str:
        """What it did, in words."""
        return text(self.intent, "says") or ""

    @property
    def target(self) -> JsonObject:
        """What it was done to."""
        return as_object(self.intent.get("target") or {})

    @property
    def undoes(self) -> int | None:
        """The step of the same operation that this one takes back."""
        found = self.intent.get("undoes")
        return found if isinstance(found, int) else None


@dataclass(slots=True)
class History:
    """One operation as its rows tell it."""

    number: int
    at: str
    begun: JsonObject
    steps: dict[int, Step]
    entries: Sequence[Entry]
    ended: str | None = None
    counts: JsonObject = field(default_factory=dict)
    good: frozenset[str] = frozenset()

    @property
    def action(self) -> str:
        """What was asked for."""
        return text(self.begun, "action") or ""

    @property
    def targets(self) -> list[JsonObject]:
        """What it was to be done to, in order; what was new has the id that it got, once that was known."""
        met = {text(step.target, "label"): step.target for step in self.steps.values()}
        return [_named(row, met.get(text(row, "label"), row)) for row in as_rows(self.begun.get("targets") or [])]

    @property
    def status(self) -> str:
        """done, part, failed, running (or cut off), unknown, undone."""
        steps = [step for step in self.steps.values() if step.undoes is None]
        taken_back = {step.undoes for step in self.steps.values() if step.undoes is not None and step.state == "done"}
        if any(step.state == "unknown" for step in steps):
            return "unknown"
        if self.ended is None:
            return "running"
        done = [step for step in steps if step.state == "done"]
        if done and all(step.number in taken_back for step in done):
            return "undone"
        if len(self.good) == len(self.targets):
            return "done"
        return "part" if done else "failed"

    @property
    def failed_ids(self) -> list[str]:
        """The ids of the targets that are not as they were wanted, in order."""
        return [found for row in self.targets if (found := text(row, "id") or "") not in self.good]


def _named(row: JsonObject, met: JsonObject) -> JsonObject:
    """Return a target as it was planned, its id filled in from a step that was taken with it."""
    planned, known = text(row, "id") or "", text(met, "id") or ""
    label = (text(row, "label") or "").replace(planned, known) if planned else text(row, "label")
    return {**row, "id": met.get("id"), "name": met.get("name"), "label": label}


def read_history(entries: Sequence[Entry], operation: int) -> History:
    """Return what an operation's rows say; raises NotFound for a number that is none."""
    if not entries or entries[0].event != "begun":
        raise NotFound(f"the journal has no operation {operation}", hint="pmpc audit list")
    told = History(operation, entries[0].at, entries[0].body, {}, entries)
    for entry in entries[1:]:
        if entry.event == "intent":
            told.steps[entry.step] = Step(entry.step, entry.at, entry.body)
        elif entry.step in told.steps:
            _tell(told.steps[entry.step], entry)
        elif entry.event in _END:
            told.ended = entry.at
            counts, good = entry.body.get("counts"), entry.body.get("good")
            told.counts = counts if isinstance(counts, dict) else {}
            told.good = frozenset(str(one) for one in good) if isinstance(good, list) else frozenset()
    return told


def _tell(step: Step, entry: Entry) -> None:
    body = entry.body
    step.upid = text(body, "upid") or step.upid
    error = body.get("error")
    match entry.event:
        case "sent":
            step.state = "sent"
            given = body.get("gives")
            step.gives = (
                {key: one for key, one in given.items() if isinstance(one, (str, int, float))}
                if isinstance(given, dict)
                else {}
            )
        case "looked up":
            step.state = "sent" if text(body, "status") == "done" else step.state
        case "refused":
            step.state, step.ended = "refused", entry.at
            step.error = error if isinstance(error, dict) else None
        case "outcome":
            step.state, step.ended = text(body, "status") or "unknown", entry.at
            step.error = error if isinstance(error, dict) else None
            undo = body.get("undo")
            step.undo = undo if isinstance(undo, dict) else step.undo
            step.after = body.get("after")
