"""The recorded past: which run a moment means, what is said where there is none, and where history begins."""

from __future__ import annotations

import json
from typing import NamedTuple

from proxmox_mpc.domain.moments import Moment
from proxmox_mpc.errors import NotFound, NotRecorded

FLOOR = "history"
"""The row of ``state_meta`` that names the first run of which all is kept, once older history was pruned."""


class AsOf(NamedTuple):
    """The run after which the past is looked at: its number, its end (ISO 8601), how it ended."""

    run: int
    finished: str
    outcome: str


def floor_of(value: object) -> int:
    """Return the first run of which all is kept, from the text in ``state_meta``; 0 where nothing was pruned."""
    if value is None:
        return 0
    try:
        return int(json.loads(str(value))["first"])
    except (ValueError, KeyError, TypeError):
        return 0


def floor_text(first: int) -> str:
    """Return what ``state_meta`` keeps."""
    return json.dumps({"first": first})


def too_early(moment: Moment, first: tuple[int, str] | None, pruned: bool) -> NotRecorded:
    """Return the error for a moment before the first run of which all is kept."""
    if first is None:
        return NotRecorded("nothing has been pulled yet")
    run, finished = first
    why = ", what is older was pruned" if pruned else ""
    return NotRecorded(
        f"nothing is recorded of {moment.text}: the history begins with run {run} of {finished}{why}",
        hint="pmpc sync log lists the pulls",
        details={"first_run": run, "first_time": finished},
    )


def no_run(number: int) -> NotFound:
    """Return the error for a run that never was."""
    return NotFound(f"there is no run {number}", hint="pmpc sync log lists the runs")
