"""sync prune-history and sync export: how long the history is kept, and getting it out."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from proxmox_mpc.cli.commands.lines import as_rows
from proxmox_mpc.cli.verbs import context_of, local
from proxmox_mpc.domain.json import JsonObject, split_list
from proxmox_mpc.domain.moments import MOMENTS, duration, moment
from proxmox_mpc.domain.shape import Field, item
from proxmox_mpc.domain.source import Warn
from proxmox_mpc.errors import StateError, UsageError
from proxmox_mpc.output.human import byte_size
from proxmox_mpc.output.result import Result
from proxmox_mpc.services.history_export import HISTORY_EXPORT, KEPT, export_rows

if TYPE_CHECKING:
    from proxmox_mpc.state.prune import Pruned

PRUNED = item(
    Field("dry_run", "boolean", "whether nothing was removed, only counted"),
    Field("first", "integer?", "the oldest run that is kept"),
    Field("since", "time?", "when it ended: --at answers from then on"),
    Field("runs", "integer", "runs that are no longer in the log"),
    Field("versions", "integer", "states of objects that went with them"),
    Field("tasks", "integer", "tasks that had ended before"),
    Field("rows", "integer", "all of these rows"),
    Field("bytes", "integer", "size of what they held", unit="bytes"),
    Field("freed", "integer?", "by how much the file has shrunk; null where nothing was removed", unit="bytes"),
    doc="The history was pruned.",
)
_MOST = 10**9


@local(PRUNED)
def prune_history(
    ctx: typer.Context,
    older_than: Annotated[
        str | None, typer.Option("--older-than", metavar="AGE", help="what is older: 90d, 6mo, 1y")
    ] = None,
    keep_runs: Annotated[
        int | None, typer.Option("--keep-runs", metavar="N", min=1, max=_MOST, help="all but the last N runs")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="count what would go, and remove nothing")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="do not ask")] = False,
) -> Result:
    """Remove old history, and make the database smaller.

    What is recorded now stays, and so does all that --at needs for the time that is kept. Recorded tasks of the time
    before go too. The journal (audit) is never touched.
    """
    from proxmox_mpc.cli.confirm import confirm
    from proxmox_mpc.state.prune import compact, oldest_to_keep, prune

    if (older_than is None) == (keep_runs is None):
        raise UsageError("one of --older-than AGE and --keep-runs N is needed, and only one")
    context = context_of(ctx)
    before = None if older_than is None else context.now() - duration(older_than, "--older-than")
    store = context.store
    with store.sync_lock(context.now()):
        first = oldest_to_keep(store, before, keep_runs)
        planned = prune(store, first, dry_run=True)
        if dry_run or not planned.rows:
            return Result(_row(planned, dry_run, None))
        what = f"{planned.runs} runs, {planned.versions} states of objects and {planned.tasks} tasks"
        confirm(
            context, f"remove {what} from the history ({byte_size(planned.bytes)}), all before {planned.since}", yes=yes
        )
        done = prune(store, first)
    if store.path is None:
        return Result(_row(done, False, None))
    try:
        return Result(_row(done, False, compact(store.path)))
    except StateError as error:
        warn = Warn(
            "not_compacted", f"the history was pruned, but the file stays as large: {error.message}", error.hint
        )
        return Result(_row(done, False, 0), (warn,))


def _row(pruned: Pruned, dry_run: bool, freed: int | None) -> JsonObject:
    return {
        "dry_run": dry_run,
        "first": pruned.first,
        "since": pruned.since,
        "runs": pruned.runs,
        "versions": pruned.versions,
        "tasks": pruned.tasks,
        "rows": pruned.rows,
        "bytes": pruned.bytes,
        "freed": freed,
    }


@local(HISTORY_EXPORT)
def export(
    ctx: typer.Context,
    since: Annotated[
        str | None, typer.Option("--since", metavar="TIME", help=f"only what was found after: {MOMENTS}")
    ] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option("--kind", metavar="KIND,…", help=f"only these, repeatable: {', '.join(KEPT)}"),
    ] = None,
) -> Result:
    """Print the history of every object, a JSON object a line.

    A line is one change of one object that a pull found, oldest first. The lines are written as they are read, however
    many they are. With -o json or yaml, --query, --filter, --sort and --columns they are gathered first, as one array.
    """
    context = context_of(ctx)
    moment_ = None if since is None else moment(since, "--since", context.now)
    kinds = [name for words in kind or () for name in split_list(words)]
    found = export_rows(context.store, moment_, kinds)
    if context.format != "table" or context.view.query is not None or as_rows(context):
        return Result([*found])
    # All in ASCII: what a server calls its things moves no cursor.
    for row in found:
        context.streams.data(json.dumps(row))
    return Result(None)
