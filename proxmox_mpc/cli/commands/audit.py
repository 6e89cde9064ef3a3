"""audit: what pmpc has changed, whether the record is whole, and taking it back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from proxmox_mpc.cli.commands.lines import as_rows
from proxmox_mpc.cli.context import Context
from proxmox_mpc.cli.verbs import context_of, local, write
from proxmox_mpc.domain.json import JsonObject
from proxmox_mpc.domain.shape import Field, item
from proxmox_mpc.domain.source import Warn
from proxmox_mpc.errors import ConfigError, PmpcError, StateDamaged
from proxmox_mpc.output.human import visible
from proxmox_mpc.output.result import Result
from proxmox_mpc.safety.history import History, read_history
from proxmox_mpc.safety.verify import gaps_of
from proxmox_mpc.safety.verify import verify as walk
from proxmox_mpc.services.audit import (
    AUDIT_PAGE,
    AUDIT_ROWS,
    EXPORT_ROWS,
    STATES,
    VERIFIED,
    export_rows,
    operation_page,
    operation_row,
    report_text,
)
from proxmox_mpc.services.undoing import plan_undo

Number = Annotated[int, typer.Argument(metavar="OPERATION", max=2**31 - 1, help="its number, as audit list shows it")]
PRUNED = item(
    Field("removed", "integer", "how many rows were removed"),
    Field("rows", "integer", "how many are left"),
    doc="The journal was pruned.",
)


def _caught_up(context: Context) -> Context:
    """Look up what became of operations that were cut off; a cluster that does not answer is a warning."""
    if context.journal.orphans():
        try:
            context.guard.reconcile()
        except PmpcError as error:
            context.warn(_unknown(error))
    return context


def _unknown(error: PmpcError) -> Warn:
    return Warn(error.code, f"what became of unfinished operations could not be looked up: {error.message}", error.hint)


def _history(context: Context, operation: int) -> History:
    return read_history(context.journal.entries(operation), operation)


@local(AUDIT_ROWS)
def list_(
    ctx: typer.Context,
    limit: Annotated[int, typer.Option("--limit", min=0, help="only the newest; 0 for all")] = 100,
    status: Annotated[str | None, typer.Option("--status", metavar="STATUS", help=f"only {', '.join(STATES)}")] = None,
) -> Result:
    """List what was changed, newest first."""
    context = _caught_up(context_of(ctx))
    told = [_history(context, entry.seq) for entry in context.journal.begun(limit or None)]
    return Result([operation_row(one) for one in told if status in (None, one.status)])


@local(AUDIT_PAGE)
def show(
    ctx: typer.Context,
    operation: Number,
    report: Annotated[
        bool, typer.Option("--report", help="with the tasks' logs, what was affected, and what to do now")
    ] = False,
) -> Result:
    """Show what an operation did, step by step."""
    context = _caught_up(context_of(ctx))
    page = operation_page(_history(context, operation), context.live if report else None)
    # names, errors and logs of tasks come from servers
    text = "\n".join(visible(line) for line in report_text(page).split("\n")) if context.format == "table" else None
    return Result(page, page=text)


@local(VERIFIED)
def verify(
    ctx: typer.Context,
    against: Annotated[
        Path | None, typer.Option("--against", metavar="FILE", help="compare with an export (audit export) as well")
    ] = None,
) -> Result:
    """Check that no row of the journal was edited, removed or reordered."""
    context = context_of(ctx)
    exported = _exported(context.cwd / against) if against is not None else {}
    journal = context.journal
    found = walk(
        journal.all(),
        journal.head(),
        checkpoints=journal.checkpoints(),
        exported=exported,
        shared=journal.shared,
        lost=gaps_of(journal.all()),
    )
    if found.problems:
        raise StateDamaged(
            f"the journal is not whole: {found.problems[0][1]}"
            + (f" (and {len(found.problems) - 1} more)" if len(found.problems) > 1 else ""),
            hint="compare it with an export or a backup: pmpc audit verify --against FILE",
            details={"problems": [{"row": row, "problem": problem} for row, problem in found.problems]},
        )
    if journal.shared and found.last:
        # What colleagues have added was found whole: from here on it cannot be taken away unnoticed either.
        journal.keep_head(found.last, found.hash)
    page: JsonObject = {
        "ok": True,
        "rows": found.rows,
        "first": found.first,
        "last": found.last or None,
        "hash": found.hash,
        "pruned": found.pruned,
        "lost": found.lost,
        "anchors": found.compared,
    }
    message = f"{found.lost} rows were lost to damage, as a repair has recorded; whatever was in them is not known"
    return Result(page, (Warn("journal_gap", message),) if found.lost else ())


def _exported(path: Path) -> dict[int, str]:
    try:
        rows = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
        return {int(row["seq"]): str(row["hash"]) for row in rows if int(row["seq"])}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"--against: {path} is no export: {error}", hint="make one: pmpc audit export > FILE"
        ) from error


@local(EXPORT_ROWS)
def export(ctx: typer.Context) -> Result:
    """Print the whole journal, a JSON object a line, with an anchor at the end.

    Keep it, or at least its last line, where nobody can change it: audit verify --against FILE then finds even a
    journal that was rewritten as a whole.
    """
    context = context_of(ctx)
    rows = export_rows(entry for entry, _ in context.journal.all())
    lines = "\n".join(json.dumps(row, ensure_ascii=False, sort_keys=True) for row in rows)
    return Result([*rows], page=None if as_rows(context) or not rows else lines)


@local(PRUNED)
def prune(
    ctx: typer.Context,
    older_than: Annotated[str, typer.Option("--older-than", metavar="AGE", help="an age such as 365d or 2y")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="do not ask")] = False,
) -> Result:
    """Remove old operations from the journal; a checkpoint keeps the chain verifiable."""
    from proxmox_mpc.cli.confirm import confirm
    from proxmox_mpc.domain.moments import duration

    context = context_of(ctx)
    before = context.now() - duration(older_than, "--older-than")
    confirm(context, f"remove what is older than {older_than} from the journal", yes=yes)
    removed = context.journal.prune(before)
    return Result({"removed": removed, "rows": context.journal.rows()})


@write(many=True, destructive=True)
def undo(ctx: typer.Context, operation: Number) -> Result:
    """Take back what an operation did.

    What somebody has changed since is left alone (6); what cannot be taken back is said.
    """
    context = _caught_up(context_of(ctx))
    told = _history(context, operation)
    later = [
        _history(context, entry.seq)
        for entry in context.journal.begun()
        if entry.seq > operation and entry.body.get("undo_of") == operation
    ]
    return context.guard.run(plan_undo(context.live, told, later), undo_of=operation)
