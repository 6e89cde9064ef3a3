"""help, schema, completion: what pmpc says about itself."""

from __future__ import annotations

from typing import Annotated

import typer
from typer._click.core import Context as TyperContext

from proxmox_mpc.cli.verbs import PmpcCommand, PmpcGroup, context_of, local
from proxmox_mpc.domain.json import Json
from proxmox_mpc.domain.shape import ANY, TEXT
from proxmox_mpc.errors import NotFound, UsageError
from proxmox_mpc.output.result import Result


def _next_words(ctx: typer.Context, args: list[str], incomplete: str) -> list[str]:
    given = ctx.params.get("words") or ()
    command, found = _command(ctx, [str(word) for word in given])
    names = command.list_commands(found) if isinstance(command, PmpcGroup) else []
    return [name for name in names if name.startswith(incomplete)]


Words = Annotated[
    list[str] | None,
    typer.Argument(metavar="[COMMAND]...", help="the words of a command: vm list", autocompletion=_next_words),
]


def _command(ctx: typer.Context, words: list[str]) -> tuple[PmpcCommand | PmpcGroup, TyperContext]:
    found: TyperContext = ctx.find_root()
    for word in words:
        group = found.command
        member = group.get_command(found, word) if isinstance(group, PmpcGroup) else None
        if not isinstance(member, (PmpcCommand, PmpcGroup)):
            raise NotFound(f"there is no command {' '.join(words)!r}", hint="pmpc --help lists all")
        found = TyperContext(member, info_name=word, parent=found)
    command = found.command
    assert isinstance(command, (PmpcCommand, PmpcGroup))
    return command, found


@local(TEXT)
def help_(ctx: typer.Context, words: Words = None) -> Result:
    """Show the help of a command."""
    command, found = _command(ctx, words or [])
    return Result(command.get_help(found))


@local(ANY)
def schema(ctx: typer.Context, words: Words = None) -> Result:
    """Print the JSON Schema of a command's output.

    The schema holds for -o json and -o yaml without --query and --columns.
    """
    from proxmox_mpc.output.plain import to_json
    from proxmox_mpc.output.schema import schema_of

    command, _ = _command(ctx, words or [])
    if not isinstance(command, PmpcCommand):
        members = ", ".join(command.list_commands(ctx))
        raise UsageError(
            f"schema: {' '.join(['pmpc', *(words or [])])} is a group", hint=f"name one of its commands: {members}"
        )
    made: Json = schema_of(command.verb.shape, " ".join(["pmpc", *(words or [])]))
    return Result(made, page=to_json(made))


def _shells(ctx: typer.Context, args: list[str], incomplete: str) -> list[str]:
    from proxmox_mpc.cli.completion import SCRIPTS

    return [shell for shell in SCRIPTS if shell.startswith(incomplete)]


@local(TEXT)
def completion(
    ctx: typer.Context,
    shell: Annotated[str, typer.Argument(metavar="SHELL", help="bash, zsh or fish", autocompletion=_shells)],
) -> Result:
    """Print the completion script of a shell.

    bash: pmpc completion bash > ~/.local/share/bash-completion/completions/pmpc
    zsh: pmpc completion zsh > a file _pmpc in a directory of $fpath
    fish: pmpc completion fish > ~/.config/fish/completions/pmpc.fish
    """
    from proxmox_mpc.cli.completion import SCRIPTS

    context_of(ctx)
    if shell not in SCRIPTS:
        raise UsageError(f"completion: there is no script for {shell!r}", hint=f"one of: {', '.join(SCRIPTS)}")
    return Result(SCRIPTS[shell])
