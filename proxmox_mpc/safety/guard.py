"""The one door: assess, stop a dry run, ask, journal, send, wait, read back, and say what was done and what was not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from proxmox_mpc.domain.call import Known
from proxmox_mpc.domain.json import Json, JsonObject
from proxmox_mpc.domain.plan import Lane, Plan, WriteOptions
from proxmox_mpc.domain.source import Source, Warn
from proxmox_mpc.errors import Interrupted, PartFailed, PmpcError, StateError
from proxmox_mpc.safety.crew import Crew
from proxmox_mpc.safety.freeze import Brake
from proxmox_mpc.safety.lane import Finished, Halted, Operation, Outcome, Pause, Runner
from proxmox_mpc.safety.policy import Assessment, assessed, check_allowed, check_policy, consent, unless_locked
from proxmox_mpc.safety.ports import Clock, Cluster, Journal, Voice
from proxmox_mpc.safety.records import restored_undo, target_record
from proxmox_mpc.safety.rows import calls_of, described, not_now, planned, row_of
from proxmox_mpc.workspace.places import Safety

FAILED = 8
MOST_SHOWN = 20
"""Targets that are described before a question is asked; --dry-run shows them all."""
_GOOD = ("done", "unchanged")


@dataclass(frozen=True, slots=True)
class Report:
    """How a plan went: a row for each target in the plan's order, and how the command ends.

    ``values`` has the slots that were filled, ``answers`` the last answer, by target. ``page`` replaces the table in a
    dry run.
    """

    rows: list[JsonObject]
    values: list[Known]
    warnings: tuple[Warn, ...] = ()
    operation: int | None = None
    status: int = 0
    summary: PmpcError | None = None
    page: str | None = None
    answers: tuple[Json, ...] = ()


class Guard:
    """Carries plans out; ``journal`` is opened when first needed, ``about`` is journalled with every operation."""

    def __init__(
        self,
        *,
        source: Source,
        cluster: Cluster,
        journal: Callable[[], Journal],
        safety: Safety,
        brake: Brake,
        voice: Voice,
        options: WriteOptions,
        about: JsonObject,
        now: Clock,
        clock: Clock,
        pause: Pause,
    ) -> None:
        self._source = source
        self._cluster = cluster
        self._open_journal = journal
        self._safety = safety
        self._brake = brake
        self._voice = voice
        self._options = options
        self._about = about
        self._now = now
        self._clock = clock
        self._pause = pause

    def run(self, plan: Plan) -> Report:
        """Carry a plan out as the options say; raises PmpcError where it has one target and that fails."""
        lanes = [unless_locked(lane) for lane in plan.lanes()]
        found = assessed(plan, lanes, self._safety)
        if self._options.dry_run:
            return self._dry(plan, lanes, found)
        if any(plan.sends()):
            # Before locks: a frozen workspace refuses what it would refuse in any case.
            self._brake.check()
        if not any(lane.sends for lane in lanes):
            return self._unsent(plan, lanes)
        waived = check_allowed(lanes, self._safety, self._options, self._now())
        for warn in plan.warnings:
            self._voice.warn(warn)
        allowed = consent(plan, found, self._options, self._voice, self._lines(plan, lanes))
        journal = self._open_journal()
        number = journal.begin(self._begun(plan, lanes, found, allowed, waived))
        operation = Operation(
            number,
            self._source,
            self._cluster,
            journal,
            self._brake,
            self._now,
            self._clock,
            self._pause,
            self._options.no_wait,
            self._options.wait_timeout,
        )
        try:
            return self._carry_out(plan, lanes, operation)
        finally:
            journal.release(number)

    def _lines(self, plan: Plan, lanes: list[Lane]) -> list[str]:
        more = len(lanes) - MOST_SHOWN
        return [*described(plan, lanes[:MOST_SHOWN]), *([f"… and {more} more targets"] if more > 0 else [])]

    def _begun(
        self, plan: Plan, lanes: Sequence[Lane], found: Assessment, allowed: str, waived: list[str]
    ) -> JsonObject:
        return {
            "action": plan.action,
            **self._about,
            "risk": found.risk.level,
            "reasons": [*found.risk.reasons],
            "allowed_by": allowed,
            "waived": [*waived],
            "targets": [target_record(lane.target, {}) for lane in lanes],
        }

    def _dry(self, plan: Plan, lanes: list[Lane], found: Assessment) -> Report:
        """Show what would be sent, and end as the same command would end now: refused where it would be refused."""
        outcomes = [planned(lane) for lane in lanes]
        for one in outcomes:
            one.error = None if one.error is None else not_now(one.error)
        failed = [one for one in outcomes if one.error is not None]
        rows = [row_of(plan.action, one, None, calls_of(one.lane)) for one in outcomes]
        reasons = f" ({'; '.join(found.risk.reasons)})" if found.risk.reasons else ""
        lines = [*described(plan, lanes), f"risk: {found.risk.level}{reasons}; nothing was sent (dry run)"]
        refusal = self._refusal(lanes, found) or (failed[0].error if len(outcomes) == 1 and failed else None)
        if refusal is not None:
            for warn in plan.warnings:
                self._voice.warn(warn)
            for line in lines:
                self._voice.note(line)
            refusal.details["plan"] = rows
            raise refusal
        summary = _summary(outcomes, failed, 0, None, "would be refused now")
        status = FAILED if failed else 0
        return Report(rows, [{} for _ in lanes], plan.warnings, status=status, summary=summary, page="\n".join(lines))

    def _refusal(self, lanes: list[Lane], found: Assessment) -> PmpcError | None:
        """Return why the whole plan would be refused now, whatever was confirmed."""
        try:
            if found.targets:
                self._brake.check()
            check_allowed(lanes, self._safety, self._options, self._now())
            check_policy(found)
        except PmpcError as error:
            return not_now(error)
        return None

    def _unsent(self, plan: Plan, lanes: list[Lane]) -> Report:
        """Report a plan of which nothing is to be sent: all is as wanted, or cannot be planned."""
        outcomes = [planned(lane) for lane in lanes]
        return self._report(plan, outcomes, None, list(plan.warnings))

    def _carry_out(self, plan: Plan, lanes: list[Lane], operation: Operation) -> Report:
        crew = Crew(operation, self._options, self._voice, plan.action)
        try:
            outcomes = crew.run(lanes)
        except BaseException as stopped:
            running = [one.running for one in crew.outcomes if one.running]
            operation.note(0, "interrupted", {"upids": [*running]})
            told = _interrupted(operation.number, running)
            if isinstance(stopped, KeyboardInterrupt):
                raise told from stopped
            self._voice.warn(Warn(told.code, told.message, told.hint, {"operation": operation.number}))
            raise
        failed = [one for one in outcomes if one.error is not None]
        undone: list[Warn] = []
        if failed and self._options.rollback:
            undone = self._roll_back(operation, outcomes)
        if not any(one.running or one.status == "unknown" for one in outcomes):
            operation.note(0, "ended", ended_record(outcomes))
        for one in failed:
            self._explain(one, operation.number)
        return self._report(plan, outcomes, operation, [w for one in outcomes for w in one.warnings] + undone)

    def _roll_back(self, operation: Operation, outcomes: list[Outcome]) -> list[Warn]:
        """Take the finished steps of every target back, last ones first."""
        operation.halt.clear()
        operation.no_wait = False
        said: list[Warn] = []
        steps = sorted(
            ((done, one) for one in outcomes for done in one.finished), key=lambda pair: pair[0].step, reverse=True
        )
        for done, outcome in steps:
            if _tried_already(done, outcome):
                # Whether it failed or its answer was lost: nothing is sent a second time.
                said.append(Warn("not_undone", f"not taken back: {done.did.says} (what does it was sent already)"))
                continue
            runner = Runner(operation, outcome.lane)
            runner.outcome.known.update(outcome.known)
            try:
                if runner.undo(done):
                    outcome.status = "undone"
                    said.append(Warn("undone", f"taken back: {done.did.says}"))
                else:
                    said.append(Warn("not_undone", f"not taken back: {done.did.says} ({done.undo['why_not']})"))
            except (PmpcError, Halted) as error:
                said.append(Warn("not_undone", f"could not be taken back: {done.did.says}: {error}"))
        return said

    def _explain(self, outcome: Outcome, number: int) -> None:
        """Add to a target's error what was done before it, and what was not."""
        error = outcome.error
        assert error is not None
        done, left = [one.did.says for one in outcome.finished], outcome.left
        error.details.setdefault("operation", number)
        if outcome.upid:
            error.details.setdefault("upid", outcome.upid)
        if outcome.status == "undone" or (not done and len(left) <= 1):
            return
        error.details |= {"done": done, "not_done": left}
        told = [f"done: {', '.join(done)}"] if done else []
        told += [f"not done: {', '.join(left)}"] if left else []
        told += [f"take back what was done: pmpc audit undo {number}"] if done else []
        error.hint = "\n".join([*([error.hint] if error.hint else []), *told])

    def _report(self, plan: Plan, outcomes: list[Outcome], operation: Operation | None, warnings: list[Warn]) -> Report:
        number = operation.number if operation is not None else None
        rows = [row_of(plan.action, one, number) for one in outcomes]
        failed = [one for one in outcomes if one.error is not None]
        skipped = sum(1 for one in outcomes if one.status == "skipped")
        if len(outcomes) == 1 and failed:
            for warn in warnings:
                self._voice.warn(warn)
            assert failed[0].error is not None
            raise failed[0].error
        if operation is not None and operation.trouble and not failed and not skipped:
            raise StateError(
                f"it was done, but the journal could not take it down: {operation.trouble[0].message}",
                hint=operation.trouble[0].hint,
                details={"operation": number, "rows": rows},
            )
        summary = _summary(outcomes, failed, skipped, number)
        if summary is not None and operation is not None and operation.trouble:
            why = operation.trouble[0]
            summary.message += f"; the journal could not take all of it down: {why.message}"
            summary.hint = "\n".join(hint for hint in (why.hint, summary.hint) if hint)
        status = FAILED if failed or skipped else 0
        answers = tuple(one.answer for one in outcomes)
        known: list[Known] = [one.known for one in outcomes]
        return Report(rows, known, tuple(warnings), number, status, summary, answers=answers)


def ended_record(outcomes: Sequence[Outcome]) -> JsonObject:
    """Return what is journalled at the end: how many ended how, and which targets are as they were wanted."""
    statuses = [one.status for one in outcomes]
    counts: JsonObject = {status: statuses.count(status) for status in sorted(set(statuses))}
    good = [target_record(one.lane.target, one.known)["id"] for one in outcomes if one.status in _GOOD]
    return {"counts": counts, "good": good}


def _summary(
    outcomes: list[Outcome], failed: list[Outcome], skipped: int, number: int | None, went: str = "failed"
) -> PmpcError | None:
    if not failed and not skipped:
        return None
    named = ", ".join(one.lane.target.label for one in failed[:5]) + (" …" if len(failed) > 5 else "")
    left = f"; {skipped} were not begun" if skipped else ""
    return PartFailed(
        f"{len(failed)} of {len(outcomes)} {went}{f': {named}' if named else ''}{left}",
        hint=None
        if number is None
        else f"again for those: add --retry-failed {number}; more: pmpc audit show {number}",
        details={
            "operation": number,
            "failed": [target_record(one.lane.target, one.known)["id"] for one in failed],
            "errors": {one.lane.target.label: one.error.message for one in failed[:20] if one.error is not None},
        },
    )


def _interrupted(number: int, running: list[str]) -> Interrupted:
    hint = f"what was done: pmpc audit show {number}"
    if running:
        hint = f"go on waiting: pmpc task wait {running[0]}\n{hint}"
    return Interrupted(
        "interrupted: nothing further is sent" + ("; what was started goes on" if running else ""),
        hint=hint,
        details={"operation": number, "upids": running},
    )


def _tried_already(done: Finished, outcome: Outcome) -> bool:
    """Whether what takes a step back is a call that the plan itself has sent: then a later step was to do the same."""
    known = dict(outcome.known)
    undo = restored_undo(done.undo, {**done.known, **known})
    return bool(undo.sends) and all(send.call.filled(known) in outcome.sent for send in undo.sends)
