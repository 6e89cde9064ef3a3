"""What the verbs that change settings share: options for any setting, secrets by their source."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from proxmox_mpc.cli.verbs import context_of
from proxmox_mpc.domain.connection import Secret
from proxmox_mpc.errors import UsageError

Sets = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="any other setting, under Proxmox VE's own name; may be repeated"),
]
Deletes = Annotated[
    list[str] | None, typer.Option("--delete", metavar="KEY", help="take a setting away; may be repeated")
]
Comment = Annotated[str | None, typer.Option("--comment", metavar="TEXT", help="a comment")]
IfMissing = Annotated[bool, typer.Option("--if-missing", help="leave it as it is, where it exists already")]
IgnoreMissing = Annotated[bool, typer.Option("--ignore-missing", help="end with 0 where it does not exist")]
PasswordFrom = Annotated[
    str | None,
    typer.Option(
        "--password-from",
        metavar="SOURCE",
        help="where the password comes from: env:NAME, file:PATH, command:COMMAND, keyring:NAME or prompt",
    ),
]


def secret_of(ctx: typer.Context, source: str | None, what: str, option: str = "--password-from") -> Secret | None:
    """Return the secret that a source gives, None without one; raises UsageError, SecretError."""
    if source is None:
        return None
    from proxmox_mpc.workspace.secret_sources import SecretSource, from_text
    from proxmox_mpc.workspace.secrets import SecretContext, read_secret

    context = context_of(ctx)
    try:
        found = SecretSource("ask", "") if source == "prompt" else from_text(source)
    except ValueError:
        forms = "env:NAME, file:PATH, command:COMMAND, keyring:NAME or prompt"
        raise UsageError(f"{option} must name where the secret comes from", hint=f"one of {forms}") from None
    if found.kind == "file" and not found.value.startswith("~/"):
        found = SecretSource("file", str(context.cwd / found.value))
    ask = context.streams.ask_secret if context.interactive else None
    # What a person types on his own command line needs no trust in a workspace.
    given = SecretContext(context.environ, context.cwd, context.home, os.getuid(), ask, lambda: True)
    return read_secret(found, what, given)
