"""What the iac verbs share: which objects code is wanted for."""

from __future__ import annotations

from typing import Annotated

import typer

Include = Annotated[
    list[str] | None,
    typer.Option(
        "--include",
        metavar="PATTERN|KEY=PATTERN",
        help="only these: an id, a name, a kind (vm), or kind=, id=, name=, tag=, pool=, node=; repeatable",
    ),
]
Exclude = Annotated[
    list[str] | None, typer.Option("--exclude", metavar="PATTERN|KEY=PATTERN", help="not these, in the same words")
]
