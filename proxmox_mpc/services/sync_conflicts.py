"""Conflicts as they are told: which values stand against each other, and how to decide."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from proxmox_mpc.domain.json import Json
from proxmox_mpc.domain.merge import KeyMerge
from proxmox_mpc.errors import SyncConflict
from proxmox_mpc.services.sync_compare import Merge
from proxmox_mpc.services.sync_rows import diff_rows

_SHOWN = 20


def refuse_conflicts(merges: Iterable[Merge], *, prune: bool) -> None:
    """Raise SyncConflict where keys are in conflict, or another individual has an id; nothing was done then.

    ``prune``: what was changed after its manifest was removed is one as well, as it would be deleted.
    """
    held = [one for one in merges if _holds(one, prune)]
    if held:
        raise conflict_error(held)


def _holds(one: Merge, prune: bool) -> bool:
    if one.state == "dropped":
        return prune and one.conflicts
    return one.state == "other" or (one.state == "both" and bool(one.of("conflict")))


def conflict_error(held: list[Merge], done: Iterable[Json] = ()) -> SyncConflict:
    """Return the error that lists the conflicts of these merges, with all three values of each."""
    lines = [line for one in held for line in _lines(one)]
    more = [f"… and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
    count = "a conflict" if len(lines) == 1 else f"{len(lines)} conflicts"
    rows: list[Json] = [*(row for row in diff_rows(held) if row["action"] == "conflict")]
    return SyncConflict(
        "\n  ".join([f"{count} between manifests and cluster, left alone:", *lines[:_SHOWN], *more]),
        hint="decide: --resolve server (takes it into the file), --resolve declared (pushes it), --resolve KEY=SIDE",
        details={"conflicts": rows, "done": [*done]},
    )


def _lines(one: Merge) -> Iterator[str]:
    if one.state == "both":
        for key in one.of("conflict"):
            yield f"{one.label} {key.key}: {sides(key)}"
    elif one.state == "other":
        yield f"{one.label}: another guest has this id now: sync forget drops what was declared of the other"
    elif one.state == "gone":
        yield f"{one.label}: it is no longer on the cluster: sync push creates it again, sync forget drops its manifest"
    else:
        keys = ", ".join(key.key for key in one.of("pull", "conflict"))
        yield f"{one.label}: its manifest was removed, and since then it was changed ({keys}): declare or forget it"


def sides(key: KeyMerge) -> str:
    """Return the three values of a key in one line."""
    base = _shown(key.base) if key.based else "(never agreed)"
    return f"base {base}, server {_shown(key.live)}, declared {_shown(key.declared)}"


def _shown(value: str | None) -> str:
    return "(unset)" if value is None else repr(value[:80])
