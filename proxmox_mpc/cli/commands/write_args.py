"""What the verbs that change settings share: options for any setting and for comments."""

from __future__ import annotations

from typing import Annotated

import typer

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
