"""Where verbs hand their plans in: the guard, put together from the context, and its report as a result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from proxmox_mpc.cli.options import stages_of
from proxmox_mpc.domain.json import Json, JsonObject
from proxmox_mpc.domain.plan import Plan, WriteOptions
from proxmox_mpc.domain.source import Warn
from proxmox_mpc.output.result import Result
from proxmox_mpc.safety.freeze import Brake
from proxmox_mpc.safety.guard import Guard, Report
from proxmox_mpc.safety.history import read_history
from proxmox_mpc.safety.reconcile import reconcile
from proxmox_mpc.services.identity import BoundSource

if TYPE_CHECKING:
    from proxmox_mpc.cli.context import Context


class Door:
    """The guard as verbs see it."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def run(self, plan: Plan, *, undo_of: int | None = None) -> Result:
        """Carry a plan out as the command line's options say, and return its rows as the verb's result.

        ``undo_of`` is the operation that the plan takes back.
        """
        return self.result(plan, self.perform(plan, undo_of=undo_of))

    def perform(self, plan: Plan, *, undo_of: int | None = None) -> Report:
        """Carry a plan out and return the report, for verbs that print more than rows; raises PmpcError."""
        context = self._context
        if isinstance(context.live, BoundSource):
            context.live.recognise()
        if context.has_database and not context.options.dry_run:
            self.reconcile()
        return _guard(context, undo_of).run(plan)

    def reconcile(self) -> None:
        """Look up what became of operations that were cut off, and say it."""
        context = self._context
        for warn in reconcile(context.journal, context.live, context.now):
            context.warn(warn)

    def failed_of(self, operation: int) -> list[str]:
        """Return the ids of the targets that did not go well in an operation; raises NotFound."""
        return read_history(self._context.journal.entries(operation), operation).failed_ids

    def result(self, plan: Plan, report: Report, extra: list[JsonObject] | None = None) -> Result:
        """Return the result that prints a report: an array where argv can name several; ``extra`` keys by row."""
        rows = [row | more for row, more in zip(report.rows, extra or [{} for _ in report.rows], strict=True)]
        if report.summary is not None:
            error = report.summary
            self._context.log("error", code=error.code, message=error.message, status=error.exit_status)
            self._context.streams.error(error.code, error.message, error.hint, error.details)
        data: Json = [*rows] if plan.many else (rows[0] if rows else None)
        page = report.page if self._context.format == "table" else None
        return Result(data, report.warnings, status=report.status, page=page)


def open_door(context: Context) -> Door:
    """Return the door of this run."""
    return Door(context)


def _guard(context: Context, undo_of: int | None) -> Guard:
    settings = context.settings
    return Guard(
        source=context.live,
        cluster=context.api,
        journal=lambda: context.journal,
        safety=settings.safety,
        brake=brake_of(context),
        voice=Speaker(context),
        options=options_of(context),
        about={**about(context), **({"undo_of": undo_of} if undo_of is not None else {})},
        now=context.now,
        clock=context.clock,
        pause=context.pause,
    )


def brake_of(context: Context) -> Brake:
    """Return the emergency brake of the workspace, or of the environment's cluster."""
    return Brake(context.own_files / "frozen")


def options_of(context: Context) -> WriteOptions:
    """Return what the command line says about how to write."""
    options = context.options
    parallel = options.parallel
    if parallel is None:
        configured = context.settings.value("cluster.parallel")
        parallel = configured if isinstance(configured, int) else None
    return WriteOptions(
        dry_run=options.dry_run,
        yes=options.yes,
        confirm=options.confirm,
        no_wait=options.no_wait,
        wait_timeout=options.wait_timeout,
        without_backup=options.without_backup,
        rollback=options.rollback,
        parallel=parallel,
        max_failures=options.max_failures,
        stages=stages_of(options.stage) if options.stage else (),
    )


def about(context: Context) -> JsonObject:
    """Return who does this, where, and by what command; its arguments may hold secrets and are left out."""
    from proxmox_mpc.state.files import caller

    return {"caller": caller(), "command": context.command, "endpoint": context.api.endpoint}


@dataclass
class Speaker:
    """The guard's voice: the streams of this run."""

    context: Context

    @property
    def interactive(self) -> bool:
        """Whether a person can be asked."""
        return self.context.interactive

    def ask(self, question: str) -> str:
        """Ask and return what was typed."""
        return self.context.streams.ask(question)

    def note(self, text: str) -> None:
        """Tell people what is going on."""
        self.context.streams.note(text)

    def warn(self, warn: Warn) -> None:
        """Say a warning."""
        self.context.warn(warn)

    def ended(self, row: Mapping[str, Json]) -> None:
        """On a terminal, tell of each target as it is done; the whole comes as the command's output."""
        self.context.log("target", **row)
        if self.context.streams.interactive:
            name = f" ({row['name']})" if row["name"] else ""
            error = f": {row['error']}" if row["error"] else ""
            self.context.streams.note(f"{row['kind']} {row['id']}{name} {row['status']}{error}")
