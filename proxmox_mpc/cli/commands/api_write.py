"""api: any writing call of the Proxmox VE API, through the guard."""

from __future__ import annotations

from typing import Annotated

import typer

from proxmox_mpc.cli.commands.api_args import NoCheck, parameters, paths, schema_of
from proxmox_mpc.cli.commands.secret_input import secret_from
from proxmox_mpc.cli.verbs import context_of, write
from proxmox_mpc.domain.call import Method
from proxmox_mpc.domain.shape import Field
from proxmox_mpc.errors import UsageError
from proxmox_mpc.output.result import Result
from proxmox_mpc.services.raw import raw_write

_ANSWER = (Field("answer", "any?", "what the server answered"),)
_PATH = "a path below /api2/json: /pools, nodes/pve1/dns"
_PARAMS = "parameters; a key that is repeated becomes an array"
CreatePath = Annotated[str, typer.Argument(metavar="PATH", help=_PATH, autocompletion=paths("POST"))]
SetPath = Annotated[str, typer.Argument(metavar="PATH", help=_PATH, autocompletion=paths("PUT"))]
DeletePath = Annotated[str, typer.Argument(metavar="PATH", help=_PATH, autocompletion=paths("DELETE"))]
CreateParams = Annotated[
    list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help=_PARAMS, autocompletion=parameters("POST"))
]
SetParams = Annotated[
    list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help=_PARAMS, autocompletion=parameters("PUT"))
]
DeleteParams = Annotated[
    list[str] | None, typer.Argument(metavar="[KEY=VALUE]...", help=_PARAMS, autocompletion=parameters("DELETE"))
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
def create(
    ctx: typer.Context,
    path: CreatePath,
    params: CreateParams = None,
    secret: Secrets = None,
    no_check: NoCheck = False,
) -> Result:
    """Send a POST to any path of the Proxmox VE API.

    A task is waited for. Path and parameters are held against the server's own description of its API first, where it
    can be had. Nothing is known of what the call does, so it is high risk and cannot be undone.
    """
    return _write(ctx, "POST", path, params, secret, no_check)


@write(extra=_ANSWER)
def set_(
    ctx: typer.Context, path: SetPath, params: SetParams = None, secret: Secrets = None, no_check: NoCheck = False
) -> Result:
    """Send a PUT to any path of the Proxmox VE API."""
    return _write(ctx, "PUT", path, params, secret, no_check)


@write(extra=_ANSWER)
def delete(ctx: typer.Context, path: DeletePath, params: DeleteParams = None, no_check: NoCheck = False) -> Result:
    """Send a DELETE to any path of the Proxmox VE API; always critical: --confirm repeats the path."""
    return _write(ctx, "DELETE", path, params, None, no_check)


def _write(
    ctx: typer.Context,
    method: Method,
    path: str,
    params: list[str] | None,
    secrets: list[str] | None,
    no_check: bool,
) -> Result:
    context = context_of(ctx)
    hidden = {}
    for one in secrets or []:
        key, equals, source = one.partition("=")
        if not key or not equals:
            raise UsageError("--secret is of the form KEY=SOURCE", hint="--secret password=env:NEW_PASSWORD")
        hidden[key] = secret_from(context, source, f"--secret {key}")
    schema = schema_of(context, no_check)
    plan = raw_write(context.live, method, path, params or [], hidden, schema)
    report = context.guard.perform(plan)
    answers = report.answers or (None,) * len(report.rows)
    return context.guard.result(plan, report, [{"answer": answer} for answer in answers])
