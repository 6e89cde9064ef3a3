"""Logs on a terminal are lines as they are; where rows are chosen or sorted they are a table."""

from __future__ import annotations

from collections.abc import Sequence

from proxmox_mpc.cli.context import Context
from proxmox_mpc.domain.json import JsonObject
from proxmox_mpc.domain.source import Reading
from proxmox_mpc.output.human import visible
from proxmox_mpc.output.result import Result


def as_rows(context: Context) -> bool:
    """Return whether the options speak of rows, so that a table must show them."""
    view = context.view
    return bool(view.columns or view.filters or view.sort)


def page(rows: Sequence[JsonObject]) -> str:
    """Return the text of each row on a line of its own."""
    return "\n".join(visible(str(row["text"])) for row in rows)


def log(context: Context, reading: Reading[list[JsonObject]]) -> Result:
    """Return the result that prints a log."""
    rows = reading.value
    return Result([*rows], reading.warnings, reading.partial, page=None if as_rows(context) or not rows else page(rows))
