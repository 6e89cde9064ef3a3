"""sync diff: what differs between the manifests and the cluster, and who changed it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from proxmox_mpc.cli.commands.sync_args import Refreshed, Words, record, refresh, session_of
from proxmox_mpc.cli.verbs import context_of, read
from proxmox_mpc.domain.json import JsonObject, text
from proxmox_mpc.errors import EXIT_DIFFERENCES, UsageError
from proxmox_mpc.output.result import Result
from proxmox_mpc.services.sync_rows import DIFF_ROWS, diff_rows, since_rows

if TYPE_CHECKING:
    from proxmox_mpc.cli.context import Context


@read(DIFF_ROWS)
def diff(
    ctx: typer.Context,
    objects: Words = None,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="end with 10 when something differs")] = False,
    since: Annotated[
        str | None,
        typer.Option(
            "--since", metavar="TIME", help="what is recorded otherwise than then instead: 2d, 2026-11-20, run:12"
        ),
    ] = None,
) -> Result:
    """Show what differs between the manifests and the cluster, key by key, and who changed it.

    The cluster is read and recorded first; nothing else is written. What was never declared is not looked at. With
    --since no manifest is looked at, but what the cluster has changed since then, every recorded object included.
    """
    context = context_of(ctx)
    if since is not None:
        rows, said = _since(context, objects or (), since)
    else:
        session = session_of(context)
        said = refresh(context, session)
        rows = diff_rows(session.look(objects or ()))
    return Result([*rows], said.warnings, said.partial, status=EXIT_DIFFERENCES if exit_code and rows else 0)


def _since(context: Context, words: Sequence[str], moment_text: str) -> tuple[list[JsonObject], Refreshed]:
    from proxmox_mpc.domain.moments import moment
    from proxmox_mpc.services.since import since
    from proxmox_mpc.services.sync_select import Candidate, select
    from proxmox_mpc.state.kinds import KINDS

    if context.options.at is not None:
        raise UsageError("--since compares with what is recorded now", hint="leave --at away")
    then = moment(moment_text, "--since", context.now)
    said = record(context)
    found = since_rows(since(context.store, then).rows)
    if not words:
        return found, said
    # A guest that is there and has not changed may be named as well.
    guests = [Candidate("guest", key, text(row, "name")) for key, row in context.recorded.objects("guest")]
    among = [*(Candidate(str(row["kind"]), str(row["id"]), text(row, "name")) for row in found), *guests]
    chosen = {ident for _, ident in select(words, among, KINDS)}
    return [row for row in found if str(row["id"]).partition("/")[0] in chosen or row["id"] in chosen], said
