"""vm agent: what the guest agent does inside a virtual machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from proxmox_mpc.cli.commands.guest_args import GuestName, found
from proxmox_mpc.cli.verbs import context_of, read, write
from proxmox_mpc.domain.guests import GuestRef
from proxmox_mpc.domain.json import JsonObject
from proxmox_mpc.domain.plan import Plan
from proxmox_mpc.errors import Conflict, ServerError, UsageError
from proxmox_mpc.output.human import visible
from proxmox_mpc.output.result import Result
from proxmox_mpc.services import agent_write as agent
from proxmox_mpc.services.guest_network import silent_agent

PathInGuest = Annotated[str, typer.Argument(metavar="PATH", help="the file inside the guest")]


@contextmanager
def inside(ref: GuestRef) -> Iterator[None]:
    """Say how an agent is brought to answer where it does not."""
    try:
        yield
    except Conflict as error:
        if "guest agent" in error.message:
            error.hint = silent_agent(ref, error).hint
        raise


# Ping and status are POSTs that change nothing: they go through the guard, which asks nothing of them.
@read(agent.PING, offline=False)
def ping(ctx: typer.Context, guest: GuestName) -> Result:
    """Ask whether a guest agent answers."""
    context = context_of(ctx)
    ref = found(ctx, guest)
    with inside(ref):
        context.guard.perform(agent.ping(context.live, ref))
    return Result({"vmid": ref.vmid, "name": ref.name, "node": ref.node, "agent": "answers"})


@read(agent.FROZEN, offline=False)
def fsfreeze_status(ctx: typer.Context, guest: GuestName) -> Result:
    """Show whether the file systems of a guest are frozen."""
    context = context_of(ctx)
    ref = found(ctx, guest)
    with inside(ref):
        report = context.guard.perform(agent.freeze_status(context.live, ref))
    state = str(report.values[0]["filesystems"])
    return Result({"vmid": ref.vmid, "name": ref.name, "node": ref.node, "filesystems": state})


@write()
def fsfreeze_freeze(ctx: typer.Context, guest: GuestName) -> Result:
    """Freeze the file systems of a guest: whatever writes there waits until they are thawed."""
    context = context_of(ctx)
    ref = found(ctx, guest)
    with inside(ref):
        return context.guard.run(agent.freeze(context.live, ref))


@write()
def fsfreeze_thaw(ctx: typer.Context, guest: GuestName) -> Result:
    """Thaw the file systems of a guest."""
    context = context_of(ctx)
    ref = found(ctx, guest)
    with inside(ref):
        return context.guard.run(agent.thaw(context.live, ref))


@read(agent.FILE, offline=False)
def file_read(ctx: typer.Context, guest: GuestName, path: PathInGuest) -> Result:
    """Print a file of a guest, up to 16 MiB."""
    shown = agent.read_file(context_of(ctx).source, found(ctx, guest), path)
    return Result(shown, page=_page(str(shown["content"])))


@write()
def file_write(
    ctx: typer.Context,
    guest: GuestName,
    path: PathInGuest,
    source: Annotated[
        str, typer.Option("--from", metavar="FILE", help="the file here that it gets the content of; - for stdin")
    ],
) -> Result:
    """Write a file in a guest, up to 45 KiB; one that is there is overwritten."""
    context = context_of(ctx)
    try:
        content = (
            context.streams.stdin.read().encode() if source == "-" else (context.cwd / source).expanduser().read_bytes()
        )
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--from: {source} cannot be read: {error}") from error
    ref = found(ctx, guest)
    with inside(ref):
        return context.guard.run(agent.write_file(context.live, ref, path, content))


@write(extra=agent.EXEC_FIELDS)
def execute(
    ctx: typer.Context,
    guest: GuestName,
    argv: Annotated[list[str], typer.Argument(metavar="-- COMMAND [ARG]...", help="the program and its arguments")],
    timeout: Annotated[
        str, typer.Option("--timeout", metavar="TIME", help="how long to wait for its end: 30s, 10m [60s]")
    ] = "60s",
    given: Annotated[
        str | None, typer.Option("--input", metavar="FILE", help="what it reads on its stdin; - for stdin here")
    ] = None,
) -> Result:
    """Run a program in a guest and print what it wrote; 8 where it ends with anything but 0.

    There is no shell in between: for one say -- sh -c 'COMMANDS'. A program that still runs when the time is over goes
    on (7).
    """
    from proxmox_mpc.cli.commands.secret_input import text_from
    from proxmox_mpc.domain.moments import duration

    context = context_of(ctx)
    seconds = duration(timeout, "--timeout")
    text = None if given is None else text_from(context, given, "--input")
    ref = found(ctx, guest)
    run = agent.execute(context.live, ref, argv, given=text, patience=seconds)
    with inside(ref):
        return _ended(ctx, run.plan, run.ended, f"{argv[0]} in {ref.label}")


def _ended(ctx: typer.Context, plan: Plan, ended: JsonObject, what: str) -> Result:
    context = context_of(ctx)
    report = context.guard.perform(plan)
    extra: JsonObject = {field.key: ended.get(field.key) for field in agent.EXEC_FIELDS}
    result = context.guard.result(plan, report, [extra])
    if "exitcode" not in ended:
        return result
    code, signal = ended["exitcode"], ended["signal"]
    how = f"signal {signal}" if signal is not None else f"exit code {code}"
    failed = None
    if code != 0 or signal is not None:
        failed = ServerError(f"{what} ended with {how}", details={"exitcode": code, "signal": signal})
    written = "".join(str(ended[key] or "") for key in ("out", "err"))
    return result._replace(page=_page(written), error=failed)


def _page(text: str) -> str:
    """Return a text from a guest for a terminal: its lines, with control characters made visible."""
    return "\n".join(visible(line) for line in text.removesuffix("\n").split("\n"))
