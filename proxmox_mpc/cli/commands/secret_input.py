"""Secrets and texts that a command line names the source of, and never holds itself."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from proxmox_mpc.errors import UsageError

if TYPE_CHECKING:
    from proxmox_mpc.cli.context import Context
    from proxmox_mpc.domain.connection import Secret

SOURCES = "env:VARIABLE, file:PATH, keyring:NAME, command:COMMAND or ask"
_LONGEST = 1 << 20


def secret_from(context: Context, source: str, option: str) -> Secret:
    """Return the secret that a source on the command line leads to; ``prompt`` and ``ask`` ask for it, unseen.

    Raises UsageError for what is no source (the text may be the secret itself, and is not repeated) and SecretError.
    """
    from proxmox_mpc.workspace.secret_sources import from_text
    from proxmox_mpc.workspace.secrets import SecretContext, read_secret

    try:
        found = from_text("ask" if source == "prompt" else source)
    except ValueError as error:
        raise UsageError(f"{option} {error}", hint=f"one of {SOURCES}") from error
    ask = context.streams.ask_secret if context.interactive else None
    # A command that stands on the command line was typed by the user, and not by who wrote the workspace.
    reading = SecretContext(context.environ, context.cwd, context.home, os.getuid(), ask, lambda: True)
    return read_secret(found, option, reading)


def text_from(context: Context, path: str, option: str) -> str:
    """Return the text of a file, ``-`` for stdin; raises UsageError where it cannot be read."""
    try:
        if path == "-":
            found = context.streams.stdin.read(_LONGEST + 1)
        else:
            # ~ may stand behind an equals sign, where the shell leaves it alone
            place = context.home / path[2:] if path.startswith("~/") else context.cwd / path
            with place.open(encoding="utf-8") as file:
                found = file.read(_LONGEST + 1)
    except OSError as error:
        raise UsageError(f"{option}: {path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{option}: {path} is no text") from error
    if len(found) > _LONGEST:
        raise UsageError(f"{option}: {path} is longer than {_LONGEST >> 20} MiB")
    return found
