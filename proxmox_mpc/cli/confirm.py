"""Questions about what is on this machine; what is on the cluster is asked about by the guard."""

from __future__ import annotations

from proxmox_mpc.cli.context import Context
from proxmox_mpc.errors import Refused


def confirm(context: Context, question: str, *, yes: bool) -> None:
    """Ask a question unless ``yes``; raises Refused for any answer but yes, and where nobody can be asked."""
    if yes:
        return
    if not context.interactive:
        raise Refused(f"{question}: not confirmed", hint="say --yes")
    try:
        answer = context.streams.ask(f"{question}? [y/N] ")
    except EOFError:
        answer = ""
    if answer.strip().lower() not in ("y", "yes"):
        raise Refused("not confirmed: nothing was done")
