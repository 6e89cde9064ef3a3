"""What the rows of one operation say, taken together."""

from __future__ import annotations

from collections.abc import Sequence

from proxmox_mpc.domain.journal import Entry
from proxmox_mpc.domain.json import JsonObject, as_rows, text
from proxmox_mpc.errors import NotFound


def begun(entries: Sequence[Entry], operation: int) -> JsonObject:
    """Return how an operation began; raises NotFound for a number that is none."""
    if not entries or entries[0].event != "begun":
        raise NotFound(f"the journal has no operation {operation}", hint="pmpc audit list")
    return entries[0].body


def failed_targets(entries: Sequence[Entry], operation: int) -> list[str]:
    """Return the ids of the targets that did not go well, or were not begun, in the operation's order."""
    found = begun(entries, operation)
    good: set[str] = set()
    for entry in entries:
        ids = entry.body.get("good")
        if entry.event == "ended" and isinstance(ids, list):
            good = {str(one) for one in ids}
    wanted = [text(row, "id") or "" for row in as_rows(found.get("targets") or [])]
    return [one for one in wanted if one not in good]
