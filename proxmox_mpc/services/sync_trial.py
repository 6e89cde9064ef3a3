"""A push tried on a simulated cluster: through the same guard, with a journal that is thrown away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from proxmox_mpc.domain.json import Json, JsonObject, as_rows, text
from proxmox_mpc.domain.plan import Cannot, Plan, WriteOptions
from proxmox_mpc.domain.source import Source, Warn, api_path
from proxmox_mpc.domain.upid import Upid
from proxmox_mpc.errors import Interrupted, PmpcError, Refused
from proxmox_mpc.safety.freeze import Brake
from proxmox_mpc.safety.guard import Guard
from proxmox_mpc.safety.lane import Pause
from proxmox_mpc.safety.policy import assessed, check_allowed, check_policy, unless_locked
from proxmox_mpc.safety.ports import Clock, Cluster
from proxmox_mpc.safety.rows import NOT_NOW
from proxmox_mpc.services.sync_compare import Merge
from proxmox_mpc.services.sync_push import Wanted, is_pushed

if TYPE_CHECKING:
    from proxmox_mpc.declared.manifest import Ident
    from proxmox_mpc.state.store import StateStore
    from proxmox_mpc.workspace.places import Safety

FAILED = 8
_RUN = dict.fromkeys(("low", "medium", "high", "critical"), "run")
_LINES = 5
NOT_KNOWN = (
    "a trial knows only what was recorded: not the hardware, what disks and backups hold, whether a real node has room "
    "and answers, nor what the token may do"
)


class Trial(Source, Cluster, Protocol):
    """A simulated cluster's client: it answers, and it takes writes."""


class Stage(NamedTuple):
    """Where a push is tried: the cluster, a database to be thrown away with its directory, and a time of its own."""

    cluster: Trial
    store: StateStore
    home: Path
    now: Clock
    pause: Pause


class Played(NamedTuple):
    """How a trial went: for each lane of the plan its status, error, and what its tasks warned of."""

    statuses: list[JsonObject]
    warnings: tuple[Warn, ...]
    failed: int


def play(plan: Plan, stage: Stage, safety: Safety, brake: Brake) -> Played:
    """Carry a plan out on the stage, whatever the policy asks; raises Refused where no confirmation could allow it.

    What would refuse the push itself now (read-only, frozen, a policy of deny, no backup) is a warning.
    """
    from proxmox_mpc.state.journal import Journal

    lanes = [unless_locked(lane) for lane in plan.lanes()]
    found = assessed(plan, lanes, safety)
    voice = _Silent()
    warnings = [*_refusal(plan, safety, brake, stage.now)]
    guard = Guard(
        source=stage.cluster,
        cluster=stage.cluster,
        journal=lambda: Journal(stage.store, stage.home, stage.now),
        safety=safety._replace(mode="normal", require_backup=False, policy=_RUN),
        brake=Brake(stage.home / "frozen"),
        voice=voice,
        options=WriteOptions(yes=True, confirm=found.word),
        about={"command": "trial"},
        now=stage.now,
        clock=stage.now,
        pause=stage.pause,
    )
    try:
        report = guard.run(plan)
    except PmpcError as error:
        failed_lane = "operation" in error.details or any(isinstance(step, Cannot) for step in lanes[0].steps)
        if len(lanes) != 1 or not failed_lane or isinstance(error, Interrupted):
            raise
        status: JsonObject = {"status": "failed", "error": error.message, "warnings": _said(stage, error.details)}
        return Played([status], (*warnings, *voice.warned), 1)
    logs = {str(one.details.get("upid")): one for one in report.warnings if one.code == "task_warnings"}
    statuses = [_status(stage, row, logs) for row in report.rows]
    others = [one for one in (*voice.warned, *report.warnings) if one.code != "task_warnings" and one not in warnings]
    told = {(one.code, one.message): one for one in others}
    failed = sum(1 for one in statuses if one["status"] not in ("done", "unchanged"))
    return Played(statuses, (*warnings, *told.values()), failed)


def _refusal(plan: Plan, safety: Safety, brake: Brake, now: Clock) -> Iterator[Warn]:
    """Yield why the push would be refused now, although its trial goes on."""
    lanes = plan.lanes()
    try:
        brake.check()
        check_allowed(lanes, safety, WriteOptions(), now())
        check_policy(assessed(plan, lanes, safety))
    except Refused as error:
        yield Warn("push_refused", f"{NOT_NOW}{error.message}", error.hint)


def _status(stage: Stage, row: JsonObject, logs: Mapping[str, Warn]) -> JsonObject:
    upid = text(row, "upid")
    told = _said(stage, {"upid": upid}) if upid is not None and (upid in logs or row["error"] is not None) else []
    return {"status": row["status"], "error": row["error"], "warnings": told}


def _said(stage: Stage, details: Mapping[str, object]) -> list[Json]:
    """Return the lines of a task's log that warn or fail, at most the last few: nobody can look them up later."""
    if details.get("upid") is None:
        return []
    upid = Upid.parse(str(details["upid"]))
    rows = as_rows(stage.cluster.read(api_path("nodes", upid.node, "tasks", upid.text, "log"), {"limit": 0}))
    lines = [line for row in rows if (line := text(row, "t")) and ("WARN" in line or "ERROR" in line)]
    return [*lines[-_LINES:]]


def trial_rows(
    rows: Sequence[JsonObject],
    played: Played,
    merges: Iterable[Merge],
    wanted: Wanted,
    after: Mapping[Ident, Merge],
) -> list[JsonObject]:
    """Return a plan's rows with what became of each: how it ended, and what of its manifest is not so afterwards."""
    pushed = {one.ident_pair: one for one in merges if is_pushed(one, wanted)}
    found: list[JsonObject] = []
    for row, status in zip(rows, played.statuses, strict=True):
        one = pushed.get((str(row["kind"]), str(row["id"])))
        left: list[Json] = [] if one is None else [*_left(one, after.get(one.ident_pair))]
        found.append({**row, **status, "differs": left})
    return found


def _left(one: Merge, after: Merge | None) -> Iterator[str]:
    """Yield what is not as the push was to make it."""
    if one.state == "dropped":
        if after is not None and after.live is not None:
            yield "it is still there"
        return
    if after is None or after.live is None:
        yield "it is not there"
        return
    meant = {key.key for key in one.of("push")} if one.state == "both" else None
    for key in after.of("push", "pull", "conflict"):
        if meant is None or key.key in meant:
            yield f"{key.key}: {_shown(key.live)}, declared {_shown(key.declared)}"


def _shown(value: str | None) -> str:
    return "not set" if value is None else value


def trial_warnings(rows: Iterable[JsonObject], assumed: Sequence[str]) -> Iterator[Warn]:
    """Yield what the trial cannot know, in one warning, and what is not as declared although all went well."""
    more = f"; assumed: {'; '.join(assumed)}" if assumed else ""
    yield Warn("trial", f"{NOT_KNOWN}{more}", details={"assumed": [*assumed]})
    left = [f"{row['kind']} {row['id']}" for row in rows if row["differs"] and row["status"] in ("done", "unchanged")]
    if left:
        yield Warn(
            "trial_differs",
            f"not as declared after the push: {', '.join(left[:5])}{' …' if len(left) > 5 else ''}",
            details={"objects": [*left]},
        )


class _Silent:
    """A voice that nobody hears; what it was to warn of is kept."""

    interactive = False

    def __init__(self) -> None:
        self.warned: list[Warn] = []

    def ask(self, question: str) -> str:
        raise EOFError(question)

    def note(self, text: str) -> None:
        """Tell nobody."""

    def warn(self, warn: Warn) -> None:
        """Keep it for the result."""
        self.warned.append(warn)

    def ended(self, row: Mapping[str, Json]) -> None:
        """Tell nobody."""
