"""sync declare, forget: manifests written from the cluster, and removed."""

from __future__ import annotations

from typing import Annotated

import typer

from proxmox_mpc.cli.commands.sync_args import Words, refresh, session_of
from proxmox_mpc.cli.verbs import context_of, local
from proxmox_mpc.errors import UsageError
from proxmox_mpc.output.result import Result
from proxmox_mpc.services.sync_files import FILE_ROWS

All = Annotated[bool, typer.Option("--all", help="every object of every kind that can be declared")]


@local(FILE_ROWS)
def declare(
    ctx: typer.Context,
    objects: Words = None,
    every: All = False,
    force: Annotated[bool, typer.Option("--force", help="write over changes that were not pushed")] = False,
) -> Result:
    """Write manifests of guests and other objects as they are on the cluster.

    A manifest that is there already keeps its comments and order; only what differs is changed in it.
    """
    from proxmox_mpc.services.sync_files import declare as write
    from proxmox_mpc.services.sync_select import Candidate, select

    if bool(objects) == every:
        raise UsageError("which objects?", hint="name them (101, web*, pool/prod, vm), or say --all")
    context = context_of(ctx)
    session = session_of(context)
    said = refresh(context, session, session.kinds)
    lives = session.live()
    sure = [one for one in lives.values() if not one.stale]
    chosen = select(objects or (), (Candidate(one.kind, one.ident, one.name) for one in sure), session.kinds)
    done = write(session, lives, [ident for ident in lives if ident in chosen], force=force)
    return Result([one.row() for one in done], said.warnings, said.partial)


@local(FILE_ROWS)
def forget(ctx: typer.Context, objects: Words = None, every: All = False) -> Result:
    """Remove manifests and what was agreed with them; nothing on the cluster is touched."""
    from proxmox_mpc.services.sync_files import forget as remove

    if bool(objects) == every:
        raise UsageError("which objects?", hint="name them (101, web*, pool/prod, vm), or say --all")
    session = session_of(context_of(ctx))
    return Result([one.row() for one in remove(session, session.look(objects or ()))])
