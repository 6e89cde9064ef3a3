"""The history as rows for other programs: one change of one object a row, with the document that it led to."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from proxmox_mpc.domain.json import Json, JsonObject
from proxmox_mpc.domain.moments import Moment
from proxmox_mpc.domain.shape import Field, rows
from proxmox_mpc.errors import UsageError
from proxmox_mpc.state.kinds import KINDS

if TYPE_CHECKING:
    from proxmox_mpc.state.store import StateStore

ACTIONS = ("added", "changed", "removed")
KEPT = tuple(kind.name for kind in KINDS.values() if kind.history)
"""The kinds that have a history."""
HISTORY_EXPORT = rows(
    Field("run", "integer", "the run that found it"),
    Field("time", "time", "when that run ended"),
    Field("action", "string", "added, changed or removed", choices=ACTIONS),
    Field("kind", "string", "the kind of object", choices=KEPT),
    Field("id", "string", "the object's id"),
    Field(
        "keys",
        "rows",
        "of a change, what changed",
        fields=(
            Field("key", "string", "the key; one inside another is written with a dot"),
            Field("old", "any?", "its value before; null: it was not set"),
            Field("new", "any?", "its value after; null: it is not set"),
        ),
    ),
    Field("document", "object?", "the whole object afterwards, secrets left out; null where it is gone"),
    doc="The history, oldest first, one change of one object a row; replayed from the first one they give the state.",
)


def export_rows(store: StateStore, since: Moment | None = None, kinds: Collection[str] = ()) -> Iterator[JsonObject]:
    """Yield the rows of HISTORY_EXPORT, few of them in memory at a time.

    Raises UsageError for a kind without history, NotFound and NotRecorded for a moment of which nothing is recorded.
    """
    from proxmox_mpc.state.history import run_at
    from proxmox_mpc.state.history_export import events

    unknown = sorted(set(kinds) - set(KEPT))
    if unknown:
        raise UsageError(f"--kind {unknown[0]}: there is no history of that kind", hint=f"one of: {', '.join(KEPT)}")
    after = 0 if since is None else run_at(store, since).id
    for event in events(store, after, kinds):
        keys: list[Json] = [{"key": one.key, "old": one.old, "new": one.new} for one in event.changes]
        about: JsonObject = {"run": event.run, "time": event.time, "action": event.action, "kind": event.kind}
        yield {**about, "id": event.key, "keys": keys, "document": event.after}
