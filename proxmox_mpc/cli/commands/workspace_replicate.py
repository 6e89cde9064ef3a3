"""workspace replicate: what is declared here, declared for the cluster of another workspace."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from proxmox_mpc.cli.commands.sync_args import Words, record, session_of, workspace_of
from proxmox_mpc.cli.verbs import context_of, local
from proxmox_mpc.domain.shape import Field, rows
from proxmox_mpc.domain.writes import STATUSES
from proxmox_mpc.errors import UsageError
from proxmox_mpc.output.result import Result

if TYPE_CHECKING:
    from proxmox_mpc.cli.context import Context
    from proxmox_mpc.domain.json import JsonObject
    from proxmox_mpc.domain.plan import Plan
    from proxmox_mpc.domain.replica import Declared
    from proxmox_mpc.services.replicate_files import Placed
    from proxmox_mpc.services.sync_compare import Merge
    from proxmox_mpc.services.sync_session import Session

REPLICA_ROWS = rows(
    Field("kind", "string", "vm, ct, pool, …"),
    Field("id", "string", "its id there"),
    Field("name", "string?", "its name"),
    Field("source", "string", "its id here"),
    Field(
        "action",
        "string",
        "written; unchanged: so declared there already; present: the cluster there has it, and it is left as it is",
        choices=("written", "unchanged", "present"),
    ),
    Field("file", "string?", "the manifest, below infra/ there"),
    Field("steps", "list", "what sync push would do there, in words"),
    Field("status", "string?", "with --push: how that ended", choices=STATUSES),
    Field("error", "string?", "why it cannot be done, or what went wrong"),
    doc="What is declared here, as it is declared for the other cluster.",
)


@local(REPLICA_ROWS)
def replicate(
    ctx: typer.Context,
    to: Annotated[str, typer.Option("--to", metavar="WORKSPACE", help="the other workspace: a name or a directory")],
    objects: Words = None,
    maps: Annotated[
        list[str] | None,
        typer.Option(
            "--map", metavar="KIND:OLD=NEW", help="a node, storage, bridge, pool or vmid is another there; repeatable"
        ),
    ] = None,
    map_file: Annotated[
        Path | None, typer.Option("--map-file", metavar="FILE", help="such maps, one a line; # begins a comment")
    ] = None,
    offset: Annotated[
        int, typer.Option("--vmid-offset", metavar="N", help="add this to every vmid that no map names")
    ] = 0,
    keep_macs: Annotated[
        bool, typer.Option("--keep-macs", help="keep MACs and uuids: only where the two clusters share no network")
    ] = False,
    push: Annotated[bool, typer.Option("--push", help="carry it out there, as sync push does")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="show it; no manifest is written, nothing sent")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="with --push: do not ask")] = False,
    confirm: Annotated[
        str | None, typer.Option("--confirm", metavar="COUNT", help="with --push --yes: the number of targets")
    ] = None,
) -> Result:
    """Declare what is declared here for another cluster.

    That of another workspace: manifests are written into its infra/, resolved, with nodes, storages, bridges, pools
    and vmids mapped wherever they occur; then it is shown what sync push would do there. Disks are made new and empty,
    MACs and uuids anew; secrets are never copied. Storages are replicated only where they are named. What the other
    cluster lacks is refused, all at once.
    """
    from proxmox_mpc.services import replicate as service
    from proxmox_mpc.services.replicate_files import placed

    context = context_of(ctx)
    given = service.read_maps(maps or (), _lines(context, map_file), offset, keep_macs=keep_macs)
    sources = _declared(session_of(context), objects or ())
    with _other(context, to) as there:
        there.options.dry_run, there.options.yes, there.options.confirm = dry_run, yes, confirm
        said = record(there)
        target = session_of(there)
        known = service.there_of(there.recorded)
        known = replace(known, declared=frozenset(target.declared()))
        given = replace(given, block=known.block)
        service.refuse(service.problems(sources, given, known))
        places = placed(target, service.replicas(sources, given), sources)
        missed = () if objects else service.unused(sources, given)
        warnings = [*said.warnings, *missed, *service.said(sources, given, known)]
        done = _carried(there, target, places, push=push and not dry_run, write=not dry_run)
        return done._replace(warnings=(*warnings, *done.warnings), partial=said.partial)


def _carried(there: Context, target: Session, places: Sequence[Placed], *, push: bool, write: bool) -> Result:
    """Write the manifests once they are known to be valid, and show or do what a push does with them."""
    from proxmox_mpc.cli.commands.sync_push import settled
    from proxmox_mpc.services.replicate_files import write as write_files
    from proxmox_mpc.services.sync_plan_rows import plan_rows
    from proxmox_mpc.services.sync_push import Wanted, is_pushed

    with TemporaryDirectory(prefix="pmpc-replicate-") as home:
        draft = Path(home) / "infra"
        if target.infra.is_dir():
            shutil.copytree(target.infra, draft, symlinks=True)
        write_files(draft, places)
        plan, merges = _planned(there, draft, places)
    if write:
        write_files(target.infra, places)
    steps = [*plan_rows(plan, merges, Wanted())]
    if not push:
        return Result([*_rows(places, steps, None)], plan.warnings)
    pushed = there.guard.run(plan)
    kinds = {place.one.kind for place in places}
    again = settled(there, session_of(there), kinds, [one for one in merges if is_pushed(one, Wanted())])
    ended = [row for row in pushed.data if isinstance(row, dict)] if isinstance(pushed.data, list) else []
    return pushed._replace(data=[*_rows(places, steps, ended)], warnings=(*pushed.warnings, *again.warnings))


def _planned(there: Context, infra: Path, places: Sequence[Placed]) -> tuple[Plan, list[Merge]]:
    """Return what a push would do with manifests below ``infra``; raises ManifestError for those PVE would not take."""
    from proxmox_mpc.cli.commands.sync_push import push_of, refuse_wrong
    from proxmox_mpc.services.sync_push import Wanted
    from proxmox_mpc.services.sync_session import Session

    session = Session(infra, lambda: there.recorded)
    wanted = {(place.one.kind, place.one.ident) for place in places if place.action != "present"}
    merges = [one for one in session.look() if one.ident_pair in wanted]
    refuse_wrong(session, merges)
    return push_of(there, session, merges, Wanted()), merges


def _rows(
    places: Sequence[Placed], steps: Sequence[JsonObject], ended: Sequence[JsonObject] | None
) -> Iterator[JsonObject]:
    planned = {(row["kind"], row["id"]): (at, row) for at, row in enumerate(steps)}
    for place in places:
        at, plan = planned.get((place.one.kind, place.one.ident), (-1, {}))
        done = ended[at] if ended and at >= 0 else {}
        yield {
            "kind": place.one.kind,
            "id": place.one.ident,
            "name": place.one.name,
            "source": place.source.ident,
            "action": place.action,
            "file": place.path,
            "steps": plan.get("steps", []),
            "status": done.get("status"),
            "error": done.get("error") or plan.get("error"),
        }


def _declared(session: Session, words: Sequence[str]) -> list[Declared]:
    """Return what the words mean, all without; storages only where they are named.

    Storages of two clusters are two even where they have one name: on one share they would overwrite each other.
    """
    from proxmox_mpc.domain.replica import Declared

    found = [Declared(one.kind, one.ident, one.keys, one.track) for one in session.resolved(words)]
    chosen = [one for one in found if words or one.kind != "storage"]
    if not chosen:
        raise UsageError("nothing is declared here to replicate", hint="pmpc sync declare --all")
    return chosen


@contextmanager
def _other(context: Context, name: str) -> Iterator[Context]:
    """Give the context of the other workspace, with the options of this command."""
    from proxmox_mpc.cli.context import Context as Made

    if context.environ.get("PMPC_URL"):
        raise UsageError("PMPC_URL names one cluster, and here are two", hint="unset PMPC_URL: workspaces bring theirs")
    there = Made(context.streams, context.environ, context.cwd)
    there.options = copy.copy(context.options)
    there.options.workspace = name
    there.command = context.command
    try:
        if workspace_of(there).root.resolve() == workspace_of(context).root.resolve():
            raise UsageError("--to names this very workspace", hint="pmpc workspace list")
        yield there
    finally:
        there.close()


def _lines(context: Context, file: Path | None) -> str:
    if file is None:
        return ""
    try:
        return (context.cwd / file).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--map-file: {file} cannot be read: {error}") from error
