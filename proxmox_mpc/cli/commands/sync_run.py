"""sync run: both directions at once; conflicts are listed and left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

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
from proxmox_mpc.cli.commands.sync_push import carried_out, failed_before, push_of, refuse_wrong, settled
from proxmox_mpc.cli.verbs import context_of, write
from proxmox_mpc.domain.json import Json, JsonObject
from proxmox_mpc.domain.shape import Field
from proxmox_mpc.domain.source import Warn
from proxmox_mpc.domain.writes import write_shape
from proxmox_mpc.errors import PmpcError
from proxmox_mpc.output.result import Result

if TYPE_CHECKING:
    from proxmox_mpc.cli.context import Context
    from proxmox_mpc.domain.merge import KeyMerge, Side
    from proxmox_mpc.services.sync_compare import Merge
    from proxmox_mpc.services.sync_session import Session

RUN_EXTRA = (
    Field("file", "string?", "the manifest that was written, below infra/; null for what was sent to the cluster"),
    Field("keys", "list", "the keys that were carried over into the file"),
)


@write(many=True, destructive=True, extra=RUN_EXTRA)
def run(
    ctx: typer.Context,
    objects: Words = None,
    prune: Prune = False,
    resolve: Resolve = None,
    force_owner: ForceOwner = False,
    every: Annotated[
        str | None, typer.Option("--every", metavar="TIME", help="again and again, with this pause: 30s, 5m, 1h")
    ] = None,
    notify: Annotated[
        str | None,
        typer.Option("--notify", metavar="COMMAND", help="run this when something differed; it gets the rows as JSON"),
    ] = None,
    metrics: Annotated[
        str | None, typer.Option("--metrics", metavar="FILE", help="keep figures for Prometheus in this file")
    ] = None,
) -> Result:
    """Carry changes of the cluster into the manifests, and changes of the manifests to the cluster.

    What was changed on both sides is a conflict: it is listed with all its values and left alone, and the command ends
    with 6. On a terminal each conflict is asked about. Only one sync run works on a workspace at a time.
    """
    from proxmox_mpc.cli.commands.sync_loop import looped, watched

    context = context_of(ctx)
    deciding = Deciding(resolve)

    def once() -> Result:
        return _once(context, objects or [], deciding, prune, force_owner)

    if every is not None:
        return looped(context, every, notify, metrics, once, write_shape(many=True, extra=RUN_EXTRA))
    return watched(context, notify, metrics, once)


def _once(context: Context, words: list[str], deciding: Deciding, prune: bool, force_owner: bool) -> Result:
    from proxmox_mpc.services.sync_compare import decided
    from proxmox_mpc.services.sync_conflicts import conflict_error
    from proxmox_mpc.services.sync_files import take_pulled
    from proxmox_mpc.services.sync_owner import check_owner
    from proxmox_mpc.services.sync_push import Wanted, is_pushed

    session = session_of(context)
    said = refresh(context, session)
    looked = session.look([*words, *failed_before(context)])
    refuse_wrong(session, looked)
    merges = decided(looked, lambda one, key: deciding.side(one, key) or _asked(context, one, key))
    wanted = Wanted(recreate=deciding.whole == "declared", prune=prune, named=bool(words))
    doable = [one for one in merges if is_pushed(one, wanted)]
    if not force_owner:
        check_owner(doable, workspace_of(context).root)
    dry = context.options.dry_run
    plan = push_of(context, session, merges, wanted)
    pulled = [] if dry else take_pulled(session, merges)
    rows: list[Json] = [_pulled_row(one.row()) for one in pulled]
    if dry:
        rows += [_planned_row(one) for one in merges if one.state == "both" and one.of("pull")]
    try:
        pushed = carried_out(context, plan, doable)
    except PmpcError as error:
        if rows and not dry:
            error.details["done"] = rows  # what was taken into the manifests stays there
        raise
    data = pushed.data
    sent = data if isinstance(data, list) else [data] if data is not None else []
    rows += [{**row, "file": None, "keys": []} for row in sent if isinstance(row, dict)]
    if not dry:
        said = settled(context, session, {one.kind for one in doable}, doable) if doable else _agreed(session, said)
    held = [one for one in merges if one.conflicts and not (one.state == "gone" and wanted.recreate)]
    left = conflict_error(held, rows) if held and not dry else None
    if left is not None and not pushed.status:
        raise left
    # That a part failed counts before what nobody has decided.
    conflicts = () if left is None else (Warn(left.code, left.message, left.hint),)
    warnings = (*said.warnings, *conflicts, *pushed.warnings)
    return pushed._replace(data=rows, warnings=warnings, partial=pushed.partial or said.partial)


def _agreed(session: Session, said: Refreshed) -> Refreshed:
    session.settle(session.look())
    return said


def _asked(context: Context, one: Merge, key: KeyMerge) -> Side | None:
    """Ask which side wins, where somebody can answer."""
    if not context.interactive or context.options.yes or context.options.dry_run:
        return None
    from proxmox_mpc.services.sync_conflicts import sides

    context.streams.note(f"{one.label} {key.key}: {sides(key)}")
    answers: dict[str, Side] = {"s": "live", "server": "live", "d": "declared", "declared": "declared"}
    try:
        said = context.streams.ask("Which one counts, [s]erver or [d]eclared? Enter leaves it: ").strip().lower()
    except EOFError:
        return None
    return answers.get(said)


def _pulled_row(row: JsonObject) -> JsonObject:
    return _row(row, "done", row["action"] != "unchanged")


def _planned_row(one: Merge) -> JsonObject:
    path = one.declared.manifest.path if one.declared is not None else None
    keys: list[Json] = [key.key for key in one.of("pull")]
    return _row({"kind": one.kind, "id": one.ident, "name": one.name, "file": path, "keys": keys}, "planned", False)


def _row(row: JsonObject, status: str, changed: bool) -> JsonObject:
    ident = str(row["id"])
    return {
        "action": "pull",
        "kind": row["kind"],
        "id": int(ident) if ident.isdecimal() else ident,
        "name": row["name"],
        "node": None,
        "status": status,
        "changed": changed,
        "upid": None,
        "duration": None,
        "error": None,
        "operation": None,
        "calls": None,
        "file": row["file"],
        "keys": row["keys"],
    }
