"""safety: the emergency brake, and what is asked before a write."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from proxmox_mpc.cli.context import Context
from proxmox_mpc.cli.door import brake_of
from proxmox_mpc.cli.verbs import context_of, local
from proxmox_mpc.domain.json import Json, JsonObject
from proxmox_mpc.domain.moments import iso
from proxmox_mpc.domain.risk import LEVELS
from proxmox_mpc.domain.shape import Field, item
from proxmox_mpc.domain.source import Warn
from proxmox_mpc.errors import PmpcError, StateError
from proxmox_mpc.output.result import Result

PAGE = item(
    Field("frozen", "boolean", "whether every write is stopped"),
    Field("since", "time?", "since when"),
    Field("by", "string?", "who stopped them"),
    Field("reason", "string?", "why"),
    Field("mode", "string", "normal, or read-only"),
    Field("protected", "list", "what counts as critical: ids, names, patterns, tags"),
    Field("require_backup", "boolean", "whether destroying a guest needs a recent backup"),
    *(
        Field(level, "string", f"what {level} risk needs: run, confirm, plan, name, deny", title=f"{level} risk")
        for level in LEVELS
    ),
    Field("unfinished", "list", "operations whose end is not known yet"),
    doc="What is asked before a write.",
)


@local(PAGE)
def show(ctx: typer.Context) -> Result:
    """Show whether writes are stopped, and what is asked before one."""
    return Result(_page(context_of(ctx)))


@local(PAGE)
def freeze(
    ctx: typer.Context,
    reason: Annotated[str | None, typer.Option("--reason", metavar="TEXT", help="why, for whoever meets it")] = None,
) -> Result:
    """Stop every write, also bulk work that is under way, before its next send."""
    from proxmox_mpc.state.files import caller

    context = context_of(ctx)
    said: JsonObject = {"caller": caller(), "at": iso(context.now()), "reason": reason}
    file = brake_of(context).file
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # First of all the file is there; what it says comes after.
        file.touch(mode=0o600)
        file.write_text(json.dumps(said, ensure_ascii=False), "utf-8")
    except OSError as error:
        if not file.exists():
            raise StateError(f"{file} cannot be written: {error.strerror}", hint=f"touch {file}") from error
    _journal(context, "frozen", said)
    return Result(_page(context))


@local(PAGE)
def thaw(ctx: typer.Context) -> Result:
    """Let writes go again."""
    from proxmox_mpc.state.files import caller

    context = context_of(ctx)
    file = brake_of(context).file
    try:
        file.unlink(missing_ok=True)
    except OSError as error:
        raise StateError(f"{file} cannot be removed: {error.strerror}") from error
    _journal(context, "thawed", {"caller": caller()})
    return Result(_page(context))


def _journal(context: Context, event: str, body: JsonObject) -> None:
    """Note it; the brake must work where the journal does not."""
    try:
        context.journal.note(0, 0, event, body)
    except PmpcError as error:
        context.warn(Warn(error.code, f"the journal could not take it down: {error.message}", error.hint))


def _page(context: Context) -> JsonObject:
    safety = context.settings.safety
    held = brake_of(context).held()
    said = held or {}
    unfinished: list[Json] = []
    if context.has_database:
        try:
            unfinished = [str(number) for number in context.journal.orphans()]
        except PmpcError as error:
            context.warn(Warn(error.code, f"the journal cannot be read: {error.message}", error.hint))
    return {
        "frozen": held is not None,
        "since": said.get("at"),
        "by": said.get("caller"),
        "reason": said.get("reason"),
        "mode": safety.mode,
        "protected": [*safety.protected],
        "require_backup": safety.require_backup,
        **{level: safety.policy[level] for level in LEVELS},
        "unfinished": unfinished,
    }
