"""api: any writing call of the Proxmox VE API, through the guard."""

from __future__ import annotations

from typing import Annotated

import typer

from proxmox_mpc.cli.commands.secret_input import secret_from
from proxmox_mpc.cli.verbs import context_of, write
from proxmox_mpc.domain.call import Method
from proxmox_mpc.domain.shape import Field
from proxmox_mpc.errors import UsageError
from proxmox_mpc.output.result import Result
from proxmox_mpc.services.raw import raw_write

_ANSWER = (Field("answer", "any?", "what the server answered"),)
Path = Annotated[str, typer.Argument(metavar="PATH", help="a path below /api2/json: /pools, nodes/pve1/dns")]
Params = Annotated[
    list[str] | None,
    typer.Argument(metavar="[KEY=VALUE]...", help="parameters; a key that is repeated becomes an array"),
]
Secrets = Annotated[
    list[str] | None,
    typer.Option(
        "--secret",
        metavar="KEY=SOURCE",
        help="a parameter that is shown and journalled nowhere, from env:NAME, file:PATH, command:COMMAND or prompt",
    ),
]


@write(extra=_ANSWER)
def create(ctx: typer.Context, path: Path, params: Params = None, secret: Secrets = None) -> Result:
    """Send a POST to any path of the Proxmox VE API.

    A task is waited for. Nothing is known of what it does, so it is high risk and cannot be undone.
    """
    return _write(ctx, "POST", path, params, secret)


@write(extra=_ANSWER)
def set_(ctx: typer.Context, path: Path, params: Params = None, secret: Secrets = None) -> Result:
    """Send a PUT to any path of the Proxmox VE API."""
    return _write(ctx, "PUT", path, params, secret)


@write(extra=_ANSWER)
def delete(ctx: typer.Context, path: Path, params: Params = None) -> Result:
    """Send a DELETE to any path of the Proxmox VE API; always critical: --confirm repeats the path."""
    return _write(ctx, "DELETE", path, params, None)


def _write(
    ctx: typer.Context, method: Method, path: str, params: list[str] | None, secrets: list[str] | None
) -> Result:
    context = context_of(ctx)
    hidden = {}
    for one in secrets or []:
        key, equals, source = one.partition("=")
        if not key or not equals:
            raise UsageError("--secret is of the form KEY=SOURCE", hint="--secret password=env:NEW_PASSWORD")
        hidden[key] = secret_from(context, source, f"--secret {key}")
    plan = raw_write(context.live, method, path, params or [], hidden)
    report = context.guard.perform(plan)
    answers = report.answers or (None,) * len(report.rows)
    return context.guard.result(plan, report, [{"answer": answer} for answer in answers])
