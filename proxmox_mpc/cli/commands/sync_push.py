"""sync plan, push: the cluster made as declared, through the guard."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from proxmox_mpc.cli.commands.sync_args import (
    Deciding,
    ForceOwner,
    Prune,
    Refreshed,
    Resolve,
    Words,
    refresh,
    session_of,
    workspace_of,
)
from proxmox_mpc.cli.verbs import context_of, read, write
from proxmox_mpc.domain.json import JsonObject
from proxmox_mpc.domain.shape import Field, rows
from proxmox_mpc.domain.source import Warn
from proxmox_mpc.domain.writes import STATUSES
from proxmox_mpc.errors import Interrupted, PmpcError, Refused, StateError, UsageError
from proxmox_mpc.output.result import Result

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from proxmox_mpc.cli.context import Context
    from proxmox_mpc.domain.plan import Plan
    from proxmox_mpc.domain.source import Source
    from proxmox_mpc.services.sync_compare import Merge
    from proxmox_mpc.services.sync_push import Wanted
    from proxmox_mpc.services.sync_session import Session

PLAN_ROWS = rows(
    Field("kind", "string", "vm, ct, pool, …"),
    Field("id", "string", "the object's id"),
    Field("name", "string?", "its name"),
    Field("action", "string", "create, change or delete", choices=("create", "change", "delete")),
    Field("keys", "list", "the keys that change"),
    Field("steps", "list", "what would be done, in words"),
    Field(
        "calls",
        "rows",
        "what would be sent",
        level="data",
        fields=(
            Field("method", "string", "POST, PUT or DELETE"),
            Field("path", "string", "the API path"),
            Field("params", "object", "its parameters; *** stands for a secret, <…> for what is known only then"),
        ),
    ),
    Field("error", "string?", "why it cannot be done; with --trial what went wrong"),
    Field("status", "string?", "with --trial: how it ended", choices=STATUSES),
    Field("warnings", "list?", "with --trial: what the log of its task warns of", level="wide"),
    Field("differs", "list?", "with --trial: what is not as declared afterwards", level="wide"),
    doc="What sync push would do, in the order in which it is done.",
)


@read(PLAN_ROWS, offline=False)
def plan(
    ctx: typer.Context,
    objects: Words = None,
    prune: Prune = False,
    resolve: Resolve = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="keep the plan, for sync push --plan FILE")
    ] = None,
    trial: Annotated[
        bool, typer.Option("--trial", help="carry it out on a simulated cluster that begins as this one was recorded")
    ] = False,
) -> Result:
    """Show what sync push would do; nothing is sent.

    A plan that is kept is carried out by sync push --plan, and refused there when the cluster or the manifests have
    moved on since. --trial plays it on a simulated cluster in memory, as sync push would do it, and ends with 8 where
    a step failed there; it needs the whole cluster recorded (sync pull).
    """
    from proxmox_mpc.services.sync_plan_file import plan_document
    from proxmox_mpc.services.sync_plan_rows import plan_rows
    from proxmox_mpc.services.sync_push import Wanted

    context = context_of(ctx)
    session = session_of(context)
    said = refresh(context, session)
    wanted = Wanted(prune=prune)
    merges = decided_merges(context, session, objects or (), resolve, wanted).merges
    if out is not None:
        _keep(context.cwd / out, json.dumps(plan_document(merges, wanted, cluster_of(context)), indent=1) + "\n")
    if trial:
        from proxmox_mpc.cli.commands.sync_trial import tried

        done = tried(context, session, merges, wanted, lambda on: push_of(context, session, merges, wanted, on))
        return done._replace(warnings=(*said.warnings, *done.warnings), partial=said.partial)
    made = push_of(context, session, merges, wanted)
    return Result([*plan_rows(made, merges, wanted)], (*said.warnings, *made.warnings), said.partial)


@write(many=True, destructive=True)
def push(
    ctx: typer.Context,
    objects: Words = None,
    prune: Prune = False,
    resolve: Resolve = None,
    kept: Annotated[
        Path | None,
        typer.Option("--plan", metavar="FILE", help="carry out this plan, or nothing if things have moved on"),
    ] = None,
    force_owner: ForceOwner = False,
) -> Result:
    """Make the cluster as the manifests declare it.

    Created, changed, moved and (with --prune) deleted in one operation, ordered by what needs what. What was never
    declared is not touched. More than 5 guests, or a tenth of all, need --confirm COUNT. When it fails in the middle,
    sync push goes on where it stopped, and audit undo takes back what was done.
    """
    from proxmox_mpc.services.sync_owner import check_owner
    from proxmox_mpc.services.sync_plan_file import planned_wish, read_plan
    from proxmox_mpc.services.sync_push import Wanted, is_pushed

    context = context_of(ctx)
    session = session_of(context)
    if kept is not None and (objects or prune or resolve):
        raise UsageError(
            "--plan says by itself what is pushed", hint="leave objects, --prune and --resolve to sync plan"
        )
    file = read_plan(context.cwd / kept) if kept is not None else None
    said = refresh(context, session)
    wanted = planned_wish(file) if file is not None else Wanted(prune=prune, named=bool(objects))
    if file is not None:
        decided = planned_merges(context, session, file)
    else:
        decided = decided_merges(context, session, objects or (), resolve, wanted)
    merges = decided.merges
    doable = [one for one in merges if is_pushed(one, wanted)]
    if not force_owner:
        check_owner(doable, workspace_of(context).root)
    result = carried_out(context, push_of(context, session, merges, wanted), doable)
    taken: tuple[Warn, ...] = ()
    if not context.options.dry_run:
        taken = tuple(_taken(session, decided.taken))
        if doable:
            said = settled(context, session, {one.kind for one in doable}, doable)
        elif taken:
            session.settle(session.look())
    return result._replace(warnings=(*said.warnings, *taken, *result.warnings), partial=result.partial or said.partial)


def _taken(session: Session, merges: Sequence[Merge]) -> Iterator[Warn]:
    """Write what was decided for the server into the manifests, and say so."""
    from proxmox_mpc.services.sync_files import take_pulled

    for one in take_pulled(session, merges):
        yield Warn("resolved", f"{one.kind} {one.ident}: {', '.join(one.keys)} was taken into {one.path}")


class Decided(NamedTuple):
    """Merges without conflicts; ``taken`` are those keys of theirs that were decided for the server."""

    merges: list[Merge]
    taken: list[Merge]


def decided_merges(
    context: Context, session: Session, words: Sequence[str], resolve: Sequence[str] | None, wanted: Wanted
) -> Decided:
    """Return the merges of what the words mean, conflicts decided; raises SyncConflict where some are left."""
    from proxmox_mpc.services.sync_compare import decided, taken
    from proxmox_mpc.services.sync_conflicts import refuse_conflicts

    deciding = Deciding(resolve)
    looked = session.look([*words, *failed_before(context)])
    merges = decided(looked, deciding.side)
    refuse_wrong(session, merges)
    refuse_conflicts(merges, prune=wanted.prune)
    return Decided(merges, taken(looked, merges))


def planned_merges(context: Context, session: Session, plan: JsonObject) -> Decided:
    """Return the merges that a kept plan speaks of, decided as they were then; raises Conflict where they moved on."""
    from proxmox_mpc.services.sync_compare import decided
    from proxmox_mpc.services.sync_plan_file import planned_keys, still_holds

    keys = planned_keys(plan)
    merges = decided(session.look(), lambda one, key: "declared" if (one.kind, one.ident, key.key) in keys else None)
    chosen = still_holds(plan, merges, cluster_of(context))
    refuse_wrong(session, chosen)
    return Decided(chosen, [])


def failed_before(context: Context) -> list[str]:
    """Return the ids that failed in the operation of --retry-failed."""
    operation = context.options.retry_failed
    return context.guard.failed_of(operation) if operation is not None else []


def refuse_wrong(session: Session, merges: Sequence[Merge]) -> None:
    """Raise ManifestError where a manifest that differs holds what PVE would not take, before anything is sent."""
    from proxmox_mpc.services.sync_session import all_wrong

    wrong = session.problems([one.declared for one in merges if one.declared is not None and one.differs])
    if wrong:
        raise all_wrong(wrong)


def push_of(
    context: Context, session: Session, merges: Sequence[Merge], wanted: Wanted, source: Source | None = None
) -> Plan:
    """Return the plan of a push, to the cluster or to what else ``source`` is."""
    from proxmox_mpc.services.sync_compare import GUESTS
    from proxmox_mpc.services.sync_push import push_plan

    guests = max(len(context.recorded.objects("guest")), sum(1 for one in merges if one.kind in GUESTS))
    return push_plan(source or context.live, merges, session.kinds, wanted, guests)


def carried_out(context: Context, plan: Plan, doable: Sequence[Merge]) -> Result:
    """Hand a push to the guard; where it is about one object alone, what went wrong with it names it."""
    try:
        return context.guard.run(plan)
    except PmpcError as error:
        about_all = isinstance(error, (Refused, Interrupted))
        if len(doable) == 1 and not about_all and doable[0].label not in error.message:
            error.message = f"{doable[0].label}: {error.message}"
        raise


def settled(context: Context, session: Session, kinds: set[str], pushed: Sequence[Merge] = ()) -> Refreshed:
    """Look again after a write, and keep what both sides now agree on."""
    said = refresh(context, session, kinds)
    session.settle(session.look(), {one.ident_pair for one in pushed if one.live is None})
    return said


def cluster_of(context: Context) -> str:
    """Return the name of the cluster that the workspace belongs to."""
    identity = context.settings.identity or {}
    return json.dumps(identity, sort_keys=True)


def _keep(path: Path, text: str) -> None:
    try:
        path.write_text(text)
    except OSError as error:
        raise StateError(f"--out: cannot write {str(path)!r}: {error.strerror}") from error
