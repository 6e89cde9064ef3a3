"""sync declare, forget: manifests written from the cluster, and removed."""

from __future__ import annotations

from typing import Annotated

import typer

from proxmox_mpc.cli.commands.sync_args import Words, refresh, session_of, workspace_of
from proxmox_mpc.cli.verbs import context_of, local
from proxmox_mpc.errors import UsageError
from proxmox_mpc.output.result import Result
from proxmox_mpc.services.sync_commit import COMMIT_PAGE
from proxmox_mpc.services.sync_files import FILE_ROWS

All = Annotated[bool, typer.Option("--all", help="every object of every kind that can be declared")]


@local(FILE_ROWS)
def declare(
    ctx: typer.Context,
    objects: Words = None,
    every: All = False,
    force: Annotated[bool, typer.Option("--force", help="write over changes that were not pushed")] = False,
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="TIME", help="as they were recorded then: 2d, 2026-11-20, run:12; push goes back"),
    ] = None,
) -> Result:
    """Write manifests of guests and other objects as they are on the cluster.

    A manifest that is there already keeps its comments and order; only what differs is changed in it. With --at they
    are written as they were then, and sync push makes the cluster so again.
    """
    from proxmox_mpc.services.sync_files import declare as write
    from proxmox_mpc.services.sync_select import Candidate, select

    if bool(objects) == every:
        raise UsageError("which objects?", hint="name them (101, web*, pool/prod, vm), or say --all")
    context = context_of(ctx)
    session = session_of(context)
    said = refresh(context, session, session.kinds)
    lives = session.live() if at is None else session_of(context, at).live()
    sure = [one for one in lives.values() if not one.stale]
    chosen = select(objects or (), (Candidate(one.kind, one.ident, one.name) for one in sure), session.kinds)
    done = write(session, lives, [ident for ident in lives if ident in chosen], force=force, agreed=at is None)
    return Result([one.row() for one in done], said.warnings, said.partial)


@local(FILE_ROWS)
def forget(ctx: typer.Context, objects: Words = None, every: All = False) -> Result:
    """Remove manifests and what was agreed with them; nothing on the cluster is touched."""
    from proxmox_mpc.services.sync_files import forget as remove

    if bool(objects) == every:
        raise UsageError("which objects?", hint="name them (101, web*, pool/prod, vm), or say --all")
    session = session_of(context_of(ctx))
    return Result([one.row() for one in remove(session, session.look(objects or ()))])


@local(COMMIT_PAGE)
def commit(
    ctx: typer.Context,
    message: Annotated[
        str | None, typer.Option("--message", "-m", metavar="TEXT", help="instead of what changed, key by key")
    ] = None,
    author: Annotated[
        str | None, typer.Option("--author", metavar="'NAME <MAIL>'", help="whose change it is; default: git's own")
    ] = None,
    allow_dirty: Annotated[
        bool, typer.Option("--allow-dirty", help="leave changes alone that sync did not make, instead of refusing")
    ] = False,
) -> Result:
    """Commit manifests that say what the cluster has, together with what was agreed.

    Refused while the tree holds other changes: edited manifests that were not pushed, or other tracked files.
    """
    from proxmox_mpc.services.git import Repository
    from proxmox_mpc.services.sync_commit import committed

    context = context_of(ctx)
    session = session_of(context)
    repository = Repository(workspace_of(context).root, context.environ)
    done = committed(session, repository, session.look(), message=message, author=author, allow_dirty=allow_dirty)
    return Result(done)
